"""A campaign's rules over live figures: which holds and since when, which fires, and which is over; carrying
out what a rule says is left to the bridge.

Settled here, where the language leaves room:

* A rule fires when its condition has held without a break for its time, and once until it is false again.
* Rules rest while the sub-campaign does not run: whoever resumes it gives each condition its time anew.
* A figure that nothing is known of (a share of nobody, a queue Asterisk has not told of) makes no comparison
  true, see `strategies.expressions`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from strategies.expressions import FIGURES, compile_expression, rule_vocabulary
from strategies.ledger import Counters
from strategies.vocabulary import Kind, Result

Line = Mapping[str, object]
SLOWED = 0.5  # of its pace, for a pass of a campaign that a rule slows

_PERSONS = frozenset(
    {
        Result.HANGUP_IN_SCRIPT,
        Result.DELIVERED_PERSON,
        Result.DELIVERED_NO_SUCCESS,
        Result.ABANDONED_IN_QUEUE,
        Result.ABANDONED_NO_AGENT,
        Result.CONNECTED_AGENT,
    }
)
_NO_CALL = frozenset(
    {
        Result.SENT,
        Result.DELIVERED,
        Result.REPLIED,
        Result.UNDELIVERED,
        Result.FAILED,
        Result.UNKNOWN,
    }
)


class Act(StrEnum):
    """What a rule does: the word behind `do`."""

    SLOW = "slow"
    SUSPEND = "suspend"
    NOTIFY = "notify"


class Stand(StrEnum):
    """How a rule stands: `near` holds, but not yet for its time."""

    CALM = "calm"
    NEAR = "near"
    FIRED = "fired"


@dataclass(frozen=True, slots=True)
class RuleState:
    """A rule and how it stands; `lasting` in seconds, moments in epoch seconds.

    `since`: its condition has held without a break from then on. `fired`: it fired then and still holds.
    `last_fired` outlasts that. `figures`: what the condition was judged by.
    """

    when: str
    lasting: float
    act: Act
    since: float | None = None
    fired: float | None = None
    last_fired: float | None = None
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def stand(self) -> Stand:
        """In one word."""
        if self.fired is not None:
            return Stand.FIRED
        return Stand.CALM if self.since is None else Stand.NEAR


@dataclass(frozen=True, slots=True)
class Floor:
    """The agents' side of a sub-campaign at one moment, over its queue; None where Asterisk told of no such
    queue."""

    agents_staffed: int | None = None
    agents_free: int | None = None
    waiting: int | None = None


def figures_of(counters: Counters, floor: Floor, today: str) -> dict[str, float | None]:
    """What rules are judged by, for each name of FIGURES; None where nothing is known. `today`: the local
    date in the campaign's zone (`2030-01-31`)."""
    calls = sum(count for result, count in counters.by_result.items() if result not in _NO_CALL)
    persons = sum(counters.by_result.get(result, 0) for result in _PERSONS)
    live, lost = counters.live, counters.abandoned
    known: dict[str, float | None] = {
        "abandon_rate": _share(sum(lost.values()), sum(live.values())),
        "abandon_rate_today": _share(lost.get(today, 0), live.get(today, 0)),
        "answer_rate": _share(persons, calls),
        "attempts": counters.attempts,
        "in_progress": counters.in_progress,
        "connected": counters.connected_to_agent,
        "contacts": counters.contacts,
        "remaining": counters.contacts - counters.ended,
        "agents_staffed": floor.agents_staffed,
        "agents_free": floor.agents_free,
        "waiting": floor.waiting,
    }
    return {name: known[name] for name in sorted(FIGURES)}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def resting(rules: Sequence[Mapping[str, str]]) -> tuple[RuleState, ...]:
    """The rules of a campaign (`Campaign.rules`) before they were ever judged."""
    return tuple(RuleState(rule["when"], float(rule["for"]), Act(rule["do"])) for rule in rules)


def judge(
    states: Sequence[RuleState], figures: Mapping[str, float | None] | None, now: float
) -> tuple[tuple[RuleState, ...], list[Line], list[RuleState]]:
    """The rules as they stand at `now`, the ledger lines of what changed, and those that fired just now.
    `figures` None: the sub-campaign does not run."""
    after = tuple(_judged(state, figures, now) for state in states)
    lines: list[Line] = []
    fired: list[RuleState] = []
    for old, new in zip(states, after, strict=True):
        if old.fired is None and new.fired is not None:
            fired.append(new)
            lines.append(_line(Kind.RULE_FIRED, new, now))
        elif old.fired is not None and new.fired is None:
            lines.append(_line(Kind.RULE_ENDED, new, now))
    return after, lines, fired


def slows(states: Sequence[RuleState]) -> bool:
    """Whether a rule that slows has fired and still holds."""
    return any(state.act is Act.SLOW and state.fired is not None for state in states)


def carried_on(rules: Sequence[Mapping[str, str]], kept: Sequence[RuleState]) -> tuple[RuleState, ...]:
    """A campaign's rules, each as it was kept where it is still the same."""
    known = {(state.when, state.lasting, state.act): state for state in kept}
    return tuple(known.get((fresh.when, fresh.lasting, fresh.act), fresh) for fresh in resting(rules))


def _judged(state: RuleState, figures: Mapping[str, float | None] | None, now: float) -> RuleState:
    if figures is None:
        return replace(state, since=None, fired=None, figures={})
    condition = compile_expression(state.when, names=rule_vocabulary())
    told = {name: figures.get(name) for name in sorted(condition.references)}
    state = replace(state, figures={name: value for name, value in told.items() if value is not None})
    if not condition.holds(figures):
        return replace(state, since=None, fired=None)
    since = now if state.since is None else state.since
    if state.fired is None and now - since >= state.lasting:
        return replace(state, since=since, fired=now, last_fired=now)
    return replace(state, since=since)


def _line(kind: Kind, state: RuleState, now: float) -> Line:
    return {
        "kind": kind,
        "at": now,
        "rule": state.when,
        "for": state.lasting,
        "do": state.act,
        "figures": dict(state.figures),
    }
