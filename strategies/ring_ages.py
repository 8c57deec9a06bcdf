"""What a call that is still open will come to, by how long it has rung: the busy ones and the invalid ones
are told within a second or two, so who rings on is likelier to answer than a call just placed.

A call leads to a person with the probability p. Of all calls the share S(a) rings beyond the age a, and of
those that are picked up the share F(a): a call of that age is picked up by a person with p F(a) / S(a).
Both shares are products and sums over a few spans of age, in which older calls count less.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from math import exp, log
from operator import add, mul

from strategies.frozen import Record, replace

EDGES = (0.0, 0.5, 1.0, 2.0, 4.0, 7.0, 11.0, 16.0, 22.0)  # seconds at which the spans of age begin
WEIGHT = 20.0  # calls that what is thought of ringing before any was made weighs as much as
THOUGHT_RING = 15.0  # seconds
THOUGHT_PERSON = 0.7  # of calls that are picked up
HALF_LIFE = 420.0  # seconds
_NONE = (0.0,) * len(EDGES)
_WIDTHS = tuple(after - before for before, after in zip(EDGES, (*EDGES[1:], 60.0), strict=True))
_THOUGHT = tuple(WEIGHT * (1 - exp(-width / THOUGHT_RING)) for width in _WIDTHS)
_THOUGHT_PICKED = tuple(
    WEIGHT * (exp(-edge / THOUGHT_RING) - exp(-(edge + width) / THOUGHT_RING))
    for edge, width in zip(EDGES, _WIDTHS, strict=True)
)


class Ages(Record, frozen=True):
    """Counts by span of age, as of `at` (epoch seconds): calls that rang on beyond it, those that ended in
    it, those of them picked up; and of calls picked up, `heard` in all and those with a `person`."""

    at: float = 0.0
    passed: tuple[float, ...] = _NONE
    ended: tuple[float, ...] = _NONE
    picked: tuple[float, ...] = _NONE
    heard: float = 0.0
    person: float = 0.0

    @property
    def person_once_picked_up(self) -> float:
        """That a call that was picked up turns out to be a person's."""
        return (self.person + 5 * THOUGHT_PERSON) / (self.heard + 5)


def rang(known: Ages, age: float, now: float, *, picked_up: bool) -> Ages:
    """With one more call that rang so many seconds, then was picked up or was over."""
    known = _aged(known, now)
    span = _span(age)
    passed = (*[count + 1 for count in known.passed[:span]], *known.passed[span:])
    picked = _more(known.picked, span) if picked_up else known.picked
    return Ages(known.at, passed, _more(known.ended, span), picked, known.heard, known.person)


def turned_out(known: Ages, now: float, *, person: bool) -> Ages:
    """With one more call of which it is known who picked it up."""
    known = _aged(known, now)
    return replace(known, heard=known.heard + 1, person=known.person + person)


def chance(known: Ages, age: float | None, answer: float) -> float:
    """That a call leads to a person: one that has rung for `age` seconds, or was picked up (None); `answer`
    is that of a call just placed."""
    return known.person_once_picked_up if age is None else _by_span(known, answer)[_span(age)]


def each_chance(known: Ages, rung: Iterable[tuple[float, float]], answer: float) -> list[float]:
    """That each of some calls leads to a person, by the seconds it has rung and its own chance when it was
    placed; `answer` is that of any call just placed. Its age tells of it in the same odds as of any."""
    at_first = answer / (1 - answer)
    by_span = [each / (1 - min(each, 0.99)) / at_first for each in _by_span(known, answer)]
    odds = [chance / (1.001 - chance) * by_span[_span(age)] for age, chance in rung]
    return [each / (1 + each) for each in odds]


def as_many_as(known: Ages, ages: Iterable[float], picked_up: int, answer: float) -> int:
    """As how many calls just placed those are to be reckoned with that ring, by their ages, and those that
    were picked up."""
    ordered = sorted(ages)
    began = [bisect_left(ordered, edge) for edge in EDGES[1:]]
    counts = [after - before for before, after in zip((0, *began), (*began, len(ordered)), strict=True)]
    likely: float = sum(map(mul, counts, _by_span(known, answer)))
    likely += picked_up * known.person_once_picked_up
    return round(likely / answer)


def _by_span(known: Ages, answer: float) -> list[float]:
    """The chance of a call that has rung into each span."""
    picked = list(map(add, known.picked, _THOUGHT_PICKED))
    still = sum(picked)
    most, rings_on, each = known.person_once_picked_up, 1.0, answer / still
    chances = list[float]()
    for passed, ended, thought, gone in zip(known.passed, known.ended, _THOUGHT, picked, strict=True):
        found = each * still / (max(0.01, rings_on))
        chances.append(min(most, found))
        rings_on *= 1 - (ended + thought) / (ended + passed + WEIGHT)
        still -= gone
    return chances


def _aged(known: Ages, now: float) -> Ages:
    passed = now - known.at
    if passed <= 0:
        return known
    keep = exp(-passed * log(2) / HALF_LIFE) if known.at else 1.0
    passed_by, ended, picked = (
        tuple([count * keep for count in each]) for each in (known.passed, known.ended, known.picked)
    )
    return Ages(now, passed_by, ended, picked, known.heard * keep, known.person * keep)


def _span(age: float) -> int:
    return max(0, bisect_right(EDGES, age) - 1)


def _more(counts: tuple[float, ...], span: int) -> tuple[float, ...]:
    return (*counts[:span], counts[span] + 1, *counts[span + 1 :])
