"""Operations on agents: what everybody is at, calls that are promised, people offered; an agent's own desk is
`console.web.desk`'s."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from typer import BadParameter

from console import agent, callback
from console.web.access import Role
from console.web.operations import Body, Call, Operation, Told
from console.web.problems import Problem
from console.web.seat import me_of, seat_of
from strategies.callbacks import INTERFACE
from strategies.store.offers import Answer, Offer, is_shown

NO_MOMENT = (422, "at is no moment", "write 2030-01-31T15:00")


class AgentTold(Told):
    """What an agent is at, and for how long (seconds)."""

    agent: str
    name: str
    queues: str
    state: str
    seconds: int
    line: str
    call: str


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


class OfferTold(Told):
    """A person who would be called next, if an agent of the queue accepts; `agent`: who has."""

    sub_campaign: str
    contact: str
    pass_name: str
    address: str
    queue: str
    until: str
    agent: str


class OfferAnswer(Body):
    """An agent's answer to an offer."""

    sub_campaign: str = Field(max_length=80)
    contact: str = Field(max_length=200)
    accepted: bool


async def agents(call: Call) -> list[dict[str, Any]]:
    return await agent.agents_of(call.store, None)


async def callbacks(call: Call) -> list[dict[str, Any]]:
    return [named(row) for row in await callback.promised(call.store, None)]


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
        raise Problem(*NO_MOMENT) from None
    return named(made)


def named(row: dict[str, Any]) -> dict[str, Any]:
    """A row as the API names its parts: `pass` is no name in most languages."""
    return {"pass_name": row["pass"], **{name: value for name, value in row.items() if name != "pass"}}


async def cancel(call: Call) -> None:
    sub = f"{call.path['name']}/{call.path['number']}"
    await callback.cancel_promise(call.store, sub, call.path["identity"])


async def _meant(call: Call) -> list[tuple[Offer, Answer | None]]:
    """The offers to whoever asks: to an agent those of their queues, to everybody else all."""
    told = await call.store.offers()
    if not call.who.agent:
        return told
    seat = await seat_of(call)
    return [pair for pair in told if seat is not None and pair[0].queue in seat.queues]


async def offers(call: Call) -> list[dict[str, Any]]:
    meant = await _meant(call)
    return [named(agent.offered(*pair)) for pair in meant if is_shown(pair[1], call.who.agent)]


async def answer(call: Call) -> None:
    said, me = call.brought(OfferAnswer), me_of(call)
    found = [
        one
        for one, _ in await _meant(call)
        if (one.sub, one.contact) == (said.sub_campaign, said.contact) and call.now < one.until
    ]
    await agent.give_answer(call.store, said.contact, found, Answer(me, said.accepted, call.now))


OPERATIONS = (
    Operation("GET", "/api/agents", "What everybody is at", agents, list[AgentTold]),
    Operation("GET", "/api/callbacks", "Every call that is promised", callbacks, list[CallbackTold]),
    Operation(
        "POST",
        "/api/callbacks",
        "Promise a call",
        promise,
        CallbackTold,
        Role.SUPERVISOR,
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
