"""Lists in sub-campaigns while they run: attached, weighed, paused, detached; what that means for a contact
is left to the engine, contacts that go from one to another to `relisting`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from strategies.state import Attachment, ContactState
from strategies.store.errors import StoreError
from strategies.store.lines import Line, packed
from strategies.store.relisting import Relisting
from strategies.vocabulary import Kind

OVER = -2  # the server's word for a sub-campaign that is
ABSENT = Attachment(-1, detached=True)  # a list that was never attached


@dataclass(frozen=True, slots=True)
class Entered:
    """What attaching a list did: how many contacts are new, and how many are back from a detached list."""

    new: int = 0
    back: int = 0


class Attachments(Relisting):
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
        standing = await self.known_sub(sub)
        new = await self.enrol(standing, contacts, ContactState(list=attachment.index))
        back = await self.reopen(standing, list_name, attachment, contacts) if new < len(contacts) else 0
        return Entered(new, back)

    async def detach(self, sub: str, list_name: str, *, by: str) -> None:
        """No attempt for contacts of the list begins from now on; those who were promised one are looked at
        again, to end. Raises StoreError where it is not attached."""

        def detached(was: Attachment) -> Attachment:
            return replace(_there(was, list_name, sub), detached=True)

        await self._set_list(sub, list_name, detached, by)
        await self.rouse_promised(sub, self._clock())

    async def set_attachment(
        self, sub: str, list_name: str, *, weight: float | None = None, paused: bool | None = None, by: str
    ) -> None:
        """Weigh, pause or resume a list. Raises StoreError where it is not attached."""

        def changed(was: Attachment) -> Attachment:
            there = _there(was, list_name, sub)
            wanted = there.weight if weight is None else weight
            return replace(there, weight=wanted, paused=there.paused if paused is None else paused)

        await self._set_list(sub, list_name, changed, by)

    async def know_list(self, sub: str, list_name: str) -> int:
        """The index of a list in a sub-campaign; one that was never attached counts as detached from now
        on."""
        return (await self._set_list(sub, list_name, lambda was: was, "")).index

    async def _set_list(
        self, sub: str, list_name: str, change: Callable[[Attachment], Attachment], by: str
    ) -> Attachment:
        """Set how a list is attached; decided anew where somebody else changed it meanwhile."""
        while True:
            was = (await self.known_sub(sub)).attached.get(list_name, ABSENT)
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
                await self.known_sub(sub)
                return replace(wanted, index=index)


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
