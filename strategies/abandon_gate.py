"""What a campaign may still abandon: allows no call that could break the cap of its period for good. How far
to dial within that is left to `predictive`.

Let `a` be the answers if the worst but a `doubt` share of cases came true with a further call ringing too,
and X those of them for whom there is no agent now. The call is allowed if X is nobody, or if X - cap a is at
most what the period's credit has left, with what calls that abandon nobody would still add to it. In hard
mode the worst case is that all of them answer, and nothing is added: the cap then holds at every instant.
Nothing is counted on that the period does not hold: no hour in which the pass is closed, nobody beyond the
people it still has.
"""

from __future__ import annotations

from math import sqrt

from strategies.call_estimates import Estimates
from strategies.frozen import Record


class Rule(Record, frozen=True, cache_hash=True):
    """What a campaign asks: `cap`, the share of live answers that may be abandoned; `patience`, the seconds
    within which an agent must be there; `horizon`, the seconds ahead from which a deficit may be repaid, or
    `enough` answers where a small team takes longer for so many; `hard`: never above the cap at any instant;
    `doubt`, the share of cases the gate does not guard against."""

    cap: float = 0.03
    patience: float = 2.0
    horizon: float = 3600.0
    enough: float = 200.0
    doubt: float = 1e-4
    hard: bool = False

    @property
    def aim(self) -> float:
        """What the feedback steers to: a little under the cap."""
        return self.cap * 0.983


class Tally(Record, frozen=True):
    """What the period has come to: people who answered, and those of them abandoned."""

    answered: int = 0
    abandoned: int = 0


def credit(tally: Tally, share: float) -> float:
    """How many more may be abandoned before they are above this share of the answers; negative: how many
    are too many."""
    return share * tally.answered - tally.abandoned


def within_cap(answers: int, spare: int, owed: float, rule: Rule) -> bool:
    """Whether a call is allowed with which, at worst, so many people answer to `spare` agents; `owed`: the
    credit and what may be counted on besides."""
    lost = answers - spare
    return lost <= 0 or lost - rule.cap * answers <= owed


def still_to_come(
    staffed: int, left: float, known: Estimates, rule: Rule, people: int | None = None
) -> float:
    """Answers that one call for each idle agent, which abandons nobody, would still bring in `left` seconds,
    one at most of each of the `people` still to be called (None: without end); less three standard
    deviations."""
    each = 1 / known.handle_rate + known.ring_time / known.answer_probability
    per_second = 0.97 * staffed / each
    mean = min(per_second * max(0.0, left), max(per_second * rule.horizon, rule.enough))
    if people is not None:
        mean = min(mean, max(0, people) * known.answer_probability)
    return max(0.0, mean - 3 * sqrt(mean))
