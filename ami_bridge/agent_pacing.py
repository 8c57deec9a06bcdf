"""Whether one more call of a pass paced by its agents may start: knows the calls on their way and what was
learnt of earlier ones; the rule is `strategies.predictive`'s, the agents are the board's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from ami_bridge.agents import QueueBoard
from strategies.abandon_gate import Rule, Tally
from strategies.abandonment import Share
from strategies.attempts import Intent
from strategies.call_estimates import aged, ring_ended, talk_ended
from strategies.campaign import Campaign, Pass
from strategies.frozen import replace
from strategies.predictive import (
    FEEDBACK_EVERY,
    Decision,
    Floor,
    Pacer,
    decide,
    fed_back,
    power,
)
from strategies.ring_ages import Ages, as_many_as, rang, turned_out
from strategies.rules import SLOWED
from strategies.state import SubCampaign
from strategies.store import Store
from strategies.windows import local_date, start_of

log = structlog.get_logger(__name__)

RECOUNT = 1.0  # seconds between two readings of a campaign's live answers
AHEAD = frozenset({"power", "predictive"})  # methods that dial more people than there are free agents
WHY = {
    "rule": "the next call would too likely find no agent free",
    "gate": "the period's share of abandoned calls leaves no room for more",
}


NOBODY = Share()
NOTHING_KNOWN = Ages()


@dataclass(slots=True)
class Line:
    """What is known of one sub-campaign's calls."""

    queue: str
    pacer: Pacer = field(default_factory=Pacer)
    fed_at: float = 0.0
    ringing: dict[str, float] = field(default_factory=dict)  # attempt -> when it was placed
    picked_up: set[str] = field(default_factory=set)  # those of them of which it is not known yet by whom
    ages: Ages = NOTHING_KNOWN
    last: Decision | None = None


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
        self._lines: dict[str, Line] = {}
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
        line = self._aged(sub.name, sub.campaign.queue, now)
        if now >= line.fed_at + FEEDBACK_EVERY:
            staffed = self._board.manning(line.queue).staffed
            feedback = fed_back(
                line.pacer.feedback, count.tally(), staffed, rule_of(capped[0], sub) or Rule()
            )
            line.pacer, line.fed_at = replace(line.pacer, feedback=feedback), now

    def grant(self, attempt: str, sub: SubCampaign, going: Pass, now: float) -> str | None:
        """Let one more call start, which then is on its way to an agent; else the reason why not, in
        words."""
        queue, method = sub.campaign.queue, going.pacing.method
        if going.recovery is not None or method not in AHEAD:
            granted = self._board.reserve(queue, attempt)
            return None if granted else "no agent is free"
        line = self._aged(sub.name, queue, now)
        line.last = self._decision(sub, going, line, now)
        if line.last.calls < 1:
            return WHY[line.last.stopped_by]
        self._board.promise(queue, attempt)
        return None

    def _reckoned(self, line: Line, coming: int, now: float) -> int:
        """The calls on their way, each as many as it is likelier than a new one to lead to a person."""
        ages = [now - at for one, at in line.ringing.items() if one not in line.picked_up]
        answer, others = line.pacer.known.answer_probability, max(0, coming - len(line.ringing))
        return others + as_many_as(line.ages, ages, len(line.picked_up), answer)

    def _decision(self, sub: SubCampaign, going: Pass, line: Line, now: float) -> Decision:
        seen = self._board.manning(line.queue)
        count = self._count(sub.name)
        floor = Floor(seen.staffed, seen.busy, seen.waiting, seen.coming, max(0.0, count.ends - now))
        if seen.staffed == 0:
            return Decision(0, "rule")
        pacer = replace(line.pacer, tally=count.tally())
        if going.pacing.method == "power":
            ratio = going.pacing.ratio or 1.0
            ratio = max(1.0, ratio * SLOWED) if sub.slowed else ratio
            return power(floor, ratio, pacer, rule_of(going, sub), 1)
        floor = replace(floor, worth=self._reckoned(line, seen.coming, now))
        return decide(floor, pacer, rule_of(going, sub) or Rule(), 1)

    def placed(self, intent: Intent) -> None:
        """A call is on its way to an agent."""
        self._aged(intent.sub, intent.queue, self._clock()).ringing[intent.attempt] = self._clock()

    def picked_up(self, intent: Intent) -> None:
        """Somebody or something answered."""
        line = self._lines.get(intent.sub)
        if line is not None and intent.attempt in line.ringing.keys() - line.picked_up:
            now = self._clock()
            line.ages = rang(line.ages, now - line.ringing[intent.attempt], now, picked_up=True)
            line.picked_up.add(intent.attempt)

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
                self._aged(sub, queue, self._clock())
                line.pacer = replace(line.pacer, known=talk_ended(line.pacer.known))

    def _rings_no_more(self, intent: Intent, *, answered: bool) -> None:
        line, attempt = self._lines.get(intent.sub), intent.attempt
        if line is None or attempt not in line.ringing:
            return
        now = self._clock()
        if answered:
            self.picked_up(intent)
        self._aged(intent.sub, line.queue, now)
        since = line.ringing.pop(attempt)
        if attempt in line.picked_up:
            line.ages = turned_out(line.ages, now, person=answered)
            line.picked_up.discard(attempt)
        else:
            line.ages = rang(line.ages, now - since, now, picked_up=False)
        line.pacer = replace(line.pacer, known=ring_ended(line.pacer.known, answered=answered))

    def _aged(self, sub: str, queue: str, now: float) -> Line:
        """What is known of the sub-campaign's calls, with the time since it was last touched counted."""
        line = self._lines.setdefault(sub, Line(queue))
        line.queue = queue
        if line.pacer.known.at == 0.0:
            line.pacer, line.fed_at = replace(line.pacer, known=replace(line.pacer.known, at=now)), now
        busy = self._board.manning(queue).busy
        line.pacer = replace(line.pacer, known=aged(line.pacer.known, now, len(line.ringing), busy))
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


def rule_of(going: Pass, sub: SubCampaign) -> Rule | None:
    """What the pass asks of the rule; None where nothing caps what it may abandon. Config lets no pass be
    predictive without a cap."""
    cap = going.pacing.abandon_rate
    return None if cap is None else Rule(cap=cap * SLOWED if sub.slowed else cap)
