"""The simulated ledger as JSON lines: taken from the store's, with moments as people read them; and the
summary of it. What is counted as what is left to `strategies.ledger`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
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
KEYS = (
    "at",
    "kind",
    "campaign",
    "pass",
    "contact",
    "device",
    "address",
    "medium",
    "attempt",
    "result",
    "responses",
    "reason",
    "recovers",
    "trigger",
    "strategy",
    "overrides",
)
ALSO = ("override", "by", "until")  # where a line says it
_OF_ATTEMPT = frozenset({Kind.ATTEMPT_STARTED, Kind.ATTEMPT_ENDED})
_encode = msgspec.json.Encoder().encode
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
            page = await self._store.ledger(self._read_to, PAGE)
            if page:
                self._read_to = page[-1][0]
            told = [self._told(line, overrides) for _, line in page if line["kind"] in TOLD]
            self._file.write(b"".join(_encode(line) + b"\n" for line in told))
            self.figures.count(told)
            if len(page) < PAGE:
                return

    def _told(self, line: Mapping[str, Any], overrides: tuple[str, ...]) -> dict[str, Any]:
        """One line with every key of KEYS, null where it says nothing, and then whatever else it says."""
        told = {key: line.get(key) for key in KEYS} | {k: line[k] for k in ALSO if k in line}
        told["at"] = moment(float(line["at"]), self._zone)
        told["campaign"] = self._campaign.name
        if line.get("contact") in self._debtors:
            told["contact"], told["debt"] = self._debtors[line["contact"]]
        if "until" in line:
            told["until"] = moment(float(line["until"]), self._zone)
        told["responses"] = list(line.get("responses") or ())
        told["strategy"] = line.get("strategy") or self._campaign.version
        own = line.get("overrides") or ()  # of an attempt: those it was started under
        told["overrides"] = list(own if line["kind"] in _OF_ATTEMPT else own or overrides)
        return told


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

    def count(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Add these lines."""
        for line in lines:
            match line["kind"]:
                case Kind.ATTEMPT_STARTED:
                    self.attempts += 1
                    self._sums["by_pass"][line["pass"]] += 1
                    self._sums["by_medium"][line["medium"]] += 1
                case Kind.ATTEMPT_ENDED:
                    self._sums["by_result"][line["result"]] += 1
                case Kind.CONTACT_ENDED:
                    self._sums["contacts_ended"][line["reason"]] += 1
                case Kind.SKIPPED:
                    self._sums["skipped"][line["reason"]] += 1
                case Kind.RECOVERY_TRIGGERED:
                    self._sums["recoveries_triggered"][line["trigger"]] += 1
                case Kind.RECOVERY_ENDED:
                    self._sums["recoveries_ended"][line["result"]] += 1
                case Kind.OVERRIDE_BEGAN:
                    self._sums["overrides"][str(line.get("override") or line.get("overrides"))] += 1

    def document(self) -> dict[str, Any]:
        """All sums, zeros left out, in an order that does not change."""
        return {"attempts": self.attempts} | {
            name: dict(sorted(counter.items())) for name, counter in self._sums.items()
        }
