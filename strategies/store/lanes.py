"""Whose turn it is in a sub-campaign: contacts in their lanes, and the passes they stand in; what a turn
means is left to the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from redis.asyncio.client import Pipeline

from strategies.campaign import Campaign
from strategies.contacts import Contact
from strategies.frozen import Record
from strategies.ledger import Counters
from strategies.state import ContactState, Move, SubCampaign
from strategies.store.campaigns import Campaigns
from strategies.store.codec import read_state, record_text
from strategies.store.lines import counted, packed
from strategies.store.turns import turn
from strategies.vocabulary import Kind

BATCH = 1000  # contacts enrolled in one step: some milliseconds of the server
ROUSED = 10_000  # contacts roused in one step: the same
PUTS = 200  # decisions in one step: the same

LaneNames = Literal["calls", "messages", "all"]


class Put(Record, frozen=True):
    """A decision without an attempt: what becomes of the contact, from which version on, and when it is
    looked at again (None: when a pass ends, or never if it is done)."""

    contact: str
    expected_version: int
    move: Move
    due_at: float | None


class Lanes(Campaigns):
    """Who waits, for what moment, and who is due."""

    async def enrol(
        self, sub: SubCampaign, contacts: Sequence[str], state: ContactState | None = None
    ) -> int:
        """Contacts enter the sub-campaign, due now and in this order; those in it already and those unknown
        are passed over.

        `state`: what each begins with; its `list` is the index of the list they come from. Returns how many
        are new.
        """
        now, new, entering = self._clock(), 0, state or ContactState()
        name = await self._list_name(sub.name, entering.list)
        line = {"kind": Kind.ENROLLED, "campaign": sub.name, "list": name, "contacts": 1}
        for at in range(0, len(contacts), BATCH):
            new += await self._call(
                "enrol",
                (*self._keys.common, *self._keys.of_sub(sub.name, entering.list), self._keys.contacts),
                {
                    "contacts": list(contacts[at : at + BATCH]),
                    "body": record_text(entering),
                    "due": now,
                    "line": packed([line], at=now)[0],
                },
            )
        return new

    async def due(
        self, sub: str, now: float, limit: int, lanes: LaneNames = "calls"
    ) -> list[tuple[Contact, ContactState]]:
        """At most `limit` contacts whose moment has come: recoveries and retries by their moment, then who
        was woken to be looked at again, and the lists, each in its order and by its weight; paused and
        detached ones are left out. Nobody with a live attempt is among them.

        `messages`: those whose text or email may be sent, by their moment; `all`: both.
        """
        wanted = {"now": now, "limit": limit, "calls": lanes != "messages", "messages": lanes != "calls"}
        return await self._with_states(await self._over_lists("due", sub, wanted))

    async def waiting(
        self, sub: str, limit: int, lists: Sequence[int] | None = None
    ) -> list[tuple[Contact, ContactState]]:
        """At most `limit` contacts that wait for anything, whatever their moment; of `lists` (indices) only
        those that wait for work of these lists."""
        if lists is None:
            found = await self._over_lists("waiting", sub, {"limit": limit, "all": True})
            return await self._with_states(found)
        keys = (*self._keys.of_sub(sub), self._keys.contacts, *(self._keys.due(sub, one) for one in lists))
        _, found = await self._call("waiting", keys, {"limit": limit, "all": False})
        return await self._with_states(found)

    async def due_by_list(self, sub: str, now: float) -> dict[int, int]:
        """By the index of each list, how many wait for work of it whose moment has come."""
        lists = len((await self._snapshot(sub)).lists)
        told = self._told.get(sub)
        indices = range(max(lists, len(told.attached) if told is not None else 0))

        def fill(pipe: Pipeline) -> None:
            for index in indices:
                pipe.execute_command("ZCOUNT", self._keys.due(sub, index), "-inf", now + 1)

        counts = await self._pipeline(fill) if indices else []
        return {index: int(count) for index, count in zip(indices, counts, strict=True)}

    async def rouse(self, sub: str, now: float, limit: int) -> int:
        """Have up to `limit` contacts that wait for a later moment, or for a pass to end, looked at again, by
        the strategy that holds then; how many. None are left when it is less than `limit`."""
        return await self._rouse(sub, now, limit)

    async def rouse_promised(self, sub: str, now: float) -> None:
        """The same for all who were promised a moment."""
        while await self._rouse(sub, now, ROUSED, promised=True) == ROUSED:
            pass

    async def _rouse(self, sub: str, now: float, limit: int, *, promised: bool = False) -> int:
        wanted = {"now": now, "limit": limit, "promised": promised}
        return int(await self._over_lists("rouse", sub, wanted))

    async def _over_lists(self, function: str, sub: str, arguments: Mapping[str, object]) -> Any:
        """A function that takes the due lane of every list ever attached; called again where there is one
        more than this process knew."""
        told = self._told.get(sub)
        known = max(1, len(told.attached) if told is not None else 1)
        while True:
            lanes = (self._keys.due(sub, index) for index in range(known))
            keys = (*self._keys.of_sub(sub), self._keys.contacts, *lanes)
            there_are, answer = await self._call(function, keys, arguments)
            if there_are <= known:
                return answer
            known = there_are

    async def _with_states(self, found: Sequence[bytes]) -> list[tuple[Contact, ContactState]]:
        """Contacts and states by turns; whoever was erased meanwhile is left out."""
        kept = [pair for pair in zip(found[::2], found[1::2], strict=True) if all(pair)]
        contacts = await self._contacts_of(contact for contact, _ in kept)
        states = [read_state(state) for _, state in kept]
        return list(zip(contacts, states, strict=True))

    async def state(self, sub: str, contact: str) -> ContactState | None:
        """Where the contact stands; None if it is not in the sub-campaign."""
        return (await self.states(sub, [contact]))[0]

    async def states(self, sub: str, contacts: Sequence[str]) -> list[ContactState | None]:
        """Where each of the contacts stands."""
        raws = await self._command("HMGET", self._keys.state(sub), *contacts) if contacts else []
        return [read_state(raw) if raw else None for raw in raws]

    async def put(
        self, sub: str, contact_id: str, expected_version: int, move: Move, due_at: float | None
    ) -> bool:
        """Write what the engine decided without an attempt; False when stale, or while an attempt is live.

        `due_at` None: when a pass ends, or never if the contact is done.
        """
        (written,) = await self.put_many(sub, [Put(contact_id, expected_version, move, due_at)])
        return written

    async def put_many(self, sub: str, puts: Sequence[Put]) -> list[bool]:
        """Many decisions at once, each with an answer of its own as `put` gives it."""
        answers = [False] * len(puts)
        lists: dict[int, list[int]] = {}
        for place, each in enumerate(puts):
            lists.setdefault(each.move.state.list, []).append(place)
        for index, places in lists.items():
            keys = (*self._keys.common, *self._keys.of_sub(sub, index))
            for at in range(0, len(places), PUTS):
                batch = places[at : at + PUTS]
                arguments = [await self._decided(sub, puts[place]) for place in batch]
                for place, answer in zip(batch, await self._call("put", keys, arguments), strict=True):
                    answers[place] = bool(answer)
        return answers

    async def _decided(self, sub: str, put: Put) -> dict[str, object]:
        """One decision as the server takes it."""
        campaign, move, now = await self._in_force(sub), put.move, self._clock()
        in_list = await self._list_name(sub, move.state.list) if move.lines else None
        told = packed(move.lines, at=now, campaign=sub, contact=put.contact, list=in_list)
        return {
            "sub": sub,
            "contact": put.contact,
            "version": put.expected_version,
            "lines": told,
            "phase": self._phase(sub),
            **turn(move, campaign, put.due_at, now),
        }

    async def pass_waiting(self, sub: str) -> dict[str, int]:
        """Per pass, how many contacts are not through with it yet: it is over when there are none."""
        campaign = (await self._snapshot(sub)).campaign
        return _waiting(campaign, await self._command("HGETALL", self._keys.stands(sub)))

    async def figures_of(self, subs: Sequence[SubCampaign]) -> list[tuple[Counters, dict[str, int]]]:
        """`counters` and `pass_waiting` of these sub-campaigns, in their order, in one round trip."""

        def fill(pipe: Pipeline) -> None:
            for sub in subs:
                pipe.execute_command("HGETALL", self._keys.figures(sub.name))
                pipe.execute_command("HGETALL", self._keys.stands(sub.name))

        answers = await self._pipeline(fill) if subs else []
        return [
            (counted(own), _waiting(sub.campaign, stands))
            for sub, own, stands in zip(subs, answers[::2], answers[1::2], strict=True)
        ]

    async def pass_ended(self, sub: str, name: str, at: float) -> bool:
        """Note that a pass is over, once, and let everyone who waited for that be due; False if it was
        noted before."""
        return bool(await self._call("pass_ended", self._keys.of_sub(sub), {"pass": name, "at": at}))

    async def counters(self, sub: str) -> Counters:
        """The figures of a sub-campaign; of inbound calls and all else for the empty name."""
        return counted(await self._command("HGETALL", self._keys.figures(sub)))


def _waiting(campaign: Campaign, stands: Mapping[bytes, bytes]) -> dict[str, int]:
    """Contacts by the pass they stand in, as contacts that are not through with each pass."""
    counts = {int(index): int(count) for index, count in stands.items()}
    return {
        each.name: sum(count for index, count in counts.items() if 0 <= index <= place)
        for place, each in enumerate(campaign.passes)
    }
