"""Agents of a simulation who look at somebody before the call: how long for, and whether they accept, is the
carrier file's; whose turn it is, is the look's, and what a skip leads to the dialer's."""

from __future__ import annotations

import random
from collections import Counter

from ami_bridge.previews import is_preview
from config.carrier import Model
from console.simulator.agents import Agents
from strategies.campaign import Pass
from strategies.frozen import Record
from strategies.state import Dial

BY = "a simulated agent"
WRITTEN_OUT = Model(skips=0.0)  # where the file leaves nothing to chance


class Shown(Record, frozen=True):
    """Somebody whom an agent looks at until a moment (epoch seconds), and then accepts or skips."""

    until: float
    accepted: bool


class Previews:
    """One per simulation. Whether somebody is accepted depends on the seed, on them and on how often they
    were shown, on nothing else."""

    def __init__(self, agents: Agents, model: Model | None, seed: int) -> None:
        self._agents, self._model, self._seed = agents, model or WRITTEN_OUT, seed
        self._shown: dict[str, Shown] = {}
        self._times = Counter[str]()

    def paces(self, going: Pass, dial: Dial) -> bool:
        """Whether an agent looks first: not where there are enough for everybody, who need choose nobody."""
        return self._agents.staffed is not None and is_preview(going, dial)

    def looked_at(self) -> int:
        """How many agents are with somebody who was not called yet."""
        return len(self._shown)

    def look(self, contact: str, now: float) -> Shown | None:
        """Who looks at the contact, from now on if nobody did; None while no agent is free to."""
        if contact in self._shown:
            return self._shown[contact]
        if not self._agents.reserve(_seat(contact)):
            return None
        dice = random.Random(f"{self._seed} preview {self._times[contact]} {contact}")  # noqa: S311
        self._times[contact] += 1
        accepted = dice.random() >= self._model.skips
        shown = self._shown[contact] = Shown(now + self._model.looks, accepted)
        return shown

    def done(self, contact: str) -> None:
        """The agent is free: for the call of whom they accepted, or for others."""
        if self._shown.pop(contact, None) is not None:
            self._agents.release(_seat(contact))

    def waits_on(self, contact: str, shown: Shown) -> None:
        """The call of whom the agent accepted may not start yet."""
        self._shown[contact] = shown
        self._agents.engage(_seat(contact))


def _seat(contact: str) -> str:
    return f"looks at {contact}"
