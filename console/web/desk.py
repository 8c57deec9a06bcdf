"""Operations on an agent's own desk: the call and what to pursue, what came of it, a pause, and people who
ask not to be called; whose the token is says whose desk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from console.refusal import Reason, RefusedError
from console.web.access import Role
from console.web.operations import Body, Call, Operation, Told
from console.web.problems import Problem
from strategies.attempts import Fact, FactName
from strategies.store.notes import Note
from strategies.store.seats import Wish
from strategies.vocabulary import AgentState

if TYPE_CHECKING:
    from strategies.contacts import Contact
    from strategies.store.seats import Seat

WORD = r"^[a-z][a-z0-9_]{0,39}$"
OURS = "sp-"  # how the calls we made are named
CALL = r"^[A-Za-z0-9_.-]{1,64}$"


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
    """An agent's own desk."""

    agent: str
    name: str
    state: str
    seconds: int
    queues: str
    call: CallTold | None


class Pause(Body):
    """Whether to get calls, and why not; the reason shows in Asterisk and on the page."""

    paused: bool
    reason: str = Field("", pattern=r"^[A-Za-z0-9 _.-]{0,40}$")


class NoteBody(Body):
    """What came of a call: whether its objective was pursued and achieved, and in a word such as `sold`."""

    call: str = Field(pattern=CALL)
    pursued: bool | None = None
    achieved: bool | None = None
    disposition: str = Field("", pattern=rf"{WORD}|^$")


class Noted(Told):
    """False: an earlier note of the call counts, and this one is only written down."""

    counts: bool


class AskedNotTo(Body):
    """The person of this call is never to be called again."""

    call: str = Field(pattern=CALL)


class Suppressed(Told):
    """How many addresses of the person nobody calls or writes to any more; other people's, too, who have
    one of them."""

    addresses: int


def me_of(call: Call) -> str:
    """The interface of the agent whose token it is. Raises Problem."""
    if not call.who.agent:
        mend = "secondpass token add NAME --role agent --agent PJSIP/agent01"
        raise Problem(403, f"{call.who.name} is no agent's token", mend)
    return call.who.agent


async def _seat(call: Call) -> Seat | None:
    me, told = me_of(call), await call.store.seats()
    return next((one for one in told.seats if one.interface == me), None) if told is not None else None


async def desk(call: Call) -> dict[str, Any]:
    seat = await _seat(call)
    if seat is None:
        nobody = {"name": "", "state": AgentState.GONE.value, "seconds": 0, "queues": "", "call": None}
        return {"agent": me_of(call), **nobody}
    return {
        "agent": seat.interface,
        "name": seat.name,
        "state": seat.state.value,
        "seconds": round(max(0.0, call.now - seat.since)),
        "queues": " ".join(seat.queues),
        "call": await _call(call, seat.call) if seat.call else None,
    }


async def _call(call: Call, identity: str) -> dict[str, Any]:
    """What is known of a call at somebody's ear: of a call of ours by its attempt, of another by what was
    decided when it came in."""
    decided = await call.store.handled(identity) or {}
    intent = await call.store.intent(identity)
    contact = await _contact(call, identity)
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


async def _contact(call: Call, identity: str) -> Contact | None:
    """The person of a call."""
    intent = await call.store.intent(identity)
    decided = await call.store.handled(identity) or {}
    name = intent.contact if intent is not None else str(decided.get("customer") or "")
    return await call.store.contact(name) if name else None


async def _check_own(call: Call, identity: str) -> None:
    """Of a call an agent tells who has it, or had it last. Raises RefusedError."""
    seat = await _seat(call)
    if seat is None or identity not in {seat.call, seat.last}:
        why = Reason("it is neither the call you have nor the one before it", "look at the desk anew")
        raise RefusedError(f"{identity} is no call of {me_of(call)}", [why])


async def pause(call: Call) -> None:
    wish = call.brought(Pause)
    await call.store.wish(Wish(me_of(call), wish.paused, wish.reason, call.now))


async def note(call: Call) -> dict[str, Any]:
    said = call.brought(NoteBody)
    whole = Note(said.call, call.now, said.disposition, said.pursued, said.achieved, me_of(call))
    if not whole.says_anything:
        raise Problem(422, "the note says nothing", "say pursued, achieved or disposition")
    await _check_own(call, said.call)
    if said.disposition and said.call.startswith(OURS):
        fact = Fact(FactName.DISPOSITION, call.now, said.disposition)
        await call.store.add_fact(said.call, fact)
    return {"counts": await call.store.note(whole)}


async def suppress(call: Call) -> dict[str, Any]:
    me, identity = me_of(call), call.brought(AskedNotTo).call
    await _check_own(call, identity)
    contact = await _contact(call, identity)
    addresses = [device.address for device in contact.devices] if contact is not None else []
    if not addresses:
        why = Reason("nobody knows who it is", "tell a supervisor the number")
        raise RefusedError(f"the caller of {identity} has no address here", [why])
    await call.store.do_not_call(addresses, reason=f"asked {me} in a call", by=call.who.name)
    return {"addresses": len(addresses)}


OPERATIONS = (
    Operation("GET", "/api/desk", "An agent's own desk", desk, Desk, Role.AGENT),
    Operation(
        "PUT", "/api/desk/pause", "Get no calls, or go on", pause, None, Role.AGENT, body=Pause, status=204
    ),
    Operation("POST", "/api/desk/notes", "What came of a call", note, Noted, Role.AGENT, body=NoteBody),
    Operation(
        "POST",
        "/api/desk/do-not-call",
        "The person of a call asks for no more",
        suppress,
        Suppressed,
        Role.AGENT,
        body=AskedNotTo,
        status=201,
    ),
)
