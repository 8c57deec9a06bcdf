"""Operations on people: one contact's story, and do-not-call."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from console import contact_story, do_not_call
from console.refusal import Reason, RefusedError
from console.web.access import Role
from console.web.operations import Body, Call, Operation, Query, Told
from strategies.numbers import normalise


class InCampaign(Told):
    """Where a contact stands in one sub-campaign, and what comes next."""

    sub_campaign: str
    state: str
    ended: str | None
    last_result: str | None
    responses: list[str]
    passes: dict[str, list[str]]
    attempts: str
    attempts_today: str
    limits: dict[str, Any]
    next: dict[str, Any]
    looked_at_again: str | None


class Story(Told):
    """One contact's whole story, the oldest line first."""

    contact: dict[str, Any]
    lists: list[str]
    do_not_call: dict[str, str]
    being_called: dict[str, Any]
    segment: str | None
    campaigns: list[InCampaign]
    story: list[dict[str, Any]]


class Asked(Query):
    """An address: a number with its country, or an email."""

    address: str = Field(min_length=3, max_length=254)


class Against(Told):
    """One thing that stands against an address."""

    address: str
    by_rule: str
    reason: str
    by: str | None = None
    at: float | None = None


class Suppress(Body):
    """Addresses that nobody calls or writes to any more."""

    addresses: list[str] = Field(min_length=1, max_length=1000)
    reason: str = Field("asked by hand", max_length=500)


class Suppressed(Told):
    """The addresses, as they are kept."""

    do_not_call: list[str]


async def story(call: Call) -> dict[str, Any]:
    return await contact_story.story(call.store, call.project, await _meant(call), None)


async def _meant(call: Call) -> str:
    """The contact of that id, or the only one with that number. Raises RefusedError where several have it."""
    given = call.path["identity"]
    if not given.startswith("+") or await call.store.contact(given) is not None:
        return given
    found = await call.store.contacts_of_number(normalise(given, "") or given)
    if len(found) > 1:
        raise RefusedError(
            f"{len(found)} contacts have this number",
            [Reason(", ".join(sorted(found)), "ask for one of them")],
        )
    return found[0] if found else given


async def against(call: Call) -> list[dict[str, object]]:
    address = do_not_call.address_of(call.project, call.asked(Asked).address)
    return await do_not_call.against(call.store, [address], list(call.project.campaigns))


async def suppress(call: Call) -> dict[str, Any]:
    wish = call.brought(Suppress)
    addresses = [do_not_call.address_of(call.project, one) for one in wish.addresses]
    await call.store.do_not_call(addresses, reason=wish.reason, by=call.who.name)
    return {"do_not_call": addresses}


OPERATIONS = (
    Operation(
        "GET",
        "/api/contacts/{identity}",
        "One contact's whole story, by id or number",
        story,
        Story,
        Role.SUPERVISOR,
    ),
    Operation(
        "GET", "/api/do-not-call", "What stands against an address", against, list[Against], query=Asked
    ),
    Operation(
        "POST",
        "/api/do-not-call",
        "Take people off every campaign and every medium",
        suppress,
        Suppressed,
        Role.SUPERVISOR,
        body=Suppress,
        status=201,
    ),
)
