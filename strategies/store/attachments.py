"""Lists in sub-campaigns while they run: attached, weighted, paused, detached, and contacts that go from one
to another; what that means for a contact is left to the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from redis.asyncio.client import Pipeline

from strategies.ledger import Line
from strategies.state import Attachment, ContactState, SubCampaign
from strategies.store.codec import read_body, record_text, stand
from strategies.store.errors import StoreError
from strategies.store.lanes import BATCH, Lanes
from strategies.store.lines import packed
from strategies.store.turns import lane_of
from strategies.vocabulary import Kind, Medium, Refusal

OVER = -2  # the server's word for a sub-campaign that is
ABSENT = Attachment(-1, detached=True)  # a list that was never attached


@dataclass(frozen=True, slots=True)
class Entered:
    """What attaching a list did: how many contacts are new, and how many are back from a detached list."""

    new: int = 0
    back: int = 0


class Attachments(Lanes):
    """The lists of sub-campaigns that run."""

    async def attach(  # noqa: PLR0913 - what, how, and by whom
        self,
        sub: str,
        list_name: str,
        contacts: Sequence[str],
        *,
        weight: float | None = None,
        by: str,
        paused: bool = False,
    ) -> Entered:
        """Attach a list, or attach it again: these contacts enter in this order. Who is in the sub-campaign
        already stays as they are, but who ended because their list was detached is in it again.

        `weight` None: as it was, 1 for a new list. Raises StoreError if there is no such sub-campaign, or it
        is over.
        """

        def attached(was: Attachment) -> Attachment:
            wanted = was.weight if weight is None else weight
            return replace(
                was, weight=wanted, detached=False, paused=paused or (was.paused and not was.detached)
            )

        attachment = await self._set_list(sub, list_name, attached, by)
        standing = await self._known(sub)
        new = await self.enrol(standing, contacts, ContactState(list=attachment.index))
        back = await self._reopen(standing, list_name, attachment, contacts) if new < len(contacts) else 0
        return Entered(new, back)

    async def detach(self, sub: str, list_name: str, *, by: str) -> None:
        """No attempt for contacts of the list begins from now on. Raises StoreError where it is not
        attached."""
        await self._set_list(
            sub, list_name, lambda was: replace(_there(was, list_name, sub), detached=True), by
        )

    async def set_attachment(
        self, sub: str, list_name: str, *, weight: float | None = None, paused: bool | None = None, by: str
    ) -> None:
        """Weigh, pause or resume a list. Raises StoreError where it is not attached."""

        def changed(was: Attachment) -> Attachment:
            there = _there(was, list_name, sub)
            wanted = there.weight if weight is None else weight
            return replace(there, weight=wanted, paused=there.paused if paused is None else paused)

        await self._set_list(sub, list_name, changed, by)

    async def expect_list(self, sub: str, list_name: str) -> int:
        """The index of a list in a sub-campaign; one that was never attached counts as detached from now
        on."""
        return (await self._set_list(sub, list_name, lambda was: was, "")).index

    async def relist(self, sub: str, old: str, new: str, contacts: Sequence[str]) -> int:
        """Contacts of one list of a sub-campaign are from now on of the other, where they stand; how many.

        Both lists are known to the sub-campaign: see `expect_list`.
        """
        known = await self._known(sub)
        source, target = known.attached[old].index, known.attached[new].index
        line = _counted("contacts_moved", sub, new, old)
        moved = 0
        for at in range(0, len(contacts), BATCH):
            left = list(contacts[at : at + BATCH])
            while left:
                states = await self.states(sub, left)
                theirs = {
                    contact: state
                    for contact, state in zip(left, states, strict=True)
                    if state is not None and state.list == source and state.ended is None
                }
                done = await self._relist(known, (source, target), theirs, line) if theirs else 0
                moved += done
                left = list(theirs) if done < len(theirs) else []
        return moved

    async def _relist(
        self, sub: SubCampaign, indices: tuple[int, int], states: Mapping[str, ContactState], line: Line
    ) -> int:
        live = {contact: state.live for contact, state in states.items() if state.live is not None}
        before = await self._before(live)
        moved = [
            {
                "contact": contact,
                "version": state.version,
                "body": record_text(replace(state, list=indices[1])),
                "before": record_text(replace(before[contact], list=indices[1]))
                if contact in before
                else None,
            }
            for contact, state in states.items()
        ]
        keys = (
            *self._keys.common,
            *self._keys.of_sub(sub.name, indices[1]),
            self._keys.due(sub.name, indices[0]),
        )
        attempts = (self._keys.attempt(live[contact]) for contact in states if contact in before)
        arguments = {"contacts": moved, "line": packed([line], at=self._clock())[0]}
        return int(await self._call("relist", (*keys, *attempts), arguments))

    async def _before(self, live: Mapping[str, str]) -> dict[str, ContactState]:
        """The states that undoing these attempts (contact -> attempt) leads back to."""

        def fill(pipe: Pipeline) -> None:
            for attempt in live.values():
                pipe.execute_command("HGET", self._keys.attempt(attempt), "before")

        raws = await self._pipeline(fill) if live else []
        return {contact: read_body(raw) for contact, raw in zip(live, raws, strict=True) if raw}

    async def _reopen(
        self, sub: SubCampaign, list_name: str, attachment: Attachment, contacts: Sequence[str]
    ) -> int:
        names = {each.index: name for name, each in sub.attached.items()}
        back = 0
        for at in range(0, len(contacts), BATCH):
            batch = contacts[at : at + BATCH]
            ended: dict[int, list[tuple[str, ContactState]]] = {}
            for contact, state in zip(batch, await self.states(sub.name, batch), strict=True):
                if state is not None and state.ended == Refusal.LIST_DETACHED:
                    ended.setdefault(state.list, []).append((contact, state))
            for old, found in ended.items():
                line = _counted("contacts_reopened", sub.name, list_name, names[old])
                arguments = {
                    "contacts": [self._reopened(sub, one, attachment.index) for one in found],
                    "line": packed([line], at=self._clock())[0],
                }
                keys = (*self._keys.common, *self._keys.of_sub(sub.name, attachment.index))
                back += int(await self._call("reopen", keys, arguments))
        return back

    def _reopened(
        self, sub: SubCampaign, ended: tuple[str, ContactState], list_index: int
    ) -> dict[str, object]:
        contact, state = ended
        again = replace(state, ended=None, list=list_index)
        return {
            "contact": contact,
            "version": state.version,
            "body": record_text(again),
            "stand": stand(again, sub.campaign),
            "due": self._clock(),
            "lane": lane_of(again, Medium.AVM),
        }

    async def _set_list(
        self, sub: str, list_name: str, change: Callable[[Attachment], Attachment], by: str
    ) -> Attachment:
        """Set how a list is attached; decided anew where somebody else changed it meanwhile."""
        while True:
            was = (await self._known(sub)).attached.get(list_name, ABSENT)
            wanted = change(was)
            if wanted == was and was is not ABSENT:
                return was
            arguments = {
                "sub": sub,
                "list": list_name,
                "index": was.index,
                "was": "" if was is ABSENT else _word(was),
                "was_weight": was.weight,
                "set": _word(wanted),
                "weight": wanted.weight,
                "lines": packed(_told(sub, list_name, was, wanted, by), at=self._clock()),
            }
            index = int(
                await self._call("set_list", (*self._keys.common, *self._keys.of_sub(sub)), arguments)
            )
            if index == OVER:
                raise StoreError(f"{sub} is over: start the campaign anew with the lists it should have")
            if index >= 0:
                await self._known(sub)
                return replace(wanted, index=index)

    async def _known(self, name: str) -> SubCampaign:
        found = await self.sub(name)
        if found is None:
            raise StoreError(f"there is no sub-campaign {name}")
        return found


def _there(was: Attachment, list_name: str, sub: str) -> Attachment:
    if was.detached:
        raise StoreError(f"the list {list_name} is not attached to {sub}: attach it first")
    return was


def _word(attachment: Attachment) -> str:
    """How the server knows it."""
    return "detached" if attachment.detached else "paused" if attachment.paused else ""


def _told(sub: str, list_name: str, was: Attachment, now: Attachment, by: str) -> list[Line]:
    """The audit of a change, a line for each thing that changed."""
    common = {"kind": Kind.CHANGED, "campaign": sub, "list": list_name, "by": by}
    told: list[Line] = []
    if was.detached != now.detached:
        told.append(
            {**common, "what": "list_detached" if now.detached else "list_attached", "new": now.weight}
        )
    elif was.weight != now.weight:
        told.append({**common, "what": "list_weight", "old": was.weight, "new": now.weight})
    if was.paused != now.paused and not now.detached:
        told.append({**common, "what": "list_paused" if now.paused else "list_resumed"})
    return told


def _counted(what: str, sub: str, list_name: str, old: str) -> Line:
    """A line of the audit that stands for as many contacts as the server finds."""
    return {"kind": Kind.CHANGED, "what": what, "campaign": sub, "list": list_name, "old": old, "contacts": 1}
