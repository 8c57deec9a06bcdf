"""A simulated carrier as its file says it, frozen: what calls and messages come to, written out or by
probabilities; drawing from it is left to the simulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from strategies.vocabulary import Result


@dataclass(frozen=True, slots=True)
class Entry:
    """What one attempt comes to, as it stands in the file; seconds.

    `ring`: until it is answered, or given up. `talk`: from the answer to the end. `after`: from the answer
    until the person hung up.
    """

    result: Result
    responses: tuple[str, ...] = ()
    ring: float | None = None
    talk: float | None = None
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Hourly:
    """A share that changes over the day: from each local hour (ascending) on; before the first, the last
    one holds."""

    steps: tuple[tuple[float, float], ...]  # hour of the day, share

    def at(self, hour: float) -> float:
        """The share at a local hour, 0 to 24."""
        share = self.steps[-1][1]
        for begins, value in self.steps:
            if hour < begins:
                break
            share = value
        return share


@dataclass(frozen=True, slots=True)
class Model:
    """A carrier by probabilities. Shares are fractions, times in seconds (means, where they vary).

    `answer`: device kind to the share of its calls that are answered; "" stands for the kinds not named.
    `machine`, `fax`: of the answered; `busy`, `congestion`, `bad_device`: of the others, which else ring out.
    `hang_up`, `asks_for_agent`: of the people who hear a script, the rest of whom hear it to its end;
    `responses` of those, `agent_responses` of the people an agent speaks to, `replies` of the messages
    that arrive: at most one each, by its share. `looks`: how long an agent looks at somebody before a call of
    preview pacing; `skips`: of those, who are not called.
    """

    answer: Mapping[str, Hourly] = field(default_factory=lambda: {"": Hourly(((0.0, 0.3),))})
    answer_after: float = 12.0
    machine: float = 0.2
    fax: float = 0.0
    busy: float = 0.15
    congestion: float = 0.01
    bad_device: float = 0.02
    hang_up: float = 0.2
    asks_for_agent: float = 0.0
    script: float = 30.0
    talk: float = 120.0
    patience: float = 20.0
    looks: float = 15.0
    skips: float = 0.05
    responses: Mapping[str, float] = field(default_factory=dict)
    agent_responses: Mapping[str, float] = field(default_factory=dict)
    undelivered: float = 0.02
    replies: Mapping[str, float] = field(default_factory=dict)

    def answered(self, kind: str, hour: float) -> float:
        """The share of calls to this kind of device that is answered at a local hour."""
        by_hour = self.answer.get(kind) or self.answer.get("")
        return by_hour.at(hour) if by_hour else 0.0


@dataclass(frozen=True, slots=True)
class Carrier:
    """`devices`: address to what its nth attempt comes to, the last entry repeating. Whatever has none is
    left to the `model`, or comes to `default` where there is no model."""

    devices: Mapping[str, Sequence[Entry]] = field(default_factory=dict)
    default: Entry = Entry(Result.NO_ANSWER)
    model: Model | None = None

    def scripted(self, address: str, before: int) -> Entry | None:
        """The entry of an attempt that `before` others at the address preceded; None where there is none."""
        entries = self.devices.get(address)
        return entries[min(before, len(entries) - 1)] if entries else None
