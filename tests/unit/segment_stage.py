"""A segment hook, the store it asks, a model and a call for the tests of the hook; what they mean is left to
the tests."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from config_files import FILE, changed

from agi.local_socket import LocalCall
from agi.segment import SegmentHook
from config.segments_file import segments
from config.variables import Variable
from config.yaml_reader import parse
from models.features import Factor
from strategies.contacts import Contact, Device
from strategies.segments import Catalogue, Prediction
from strategies.store import Caller, Counted, Store, StoreUnavailable
from strategies.vocabulary import Kind

CATALOGUE = """\
outcomes:
  accepts_offer: {value: "contact.offer_value", model: offers}
objectives:
  serve: {importance: 1, metric: handle_time, queue: service, offer: none, announcement: welcome}
  sell:
    importance: 3
    metric: revenue
    queue: sales
    priority: 10
    penalty_max: 2
    wait_limit: 30s
    prompt: "Ask when their savings become free."
segments:
  standard: {rank: 9, objective: serve, default: true}
  loyal: {rank: 5, objective: serve}
  prospect: {rank: 3, objective: sell, enter: "p.accepts_offer >= 0.25", scope: interaction}
guards: {margin: 5}
"""
ADA = Contact("ada", (Device("mobile", "+12025550142"),), segment="loyal", attributes={"offer_value": "400"})
KNOWN = Caller("ada", ADA, "loyal", 3)
DEFAULTS = {Variable.QUEUE: "service", Variable.SEGMENT: "standard", Variable.CUSTOMER: ""}


@dataclass
class Books:
    """The store as the hook uses it; `look` answers who calls."""

    look: Callable[[], Awaitable[Caller]]
    moves: bool = True
    lines: list[Mapping[str, object]] = field(default_factory=list)
    expected: list[int] = field(default_factory=list)
    writing: asyncio.Event | None = None
    free: asyncio.Event | None = None

    async def caller(
        self,
        number: str | None,
        attempt: str | None = None,
        account: str | None = None,
        *,
        counted: Counted | None = None,
    ) -> Caller:
        return await self.look()

    async def reassociate(
        self,
        *,
        interaction: str,
        customer: str,
        decision: Mapping[str, object],
        scope: object,
        expected_version: int,
        now: float,
        otherwise: Mapping[str, object] | None = None,
        also: Sequence[Mapping[str, object]] = (),
    ) -> bool:
        if self.writing is not None and self.free is not None:
            self.writing.set()
            await self.free.wait()
        self.expected.append(expected_version)
        moved = self.moves and decision["re_associated"]
        kind = Kind.RE_ASSOCIATED if moved else Kind.DECISION
        self.lines += [*also, {"kind": kind, "interaction": interaction, "reason": decision["reason"]}]
        return self.moves

    async def append(self, line: Mapping[str, object], *, at: float) -> None:
        self.lines.append(line)

    def told(self) -> list[tuple[object, object]]:
        return [(line["kind"], line["reason"]) for line in self.lines]


class Model:
    """Predicts the same for everybody, raises, or takes its time."""

    factors: Sequence[Factor] = ()

    def __init__(self, probability: float | None = 0.9, *, takes: float = 0.0, broken: bool = False) -> None:
        self._probability, self._takes, self._broken = probability, takes, broken

    def predict(self, row: Mapping[str, float | str]) -> Prediction:
        if self._broken:
            raise ValueError("a tensor of the wrong shape")
        time.sleep(self._takes)
        return Prediction(self._probability, "offers", "1")


def knows(caller: Caller) -> Callable[[], Awaitable[Caller]]:
    async def look() -> Caller:
        return caller

    return look


async def away() -> Caller:
    raise StoreUnavailable("the store does not answer")


async def silent() -> Caller:
    await asyncio.Event().wait()
    raise AssertionError("nobody waits that long")


def catalogue(text: str = CATALOGUE, deadline: float = 30.0) -> Catalogue:
    """A deadline that no stall of the machine reaches, unless a test is about the deadline."""
    found, problems = segments(parse(text.encode(), FILE))
    assert found is not None, problems.errors
    return replace(found, deadline=deadline)


def hook(
    books: Books,
    model: Model | None = None,
    text: str = CATALOGUE,
    deadline: float = 30.0,
    clock: Callable[[], float] = time.time,
) -> SegmentHook:
    return SegmentHook(
        cast(Store, books),
        catalogue(text, deadline),
        {"offers": model or Model()},
        country="US",
        tenant="test",
        clock=clock,
    )


def called(number: str = "2025550142") -> tuple[LocalCall, list[bytes]]:
    """A call, and the answers that were sent to it."""
    answers: list[bytes] = []
    environment = {"agi_uniqueid": "178.42", "agi_callerid": number, "agi_extension": "5000"}
    return LocalCall(environment, answers.append), answers


async def told(segment_hook: SegmentHook) -> dict[str, str]:
    """The variables a call ends up with."""
    call, answers = called()
    await segment_hook(call)
    assert len(answers) == 1
    assert json.loads(answers[0])["variables"] == call.variables
    return call.variables


def with_ttl(text: str = CATALOGUE) -> str:
    return changed(text, "scope: interaction", "scope: {ttl: 7d}")
