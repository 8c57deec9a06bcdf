"""Whose desk a request is about: the agent of the token, where they sit, and who their calls are with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from console.agent import STALE
from console.web.problems import Problem

if TYPE_CHECKING:
    from console.web.operations import Call
    from strategies.attempts import Intent
    from strategies.contacts import Contact
    from strategies.store.seats import Seat


def me_of(call: Call) -> str:
    """The interface of the agent whose token it is. Raises Problem."""
    if not call.who.agent:
        mend = "secondpass token add NAME --role agent --agent PJSIP/agent01"
        raise Problem(403, f"{call.who.name} is no agent's token", mend)
    return call.who.agent


async def seat_of(call: Call) -> Seat | None:
    """Where the agent sits whose token it is; None where they are in no queue. Raises Problem."""
    return (await seat_as_told(call))[0]


async def seat_as_told(call: Call) -> tuple[Seat | None, bool]:
    """The seat, and whether the bridge tells of it now. Raises Problem."""
    mine, told = me_of(call), await call.store.seats()
    if told is None:
        return None, False
    seat = next((one for one in told.seats if one.interface == mine), None)
    return seat, call.now - told.at <= STALE


async def person_of(call: Call, intent: Intent | None, decided: Mapping[str, Any]) -> Contact | None:
    """The person of a call, by its attempt or else by what was decided of it; None where nobody knows who it
    is."""
    name = intent.contact if intent is not None else str(decided.get("customer") or "")
    return await call.store.contact(name) if name else None
