"""Whether one more call of a pass paced by its agents may start: knows the calls on their way and what was
learnt of earlier ones; the rule is `strategies.predictive`'s, the agents are the board's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from ami_bridge.agents import QueueBoard
from ami_bridge.ahead_of_agents import (
    AHEAD,
    NOTHING_KNOWN,
    Prospect,
    held_back,
    hours_left,
    rule_of,
    slowed_down,
)
from ami_bridge.calls_ahead import CallsAhead
from ami_bridge.unheard import Unheard
from strategies.abandon_gate import Rule, Tally
from strategies.abandonment import Share
from strategies.attempts import Intent
from strategies.campaign import Campaign, Pacing, Pass
from strategies.predictive import Floor
from strategies.state import SubCampaign
from strategies.store import Store
from strategies.windows import local_date, start_of

log = structlog.get_logger(__name__)

RECOUNT = 1.0  # seconds between two readings of a campaign's live answers

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

    def forget(self, told: set[str]) -> None:
        """The store has these, or nobody asks for them."""
        self.live -= told
        self.lost -= told
        self.recorded -= told


class AgentPacing:
    """One per dialer. Everything but what was learnt of calls can be rebuilt from store and snapshot."""

    def __init__(self, store: Store, board: QueueBoard, clock: Callable[[], float]) -> None:
        self._store, self._board, self._clock = store, board, clock
        self._lines: dict[str, CallsAhead] = {}
        self._counts: dict[str, Count] = {}
        self._ahead: dict[tuple[str, str], Prospect] = {}  # sub-campaign and pass
        self._unheard: defaultdict[str, Unheard] = defaultdict(Unheard)  # by queue

    def wrap_up(self, running: Sequence[SubCampaign]) -> None:
        """After a call an agent has as long as any of the campaigns asks for that call their queue."""
        for queue in {sub.campaign.queue for sub in running}:
            sharing = (sub.campaign.wrap_up for sub in running if sub.campaign.queue == queue)
            self._board.wraps_up(queue, max(sharing))

    async def refresh(self, sub: SubCampaign, now: float) -> None:
        """Read how many were abandoned, if a pass is paced by it and it is time; let the feedback go on."""
        capped = [one for one in sub.campaign.passes if one.pacing.abandon_rate is not None and not one.out]
        count = self._count(sub.name)
        if not capped:
            count.forget(count.recorded.copy())
            return
        if now >= count.again:
            await self._read(sub.campaign, count, now)
        if now >= self._ahead.get((sub.name, capped[0].name), NOTHING_KNOWN).at + RECOUNT:
            await self._look_ahead(sub, capped, count.ends, now)
        line = self._timed(sub.name, sub.campaign.queue, now)
        line.count(count.tally())
        line.feed_back(now, self._board.manning(line.queue).staffed, rule_of(_now(capped[0], sub)) or Rule())

    def grant(
        self, attempt: str, sub: SubCampaign, going: Pass, now: float, said: float | None = None
    ) -> str | None:
        """Let one more call start, which then is on its way to an agent; else the reason why not, in words.
        `said`: the probability of an answer that a model gives."""
        unheard = self._unheard[sub.campaign.queue]
        why = unheard.holds_back(now) or self._granted(attempt, sub, going, now, said)
        if why is None:
            unheard.called(now)
        return why

    def _granted(
        self, attempt: str, sub: SubCampaign, going: Pass, now: float, said: float | None
    ) -> str | None:
        queue, method = sub.campaign.queue, going.pacing.method
        if going.recovery is not None or method not in AHEAD:
            granted = self._board.reserve(queue, attempt)
            return None if granted else "no agent is free"
        seen, count = self._board.manning(queue), self._count(sub.name)
        if seen.staffed == 0:
            return "no agent is there"
        line = self._timed(sub.name, queue, now)
        line.count(count.tally())
        ahead = self._ahead.get((sub.name, going.name), NOTHING_KNOWN)
        floor = Floor(
            seen.staffed, seen.busy, seen.waiting, seen.coming, ahead.left(now), people=ahead.people
        )
        why = held_back(line, floor, _now(going, sub), now, said)
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

    def connected(self, intent: Intent) -> None:
        """An agent talks to that person."""
        self._unheard[intent.queue].heard()

    def abandoned(self, intent: Intent, *, queued: bool) -> None:
        """No agent was there for that person. Of who never came to the queue the agents' telephones know
        nothing."""
        self._count(intent.sub).lost.add(intent.attempt)
        if not queued:
            return
        seen, unheard = self._board.manning(intent.queue), self._unheard[intent.queue]
        if seen.staffed == 0:
            unheard.heard()
        elif seen.busy < seen.staffed or intent.attempt in self._board.served():
            unheard.lost(intent.queue, self._clock())

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

    async def _look_ahead(self, sub: SubCampaign, capped: Sequence[Pass], ends: float, now: float) -> None:
        """How long, and with how many people, the passes can still make up for whom they abandon."""
        waiting = await self._store.pass_waiting(sub.name)
        until = ends if sub.ends is None else min(ends, sub.ends)
        for going in capped:
            seconds = hours_left(sub.campaign, going, now, until)
            self._ahead[sub.name, going.name] = Prospect(now, seconds, waiting.get(going.name, 0))

    async def _read(self, campaign: Campaign, count: Count, now: float) -> None:
        """What was recorded before the reading began is in what is read."""
        told = set(count.recorded)
        found = await self._store.answered(campaign.name)
        period = found.period(local_date(campaign.zone, now), campaign.limits.abandon_days)
        count.share, count.again = found.share(period), now + RECOUNT
        count.ends = start_of(period.last + timedelta(days=1), (campaign.zone,))
        count.forget(told)


def _now(going: Pass, sub: SubCampaign) -> Pacing:
    return slowed_down(going.pacing) if sub.slowed else going.pacing
