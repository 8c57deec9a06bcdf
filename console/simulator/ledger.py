"""The simulated ledger as JSON lines: taken from the store's, with moments as people read them; and the
summary of it. What is counted as what is left to `strategies.ledger`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from math import inf
from typing import IO, Any
from zoneinfo import ZoneInfo

import msgspec

from strategies.campaign import Campaign
from strategies.contacts import Contact
from strategies.store import Store
from strategies.vocabulary import Kind

TOLD = frozenset(
    {
        Kind.ATTEMPT_STARTED,
        Kind.ATTEMPT_ENDED,
        Kind.CONTACT_ENDED,
        Kind.OVERRIDE_BEGAN,
        Kind.OVERRIDE_ENDED,
        Kind.RECOVERY_TRIGGERED,
        Kind.RECOVERY_ENDED,
        Kind.SKIPPED,
    }
)


class Line(msgspec.Struct):
    """A line with every key that all have, null where it says nothing; the last ones only where they are
    said. Moments come as epoch seconds and are written as text."""

    at: float | str
    kind: str
    campaign: str | None = None
    pass_: str | None = msgspec.field(default=None, name="pass")
    contact: str | None = None
    device: str | None = None
    address: str | None = None
    medium: str | None = None
    attempt: str | None = None
    result: str | None = None
    responses: tuple[str, ...] | None = None
    reason: str | None = None
    recovers: str | None = None
    trigger: str | None = None
    strategy: str | None = None
    overrides: tuple[str, ...] | None = None
    override: str | msgspec.UnsetType = msgspec.UNSET
    by: str | msgspec.UnsetType = msgspec.UNSET
    until: float | str | msgspec.UnsetType = msgspec.UNSET
    missing: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    debt: str | msgspec.UnsetType = msgspec.UNSET


_OF_ATTEMPT = frozenset({Kind.ATTEMPT_STARTED, Kind.ATTEMPT_ENDED})
_encode_lines = msgspec.json.Encoder().encode_lines
_read = msgspec.json.Decoder(Line).decode
PAGE = 5000  # lines read from the store at once
EVERY = 600.0  # seconds of the simulation between two writings


class LedgerFile:
    """Moves the store's ledger to a file as it grows, and counts it on the way."""

    def __init__(
        self, store: Store, file: IO[bytes], campaign: Campaign, debtors: Mapping[str, tuple[str, str]]
    ) -> None:
        self._store, self._file, self._campaign = store, file, campaign
        self._debtors = debtors
        self._zone = ZoneInfo(campaign.zone)
        self._read_to, self._read_at = "-", -inf
        self.figures = Figures()

    def behind(self, now: float) -> bool:
        """Whether it is long ago that the file was written."""
        return now - self._read_at > EVERY

    async def drain(self, now: float, overrides: tuple[str, ...]) -> None:
        """Write what has come since the last time; `overrides`: those in force meanwhile."""
        self._read_at = now
        while True:
            page = await self._store.ledger_texts(self._read_to, PAGE)
            if page:
                self._read_to = page[-1][0]
            lines = (_read(text) for _, text in page)
            told = [self._told(line, overrides) for line in lines if line.kind in TOLD]
            self._file.write(_encode_lines(told))
            self.figures.count(told)
            if len(page) < PAGE:
                return

    def _told(self, line: Line, overrides: tuple[str, ...]) -> Line:
        """One line of the store as the file has it."""
        line.at = moment(float(line.at), self._zone)
        line.campaign = self._campaign.name
        line.debt = msgspec.UNSET
        if line.contact is not None and line.contact in self._debtors:
            line.contact, line.debt = self._debtors[line.contact]
        if line.until is not msgspec.UNSET:
            line.until = moment(float(line.until), self._zone)
        line.responses = line.responses or ()
        line.strategy = line.strategy or self._campaign.version
        own = line.overrides or ()  # of an attempt: those it was started under
        line.overrides = own if line.kind in _OF_ATTEMPT else own or overrides
        return line


@lru_cache(maxsize=4096)
def moment(at: float, zone: ZoneInfo) -> str:
    """ISO 8601 with the zone's offset; fractions of a second only where there are any."""
    return datetime.fromtimestamp(round(at, 6), zone).isoformat()


def debtors(campaign: Campaign, contacts: Iterable[Contact]) -> dict[str, tuple[str, str]]:
    """By contact its contact_id and its debt, where the campaign counts by debt: a person's further debts
    are contacts known as `CONTACT_ID/DEBT`."""
    debt = campaign.debt
    if debt is None:
        return {}
    owing = ((one.id, one.attributes[debt]) for one in contacts if debt in one.attributes)
    return {known: (known.removesuffix(f"/{owed}"), owed) for known, owed in owing}


_COUNTED: Mapping[str, tuple[str, Callable[[Line], object]]] = {
    Kind.ATTEMPT_STARTED: ("by_pass", lambda line: line.pass_),
    Kind.ATTEMPT_ENDED: ("by_result", lambda line: line.result),
    Kind.CONTACT_ENDED: ("contacts_ended", lambda line: line.reason),
    Kind.SKIPPED: ("skipped", lambda line: line.reason),
    Kind.RECOVERY_TRIGGERED: ("recoveries_triggered", lambda line: line.trigger),
    Kind.RECOVERY_ENDED: ("recoveries_ended", lambda line: line.result),
    Kind.OVERRIDE_BEGAN: ("overrides", lambda line: line.override or line.overrides),
}


class Figures:
    """The sums of a simulation."""

    def __init__(self) -> None:
        self._sums: dict[str, Counter[str]] = {
            "by_result": Counter(),
            "by_pass": Counter(),
            "by_medium": Counter(),
            "contacts_ended": Counter(),
            "skipped": Counter(),
            "recoveries_triggered": Counter(),
            "recoveries_ended": Counter(),
            "overrides": Counter(),
        }
        self.attempts = 0

    def count(self, lines: Iterable[Line]) -> None:
        """Add these lines."""
        for line in lines:
            if line.kind == Kind.ATTEMPT_STARTED:
                self.attempts += 1
                self._sums["by_medium"][str(line.medium)] += 1
            if line.kind in _COUNTED:
                name, said = _COUNTED[line.kind]
                self._sums[name][str(said(line))] += 1

    def document(self) -> dict[str, Any]:
        """All sums, zeros left out, in an order that does not change."""
        return {"attempts": self.attempts} | {
            name: dict(sorted(counter.items())) for name, counter in self._sums.items()
        }
