"""Contacts that go from one list of a sub-campaign to another, or are in it again after the end of theirs,
where they stand; which contacts do is decided elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from strategies.state import Attachment, ContactState, SubCampaign
from strategies.store.codec import read_body, read_intent, read_plain, record_text, stand, text
from strategies.store.errors import StoreError
from strategies.store.lanes import BATCH, Lanes
from strategies.store.lines import Line, packed
from strategies.store.turns import lane_of
from strategies.vocabulary import Kind, Medium, Refusal


class Relisting(Lanes):
    """A contact's list within a sub-campaign, and what the figures by list say of it."""

    async def relist(self, sub: str, old: str, new: str, contacts: Sequence[str], *, by: str = "") -> int:
        """Contacts of one list of a sub-campaign are from now on of the other, where they stand; how many.

        Both lists must be known to the sub-campaign (see `Attachments.know_list`). Who has ended stays where
        they were counted. An attempt in progress goes with its contact.
        """
        known = await self.known_sub(sub)
        moved = 0
        for at in range(0, len(contacts), BATCH):
            left = list(contacts[at : at + BATCH])
            while left:
                found = zip(left, await self.states(sub, left), strict=True)
                theirs = {
                    contact: state
                    for contact, state in found
                    if state is not None and state.list == known.attached[old].index and state.ended is None
                }
                done = await self._relist(known, (old, new), theirs, by)
                moved += done
                left = list(theirs) if done < len(theirs) else []  # some changed meanwhile: read anew
        return moved

    async def _relist(
        self, sub: SubCampaign, names: tuple[str, str], states: Mapping[str, ContactState], by: str
    ) -> int:
        told = {**_counted("contacts_moved", sub.name, names), "by": by or None}
        idle = {contact: state for contact, state in states.items() if state.live is None}
        moved = await self._move(sub, names, idle, told) if idle else 0
        for contact, state in states.items():
            if state.live is not None:
                moved += await self._move_live(sub, names, (contact, state), told)
        return moved

    async def _move_live(
        self, sub: SubCampaign, names: tuple[str, str], who: tuple[str, ContactState], told: Line
    ) -> int:
        """With its attempt: what undoing that leads back to is of the new list, too."""
        contact, state = who
        attempt = self._keys.attempt(str(state.live))
        raw, undo, before = await self._command("HMGET", attempt, "intent", "undo", "before")
        if raw is None:
            return 0
        intent, target = read_intent(raw), sub.attached[names[1]].index
        *head, body = before.decode().split(" ", 4)
        line = {
            **told,
            "contact": contact,
            "attempt": intent.attempt,
            "pass": intent.pass_name,
            "medium": intent.medium,
        }
        undone = {
            "undo": text(read_plain(undo) | {"list": target, "list_name": names[1]}),
            "before": " ".join((*head, record_text(replace(read_body(body.encode()), list=target)))),
        }
        return await self._move(sub, names, {contact: state}, line, undone)

    async def _move(
        self,
        sub: SubCampaign,
        names: tuple[str, str],
        states: Mapping[str, ContactState],
        line: Line,
        live: Mapping[str, str] | None = None,
    ) -> int:
        source, target = (sub.attached[name].index for name in names)
        moved = [
            {
                "contact": contact,
                "version": state.version,
                "body": record_text(replace(state, list=target)),
                **(live or {}),
            }
            for contact, state in states.items()
        ]
        keys = (*self._keys.of_sub(sub.name, target), self._keys.due(sub.name, source))
        attempts = (self._keys.attempt(str(state.live)) for state in states.values() if live)
        arguments = {"contacts": moved, "line": packed([line], at=self._clock())[0]}
        return int(await self._call("relist", (*self._keys.common, *keys, *attempts), arguments))

    async def reopen(
        self, sub: SubCampaign, list_name: str, attachment: Attachment, contacts: Sequence[str]
    ) -> int:
        """Those of the contacts who ended because their list was detached are in the sub-campaign again, from
        this list, and due now; how many."""
        names = {each.index: name for name, each in sub.attached.items()}
        back = 0
        for at in range(0, len(contacts), BATCH):
            batch = contacts[at : at + BATCH]
            ended: dict[int, list[dict[str, object]]] = {}
            for contact, state in zip(batch, await self.states(sub.name, batch), strict=True):
                if state is not None and state.ended == Refusal.LIST_DETACHED:
                    again = replace(state, ended=None, list=attachment.index)
                    ended.setdefault(state.list, []).append(self._entering(sub, contact, again))
            for old, found in ended.items():
                line = {
                    **_counted("contacts_reopened", sub.name, (names[old], list_name)),
                    "reason": Refusal.LIST_DETACHED,
                }
                arguments = {"contacts": found, "line": packed([line], at=self._clock())[0]}
                keys = (*self._keys.common, *self._keys.of_sub(sub.name, attachment.index))
                back += int(await self._call("reopen", keys, arguments))
        return back

    def _entering(self, sub: SubCampaign, contact: str, state: ContactState) -> dict[str, object]:
        return {
            "contact": contact,
            "version": state.version,
            "body": record_text(state),
            "stand": stand(state, sub.campaign),
            "due": self._clock(),
            "lane": lane_of(state, Medium.AVM),
        }

    async def move_members(self, list_name: str, to: str, contacts: Sequence[str]) -> int:
        """Contacts of one list are from now on at the end of the other, which is made if there is none; how
        many were not on it yet."""
        keys, new = (self._keys.lists, self._keys.list(list_name), self._keys.list(to)), 0
        for at in range(0, len(contacts), BATCH):
            arguments = {"to": to, "contacts": list(contacts[at : at + BATCH])}
            new += int(await self._call("move_members", keys, arguments))
        return new

    async def on_both_lists(self, one: str, other: str) -> list[str]:
        """The contacts that are on both of these lists."""
        lists = (self._keys.list(one), self._keys.list(other))
        return [raw.decode() for raw in await self._command("ZINTER", 2, *lists)]

    async def known_sub(self, name: str) -> SubCampaign:
        """The sub-campaign as it stands. Raises StoreError if there is none."""
        found = await self.sub(name)
        if found is None:
            raise StoreError(f"there is no sub-campaign {name}: secondpass campaign status tells which are")
        return found


def _counted(what: str, sub: str, names: tuple[str, str]) -> dict[str, object]:
    """A line of the audit that stands for as many contacts as the server finds."""
    old, new = names
    return {"kind": Kind.CHANGED, "what": what, "campaign": sub, "list": new, "old": old, "contacts": 1}
