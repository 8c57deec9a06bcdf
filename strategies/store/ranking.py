"""The places of a sub-campaign's contacts, given anew when its order changes while it runs; what the order
means is left to `precedence`."""

from __future__ import annotations

import asyncio

from strategies.contacts import Contact
from strategies.precedence import ordered
from strategies.state import SubCampaign
from strategies.store.contacts import ContactBook
from strategies.store.lanes import Lanes

STEP = 1000  # contacts in one step: some milliseconds of the server


class Ranking(Lanes, ContactBook):
    """List after list, each in the campaign's order, as they were when it was launched."""

    async def rank_anew(self, sub: SubCampaign) -> None:
        """Have everybody take their place by the order that holds now. Half done, it may be done again."""
        rank, seen = 0, set[str]()
        for name in sorted(sub.attached, key=lambda name: sub.attached[name].index):
            members = [one for one in await self._people_of(name) if one.id not in seen]
            seen.update(one.id for one in members)
            ids = await asyncio.to_thread(ordered, sub.campaign, members)
            for at in range(0, len(ids), STEP):
                arguments = {"contacts": ids[at : at + STEP], "first": rank}
                rank += await self._over_lists("rank_anew", sub.name, arguments)

    async def _people_of(self, name: str) -> list[Contact]:
        ids = await self.list_members(name)
        steps = [await self.contacts(ids[at : at + STEP]) for at in range(0, len(ids), STEP)]
        return [one for step in steps for one in step]
