"""Operations on agents: what everybody is at, and an agent's own desk: the call, the objective, the note, the
people offered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pydantic import Field
from typer import BadParameter

from console import agent, callback
from console.refusal import Reason, RefusedError
from console.web.access import Role
from console.web.operations import Body, Call, Operation, Told
from console.web.problems import Problem
from strategies.attempts import Fact, FactName
from strategies.callbacks import INTERFACE
from strategies.store.notes import Note
from strategies.store.offers import Answer
from strategies.store.seats import Wish
from strategies.vocabulary import AgentState

if TYPE_CHECKING:
    from strategies.store.seats import Seat

WORD = r"^[a-z][a-z0-9_]{0,39}$"
OURS = "sp-"  # how the calls we made are named
CALL = r"^[A-Za-z0-9_.-]{1,64}$"


class AgentTold(Told):
    """What an agent is at, and for how long (seconds)."""

    agent: str
    name: str
    queues: str
    state: str
    seconds: int
    line: str
    call: str


class CallTold(Told):
    """The call an agent talks to or rings for: the person, both segments and why, what to pursue and to
    say."""

    id: str
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


class CallbackTold(Told):
    """A call that is promised."""

    sub_campaign: str
    contact: str
    at: str
    until: str | None
    pass_name: str
    device: str
    number: str
    agent: str
    by: str
    tries: int


class Promise(Body):
    """A call at an ISO moment, local to the campaign's zone where it has no offset; `agent`: an interface."""

    campaign: str = Field(max_length=80)
    contact: str = Field(max_length=200)
    at: str = Field(max_length=40)
    agent: str = Field("", pattern=rf"^({INTERFACE})?$")
    number: str = Field("", max_length=20)


class Noted(Told):
    """False: an earlier note of the call counts, and this one is only written down."""

    counts: bool


class OfferTold(Told):
    """A person who would be called next, if an agent accepts."""

    sub_campaign: str
    contact: str
    pass_name: str
    address: str
    until: str
    agent: str


class OfferAnswer(Body):
    """An agent's answer to an offer."""

    sub_campaign: str = Field(max_length=80)
    contact: str = Field(max_length=200)
    accepted: bool


async def agents(call: Call) -> list[dict[str, Any]]:
    return await agent.agents_of(call.store, None)


async def desk(call: Call) -> dict[str, Any]:
    me = _me(call)
    told = await call.store.seats()
    seat = next((one for one in told.seats if one.interface == me), None) if told is not None else None
    if told is None or seat is None:
        state = AgentState.GONE.value
        return {"agent": me, "name": "", "state": state, "seconds": 0, "queues": "", "call": None}
    return {
        "agent": me,
        "name": seat.name,
        "state": seat.state.value,
        "seconds": round(max(0.0, call.now - seat.since)),
        "queues": " ".join(seat.queues),
        "call": await _call(call, seat) if seat.call else None,
    }


def _me(call: Call) -> str:
    if not call.who.agent:
        mend = "secondpass token add NAME --role agent --agent PJSIP/agent01"
        raise Problem(403, f"{call.who.name} is no agent's token", mend)
    return call.who.agent


async def _call(call: Call, seat: Seat) -> dict[str, Any]:
    """What is known of the call at somebody's ear: of a call of ours by its attempt, of another by what was
    decided when it came in."""
    decided = await call.store.handled(seat.call) or {}
    intent = await call.store.intent(seat.call)
    identity = intent.contact if intent is not None else str(decided.get("customer") or "")
    contact = await call.store.contact(identity) if identity else None
    catalogue = call.project.segments
    objective = decided.get("objective")
    known = catalogue.objectives.get(str(objective)) if catalogue is not None else None
    return {
        "id": seat.call,
        "contact": {} if contact is None else {"id": contact.id, **contact.attributes},
        "objective": objective,
        "offer": known.offer if known is not None else None,
        "prompt": known.prompt if known is not None else None,
        **{name: decided.get(name) for name in ("first", "second", "reason")},
    }


async def pause(call: Call) -> None:
    wish = call.brought(Pause)
    await call.store.wish(Wish(_me(call), wish.paused, wish.reason, time.time()))


async def note(call: Call) -> dict[str, Any]:
    said = call.brought(NoteBody)
    if said.disposition and said.call.startswith(OURS):
        fact = Fact(FactName.DISPOSITION, call.now, said.disposition)
        await call.store.add_fact(said.call, fact)
    whole = Note(said.call, call.now, said.disposition, said.pursued, said.achieved, _me(call))
    if not whole.says_anything:
        raise Problem(422, "the note says nothing", "say pursued, achieved or disposition")
    return {"counts": await call.store.note(whole)}


async def callbacks(call: Call) -> list[dict[str, Any]]:
    return [_named(row) for row in await callback.promised(call.store, None)]


async def promise(call: Call) -> dict[str, Any]:
    wish = call.brought(Promise)
    try:
        made = await callback.promise(
            call.store,
            wish.campaign,
            wish.contact,
            wish.at,
            agent=wish.agent,
            number=wish.number,
            by=call.who.name,
        )
    except BadParameter:
        raise Problem(422, "at is no moment", "write 2030-01-31T15:00") from None
    return _named(made)


def _named(row: dict[str, Any]) -> dict[str, Any]:
    return {"pass_name": row["pass"], **{name: value for name, value in row.items() if name != "pass"}}


async def cancel(call: Call) -> None:
    sub = f"{call.path['name']}/{call.path['number']}"
    await callback.cancel_promise(call.store, sub, call.path["identity"])


async def offers(call: Call) -> list[dict[str, Any]]:
    return [_named(row) for row in await agent.offers_of(call.store)]


async def answer(call: Call) -> None:
    said, me = call.brought(OfferAnswer), _me(call)
    found = [
        one
        for one, _ in await call.store.offers()
        if (one.sub, one.contact) == (said.sub_campaign, said.contact) and call.now < one.until
    ]
    if not found:
        raise RefusedError(f"{said.contact} is not offered", [Reason("the offer has ended", "look anew")])
    given = Answer(me, said.accepted, call.now)
    counts = await call.store.answer_offer(found[0], given)
    if counts != given:
        done = "accepted" if counts.accepted else "skipped"
        raise RefusedError(f"{counts.agent} was first and {done}", [Reason("one answer counts", "look anew")])


OPERATIONS = (
    Operation("GET", "/api/agents", "What everybody is at", agents, list[AgentTold]),
    Operation("GET", "/api/callbacks", "Every call that is promised", callbacks, list[CallbackTold]),
    Operation(
        "POST",
        "/api/callbacks",
        "Promise a call",
        promise,
        CallbackTold,
        Role.AGENT,
        body=Promise,
        status=201,
    ),
    Operation(
        "DELETE",
        "/api/callbacks/{name}/{number}/{identity}",
        "Call a promise off",
        cancel,
        None,
        Role.SUPERVISOR,
        status=204,
    ),
    Operation("GET", "/api/desk", "An agent's own desk", desk, Desk, Role.AGENT),
    Operation(
        "PUT", "/api/desk/pause", "Get no calls, or go on", pause, None, Role.AGENT, body=Pause, status=204
    ),
    Operation("POST", "/api/desk/notes", "What came of a call", note, Noted, Role.AGENT, body=NoteBody),
    Operation(
        "GET", "/api/offers", "People shown before they are called", offers, list[OfferTold], Role.AGENT
    ),
    Operation(
        "POST",
        "/api/offers/answers",
        "Accept or skip one",
        answer,
        None,
        Role.AGENT,
        body=OfferAnswer,
        status=204,
    ),
)
