"""How many messages of a pass may start now, by `per_minute` of its pacing, and when the others come; the
gateway's own room is asked elsewhere."""

from __future__ import annotations

from strategies.campaign import Pass
from strategies.pacing import Budget, rate_allowance, spend
from strategies.state import SubCampaign


class Rates:
    """What the passes have left of their rates."""

    def __init__(self) -> None:
        self._budgets: dict[tuple[str, str], Budget] = {}
        self._slots: dict[tuple[str, str], float] = {}  # the last moment given away

    def take(self, sub: SubCampaign, going: Pass, now: float) -> bool:
        """Whether one more message may start now; it is counted if so."""
        if going.pacing.rate is None:
            return True
        key = (sub.name, going.name)
        left, budget = rate_allowance(going.pacing.rate, self._budgets.get(key, Budget()), now)
        self._budgets[key] = spend(budget, 1) if left >= 1 else budget
        return left >= 1

    def slot(self, sub: SubCampaign, going: Pass, now: float, ahead: int) -> float:
        """The moment for one more contact that has to wait for the rate, behind those given a moment before,
        and behind `ahead` that wait as they are."""
        key, each = (sub.name, going.name), 60.0 / (going.pacing.rate or 60.0)
        self._slots[key] = max(self._slots.get(key, 0.0), now + ahead * each) + each
        return self._slots[key]
