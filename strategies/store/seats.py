"""What each agent is at, as the bridge last saw it; who is free for a call is known there alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from strategies.agent_fit import AgentRecord, Tally
from strategies.store.codec import text
from strategies.store.connection import Door
from strategies.vocabulary import AgentState


@dataclass(frozen=True, slots=True)
class Seat:
    """One agent, by the interface of their queues' member.

    `call`: the unique id of the call they talk to or ring for, empty for none; `last`: of the one before it;
    `leg`: they stay on the line between calls; `since`: when `state` began (epoch seconds), as far as a look
    every half second tells.
    """

    interface: str
    name: str
    queues: tuple[str, ...]
    state: AgentState
    call: str = ""
    leg: bool = False
    since: float = 0.0
    last: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What an agent asks at `at` (epoch seconds): to get no calls for a while, with a reason, or to go on."""

    interface: str
    paused: bool
    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class Seats:
    """All agents at `at` (epoch seconds)."""

    at: float
    seats: tuple[Seat, ...] = ()


_wish = msgspec.json.Decoder(Wish).decode
_seats = msgspec.json.Decoder(Seats).decode


WISHES_KEPT = 1000
FREE_IN = {AgentState.READY: 0.0, AgentState.AFTER_CALL: 0.0}
"""Seconds. When a conversation will be over nobody knows: who talks is not waited for."""


def agent_record(seat: Seat, tallies: Mapping[str, tuple[int, int]]) -> AgentRecord:
    """An agent as decisions look at them; `tallies`: objective to how often pursued and how often
    achieved."""
    counts = {objective: Tally(*pair) for objective, pair in tallies.items()}
    return AgentRecord(seat.interface, seat.queues, FREE_IN.get(seat.state), counts)


class SeatsRoom(Door):
    """One writer, the bridge."""

    async def put_seats(self, seats: Sequence[Seat], now: float) -> None:
        """Tell what everybody is at; who is still at the same keeps the moment it began."""
        before = await self.seats()
        known = {} if before is None else {one.interface: one for one in before.seats}
        dated = (_carried_on(one, known.get(one.interface), now) for one in seats)
        await self._command("SET", self._keys.seats, text(Seats(now, tuple(dated))))

    async def seats(self) -> Seats | None:
        """What the bridge last told; None if none ever ran."""
        raw = await self._command("GET", self._keys.seats)
        return _seats(raw) if raw else None

    async def wish(self, wish: Wish) -> None:
        """Ask the bridge to pause an agent, or to let them go on."""
        await self._command(
            "XADD", self._keys.agent_wishes, "MAXLEN", "~", WISHES_KEPT, "*", "it", text(wish)
        )

    async def wishes(self, after: str, block_ms: int) -> list[tuple[str, Wish]]:
        """What was asked for after a stream id, with the ids; waits at most `block_ms` for the first."""
        entries = await self._read_stream(self._keys.agent_wishes, after, block_ms)
        return [(identity, _wish(body[b"it"])) for identity, body in entries]


def _carried_on(seat: Seat, before: Seat | None, now: float) -> Seat:
    """A seat with what its own past tells of it."""
    if before is None:
        return replace(seat, since=now)
    since = before.since if before.state is seat.state else now
    last = before.last if before.call in {"", seat.call} else before.call
    return replace(seat, since=since, last=last)
