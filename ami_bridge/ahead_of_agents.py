"""Whether one more call may be placed before an agent is free: puts the floor to the rule of the pass's
pacing, and tells in words why not. The calls are `calls_ahead`'s, the rule `strategies.predictive`'s."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

from ami_bridge.calls_ahead import CallsAhead
from strategies.abandon_gate import Rule
from strategies.campaign import Campaign, Pacing, Pass
from strategies.predictive import Floor, Pacer, decide, decide_by_chances, over, power
from strategies.rules import SLOWED
from strategies.windows import open_seconds, pass_window

AHEAD = frozenset({"power", "predictive"})  # methods that dial more people than there are free agents
LOOKS_AHEAD = 8 * 86_400.0  # seconds: hours repeat weekly, and the gate counts on some hours of them only
RATIO_REACHED = "as many calls ring as its ratio asks for"
LINES_REACHED = "as many calls are on their way as lines_per_agent allows"


def slowed_down(pacing: Pacing) -> Pacing:
    """The pacing while a rule of the campaign has slowed it down: half the lines and half the cap, though a
    line for each free agent."""
    ratio, cap = pacing.ratio, pacing.abandon_rate
    return replace(
        pacing,
        ratio=None if ratio is None else max(1.0, ratio * SLOWED),
        abandon_rate=None if cap is None else cap * SLOWED,
    )


def hours_left(campaign: Campaign, going: Pass, now: float, until: float) -> float:
    """Seconds in which a pass is open between two moments (epoch seconds) by the clock of the campaign's own
    zone, those of the next days at most: what is abandoned can be made up for only in them."""
    window = pass_window(campaign, going)
    return open_seconds(window, (campaign.zone,), now, min(until, now + LOOKS_AHEAD))


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a pass still has before it, as of `at` (epoch seconds): `seconds` of its hours until the period or
    the sub-campaign ends, and at most so many `people` (None: nobody counted them)."""

    at: float = -inf
    seconds: float = 0.0
    people: int | None = 0

    def left(self, now: float) -> float:
        """What is left of the seconds, if none of them was outside its hours."""
        return max(0.0, self.seconds - max(0.0, now - self.at))


NOTHING_KNOWN = Prospect()


def rule_of(pacing: Pacing) -> Rule | None:
    """What a pass asks of the rule; None where nothing caps what it may abandon. Config lets no pass be
    predictive without a cap."""
    return None if pacing.abandon_rate is None else Rule(cap=pacing.abandon_rate, hard=pacing.hard)


def held_back(
    line: CallsAhead, floor: Floor, pacing: Pacing, now: float, said: float | None = None
) -> str | None:
    """Why one more call may not start at `now` (epoch seconds), in words; None where it may. `said`: the
    probability of an answer that a model gives."""
    pacer, rule, lines = line.pacer, rule_of(pacing), pacing.lines_per_agent
    if lines is not None and floor.ringing + 1 > lines * floor.staffed:
        return LINES_REACHED
    if pacing.method == "power":
        stopped_by = power(floor, pacing.ratio or 1.0, pacer, rule, 1).stopped_by
        return RATIO_REACHED if stopped_by == "rule" else _why(stopped_by, floor, pacer, rule)
    rule = rule or Rule()
    if said is None and not line.said:
        floor = line.by_worth(floor, now)
        return _why(decide(floor, pacer, rule, 1).stopped_by, floor, pacer, rule)
    floor, chance = line.by_chances(floor, now), line.corrected(said)
    return _why(decide_by_chances(floor, pacer, rule, [chance]).stopped_by, floor, pacer, rule)


def _why(stopped_by: str, floor: Floor, pacer: Pacer, rule: Rule | None) -> str | None:
    """The reason with the figures it was decided by; None where nothing stands in the way."""
    match stopped_by:
        case "rule":
            chance = over(floor, pacer, rule or Rule())
            return (
                "the next call would too likely find no agent free: "
                f"{chance:.1%}, at most {pacer.feedback.eps:.1%} just now"
            )
        case "gate":
            return (
                "the period's share of abandoned calls leaves no room for more: "
                f"{pacer.tally.abandoned} of {pacer.tally.answered} who answered"
            )
    return None
