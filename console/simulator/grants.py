"""Which simulated attempts may start now: an agent, a channel and a share of each rate, as at the dialer;
whose turn it is, is the simulation's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor, inf

from config.settings import Trunk
from console.simulator.agents import Agents
from console.simulator.ahead import Ahead
from console.simulator.finishing import AGAIN, Finishing
from console.simulator.previews import Previews
from strategies.campaign import Campaign, Pass
from strategies.pacing import room
from strategies.vocabulary import VOICE, Medium


@dataclass(slots=True)
class Meter:
    """What a rate has left. One second's worth may start in a second, and what does not make up a whole
    attempt is kept for the next; a pause is not made up for."""

    left: float = 0.0
    at: float = -inf

    def allows(self, per_minute: float, now: float) -> bool:
        """Whether one more may start now."""
        most = max(1.0, per_minute / 60)
        if now > self.at:
            grown = self.left + (now - self.at) * per_minute / 60
            self.left = grown if grown < most + 1 else most
            self.at = now
        return floor(self.left + 1e-9) >= 1

    def spend(self) -> None:
        """One has started."""
        self.left -= 1

    def again(self, per_minute: float) -> float:
        """The whole second from which one more may start."""
        wait = ceil((1 - self.left) * 60 / per_minute - 1e-9) if per_minute > 0 else AGAIN
        return self.at + min(max(1, wait), AGAIN)


class Grants:
    """What runs holds agents and channels until its end."""

    def __init__(self, agents: Agents, trunk: Trunk | None, finishing: Finishing, previews: Previews) -> None:
        self.agents, self.ahead, self.finishing = agents, Ahead(agents), finishing
        self.previews = previews
        self._trunk = trunk
        self._meters: dict[str, Meter] = {}
        self._up: set[str] = set()
        self._granted = 0
        self.again: float | None = None  # when the first of the rates that held somebody lets one more start

    def grant(self, campaign: Campaign, going: Pass, now: float) -> str | None:
        """The id of an attempt that may start now and holds what it needs; None while none may."""
        voice, attempt = going.medium in VOICE, f"sim-{self._granted + 1:07}"
        if voice and not self._channel(campaign):
            return None
        if not self._in_time(campaign, going, now):
            return None
        if going.medium is Medium.DIALER and not self._agent(attempt, campaign, going, now):
            return None
        self._granted += 1
        for key, _ in self._rates(campaign, going, now):
            self._meters[key].spend()
        if voice:
            self._up.add(attempt)
        return attempt

    def _agent(self, attempt: str, campaign: Campaign, going: Pass, now: float) -> bool:
        """An agent who is kept for the attempt, or the hope of one."""
        if self.ahead.paces(going):
            return self.ahead.grant(attempt, campaign, going, now)
        return self.agents.reserve(attempt)

    def ended(self, attempt: str) -> None:
        """Its channel is free again; its agent is released apart."""
        self._up.discard(attempt)

    def give_back(self, attempt: str, now: float) -> None:
        """It did not start after all. What it took of the rates is not made up for."""
        self.ended(attempt)
        self.ahead.over(attempt, now)
        self.agents.release(attempt)

    def _channel(self, campaign: Campaign) -> bool:
        caps = (campaign.channels, self._trunk.channels if self._trunk else None)
        return all(room(cap, len(self._up), 1) for cap in caps)

    def _in_time(self, campaign: Campaign, going: Pass, now: float) -> bool:
        for key, rate in self._rates(campaign, going, now):
            meter = self._meters.setdefault(key, Meter())
            if not meter.allows(rate, now):
                again = meter.again(rate)
                self.again = again if self.again is None else min(again, self.again)
                return False
        return True

    def _rates(self, campaign: Campaign, going: Pass, now: float) -> Iterator[tuple[str, float]]:
        """Every rate the attempt counts against, per minute."""
        if going.medium in VOICE:
            if campaign.calls_per_second is not None:
                yield "campaign", campaign.calls_per_second * 60
            if self._trunk is not None and self._trunk.calls_per_second is not None:
                yield "trunk", self._trunk.calls_per_second * 60
        rate = self.finishing.rate(campaign, going, now) if going.pacing.finish_by else going.pacing.rate
        if rate is not None:
            yield f"pass {going.name}", rate
