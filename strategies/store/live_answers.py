"""How many people answered the calls of a campaign that were for an agent, and were abandoned, day by day:
over all its sub-campaigns, as the law counts; what counts as what is left to `strategies.abandonment`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from redis.asyncio.client import Pipeline

from strategies.abandonment import Period, Share, period_of, share_of
from strategies.store.connection import Door
from strategies.store.lines import counted

Sums = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Answered:
    """Of each sub-campaign: people who answered, and those of them abandoned, by day (`2030-01-31`)."""

    live: tuple[Sums, ...] = ()
    abandoned: tuple[Sums, ...] = ()
    begun: date | None = None  # the first day on which anybody answered: the first period begins with it
    by_name: Mapping[str, tuple[Sums, Sums]] = field(default_factory=dict)

    def period(self, day: date, days: int) -> Period:
        """The successive period of so many days that `day` lies in."""
        return period_of(day, self.begun or day, days)

    def share(self, period: Period) -> Share:
        """What the period has come to."""
        return share_of(period, self.live, self.abandoned)


class LiveAnswers(Door):
    """Sums of sub-campaigns that are over are read once, and again when calls of before were told."""

    _over: dict[str, tuple[Sums, Sums]] | None = None
    _retold = b"0"

    async def answered(self, campaign: str) -> Answered:
        """All of the campaign's sub-campaigns as the ledger has them up to now."""
        retold = await self._command("GET", self._keys.retold) or b"0"
        if self._over is None or retold != self._retold:
            self._over, self._retold = {}, retold
        over = self._over
        last = int(await self._command("HGET", self._keys.numbering, campaign) or 0)
        still_open = {raw.decode() for raw in await self._command("SMEMBERS", self._keys.open)}
        names = [f"{campaign}/{number}" for number in range(1, last + 1)]
        unread = [name for name in names if name in still_open or name not in over]

        def fill(pipe: Pipeline) -> None:
            for name in unread:
                pipe.execute_command("HGETALL", self._keys.figures(name))

        found = [counted(raw) for raw in await self._pipeline(fill)] if unread else []
        now = {name: (each.live, each.abandoned) for name, each in zip(unread, found, strict=True)}
        over |= {name: sums for name, sums in now.items() if name not in still_open}
        by_name = {name: now.get(name) or over[name] for name in names}
        days = sorted(day for live, _ in by_name.values() for day in live)
        return Answered(
            tuple(live for live, _ in by_name.values()),
            tuple(abandoned for _, abandoned in by_name.values()),
            date.fromisoformat(days[0]) if days else None,
            {name: sums for name, sums in by_name.items() if sums[0]},
        )
