"""Whether one more call may start now: calls a second, channels, and the pass's own pacing; who is
called is not asked here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from enum import Enum

from config.settings import Settings
from strategies.attempts import Intent
from strategies.campaign import Pass
from strategies.pacing import Budget, rate_allowance, room, spend
from strategies.rules import SLOWED
from strategies.state import SubCampaign


class Held(Enum):
    """Whose limit is reached: nobody else of that pass, or of that sub-campaign, may start now either; or it
    is for this contact alone to wait."""

    CONTACT = "contact"

    PASS = "pass"  # noqa: S105  the pass of a campaign
    CAMPAIGN = "campaign"


Rates = Mapping[tuple[str, ...], float]
RateOf = Callable[[SubCampaign, Pass, float], float | None]
"""The rate of a pass in calls a minute at a moment, None for none of its own."""


def _as_written(_sub: SubCampaign, going: Pass, _now: float) -> float | None:
    return going.pacing.rate


class Pace:
    """Counts the calls that are up or on their way, per sub-campaign, and what its rates have left."""

    def __init__(self, settings: Settings, rate_of: RateOf = _as_written) -> None:
        self._rate_of = rate_of
        self._trunk = settings.trunk()
        self._budgets: dict[tuple[str, ...], Budget] = {}
        self._up: dict[str, str] = {}  # attempt -> sub-campaign
        self._own: Counter[str] = Counter()  # sub-campaign -> calls of it that are up
        self.full = ""  # the limit that `take` last met, in words

    def take(self, attempt: str, sub: SubCampaign, going: Pass, now: float) -> Held | None:
        """Give the attempt a channel from now on and use up what a call costs; where a limit is reached,
        nothing, and whose limit it is."""
        own = self._own[sub.name]
        if not room(self._trunk.outbound(), len(self._up), 1) or not room(sub.campaign.channels, own, 1):
            self.full = "all channels of the trunk or of the campaign are in use"
            return Held.CAMPAIGN
        of_pass = ("pass", sub.name, going.name)
        budgets: dict[tuple[str, ...], Budget] = {}
        for key, per_minute in self._rates(sub, going, now).items():
            calls, budget = rate_allowance(per_minute, self._budgets.get(key, Budget()), now)
            if calls < 1:
                self.full = f"the rate of the {key[0]} is used up for the moment"
                return Held.PASS if key == of_pass else Held.CAMPAIGN
            budgets[key] = spend(budget, 1)
        self._budgets |= budgets
        self._count(attempt, sub.name)
        return None

    def adopt(self, intent: Intent) -> None:
        """A call that is up already, though it was never asked for here: it has a channel too."""
        if intent.attempt not in self._up:
            self._count(intent.attempt, intent.sub)

    def ended(self, attempt: str) -> None:
        """Its channel is free again."""
        sub = self._up.pop(attempt, None)
        if sub is not None:
            self._own[sub] -= 1

    def _count(self, attempt: str, sub: str) -> None:
        self._up[attempt] = sub
        self._own[sub] += 1

    def _rates(self, sub: SubCampaign, going: Pass, now: float) -> Rates:
        """Every rate this call counts against, in calls a minute; the pass's own comes last."""
        trunk, campaign = self._trunk.calls_per_second, sub.campaign.calls_per_second
        share = SLOWED if sub.slowed else 1.0
        own: dict[tuple[str, ...], float] = {}
        of_pass = self._rate_of(sub, going, now)
        if trunk is not None:
            own["trunk",] = trunk * 60
        if campaign is not None:
            own["campaign", sub.name] = campaign * 60 * share
        if of_pass is not None:
            own["pass", sub.name, going.name] = of_pass * share
        return own
