"""Whether one more call may start now: calls a second, channels, and the pass's own pacing; who is
called is not asked here."""

from __future__ import annotations

from collections import Counter

from config.settings import Settings
from strategies.attempts import Intent
from strategies.campaign import Pass
from strategies.pacing import Budget, rate_allowance, room, spend
from strategies.state import SubCampaign


class Pace:
    """Counts the calls that are up or on their way, per sub-campaign, and what its rates have left."""

    def __init__(self, settings: Settings) -> None:
        self._trunk = settings.trunk()
        self._budgets: dict[tuple[str, ...], Budget] = {}
        self._up: dict[str, str] = {}  # attempt -> sub-campaign

    def take(self, sub: SubCampaign, going: Pass, now: float) -> bool:
        """Use up what one call costs; False, and nothing used, when a limit is reached."""
        own = Counter(self._up.values())[sub.name]
        if not room(self._trunk.channels, len(self._up), 1) or not room(sub.campaign.channels, own, 1):
            return False
        left = {}
        for key, per_minute in self._rates(sub, going):
            calls, left[key] = rate_allowance(per_minute, self._budgets.get(key, Budget()), now)
            if calls < 1:
                return False
        self._budgets |= {key: spend(budget, 1) for key, budget in left.items()}
        return True

    def started(self, intent: Intent) -> None:
        """The call takes a channel from now on."""
        self._up[intent.attempt] = intent.sub

    def ended(self, attempt: str) -> None:
        """Its channel is free again."""
        self._up.pop(attempt, None)

    def _rates(self, sub: SubCampaign, going: Pass) -> list[tuple[tuple[str, ...], float]]:
        """Every rate this call counts against, in calls a minute."""
        trunk, campaign = self._trunk.calls_per_second, sub.campaign.calls_per_second
        rates = {
            ("trunk",): None if trunk is None else trunk * 60,
            ("campaign", sub.name): None if campaign is None else campaign * 60,
            ("pass", sub.name, going.name): going.pacing.rate,
        }
        return [(key, rate) for key, rate in rates.items() if rate is not None]
