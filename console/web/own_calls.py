"""Operations of an agent on the call they have, and the one before it: what came of it, another call for the
person, or none any more; an agent's token reaches no other call, and nobody else's promises."""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING, Any

from pydantic import Field
from typer import BadParameter

from console import callback
from console.refusal import Reason, RefusedError
from console.web.access import Role
from console.web.floor import NO_MOMENT, CallbackTold, named
from console.web.operations import Body, Call, Operation, Told
from console.web.problems import Problem
from console.web.seat import me_of, person_of, seat_of
from strategies.attempts import Fact, FactName
from strategies.store import promises
from strategies.store.notes import Note

if TYPE_CHECKING:
    from strategies.contacts import Contact

WORD = r"^[a-z][a-z0-9_]{0,39}$"
OURS = "sp-"  # how the calls we made are named
CALL = r"^[A-Za-z0-9_.-]{1,64}$"
FRESH = 10.0  # seconds in which promises that others made or kept may be missing


class NoteBody(Body):
    """What came of a call: whether its objective was pursued and achieved, and in a word such as `sold`."""

    call: str = Field(pattern=CALL)
    pursued: bool | None = None
    achieved: bool | None = None
    disposition: str = Field("", pattern=rf"{WORD}|^$")


class Noted(Told):
    """False: an earlier note of the call counts, and this one is only written down."""

    counts: bool


class AskedAgain(Body):
    """The person of this call is to be called at an ISO moment, local to the campaign's zone where it has no
    offset; `mine`: by this agent, else by anybody."""

    call: str = Field(pattern=CALL)
    at: str = Field(max_length=40)
    mine: bool = False


class AskedNotTo(Body):
    """The person of this call is never to be called again."""

    call: str = Field(pattern=CALL)


class Suppressed(Told):
    """How many addresses of the person nobody calls or writes to any more; other people's, too, who have
    one of them."""

    addresses: int


async def _check_own(call: Call, identity: str) -> None:
    """Of a call an agent tells who has it, or had it last. Raises RefusedError."""
    seat = await seat_of(call)
    if seat is None or identity not in {seat.call, seat.last}:
        why = Reason("it is neither the call you have nor the one before it", "look at the desk anew")
        raise RefusedError(f"{identity} is no call of {me_of(call)}", [why])


async def _own_person(call: Call, identity: str) -> Contact:
    """The person of a call of the agent's own. Raises RefusedError."""
    await _check_own(call, identity)
    intent, decided = await call.store.intent(identity), await call.store.handled(identity)
    contact = await person_of(call, intent, decided or {})
    if contact is None or not contact.devices:
        why = Reason("nobody knows who it is", "tell a supervisor the number")
        raise RefusedError(f"the caller of {identity} has no address here", [why])
    return contact


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


class Promises:
    """The promises that are open. To read them takes a look at everybody who waits for anything, so it is
    done once for all the desks that ask within a while."""

    def __init__(self) -> None:
        self._one, self._rows, self._at, self._changes = asyncio.Lock(), list[dict[str, Any]](), -inf, 0

    async def mine(self, call: Call) -> list[dict[str, Any]]:
        mine = {"agent": me_of(call), "by": call.who.name}
        rows = await self._read(call)
        return [named(row) for row in rows if any(row[what] == who for what, who in mine.items())]

    async def _read(self, call: Call) -> list[dict[str, Any]]:
        async with self._one:
            if call.now - self._at >= FRESH:
                changes = self._changes
                self._rows = await callback.promised(call.store, None)
                # What came while it was read may be missing in it.
                self._at = call.now if changes == self._changes else -inf
            return self._rows

    async def promise(self, call: Call) -> dict[str, Any]:
        asked, me = call.brought(AskedAgain), me_of(call)
        contact = await _own_person(call, asked.call)
        agent, by = me if asked.mine else "", call.who.name
        try:
            made = await callback.promise_from(
                call.store, asked.call, contact.id, asked.at, agent=agent, by=by
            )
        except BadParameter:
            raise Problem(*NO_MOMENT) from None
        self._changed()
        return named(made)

    async def suppress(self, call: Call) -> dict[str, Any]:
        me, identity = me_of(call), call.brought(AskedNotTo).call
        contact = await _own_person(call, identity)
        addresses = [device.address for device in contact.devices]
        await call.store.do_not_call(addresses, reason=f"asked {me} in a call", by=call.who.name)
        for sub in await call.store.open_subs():
            await promises.cancel(call.store, sub, contact.id, "do_not_call", lambda: call.now)
        self._changed()
        return {"addresses": len(addresses)}

    def _changed(self) -> None:
        self._at, self._changes = -inf, self._changes + 1


def operations() -> tuple[Operation, ...]:
    """The operations, over what they keep between two requests."""
    kept = Promises()
    return (
        Operation("POST", "/api/desk/notes", "What came of a call", note, Noted, Role.AGENT, body=NoteBody),
        Operation(
            "GET",
            "/api/desk/callbacks",
            "Calls that an agent promised, or is promised for",
            kept.mine,
            list[CallbackTold],
            Role.AGENT,
        ),
        Operation(
            "POST",
            "/api/desk/callbacks",
            "The person of a call asks for another",
            kept.promise,
            CallbackTold,
            Role.AGENT,
            body=AskedAgain,
            status=201,
        ),
        Operation(
            "POST",
            "/api/desk/do-not-call",
            "The person of a call asks for no more",
            kept.suppress,
            Suppressed,
            Role.AGENT,
            body=AskedNotTo,
            status=201,
        ),
    )
