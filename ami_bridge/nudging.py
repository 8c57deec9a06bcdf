"""Has Asterisk's queue look at once where an agent came free for somebody whose two seconds run: by itself it
looks once a second. Who is connected to whom stays the queue's to say, and so does its log."""

from __future__ import annotations

import asyncio

import structlog

from ami_bridge.agents import QueueBoard
from ami_bridge.call_facts import is_inbound
from ami_bridge.errors import AmiError
from ami_bridge.events import QueueMember
from ami_bridge.link import AmiLink

log = structlog.get_logger(__name__)

# app_queue waits for a key between two looks. This one no telephone has; no dialplan leads anywhere by it.
KEY = {"Digit": "D", "Receive": "true"}


class Nudging:
    """One per bridge. Of callers only those we called: others' channels are not ours to press keys on."""

    def __init__(self, link: AmiLink, board: QueueBoard) -> None:
        self._link, self._board = link, board
        self._due: asyncio.Queue[str] = asyncio.Queue()

    def changed(self, member: QueueMember) -> None:
        """Asterisk told of this member: if they are free now, whoever waits for somebody is nudged."""
        if self._board.is_free(member.queue, member.interface):
            for call in self._board.unserved(member.queue):
                if not is_inbound(call):
                    self._due.put_nowait(call)

    async def run(self) -> None:
        """Nudge until cancelled."""
        async with asyncio.TaskGroup() as nudges:
            while True:
                call = await self._due.get()
                nudges.create_task(self._nudge(call), name=f"nudge {call}")

    async def _nudge(self, call: str) -> None:
        """A channel's unique id does for its name. Without it the queue looks a little later."""
        try:
            await self._link.call("PlayDTMF", {"Channel": call, **KEY})
        except AmiError as error:
            log.debug("queue.not_nudged", attempt=call, error=str(error))
