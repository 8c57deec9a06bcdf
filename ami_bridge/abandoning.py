"""Keeps the two seconds: leads a person for whom no agent is there in time from the queue to the abandon
message. Asterisk's queue counts whole seconds only; what counts as abandoned is the rules' to say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf

import structlog

from ami_bridge.errors import AmiError
from ami_bridge.link import AmiLink
from ami_bridge.set_within import set_within
from ami_bridge.wire import Event
from config.variables import Context, Variable
from strategies.abandonment import PATIENCE

log = structlog.get_logger(__name__)

AHEAD = 0.2  # seconds before the time is up at which Asterisk is asked: the message has to begin in time


class Abandoning:
    """One per bridge. `on_abandoned` is told of each attempt whose person Asterisk led away."""

    def __init__(
        self, link: AmiLink, clock: Callable[[], float], on_abandoned: Callable[[str], None]
    ) -> None:
        self._link, self._clock, self._on_abandoned = link, clock, on_abandoned
        self._until: dict[str, float] = {}
        self._led: set[str] = set()  # those whom Asterisk was asked to lead away
        self._earlier = asyncio.Event()

    def waits(self, attempt: str, since: float) -> None:
        """This person's greeting ended at `since` (epoch seconds), and an agent is to come; of several such
        words the earliest moment holds."""
        if attempt not in self._led:
            until = since + PATIENCE - AHEAD
            self._until[attempt] = min(until, self._until.get(attempt, until))
            self._earlier.set()

    def served(self, attempt: str) -> None:
        """An agent is there, or the person is gone."""
        self._until.pop(attempt, None)
        self._led.discard(attempt)

    async def run(self) -> None:
        """Lead away whose time is up, until cancelled."""
        async with asyncio.TaskGroup() as leading:
            while True:
                self._earlier.clear()
                self.once(leading)
                left = min(self._until.values(), default=inf) - self._clock()
                await set_within(self._earlier, None if left == inf else max(0.0, left))

    def once(self, leading: asyncio.TaskGroup) -> None:
        """Ask Asterisk for each whose time is up, once, as a task of `leading`."""
        now = self._clock()
        for attempt in [one for one, until in self._until.items() if until <= now]:
            del self._until[attempt]
            self._led.add(attempt)
            leading.create_task(self._lead_away(attempt), name=f"abandon {attempt}")

    async def _lead_away(self, attempt: str) -> None:
        """Unless an agent is there already, of whom we have not heard yet: Asterisk is asked, for its events
        come late on a machine that stalls. A channel's unique id does for its name. Where it cannot be done,
        the dialplan's own limit leads there a little later."""
        asked = {"Channel": attempt, "Variables": Variable.SERVED}
        place = {"Channel": attempt, "Context": Context.ABANDON, "Exten": "s", "Priority": "1"}
        try:
            told = await self._link.listing("Status", asked)
            if attempt not in self._led or any(is_served(channel) for channel in told):
                log.info("abandon.agent_there", attempt=attempt)
                return
            if all(channel.get("Context") != Context.ABANDON for channel in told):
                await self._link.call("Redirect", place)
        except AmiError as error:
            log.info("abandon.not_led_away", attempt=attempt, error=str(error))
        else:
            self._on_abandoned(attempt)
            log.info("abandon.no_agent", attempt=attempt)


def is_served(channel: Event) -> bool:
    """Whether an agent is there, by what `Status` tells with `Variable.SERVED`. The dialplan sets it before
    the two are bridged; of a variable not set Asterisk says (null)."""
    moment = channel.get("Variable").removeprefix(f"{Variable.SERVED}=")
    return bool(channel.get("BridgeID")) or moment[:1].isdigit()
