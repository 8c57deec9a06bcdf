"""Agents who are on the line before a person is called: for a call that one agent promised, and for one whose
place in a queue was kept. Whose turn it is, is asked elsewhere; the person's call goes its own way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import structlog

from ami_bridge.call_facts import LEG_PREFIX
from ami_bridge.errors import AmiError
from ami_bridge.events import AgentConnect, AmiEvent, Hangup, OriginateResponse
from ami_bridge.link import AmiLink
from config.variables import Context, Variable

log = structlog.get_logger(__name__)

RINGS = 20.0  # seconds an agent's telephone rings for it
STANDS = 120.0  # seconds after which the dialplan ends a call that stands by
UNHEARD = 10.0  # seconds more in which its end may be told; later that was missed
AGAIN = 30.0  # seconds after which an agent who did not answer is asked again
FORGOTTEN = 5.0  # seconds after which an agent for whom nobody asks any more is let go

Key = tuple[str, str]
"""A sub-campaign and a contact in it."""


@dataclass(slots=True)
class Leg:
    """An agent's call: `agent` is the member's interface once they are there, `attempt` whose person gets
    them."""

    identity: str
    queue: str
    own: str  # the one agent who is called; empty for the next one of the queue
    asked: float
    agent: str = ""
    attempt: str = ""
    failed: float | None = None
    ends: float = inf  # when Asterisk has ended it, and told so, unless an agent is there

    def is_missed(self, now: float) -> bool:
        """Whether it is over with no agent, though its end was never heard."""
        return self.failed is None and not self.agent and now >= self.ends

    @property
    def queued(self) -> str:
        """The unique id of the half that waits in the queue. It does not begin as the other half's does:
        Bridge() takes the beginning of an id for the whole."""
        return f"{LEG_PREFIX}q-{self.identity.removeprefix(LEG_PREFIX)}"


class StandingBy:
    """One per dialer. `new_id` makes the ids of its calls; `on_change` is told when an agent is there."""

    def __init__(self, link: AmiLink, clock: Callable[[], float], new_id: Callable[[], str]) -> None:
        self._link, self._clock, self._new_id = link, clock, new_id
        self._legs: dict[Key, Leg] = {}
        self._wanted: list[Leg] = []
        self._unwanted: list[str] = []
        self.on_change: Callable[[], None] = lambda: None

    def there(self, key: Key) -> Leg | None:
        """The agent's call for this person, whether they have answered it or not; None where there is none
        yet."""
        leg = self._legs.get(key)
        if leg is not None:
            leg.asked = self._clock()
        return leg

    def call(self, key: Key, queue: str, own: str) -> None:
        """Have that agent, or the queue's next one before all who wait there, called by the next `work`."""
        identity = LEG_PREFIX + self._new_id().partition("-")[2]
        leg = self._legs[key] = Leg(identity, queue, own, self._clock())
        self._wanted.append(leg)

    def take(self, key: Key, attempt: str) -> None:
        """The person of this attempt gets the agent who is there."""
        self._legs[key].attempt = attempt

    def of(self, attempt: str) -> Leg | None:
        """The agent whom the attempt's person gets."""
        return next((leg for leg in self._legs.values() if leg.attempt == attempt), None)

    def put_back(self, attempt: str) -> None:
        """The attempt may not start just now: the agent waits on."""
        if (leg := self.of(attempt)) is not None:
            leg.attempt = ""

    def over(self, attempt: str) -> None:
        """The attempt is over: so is the agent's call."""
        for key, leg in [(key, leg) for key, leg in self._legs.items() if leg.attempt == attempt]:
            self._let_go(key, leg)

    def hear(self, event: AmiEvent) -> None:
        """An agent answered, or did not, or has hung up."""
        match event:
            case OriginateResponse(action_id=identity, success=success):
                for leg in self._of(identity):
                    if not success:
                        leg.failed = self._clock()
                    elif leg.own:
                        self._is_there(leg, leg.own)
            case AgentConnect(uniqueid=call, interface=agent):
                for leg in self._legs.values():
                    if leg.queued == call:
                        self._is_there(leg, agent)
            case Hangup(uniqueid=identity):
                for leg in self._of(identity):
                    leg.failed, leg.agent = self._clock(), ""

    async def work(self) -> None:
        """Call the agents who are wanted, and let go whom nobody needs any more."""
        now = self._clock()
        for key, leg in list(self._legs.items()):
            if leg.failed is not None and now >= leg.failed + AGAIN:
                del self._legs[key]
            elif leg.is_missed(now) or (not leg.attempt and now >= leg.asked + FORGOTTEN):
                self._let_go(key, leg)
        wanted, self._wanted = self._wanted, []
        for leg in wanted:
            await self._originate(leg)
        unwanted, self._unwanted = self._unwanted, []
        for identity in unwanted:
            try:
                await self._link.call("Hangup", {"Channel": identity})
            except AmiError as error:
                log.debug("standing_by.not_hung_up", leg=identity, error=str(error))

    async def _originate(self, leg: Leg) -> None:
        leg.ends = self._clock() + (RINGS if leg.own else STANDS) + UNHEARD
        headers = {
            "Channel": leg.own or f"Local/s@{Context.QUEUE_UP}/n",
            "Context": Context.STAND_BY,
            "Exten": "s",
            "Priority": "1",
            "Async": "true",
            "Timeout": str(round(RINGS * 1000)),
            "ChannelId": leg.identity,
        }
        if not leg.own:
            headers["OtherChannelId"] = leg.queued
        try:
            variables = {f"__{Variable.QUEUE}": leg.queue}
            await self._link.call("Originate", headers, variables, action_id=leg.identity)
        except AmiError as error:
            leg.failed = self._clock()
            log.warning("standing_by.not_called", leg=leg.identity, error=str(error))

    def _is_there(self, leg: Leg, agent: str) -> None:
        leg.agent = agent
        log.info("standing_by.agent", leg=leg.identity, queue=leg.queue)
        self.on_change()

    def _let_go(self, key: Key, leg: Leg) -> None:
        del self._legs[key]
        if leg.failed is None:
            self._unwanted.append(leg.identity)

    def _of(self, identity: str) -> list[Leg]:
        return [leg for leg in self._legs.values() if leg.identity == identity]
