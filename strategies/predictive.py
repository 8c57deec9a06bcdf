"""How many calls to place ahead of agents that are still busy, so that hardly anybody answers to nobody.

Three parts: a marginal rule says how far to dial ahead, feedback moves it to where the campaign's credit of
abandonments is used up and not exceeded, and the gate (`abandon_gate`) allows no call that could break the
cap for good. What is known of calls is `call_estimates`'; who is called, and the clock, are others'.

The rule: the next call is placed while the chance that somebody answers it and no agent is free within the
patience stays under `eps`. With `r` ringing, `S` agents more than people waiting, `b` busy ones, and `u` the
part of all ringing times that is shorter than this call's,

    over = mean over u of Pr[Binomial(r, p u) - Poisson(b mu (t + patience)) >= S],  t = -tau ln(1 - u)

where each call has a chance of its own, the binomial is the sum of unequal chances.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from functools import lru_cache
from math import erfc, exp, log, log1p, sqrt
from typing import Literal

import numpy as np

from strategies.abandon_gate import Rule, Tally, credit, still_to_come, within_cap
from strategies.answer_counts import Array, UnequalCalls, binomial, poisson, quantile
from strategies.call_estimates import Estimates
from strategies.frozen import Record

MIDPOINTS = 8  # of the times at which the call may be answered
EPS_LEAST, EPS_MOST = 5e-4, 0.6
FAR = 4.0  # answered calls for each agent beyond which nothing is looked for
FEEDBACK_EVERY = 60.0  # seconds between two steps of the feedback
KEPT_BACK = 1.5  # of the calls that ring, in the mean, where all agents are kept busy


class Floor(Record, frozen=True):
    """The floor at a moment: agents `staffed`, those `busy` (wrap-up included), people who answered and wait,
    calls that ring; `left`: seconds in which more may be called until the period of the cap, or the shift,
    ends; `people`: at most so many are still to be called, or ring (None: no end of them).

    `worth`: as how many calls just placed those that ring are to be reckoned, where their age tells.
    `chances`: the probability of an answer of each call that rings, where each has its own.
    """

    staffed: int
    busy: int
    waiting: int
    ringing: int
    left: float
    worth: int | None = None
    chances: tuple[float, ...] | None = None
    people: int | None = None

    @property
    def spare(self) -> int:
        """Agents idle beyond those that people wait for already; negative where people wait for nobody."""
        return self.staffed - self.busy - self.waiting

    @property
    def reckoned(self) -> int:
        """The calls that ring, by what they are worth."""
        return self.ringing if self.worth is None else self.worth


class Feedback(Record, frozen=True):
    """How far the marginal rule goes: `level` is the slow part of log(eps), `eps` what the rule uses."""

    level: float = log(0.03)
    eps: float = 0.03


NOTHING_KNOWN, AT_FIRST, NOBODY = Estimates(), Feedback(), Tally()


class Pacer(Record, frozen=True):
    """All that a decision remembers: what is known of calls, the feedback, the period's tally."""

    known: Estimates = NOTHING_KNOWN
    feedback: Feedback = AT_FIRST
    tally: Tally = NOBODY


class Decision(Record, frozen=True):
    """How many calls to place now, and why no more: `rule` (the next one would find nobody too often), `gate`
    (the period's credit does not allow it) or `limit` (no more were asked for)."""

    calls: int
    stopped_by: Literal["rule", "gate", "limit"]


NONE_BY_RULE = Decision(0, "rule")


def fed_back(pacer: Pacer, staffed: int, rule: Rule) -> Feedback:
    """The feedback FEEDBACK_EVERY seconds on: further where credit is left, back where it is overdrawn."""
    free = credit(pacer.tally, rule.aim) - kept_back(pacer.known, staffed, rule)
    share = free / (10 + staffed / 20)
    level = pacer.feedback.level + 0.02 * min(1.0, max(-1.0, share))
    level = min(log(EPS_MOST), max(log(EPS_LEAST), level))
    eps = exp(level + min(1.5, max(-3.0, share)))
    return Feedback(level, min(EPS_MOST, max(EPS_LEAST, eps)))


def kept_back(known: Estimates, staffed: int, rule: Rule) -> float:
    """The credit that is not spent: in hard mode each call that rings takes its share of it, as if it were
    answered to nobody, and without this the gate would keep agents idle."""
    if not rule.hard:
        return 0.0
    return KEPT_BACK * staffed * known.handle_rate * known.ring_time / known.answer_probability


def decide(floor: Floor, pacer: Pacer, rule: Rule, limit: int) -> Decision:
    """How many of at most `limit` further calls to place now. Pure, and quick to ask again at every event.

    One call for each idle agent is always within the rule; the gate stands over everything. Estimates are
    taken in steps of a few per cent, so that what was worked out once serves again.
    """
    world = _world(pacer, rule)
    most = _most_ringing(floor.spare, floor.busy, _far(floor.staffed, world.answer), world)
    if floor.reckoned >= most:
        return NONE_BY_RULE
    return _up_to(most, floor, limit, _gate(world, floor, pacer, rule))


def decide_by_chances(floor: Floor, pacer: Pacer, rule: Rule, coming: Iterable[float]) -> Decision:
    """`decide` where each call has a probability of an answer of its own: `floor.chances` of those that ring,
    `coming` of those that would be next, in order. Small teams gain most by it."""
    world, chances = _world(pacer, rule), floor.chances or ()
    far, owed = _far(floor.staffed, world.answer), _owed(floor, pacer, rule)
    calls = UnequalCalls(chances, _PARTS)
    for placed, chance in enumerate(coming):
        if len(calls) >= floor.spare:
            answers = calls.answers()
            if len(calls) >= far or _lost(answers[:-1], floor.spare, floor.busy, world) > world.eps:
                return Decision(placed, "rule")
        calls.add(chance)
        worst = len(calls) if rule.hard else quantile(calls.answers()[-1], rule.doubt)
        if not within_cap(worst, floor.spare, owed, rule):
            return Decision(placed, "gate")
    return Decision(len(calls) - len(chances), "limit")


def power(floor: Floor, ratio: float, pacer: Pacer, rule: Rule | None, limit: int) -> Decision:
    """How many of at most `limit` further calls to place now where a fixed number of lines is kept ringing
    for each idle agent; under the gate where a `rule` caps what may be abandoned."""
    most = int(ratio * max(0, floor.spare) + 1e-9)
    gate = None if rule is None else _gate(_world(pacer, rule), floor, pacer, rule)
    return _up_to(most, floor, limit, gate)


def over(floor: Floor, pacer: Pacer, rule: Rule) -> float:
    """The chance that one more call, answered, would find nobody in time: what `eps` is held against."""
    world = _world(pacer, rule)
    if floor.chances is None:
        return _over(floor.reckoned, floor.spare, floor.busy, world)
    if len(floor.chances) < floor.spare:
        return 0.0
    answers = UnequalCalls(floor.chances, _PARTS).answers()
    return _lost(answers[:-1], floor.spare, floor.busy, world)


def _up_to(most: int, floor: Floor, limit: int, gate: Callable[[int], bool] | None) -> Decision:
    """Calls until `most` ring; none that the gate does not allow."""
    for placed in range(limit):
        if floor.reckoned + placed >= most:
            return Decision(placed, "rule")
        if gate is not None and not gate(placed + 1):
            return Decision(placed, "gate")
    return Decision(limit, "limit")


def _gate(world: _World, floor: Floor, pacer: Pacer, rule: Rule) -> Callable[[int], bool]:
    """Whether so many calls more may be placed. Each that rings counts, though its age makes it unlikely: the
    gate does not rest on what was learnt of ages."""
    ringing = floor.ringing if rule.hard else max(floor.ringing, floor.reckoned)
    answer = _up(world.answer)

    def allows(more: int) -> bool:
        worst = _answers_at_worst(ringing + more, answer, rule)
        return within_cap(worst, floor.spare, _owed(floor, pacer, rule), rule)

    return allows


def _owed(floor: Floor, pacer: Pacer, rule: Rule) -> float:
    """The credit the gate looks at."""
    left = credit(pacer.tally, rule.cap)
    if rule.hard:
        return left
    people = None if floor.people is None else floor.people - floor.ringing  # those count already
    return left + rule.cap * still_to_come(floor.staffed, floor.left, pacer.known, rule, people)


class _World(Record, frozen=True, cache_hash=True):
    """The parameters of the rule: answer probability, seconds of ringing, handle rate, eps, patience."""

    answer: float
    ring: float
    handle: float
    eps: float
    patience: float


_STEPS = (0.03, 0.08, 0.06, 0.12)  # of logarithms: how exactly the parameters are taken


def _world(pacer: Pacer, rule: Rule) -> _World:
    known = pacer.known
    return _world_at(
        round(log(known.answer_probability) / _STEPS[0]),
        round(log(known.ring_time) / _STEPS[1]),
        round(log(known.handle_rate) / _STEPS[2]),
        round(log(pacer.feedback.eps) / _STEPS[3]),
        rule.patience,
    )


@lru_cache(maxsize=1 << 14)
def _world_at(answer: int, ring: int, handle: int, eps: int, patience: float) -> _World:
    return _World(
        min(0.99, exp(answer * _STEPS[0])),
        exp(ring * _STEPS[1]),
        exp(handle * _STEPS[2]),
        exp(eps * _STEPS[3]),
        patience,
    )


def _up(probability: float) -> float:
    """The next half per cent above: the gate errs to the safe side."""
    return min(1.0, int(probability * 200 + 1) / 200)


@lru_cache(maxsize=1 << 12)
def _far(staffed: int, answer: float) -> int:
    return max(8, int(FAR * staffed / max(0.05, answer)))


@lru_cache(maxsize=1 << 16)
def _most_ringing(spare: int, busy: int, far: int, world: _World) -> int:
    """The most calls that may ring at once by the rule: `over` grows with the calls, so it is looked for in
    growing steps from where it should be, then by halving the last one."""
    least, step = max(0, spare), 1

    def allowed(calls: int) -> bool:
        return calls <= least or (calls <= far and _over(calls - 1, spare, busy, world) <= world.eps)

    low = max(least, min(far, _about(spare, busy, far, world)))
    if allowed(low):
        high = low + 1
        while allowed(high):
            low, step = high, 2 * step
            high = low + step
    else:
        high = low
        while not allowed(low):
            high, low, step = low, max(least, low - step), 2 * step
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if allowed(middle) else (low, middle)
    return low


def _about(spare: int, busy: int, far: int, world: _World) -> int:
    """Nearly as many, by the normal distribution of the same mean and variance: a few calls off."""
    times = [(part, world.patience - world.ring * log1p(-part)) for part in _PARTS[:-1]]
    at = [(world.answer * part, busy * world.handle * seconds) for part, seconds in times]

    def lost(calls: int) -> float:
        each = ((calls * p - freed, calls * p * (1 - p) + freed + 1e-9) for p, freed in at)
        return sum(erfc((spare - 0.5 - mean) / sqrt(2 * variance)) for mean, variance in each) / 2 / MIDPOINTS

    return bisect_left(range(far), world.eps, key=lost)


_PART = (np.arange(MIDPOINTS) + 0.5) / MIDPOINTS
_PARTS = (
    *_PART.tolist(),
    1.0,
)  # the times at which a call may be answered, and the end, at which the gate looks


def _over(others: int, spare: int, busy: int, world: _World) -> float:
    """The chance that a call, answered while `others` ring with it, finds nobody within the patience."""
    if others < spare:
        return 0.0
    log_odds, log_missed = _answering(world.answer)
    return _mean_lost(binomial(others, max(0, spare), log_odds, log_missed), others, spare, busy, world)


def _lost(answers: Array, spare: int, busy: int, world: _World) -> float:
    """The chance of it, where `answers` tells how many of the others were answered, a row for each
    midpoint."""
    return _mean_lost(answers[:, max(0, spare) :], answers.shape[1] - 1, spare, busy, world)


def _mean_lost(answers: Array, others: int, spare: int, busy: int, world: _World) -> float:
    """With f agents freed the call is lost if `spare` + f or more of the others were answered; `answers` are
    the probabilities of as many answers as there are spare agents, and more."""
    at_least = np.cumsum(answers[:, ::-1], axis=1)[:, ::-1]
    freed = _freed(busy, (others - spare + 1).bit_length(), world)[:, : others - spare + 1]
    certain = max(0, -spare)  # that few are freed that those who wait already take them all
    lost = (freed[:, certain:] * at_least).sum() + freed[:, :certain].sum()
    return float(lost) / MIDPOINTS


@lru_cache(maxsize=256)
def _answering(answer: float) -> tuple[Array, Array]:
    """By when a call may be answered, for each midpoint: as `binomial` asks for it."""
    by_then = (answer * _PART)[:, None]
    missed: Array = np.log1p(-by_then)
    return np.log(by_then) - missed, missed


@lru_cache(maxsize=1 << 13)
def _freed(busy: int, bits: int, world: _World) -> Array:
    """The probabilities of how many agents come free before a call's patience is over, a row for each
    midpoint of when it may be answered."""
    seconds = world.patience - world.ring * np.log1p(-_PART)
    return poisson((busy * world.handle * seconds)[:, None], (1 << bits) - 1)


@lru_cache(maxsize=1 << 16)
def _answers_at_worst(calls: int, chance: float, rule: Rule) -> int:
    """The answers that so many calls exceed with the probability `doubt` at most."""
    if rule.hard or chance >= 1.0:
        return calls
    odds = np.array([[chance]])
    return quantile(binomial(calls, 0, np.log(odds) - np.log1p(-odds), np.log1p(-odds))[0], rule.doubt)
