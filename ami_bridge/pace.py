"""Whether one more call may start now: calls a second, channels, and the pass's own pacing; who is
called is not asked here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from config.settings import Settings
from strategies.attempts import Intent
from strategies.campaign import Pass
from strategies.state import SubCampaign


@dataclass(slots=True)
class Bucket:
    """Tokens at `per_second` up to `burst`; times are epoch seconds, a clock set back only pauses it."""

    per_second: float
    burst: float = 1.0
    tokens: float = 1.0
    filled: float = 0.0

    def has(self, now: float) -> bool:
        """Whether a token is there at `now`."""
        self.tokens = min(self.burst, self.tokens + max(0.0, now - self.filled) * self.per_second)
        self.filled = now
        return self.tokens >= 1.0

    def take(self) -> None:
        """Use one up."""
        self.tokens -= 1.0


class Pace:
    """Counts the calls that are up or on their way, per campaign, and the calls that started."""

    def __init__(self, settings: Settings) -> None:
        self._trunk = settings.trunk()
        self._buckets: dict[tuple[str, ...], Bucket] = {}
        self._up: dict[str, str] = {}  # attempt -> sub-campaign

    def take(self, sub: SubCampaign, going: Pass, now: float) -> bool:
        """Use up what one call costs; False, and nothing used, when a limit is reached."""
        if not self._has_channel(sub):
            return False
        buckets = self._limits(sub, going, now)
        if not all(bucket.has(now) for bucket in buckets):
            return False
        for bucket in buckets:
            bucket.take()
        return True

    def started(self, intent: Intent) -> None:
        """The call takes a channel from now on."""
        self._up[intent.attempt] = intent.sub

    def ended(self, attempt: str) -> None:
        """Its channel is free again."""
        self._up.pop(attempt, None)

    def _has_channel(self, sub: SubCampaign) -> bool:
        if self._trunk.channels is not None and len(self._up) >= self._trunk.channels:
            return False
        own = Counter(self._up.values())[sub.name]
        return sub.campaign.channels is None or own < sub.campaign.channels

    def _limits(self, sub: SubCampaign, going: Pass, now: float) -> list[Bucket]:
        """Every rate this call counts against. A burst of at most a second's worth keeps the rate smooth."""
        rates = {
            ("trunk",): self._trunk.calls_per_second,
            ("campaign", sub.name): sub.campaign.calls_per_second,
            ("pass", sub.name, going.name): None if going.pacing.rate is None else going.pacing.rate / 60,
        }
        return [
            self._buckets.setdefault(key, Bucket(rate, max(1.0, rate), filled=now))
            for key, rate in rates.items()
            if rate is not None
        ]
