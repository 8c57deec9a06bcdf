"""What an inbound call needs, in two round trips: who calls and what is known of them, then the decision
kept; deciding is left to `strategies.segmentation`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from strategies.contacts import Contact
from strategies.decisions import Promoted
from strategies.past_calls import CallOver, PastCalls, after
from strategies.queue_view import queue_view
from strategies.segments import Scope, ScopeKind
from strategies.store.codec import read_plain, text
from strategies.store.connection import function_call, run
from strategies.store.keys import number_field
from strategies.store.lines import Line, packed
from strategies.store.people import People
from strategies.store.together import Together
from strategies.vocabulary import Kind

AT_ONCE = 8  # callers looked up each for themselves


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """A queue at the moment `at`; waits in seconds. `lately`: how it went since, by factor name, as
    `strategies.queue_flow` has it. `staffed`: agents who work; `in_time`: the share of callers lately who had
    one within twenty seconds; both None where nobody knows."""

    waiting: int = 0
    agents_free: int = 0
    longest_wait: float = 0.0
    at: float = 0.0
    lately: Mapping[str, float] = field(default_factory=dict)
    staffed: int | None = None
    in_time: float | None = None

    def seen(self, waited: float | None = None, ahead: int | None = None) -> dict[str, object]:
        """The figures by the names that conditions call them; `waited` and `ahead` of a caller who waits
        there."""
        return queue_view(
            waiting=self.waiting,
            agents_free=self.agents_free,
            longest_wait=self.longest_wait,
            staffed=self.staffed,
            in_time=self.in_time,
            lately=self.lately,
            waited=waited,
            ahead=ahead,
        )


@dataclass(frozen=True, slots=True)
class History:
    """What earlier attempts at the contact came to, over all campaigns. `last_at` is epoch seconds.

    `recovery_open`: somebody is about to call them again because they were lost.
    """

    attempts: int = 0
    conversations: int = 0
    last_result: str | None = None
    last_responses: tuple[str, ...] = ()
    last_at: float | None = None
    recovery_open: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `customer` is what `reassociate` takes: the contact's id, or the number of somebody
    unknown.

    `segment`: the one they were moved to if that still holds, else the one of their list. `live`: the attempt
    that is dialling this person right now. `past`: what their own calls came to. `promoted`: what the share
    guard's interval holds beside this call, where it was asked for.
    """

    customer: str
    contact: Contact | None
    segment: str | None
    segment_version: int = 0
    history: History = History()
    queues: Mapping[str, QueueFigures] = field(default_factory=dict)
    live: str | None = None
    past: PastCalls = field(default_factory=PastCalls)
    promoted: Promoted | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """A decision that the share guard is to count from now on, with those of all others; `per`: seconds of
    its interval. `Callers.reassociate` says what it came to: until then it counts as a move."""

    interaction: str
    at: float
    per: float


class Callers(People):
    """The store as the inbound hook sees it. Decisions that come while one is being kept go in one round trip
    after it: a server that is on its disk before each answer goes there once for all of them. Callers are
    looked up each for themselves, and in a rush together: it opens no connection for each."""

    def __init__(self, url: str, tenant: str, clock: Callable[[], float]) -> None:
        super().__init__(url, tenant, clock)
        self._keeping = Together(self._call_many)
        self._rush = Together(self._call_many)
        self._alone = 0

    async def caller(
        self,
        number: str | None,
        attempt: str | None = None,
        account: str | None = None,
        *,
        counted: Counted | None = None,
    ) -> Caller:
        """Who is at the other end of this attempt, said to be this contact, or calls from this number; one
        round trip. Of several contacts with the number, the one that was tried last."""
        keys = self._keys
        asked = function_call(
            "caller",
            (
                keys.contacts,
                keys.history,
                keys.segments,
                keys.queues,
                keys.busy,
                keys.numbers,
                keys.attempt(attempt or ""),
                keys.past_calls,
            ),
            {
                "number": number,
                "field": number_field(number or ""),
                "attempt": attempt,
                "account": account,
                "counted": counted,
            },
        )
        contact, moved, history, queues, live, past, promoted = await self._looked_up(asked)
        known = await self._contact_of(contact) if contact else None
        segment, version = _segment(known, read_plain(moved) if moved else {}, self._clock())
        return Caller(
            customer=known.id if known else number or "",
            contact=known,
            segment=segment,
            segment_version=version,
            history=_history(read_plain(history) if history else {}, self._clock()),
            queues=_queues(queues),
            live=live.decode() or None,
            past=_past(past) if past else PastCalls(),
            promoted=Promoted(*promoted) if promoted else None,
        )

    async def _looked_up(self, asked: Sequence[str | bytes | int]) -> Any:
        if self._alone >= AT_ONCE:
            return await self._rush.ask(asked)
        self._alone += 1
        try:
            return await self._with_library(lambda: run(self._redis, *asked))
        finally:
            self._alone -= 1

    async def customer_of(self, interaction: str, number: str | None) -> str | None:
        """Whose call this is: as it was decided, or by its number where it was not."""
        raw = await self._command("GET", self._keys.interaction(interaction))
        if raw:
            return str(read_plain(raw)["customer"]) or None
        return (await self.caller(number)).customer or None

    async def histories(self, contacts: Sequence[str]) -> list[tuple[History, PastCalls]]:
        """What earlier attempts and calls of many contacts came to, in their order."""
        if not contacts:
            return []
        now = self._clock()
        histories, past = await self._pipeline(
            lambda pipe: (
                pipe.execute_command("HMGET", self._keys.history, *contacts),
                pipe.execute_command("HMGET", self._keys.past_calls, *contacts),
            )
        )
        return [
            (_history(read_plain(h) if h else {}, now), _past(p) if p else PastCalls())
            for h, p in zip(histories, past, strict=True)
        ]

    async def past_calls(self, customer: str) -> PastCalls:
        """What a customer's own calls came to."""
        raw = await self._command("HGET", self._keys.past_calls, customer)
        return _past(raw) if raw else PastCalls()

    async def call_over(self, call: CallOver, customer: str | None) -> bool:
        """Keep what a call came to: in the ledger and, of somebody whose number is known, for their next one.
        False if it was kept before. One writer: the past is read here and written back."""
        keys = self._keys
        past = after(await self.past_calls(customer), call) if customer else None
        line: Line = {
            "kind": Kind.CALL_OVER,
            "interaction": call.interaction,
            "customer": customer,
            "queue": call.queue or None,
            "result": call.result,
            "waited": round(call.waited, 3),
            "talked": round(call.talked, 3) if call.agent else None,
            "agent": call.agent or None,
        }
        answer = await self._call(
            "call_over",
            (keys.call_over(call.interaction), keys.past_calls, keys.ledger, keys.figures("")),
            {
                "customer": customer,
                "past": text(past) if past else None,
                "lines": packed([line], at=call.at),
            },
        )
        return bool(answer)

    async def reassociate(  # noqa: PLR0913 - all of it belongs to one decision, and is named at the call
        self,
        *,
        interaction: str,
        customer: str,
        decision: Mapping[str, Any],
        scope: Scope | None,
        expected_version: int,
        now: float,
        otherwise: Mapping[str, Any] | None = None,
        also: Sequence[Line] = (),
    ) -> bool:
        """Keep a decision (`Decision.as_record()`), and move the customer if it says so and `scope`
        outlasts the call.

        Once per interaction. False if it was kept before, or if another call moved the customer since
        `caller`: then nobody is moved, and kept is the decision that holds `otherwise`, with the reason
        `conflict` in the ledger. `also`: further ledger lines of this interaction, such as `call_entered`.
        """
        moves = bool(decision.get("re_associated"))
        about: dict[str, object] = {"interaction": interaction, "customer": customer, "decision": decision}
        line: Line = {"kind": Kind.RE_ASSOCIATED if moves else Kind.DECISION, **about}
        stays = decision if otherwise is None else otherwise
        conflict: Line = {**about, "kind": Kind.DECISION, "reason": "conflict", "decision": stays}
        keys = self._keys
        kept = function_call(
            "reassociate",
            (keys.interaction(interaction), keys.segments, keys.ledger, keys.figures("")),
            {
                "interaction": interaction,
                "moves": moves,
                "customer": customer,
                "about": _about(customer, decision),
                "stays": _about(customer, stays),
                "version": expected_version,
                "segment": _moved(customer, decision, scope, expected_version, now) if moves else None,
                "lines": packed([*also, line], at=now),
                "conflict": packed([*also, conflict], at=now),
            },
        )
        return bool(await self._keeping.ask(kept) == b"done")

    async def reassociate_again(  # noqa: PLR0913 - all of it belongs to one decision
        self,
        *,
        interaction: str,
        nth: int,
        customer: str,
        decision: Mapping[str, Any],
        scope: Scope | None,
        now: float,
        waited: float,
        factors: Mapping[str, float | str] | None = None,
    ) -> None:
        """Keep the `nth` decision about a caller who waits, after so many seconds, and move the customer if
        `scope` outlasts the call; `factors` are those it was foretold anew by. What an agent notes of the
        call from now on is of its objective."""
        keys = self._keys
        moved = await self._command("HGET", keys.segments, customer)
        version = int(read_plain(moved).get("version", 0)) if moved else 0
        about = _about(customer, decision)
        line: Line = {
            "kind": Kind.RE_ASSOCIATED,
            "interaction": interaction,
            "customer": customer,
            "decision": decision,
            "nth": nth,
            "waited": round(waited, 3),
            "factors": factors or None,
        }
        await self._call(
            "reassociate",
            (keys.interaction(f"{interaction}~{nth}"), keys.segments, keys.ledger, keys.figures("")),
            {
                "interaction": interaction,
                "moves": True,
                "customer": customer,
                "about": about,
                "stays": about,
                "version": version,
                "segment": _moved(customer, decision, scope, version, now),
                "lines": packed([line], at=now),
                "conflict": packed([line], at=now),
            },
        )
        await self._command("SET", keys.interaction(interaction), about, "XX", "KEEPTTL")

    async def handled(self, interaction: str) -> dict[str, Any] | None:
        """How a call is handled that is up, or was until a day ago: `customer`, `objective`, `first` and
        `second` segment, and why; None where nothing was decided of it."""
        raw = await self._command("GET", self._keys.interaction(interaction))
        return read_plain(raw) if raw else None

    async def put_queue_figures(self, queue: str, figures: QueueFigures) -> None:
        """What the hook is to see of a queue; the bridge's to write."""
        await self._command("HSET", self._keys.queues, queue, text(figures))


TOLD = ("objective", "first", "second", "reason", "applied")


def _about(customer: str, decision: Mapping[str, Any]) -> str:
    """What is kept of a decision for as long as its call may be asked about."""
    return text({"customer": customer, **{name: decision.get(name) for name in TOLD}})


def _moved(
    customer: str, decision: Mapping[str, Any], scope: Scope | None, version: int, now: float
) -> str | None:
    """The record of a move that outlasts the call, or None. Who hides their number is found by nobody: all
    of them would be moved."""
    if customer == "" or scope is None or scope.kind is ScopeKind.INTERACTION:
        return None
    until = now + scope.ttl if scope.ttl is not None else None
    return text({"segment": decision["second"], "version": version + 1, "until": until, "at": now})


def _segment(contact: Contact | None, moved: Mapping[str, Any], now: float) -> tuple[str | None, int]:
    """The first segment, and the version a move has to expect."""
    until = moved.get("until")
    if moved and (until is None or now < until):
        return str(moved["segment"]), int(moved["version"])
    return contact.segment if contact else None, int(moved.get("version", 0))


def _history(known: Mapping[str, Any], now: float) -> History:
    responses = str(known.get("last_responses", ""))
    return History(
        attempts=int(known.get("attempts", 0)),
        conversations=int(known.get("conversations", 0)),
        last_result=known.get("last_result"),
        last_responses=tuple(responses.split(",")) if responses else (),
        last_at=known.get("last_at"),
        recovery_open=any(now < expires for expires in known.get("recovery", {}).values()),
    )


_figures = msgspec.json.Decoder(QueueFigures).decode
_past = msgspec.json.Decoder(PastCalls).decode


def _queues(raw: Any) -> dict[str, QueueFigures]:
    pairs = raw.items() if isinstance(raw, dict) else zip(raw[::2], raw[1::2], strict=True)
    return {name.decode(): _figures(figures) for name, figures in pairs}
