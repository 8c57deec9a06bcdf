"""How many calls to place ahead of agents that are still busy, so that hardly anybody answers to nobody.

Three parts: a marginal rule says how far to dial ahead, feedback moves it to where the campaign's credit of
abandonments is used up and not exceeded, and a gate allows no call that could break the cap for good. What is
known of calls is kept in `Estimates`; who is called, and the clock, are others'.

The rule: the next call is placed while the chance that somebody answers it and no agent is free within the
patience stays under `eps`. With `r` ringing, `S` agents more than people waiting, `b` busy ones, and `u` the
part of all ringing times that is shorter than this call's,

    over = mean over u of Pr[Binomial(r, p u) - Poisson(b mu (t + patience)) >= S],  t = -tau ln(1 - u)

where each call has a chance of its own, the binomial is the sum of unequal chances.

The gate: let `a` be the answers if the worst but a `doubt` share of cases came true with this call ringing
too, and X those of them for whom there is no agent now. It is allowed if X is nobody, or if X - cap a is at
most what the period's credit has left, with what calls that abandon nobody would still add to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import exp, log, sqrt
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]

MIDPOINTS = 8  # of the times at which the call may be answered
EPS_LEAST, EPS_MOST = 5e-4, 0.6
FAR = 4.0  # answered calls for each agent beyond which nothing is looked for
RING_HALF_LIFE = 420.0  # seconds: whether and when people answer changes within the hour
TALK_HALF_LIFE = 2100.0
FEEDBACK_EVERY = 60.0  # seconds between two steps of the feedback
_LN2 = log(2)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a campaign asks: `cap`, the share of live answers that may be abandoned; `patience`, the seconds
    within which an agent must be there; `horizon`, the seconds ahead from which a deficit may be repaid;
    `hard`: never above the cap at any instant; `doubt`, the share of cases the gate does not guard
    against."""

    cap: float = 0.03
    patience: float = 2.0
    horizon: float = 3600.0
    doubt: float = 1e-4
    hard: bool = False

    @property
    def aim(self) -> float:
        """What the feedback steers to: a little under the cap."""
        return self.cap * 0.983


@dataclass(frozen=True, slots=True)
class Floor:
    """The floor at a moment: agents `staffed`, those `busy` (wrap-up included), people who answered and wait,
    calls that ring; `left`: seconds until the period of the cap, or the shift, ends.

    `chances`: the probability of an answer of each call that rings, where the outcome model tells it.
    """

    staffed: int
    busy: int
    waiting: int
    ringing: int
    left: float
    chances: tuple[float, ...] | None = None

    @property
    def spare(self) -> int:
        """Agents idle beyond those that people wait for already; negative where people wait for nobody."""
        return self.staffed - self.busy - self.waiting


@dataclass(frozen=True, slots=True)
class Tally:
    """What the period has come to: people who answered, and those of them abandoned."""

    answered: int = 0
    abandoned: int = 0


@dataclass(frozen=True, slots=True)
class Belief:
    """What is thought of calls before any was made: the probability of an answer, seconds of ringing, seconds
    of handling (talk and wrap-up). It weighs as much as 10 calls, 20 rings and 5 conversations."""

    answer: float = 0.3
    ring: float = 15.0
    handle: float = 120.0


@dataclass(frozen=True, slots=True)
class Estimates:
    """What is known of calls as of `at` (epoch seconds), as counts in which older calls count less.

    `ended` calls, of which `answers` were answered by a person, after `ring_seconds` of ringing of all calls;
    `talks` over, in `busy_seconds` of all agents.
    """

    belief: Belief = Belief()
    at: float = 0.0
    ended: float = 0.0
    answers: float = 0.0
    ring_seconds: float = 0.0
    talks: float = 0.0
    busy_seconds: float = 0.0

    @property
    def answer_probability(self) -> float:
        """That a call is answered by a person."""
        return (self.answers + 10 * self.belief.answer) / (self.ended + 10)

    @property
    def ring_time(self) -> float:
        """Mean seconds from a call's start to its answer or end."""
        return max(0.5, (self.ring_seconds + 20 * self.belief.ring) / (self.ended + 20))

    @property
    def handle_rate(self) -> float:
        """Conversations that end, per busy agent and second."""
        return (self.talks + 5) / (self.busy_seconds + 5 * self.belief.handle)


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
        known.ring_seconds * ring + ringing * passed,
        known.talks * talk,
        known.busy_seconds * talk + busy * passed,
    )


def ring_ended(known: Estimates, *, answered: bool) -> Estimates:
    """The estimates with one more call that rings no longer."""
    return replace(known, ended=known.ended + 1, answers=known.answers + answered)


def talk_ended(known: Estimates) -> Estimates:
    """The estimates with one more agent free again."""
    return replace(known, talks=known.talks + 1)


@dataclass(frozen=True, slots=True)
class Feedback:
    """How far the marginal rule goes: `level` is the slow part of log(eps), `eps` what the rule uses."""

    level: float = log(0.03)
    eps: float = 0.03


def fed_back(state: Feedback, tally: Tally, staffed: int, rule: Rule) -> Feedback:
    """The feedback FEEDBACK_EVERY seconds on: further where credit is left, back where it is overdrawn."""
    credit = (rule.aim * tally.answered - tally.abandoned) / (10 + staffed / 20)
    level = state.level + 0.02 * min(1.0, max(-1.0, credit))
    level = min(log(EPS_MOST), max(log(EPS_LEAST), level))
    eps = exp(level + min(1.5, max(-3.0, credit)))
    return Feedback(level, min(EPS_MOST, max(EPS_LEAST, eps)))


@dataclass(frozen=True, slots=True)
class Pacer:
    """All that a decision remembers: what is known of calls, the feedback, the period's tally."""

    known: Estimates = Estimates()
    feedback: Feedback = Feedback()
    tally: Tally = Tally()


@dataclass(frozen=True, slots=True)
class Decision:
    """How many calls to place now, and why no more: `rule` (the next one would find nobody too often), `gate`
    (the period's credit does not allow it) or `limit` (no more were asked for)."""

    calls: int
    stopped_by: Literal["rule", "gate", "limit"]


def decide(floor: Floor, pacer: Pacer, rule: Rule, limit: int) -> Decision:
    """How many of at most `limit` further calls to place now. Pure, and quick to ask again at every event.

    One call for each idle agent is always within the rule; the gate stands over everything. Estimates are
    taken in steps of a few per cent, so that what was worked out once serves again.
    """
    world = _world(pacer, rule)
    most = _most_ringing(floor.spare, floor.busy, _far(floor, world), world)
    return _up_to(most, floor.ringing, limit, _gate(world, floor, pacer, rule))


def decide_by_chances(floor: Floor, pacer: Pacer, rule: Rule, coming: Sequence[float]) -> Decision:
    """`decide` where the outcome model gives each call's probability of an answer: `floor.chances` of those
    that ring, `coming` of those that would be next, in order. Small teams gain most by it."""
    world, ringing = _world(pacer, rule), list(floor.chances or ())
    for placed, chance in enumerate(coming):
        far = len(ringing) >= _far(floor, world)
        if len(ringing) >= floor.spare and (far or _over_by_chances(ringing, floor, world) > world.eps):
            return Decision(placed, "rule")
        ringing.append(chance)
        if not _within_cap(_worst_of(ringing, rule), floor, pacer, rule):
            return Decision(placed, "gate")
    return Decision(len(coming), "limit")


def power(floor: Floor, ratio: float, pacer: Pacer, rule: Rule | None, limit: int) -> Decision:
    """How many of at most `limit` further calls to place now where a fixed number of lines is kept ringing
    for each idle agent; under the gate where a `rule` caps what may be abandoned."""
    most = int(ratio * max(0, floor.spare) + 1e-9)
    gate = None if rule is None else _gate(_world(pacer, rule), floor, pacer, rule)
    return _up_to(most, floor.ringing, limit, gate)


def _up_to(most: int, ringing: int, limit: int, gate: Callable[[int], bool] | None) -> Decision:
    """Calls until `most` ring; none that the gate does not allow."""
    for placed in range(limit):
        if ringing + placed >= most:
            return Decision(placed, "rule")
        if gate is not None and not gate(ringing + placed + 1):
            return Decision(placed, "gate")
    return Decision(limit, "limit")


def _gate(world: _World, floor: Floor, pacer: Pacer, rule: Rule) -> Callable[[int], bool]:
    """Whether so many calls may ring at once."""
    answer = _up(world.answer)
    return lambda calls: _within_cap(_answers_at_worst(calls, answer, rule), floor, pacer, rule)


def over(floor: Floor, pacer: Pacer, rule: Rule) -> float:
    """The chance that one more call, answered, would find nobody in time: what `eps` is held against."""
    world = _world(pacer, rule)
    if floor.chances is not None:
        return _over_by_chances(floor.chances, floor, world)
    return _over(floor.ringing, floor.spare, floor.busy, world)


def _within_cap(answers: int, floor: Floor, pacer: Pacer, rule: Rule) -> bool:
    """Whether the gate allows a call with which, at worst, so many people answer."""
    lost = answers - floor.spare
    if lost <= 0:
        return True
    credit = rule.cap * pacer.tally.answered - pacer.tally.abandoned
    if not rule.hard:
        credit += rule.cap * _still_to_come(floor, pacer.known, rule)
    return lost - rule.cap * answers <= credit


def _still_to_come(floor: Floor, known: Estimates, rule: Rule) -> float:
    """Answers that one call for each idle agent, which abandons nobody, would still bring; less three
    standard deviations."""
    each = 1 / known.handle_rate + known.ring_time / known.answer_probability
    mean = 0.97 * floor.staffed * max(0.0, min(rule.horizon, floor.left)) / each
    return max(0.0, mean - 3 * sqrt(mean))


@dataclass(frozen=True, slots=True)
class _World:
    """The parameters of the rule: answer probability, seconds of ringing, handle rate, eps, patience."""

    answer: float
    ring: float
    handle: float
    eps: float
    patience: float


def _world(pacer: Pacer, rule: Rule) -> _World:
    known = pacer.known
    return _World(
        min(0.99, _step(known.answer_probability, 0.03)),
        _step(known.ring_time, 0.08),
        _step(known.handle_rate, 0.06),
        _step(pacer.feedback.eps, 0.12),
        rule.patience,
    )


def _step(value: float, size: float) -> float:
    """The nearest of values that each differ from the next by the share `size`."""
    return exp(round(log(value) / size) * size)


def _up(probability: float) -> float:
    """The next half per cent above: the gate errs to the safe side."""
    return min(1.0, int(probability * 200 + 1) / 200)


def _far(floor: Floor, world: _World) -> int:
    return max(8, int(FAR * floor.staffed / max(0.05, world.answer)))


@lru_cache(maxsize=1 << 16)
def _most_ringing(spare: int, busy: int, far: int, world: _World) -> int:
    """The most calls that may ring at once by the rule: `over` grows with the calls, so it is looked for in
    growing steps, then by halving the last one."""
    low = max(0, spare)
    step = 1
    while low + step <= far and _over(low + step - 1, spare, busy, world) <= world.eps:
        low += step
        step *= 2
    high = min(far + 1, low + step)
    while low + 1 < high:
        middle = (low + high) // 2
        if _over(middle - 1, spare, busy, world) <= world.eps:
            low = middle
        else:
            high = middle
    return low


_PART = (np.arange(MIDPOINTS) + 0.5) / MIDPOINTS


@lru_cache(maxsize=1 << 16)
def _over(others: int, spare: int, busy: int, world: _World) -> float:
    """The chance that a call, answered while `others` ring with it, finds nobody within the patience."""
    if others < spare:
        return 0.0
    return _lost(_binomial(others, world.answer * _PART), spare, busy, world)


def _over_by_chances(others: Sequence[float], floor: Floor, world: _World) -> float:
    if len(others) < floor.spare:
        return 0.0
    return _lost(_sum_of(others, _PART), floor.spare, floor.busy, world)


def _lost(answers: Array, spare: int, busy: int, world: _World) -> float:
    """The chance of it, where `answers` tells (a row for each midpoint) how many of the others were
    answered."""
    others = answers.shape[1] - 1
    at_least = np.cumsum(answers[:, ::-1], axis=1)[:, ::-1]
    freed = _poisson(busy * world.handle * (world.patience - world.ring * np.log1p(-_PART)), others - spare)
    # With f agents freed, the call is lost if spare + f or more of the others were answered.
    wanted = np.clip(spare + np.arange(others - spare + 1), 0, others)
    return float((freed * at_least[:, wanted]).sum(axis=1).mean())


@lru_cache(maxsize=1 << 16)
def _answers_at_worst(calls: int, chance: float, rule: Rule) -> int:
    """The answers that so many calls exceed with the probability `doubt` at most."""
    if rule.hard or chance >= 1.0:
        return calls
    return _quantile(_binomial(calls, np.array([chance])), rule.doubt)


def _worst_of(chances: Sequence[float], rule: Rule) -> int:
    return len(chances) if rule.hard else _quantile(_sum_of(chances, np.ones(1)), rule.doubt)


def _quantile(likely: Array, doubt: float) -> int:
    found = int(np.searchsorted(np.cumsum(likely[0]), 1 - doubt))
    return min(int(likely.shape[1]) - 1, found)


def _binomial(n: int, p: Array) -> Array:
    """The probabilities of 0 to n successes, a row for each p in (0, 1)."""
    k = np.arange(n + 1)
    logs = _log_factorials(n)
    choose = logs[n] - logs[: n + 1] - logs[n::-1] if n else np.zeros(1)
    logarithms: Array = choose + np.outer(np.log(p) - np.log1p(-p), k) + n * np.log1p(-p)[:, None]
    return np.exp(logarithms)


def _sum_of(chances: Sequence[float], part: Array) -> Array:
    """The probabilities of 0 to n successes of unequal chances, a row for each part of them."""
    likely = np.zeros((len(part), len(chances) + 1))
    likely[:, 0] = 1.0
    for n, chance in enumerate(chances, 1):
        p = (chance * part)[:, None]
        likely[:, 1 : n + 1] = likely[:, 1 : n + 1] * (1 - p) + likely[:, :n] * p
        likely[:, :1] *= 1 - p
    return likely


def _poisson(mean: Array, most: int) -> Array:
    """The probabilities of 0 to `most` events, a row for each mean."""
    k = np.arange(most + 1)
    safe = np.maximum(mean, 1e-300)
    logarithms: Array = np.outer(np.log(safe), k) - safe[:, None] - _log_factorials(most)[: most + 1]
    return np.exp(logarithms)


def _log_factorials(n: int) -> Array:
    return _log_factorials_to(max(8, (n + 1).bit_length()))


@lru_cache(maxsize=32)
def _log_factorials_to(bits: int) -> Array:
    return np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, 1 << bits)))))
