"""Whether one more call of a pass paced by its agents may start: knows the calls on their way and what was
learnt of earlier ones; the rule is `strategies.predictive`'s, the agents are the board's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from ami_bridge.agents import QueueBoard
from ami_bridge.calls_ahead import CallsAhead
from strategies.abandon_gate import Rule, Tally
from strategies.abandonment import Share
from strategies.attempts import Intent
from strategies.campaign import Campaign, Pass
from strategies.frozen import replace
from strategies.predictive import (
    FEEDBACK_EVERY,
    Floor,
    Pacer,
    decide,
    decide_by_chances,
    fed_back,
    over,
    power,
)
from strategies.rules import SLOWED
from strategies.state import SubCampaign
from strategies.store import Store
from strategies.windows import local_date, start_of

log = structlog.get_logger(__name__)

RECOUNT = 1.0  # seconds between two readings of a campaign's live answers
AHEAD = frozenset({"power", "predictive"})  # methods that dial more people than there are free agents
RATIO_REACHED = "as many calls ring as its ratio asks for"

NOBODY = Share()


@dataclass(slots=True)
class Count:
    """A campaign's live answers: as the store had them, and those that it does not have yet."""

    share: Share = NOBODY
    ends: float = 0.0  # of the period, epoch seconds
    again: float = 0.0
    live: set[str] = field(default_factory=set)  # attempts with a person who answered, not recorded yet
    lost: set[str] = field(default_factory=set)  # those of them abandoned
    recorded: set[str] = field(default_factory=set)  # over, though perhaps not in `share` yet

    def tally(self) -> Tally:
        """All of them."""
        return Tally(self.share.live + len(self.live), self.share.abandoned + len(self.lost))


class AgentPacing:
    """One per dialer. Everything but what was learnt of calls can be rebuilt from store and snapshot."""

    def __init__(self, store: Store, board: QueueBoard, clock: Callable[[], float]) -> None:
        self._store, self._board, self._clock = store, board, clock
        self._lines: dict[str, CallsAhead] = {}
        self._counts: dict[str, Count] = {}

    async def refresh(self, sub: SubCampaign, now: float) -> None:
        """Read how many were abandoned, if a pass is paced by it and it is time; let the feedback go on."""
        self._board.wraps_up(sub.campaign.queue, sub.campaign.wrap_up)
        capped = [one for one in sub.campaign.passes if one.pacing.abandon_rate is not None and not one.out]
        if not capped:
            return
        count = self._count(sub.name)
        if now >= count.again:
            await self._read(sub.campaign, count, now)
        line = self._timed(sub.name, sub.campaign.queue, now)
        if now >= line.fed_at + FEEDBACK_EVERY:
            staffed = self._board.manning(line.queue).staffed
            feedback = fed_back(
                line.pacer.feedback, count.tally(), staffed, rule_of(capped[0], sub) or Rule()
            )
            line.pacer, line.fed_at = replace(line.pacer, feedback=feedback), now

    def grant(
        self, attempt: str, sub: SubCampaign, going: Pass, now: float, said: float | None = None
    ) -> str | None:
        """Let one more call start, which then is on its way to an agent; else the reason why not, in words.
        `said`: the probability of an answer that a model gives."""
        queue, method = sub.campaign.queue, going.pacing.method
        if going.recovery is not None or method not in AHEAD:
            granted = self._board.reserve(queue, attempt)
            return None if granted else "no agent is free"
        if self._board.manning(queue).staffed == 0:
            return "no agent is there"
        line = self._timed(sub.name, queue, now)
        why = self._held_back(sub, going, line, now, said)
        if why is not None:
            return why
        self._board.promise(queue, attempt)
        if said is not None:
            line.said[attempt] = said
        return None

    def not_placed(self, attempt: str) -> None:
        """What was granted is not used."""
        for line in self._lines.values():
            if attempt not in line.ringing:
                line.said.pop(attempt, None)

    def _held_back(
        self, sub: SubCampaign, going: Pass, line: CallsAhead, now: float, said: float | None
    ) -> str | None:
        seen, count = self._board.manning(line.queue), self._count(sub.name)
        floor = Floor(seen.staffed, seen.busy, seen.waiting, seen.coming, max(0.0, count.ends - now))
        pacer, rule = line.with_tally(count.tally()), rule_of(going, sub)
        if going.pacing.method == "power":
            ratio = going.pacing.ratio or 1.0
            ratio = max(1.0, ratio * SLOWED) if sub.slowed else ratio
            stopped_by = power(floor, ratio, pacer, rule, 1).stopped_by
            return RATIO_REACHED if stopped_by == "rule" else _why(stopped_by, floor, pacer, rule)
        rule = rule or Rule()
        if said is None and not line.said:
            floor = line.by_worth(floor, now)
            return _why(decide(floor, pacer, rule, 1).stopped_by, floor, pacer, rule)
        floor = line.by_chances(floor, now)
        chance = line.corrected(said)
        return _why(decide_by_chances(floor, pacer, rule, [chance]).stopped_by, floor, pacer, rule)

    def placed(self, intent: Intent) -> None:
        """A call is on its way to an agent."""
        self._timed(intent.sub, intent.queue, self._clock()).ringing[intent.attempt] = self._clock()

    def picked_up(self, intent: Intent) -> None:
        """Somebody or something answered."""
        line = self._lines.get(intent.sub)
        if line is not None:
            line.heard_up(intent.attempt, self._clock())

    def answered(self, intent: Intent) -> None:
        """A person answered, and is to reach an agent."""
        self._rings_no_more(intent, answered=True)
        self._count(intent.sub).live.add(intent.attempt)

    def abandoned(self, intent: Intent) -> None:
        """No agent was there for that person."""
        self._count(intent.sub).lost.add(intent.attempt)

    def in_vain(self, intent: Intent) -> None:
        """Nobody answered, or no person: no agent is needed for this call any more."""
        self._rings_no_more(intent, answered=False)
        self._board.release(intent.attempt)

    def over(self, intent: Intent) -> None:
        """The attempt is recorded, or will not be placed: the store has what became of it."""
        self._rings_no_more(intent, answered=False)
        count = self._count(intent.sub)
        if intent.attempt in count.live:
            count.recorded.add(intent.attempt)

    def freed(self, queue: str) -> None:
        """An agent of this queue has done with a caller."""
        for sub, line in self._lines.items():
            if line.queue == queue:
                self._timed(sub, queue, self._clock()).talk_ended()

    def _rings_no_more(self, intent: Intent, *, answered: bool) -> None:
        line, attempt = self._lines.get(intent.sub), intent.attempt
        if line is None or attempt not in line.ringing:
            return
        now = self._clock()
        if answered:
            line.heard_up(attempt, now)
        self._timed(intent.sub, line.queue, now).rings_no_more(attempt, now, answered=answered)

    def _timed(self, sub: str, queue: str, now: float) -> CallsAhead:
        """What is known of the sub-campaign's calls, with the time since it was last touched counted."""
        line = self._lines.setdefault(sub, CallsAhead(queue))
        line.queue = queue
        line.pass_time(now, self._board.manning(queue).busy)
        return line

    def _count(self, sub: str) -> Count:
        return self._counts.setdefault(sub.rpartition("/")[0], Count())

    async def _read(self, campaign: Campaign, count: Count, now: float) -> None:
        """What was recorded before the reading began is in what is read."""
        told = set(count.recorded)
        found = await self._store.answered(campaign.name)
        period = found.period(local_date(campaign.zone, now), campaign.limits.abandon_days)
        count.share, count.again = found.share(period), now + RECOUNT
        count.ends = start_of(period.last + timedelta(days=1), (campaign.zone,))
        count.live -= told
        count.lost -= told
        count.recorded -= told


def _why(stopped_by: str, floor: Floor, pacer: Pacer, rule: Rule | None) -> str | None:
    """Why no more calls start, with the figures it was decided by; None where one may."""
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


def rule_of(going: Pass, sub: SubCampaign) -> Rule | None:
    """What the pass asks of the rule; None where nothing caps what it may abandon. Config lets no pass be
    predictive without a cap."""
    cap = going.pacing.abandon_rate
    return None if cap is None else Rule(cap=cap * SLOWED if sub.slowed else cap, hard=going.pacing.hard)
