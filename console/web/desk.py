"""Operations on an agent's own desk: what they are at, their call and what to pursue in it, a pause; whose
the token is says whose desk. What they say of a call is `console.web.own_calls`'s."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from console.web.access import Role
from console.web.operations import Body, Call, Operation, Told
from console.web.seat import me_of, person_of, seat_as_told
from strategies.store.seats import Wish
from strategies.vocabulary import AgentState


class Me(Told):
    """Whoever asks; `agent`: the interface of an agent's token, empty for others."""

    name: str
    role: str
    agent: str


class CallTold(Told):
    """The call an agent talks to or rings for: the person, both segments and why, what to pursue and to
    say."""

    id: str
    sub_campaign: str | None
    contact: dict[str, Any]
    first: str | None
    second: str | None
    reason: str | None
    objective: str | None
    offer: str | None
    prompt: str | None


class Desk(Told):
    """An agent's own desk. `known`: whether the bridge tells of it now, or it is what was last told."""

    agent: str
    name: str
    state: str
    seconds: int
    queues: str
    known: bool
    call: CallTold | None


class Pause(Body):
    """Whether to get calls, and why not; the reason shows in Asterisk and on the page."""

    paused: bool
    reason: str = Field("", pattern=r"^[A-Za-z0-9 _.-]{0,40}$")


async def me(call: Call) -> dict[str, Any]:
    return {"name": call.who.name, "role": call.who.role.word, "agent": call.who.agent}


async def desk(call: Call) -> dict[str, Any]:
    seat, known = await seat_as_told(call)
    if seat is None:
        nobody = {"name": "", "state": AgentState.GONE.value, "seconds": 0, "queues": "", "call": None}
        return {"agent": me_of(call), "known": known, **nobody}
    return {
        "agent": seat.interface,
        "name": seat.name,
        "state": seat.state.value,
        "seconds": round(max(0.0, call.now - seat.since)),
        "queues": " ".join(seat.queues),
        "known": known,
        "call": await _call(call, seat.call) if seat.call else None,
    }


async def _call(call: Call, identity: str) -> dict[str, Any]:
    """What is known of a call at somebody's ear: of a call of ours by its attempt, of another by what was
    decided when it came in."""
    decided = await call.store.handled(identity) or {}
    intent = await call.store.intent(identity)
    contact = await person_of(call, intent, decided)
    catalogue = call.project.segments
    objective = decided.get("objective")
    known = catalogue.objectives.get(str(objective)) if catalogue is not None else None
    return {
        "id": identity,
        "sub_campaign": intent.sub if intent is not None else None,
        "contact": {} if contact is None else {"id": contact.id, **contact.attributes},
        "objective": objective,
        "offer": known.offer if known is not None else None,
        "prompt": known.prompt if known is not None else None,
        **{name: decided.get(name) for name in ("first", "second", "reason")},
    }


async def pause(call: Call) -> None:
    wish = call.brought(Pause)
    await call.store.wish(Wish(me_of(call), wish.paused, wish.reason, call.now))


OPERATIONS = (
    Operation("GET", "/api/me", "Whose token it is, and what it may do", me, Me, Role.AGENT),
    Operation("GET", "/api/desk", "An agent's own desk", desk, Desk, Role.AGENT),
    Operation(
        "PUT", "/api/desk/pause", "Get no calls, or go on", pause, None, Role.AGENT, body=Pause, status=204
    ),
)
