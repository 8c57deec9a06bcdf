"""What is learnt of a campaign's calls while they are made: how often they are answered, how long they ring,
how long agents are busy with who answered. What follows for pacing is left to `predictive`."""

from __future__ import annotations

from math import exp, log

from strategies.frozen import Record

RING_HALF_LIFE = 420.0  # seconds: whether and when people answer changes within the hour
TALK_HALF_LIFE = 2100.0
_LN2 = log(2)


class Belief(Record, frozen=True):
    """What is thought of calls before any was made, or from the same hour of the day before: the probability
    of an answer, seconds of ringing, seconds of handling (talk and wrap-up). It weighs as much as 10 calls,
    20 rings and 5 conversations."""

    answer: float = 0.3
    ring: float = 15.0
    handle: float = 120.0


NOTHING_SEEN = Belief()


class Estimates(Record, frozen=True):
    """What is known of calls as of `at` (epoch seconds), as counts in which older calls count less.

    `ended` calls, of which `answers` were answered by a person, after `ring_seconds` of ringing of all calls;
    `foretold`: the sum of what a model had said of the calls ended, or where none had, of the estimates of
    the moment; `talks` over, in `busy_seconds` of all agents; `ringing`: calls that rang lately.
    """

    belief: Belief = NOTHING_SEEN
    at: float = 0.0
    ended: float = 0.0
    answers: float = 0.0
    foretold: float = 0.0
    ring_seconds: float = 0.0
    talks: float = 0.0
    busy_seconds: float = 0.0
    ringing: int = 0

    @property
    def answer_probability(self) -> float:
        """That a call is answered by a person. Calls fail sooner than others are answered: at first, while
        more ring than have ended, those that ring weigh for what was believed before."""
        weight = 10 + self.ringing * self.ringing / (self.ringing + self.ended + 1)
        return (self.answers + weight * self.belief.answer) / (self.ended + weight)

    @property
    def ring_time(self) -> float:
        """Mean seconds from a call's start to its answer or end."""
        return max(0.5, (self.ring_seconds + 20 * self.belief.ring) / (self.ended + 20))

    @property
    def handle_rate(self) -> float:
        """Conversations that end, per busy agent and second."""
        return (self.talks + 5) / (self.busy_seconds + 5 * self.belief.handle)

    @property
    def correction(self) -> float:
        """By what the odds of an answer were higher than a model had said, of the calls ended."""
        yes, no = 10 * self.belief.answer, 10 * (1 - self.belief.answer)
        came = (self.answers + yes) / (self.ended - self.answers + no)
        return came * (self.ended - self.foretold + no) / (self.foretold + yes)


def as_belief(known: Estimates) -> Belief:
    """What the next such hour may be expected to be like."""
    return Belief(known.answer_probability, known.ring_time, 1 / known.handle_rate)


def corrected(said: float, correction: float) -> float:
    """The probability of an answer of a call of which a model `said` one, by what came of such words."""
    odds = said / (1.001 - said) * correction
    return odds / (1 + odds)


def aged(known: Estimates, now: float, ringing: int, busy: int) -> Estimates:
    """The estimates at `now`, where since `known.at` so many calls rang and so many agents were busy."""
    passed = now - known.at
    if passed <= 0:
        return known
    ring, talk = exp(-passed * _LN2 / RING_HALF_LIFE), exp(-passed * _LN2 / TALK_HALF_LIFE)
    return Estimates(
        known.belief,
        now,
        known.ended * ring,
        known.answers * ring,
        known.foretold * ring,
        known.ring_seconds * ring + ringing * passed,
        known.talks * talk,
        known.busy_seconds * talk + busy * passed,
        ringing,
    )


def ring_ended(known: Estimates, *, answered: bool, said: float | None = None) -> Estimates:
    """The estimates with one more call that rings no longer, of which a model had `said` how likely it would
    be answered."""
    return Estimates(
        known.belief,
        known.at,
        known.ended + 1,
        known.answers + answered,
        known.foretold + (known.answer_probability if said is None else said),
        known.ring_seconds,
        known.talks,
        known.busy_seconds,
        known.ringing,
    )


def talk_ended(known: Estimates) -> Estimates:
    """The estimates with one more agent free again."""
    return Estimates(
        known.belief,
        known.at,
        known.ended,
        known.answers,
        known.foretold,
        known.ring_seconds,
        known.talks + 1,
        known.busy_seconds,
        known.ringing,
    )
