"""The ways of pacing that are compared: ours as the dialer runs it, one call for each free agent, and the
rules of a widespread open dialer as they were published."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from console.floor.shift import Call, Sight
from strategies.abandon_gate import Rule, Tally
from strategies.call_estimates import (
    NOTHING_SEEN,
    Belief,
    Estimates,
    aged,
    corrected,
    ring_ended,
    talk_ended,
)
from strategies.predictive import FEEDBACK_EVERY, Floor, Pacer, decide, decide_by_chances, fed_back
from strategies.ring_ages import Ages, as_many_as, each_chance, rang, turned_out


class Predictive:
    """`strategies.predictive`, with its parameters estimated from what happens; `by_age`: calls that ring are
    reckoned by how long they have; `by_chance`: it is told each contact's probability of an answer."""

    def __init__(
        self,
        rule: Rule,
        *,
        belief: Belief = NOTHING_SEEN,
        by_age: bool = False,
        by_chance: bool = False,
    ) -> None:
        self._rule, self._by_age, self._by_chance = rule, by_age, by_chance
        self._pacer = Pacer(Estimates(belief))
        self._ages = Ages()
        self._next_feedback = FEEDBACK_EVERY

    def calls(self, sight: Sight, coming: Sequence[float]) -> int:
        """As the rule and the gate allow."""
        pacer = Pacer(self._pacer.known, self._pacer.feedback, Tally(sight.answered, sight.abandoned))
        while sight.now >= self._next_feedback:
            feedback = fed_back(pacer, sight.staffed, self._rule)
            pacer = Pacer(pacer.known, feedback, pacer.tally)
            self._next_feedback += FEEDBACK_EVERY
        self._pacer = pacer
        ringing = len(sight.ringing)
        if self._by_chance:
            chances = tuple(self._chances(sight))
            floor = Floor(
                sight.staffed, sight.busy, sight.waiting, ringing, sight.left, None, chances, sight.people
            )
            next_ones = (corrected(chance, pacer.known.correction) for chance in coming)
            return decide_by_chances(floor, pacer, self._rule, next_ones).calls
        worth = self._worth(sight) if self._by_age else None
        floor = Floor(
            sight.staffed, sight.busy, sight.waiting, ringing, sight.left, worth, None, sight.people
        )
        return decide(floor, pacer, self._rule, len(coming)).calls

    def _chances(self, sight: Sight) -> list[float]:
        known = self._pacer.known
        own = [(sight.now - at, corrected(said, known.correction)) for at, said in sight.ringing.values()]
        if self._by_age:
            return each_chance(self._ages, own, known.answer_probability)
        return [chance for _, chance in own]

    def _worth(self, sight: Sight) -> int:
        ages = [sight.now - call.placed for call in sight.ringing.values()]
        return as_many_as(self._ages, ages, 0, self._pacer.known.answer_probability)

    def ring_ended(self, sight: Sight, call: Call, *, answered: bool) -> None:
        """Learn from it."""
        said = call.chance if self._by_chance else None
        self._learnt(ring_ended(self._aged(sight), answered=answered, said=said))
        if self._by_age:
            self._ages = rang(self._ages, sight.now - call.placed, sight.now, picked_up=answered)
            if answered:
                self._ages = turned_out(self._ages, sight.now, person=True)

    def talk_ended(self, sight: Sight) -> None:
        """Learn from it."""
        self._learnt(talk_ended(self._aged(sight)))

    def _learnt(self, known: Estimates) -> None:
        self._pacer = Pacer(known, self._pacer.feedback, self._pacer.tally)

    def _aged(self, sight: Sight) -> Estimates:
        return aged(self._pacer.known, sight.now, len(sight.ringing), sight.busy)


class Progressive:
    """One call for each agent who is free."""

    def calls(self, sight: Sight, coming: Sequence[float]) -> int:
        """As many as nobody would be abandoned by."""
        return max(0, min(len(coming), sight.staffed - sight.busy - sight.waiting - len(sight.ringing)))

    def ring_ended(self, sight: Sight, call: Call, *, answered: bool) -> None:
        """Nothing to learn."""

    def talk_ended(self, sight: Sight) -> None:
        """Nothing to learn."""


class Adaptive:
    """VICIdial's published adaptive rules in their hard-limit form: a dial level looked at every 15 s and
    filled up to every 2.5 s, halved where more than half of the last minute's answers were dropped, and level
    1 while the shift's drops are above the limit. Its three settings: the highest level, the intensity (per
    cent; negative is slower up and faster down) and the agents aimed at beyond those there are, as a share
    of them."""

    FILL, ADAPT, WINDOW, MINUTE = 2.5, 15.0, 15, 4

    def __init__(
        self, limit: float = 0.03, most: float = 3.0, intensity: float = 0.0, aim: float = 0.0
    ) -> None:
        self._limit, self._most, self._intensity, self._aim = limit, most, intensity / 100, aim
        self._level, self._next_fill, self._next_adapt = 1.0, 0.0, 0.0
        self._idle: deque[int] = deque(maxlen=self.WINDOW)
        self._counts: deque[tuple[int, int]] = deque([(0, 0)], maxlen=self.MINUTE + 1)

    def calls(self, sight: Sight, coming: Sequence[float]) -> int:
        """The level times the agents, less the calls that are up."""
        if sight.now >= self._next_adapt:
            self._next_adapt = sight.now + self.ADAPT
            self._adapt(sight)
        if sight.now < self._next_fill:
            return 0
        self._next_fill = sight.now + self.FILL
        up = len(sight.ringing) + sight.waiting + sight.busy
        aimed_at = sight.staffed * (1 + self._aim)
        return max(0, min(len(coming), round(self._level * aimed_at) - up))

    def _adapt(self, sight: Sight) -> None:
        self._idle.append(sight.staffed - sight.busy - sight.waiting)
        self._counts.append((sight.answered, sight.abandoned))
        share = sum(self._idle) / len(self._idle) / sight.staffed + self._aim
        share *= 1 - self._intensity if share < 0 else 1 + self._intensity
        level = min(self._most, max(1.0, self._level * (1 + share)))
        answered, dropped = (now - then for now, then in zip(self._counts[-1], self._counts[0], strict=True))
        if dropped > answered / 2:
            level = max(1.0, level / 2)
        if sight.answered > 50 and sight.abandoned > self._limit * sight.answered:
            level = 1.0
        self._level = level

    def ring_ended(self, sight: Sight, call: Call, *, answered: bool) -> None:
        """Nothing to learn."""

    def talk_ended(self, sight: Sight) -> None:
        """Nothing to learn."""
