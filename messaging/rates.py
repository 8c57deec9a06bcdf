"""How many messages of a pass may still start: `per_minute` of its pacing; the gateway's own room is asked
elsewhere."""

from __future__ import annotations

from strategies.campaign import Pass
from strategies.pacing import Budget, rate_allowance, spend
from strategies.state import SubCampaign


class Rates:
    """What the passes have left of their rates."""

    def __init__(self) -> None:
        self._budgets: dict[tuple[str, str], Budget] = {}

    def take(self, sub: SubCampaign, going: Pass, now: float) -> bool:
        """Whether one more message may start now; it is counted if so."""
        if going.pacing.rate is None:
            return True
        key = (sub.name, going.name)
        left, budget = rate_allowance(going.pacing.rate, self._budgets.get(key, Budget()), now)
        self._budgets[key] = spend(budget, 1) if left >= 1 else budget
        return left >= 1
