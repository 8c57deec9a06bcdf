"""Calls of a simulation that are placed before an agent is free for them: as many as the dialer's own pacing
allows, with who finds nobody led away after its patience; what each comes to is left to the fates."""

from __future__ import annotations

from collections.abc import Mapping

from ami_bridge.ahead_of_agents import AHEAD, NOTHING_KNOWN, Prospect, held_back, hours_left, rule_of
from ami_bridge.calls_ahead import CallsAhead
from console.simulator.agents import Agents
from strategies.abandon_gate import Rule, Tally
from strategies.campaign import Campaign, Pass
from strategies.predictive import Floor

DAY = 86_400.0
RECOUNT = 60.0  # seconds between two looks at how long a pass may still be dialled
PATIENCE = Rule().patience


class Ahead:
    """One per simulation, which has one sub-campaign."""

    def __init__(self, agents: Agents) -> None:
        self._agents, self._line = agents, CallsAhead("")
        self._coming: set[str] = set()  # granted, and neither answered nor over
        self._waiting = self._answered = self._abandoned = 0
        self._ends = 0.0  # of the period over which abandoned calls are counted
        self._ahead: dict[str, Prospect] = {}  # by pass
        self.people: Mapping[str, int] = {}  # pass -> who is not through with it, as far as it was counted

    def paces(self, going: Pass) -> bool:
        """Whether the pass is dialled ahead: not with agents enough for everybody, who are always free."""
        return self._agents.staffed is not None and going.recovery is None and going.pacing.method in AHEAD

    def grant(self, attempt: str, campaign: Campaign, going: Pass, now: float) -> bool:
        """Let one more call start, if the pacing does."""
        if now >= self._ends:
            self._ends, self._answered, self._abandoned = now + campaign.limits.abandon_days * DAY, 0, 0
        staffed, line = self._agents.staffed or 0, self._line
        line.pass_time(now, self._agents.busy)
        line.count(Tally(self._answered, self._abandoned))
        line.feed_back(now, staffed, rule_of(going.pacing) or Rule())
        left, people = self._left(campaign, going, now), self.people.get(going.name)
        floor = Floor(staffed, self._agents.busy, self._waiting, len(self._coming), left, people=people)
        if not staffed or held_back(line, floor, going.pacing, now) is not None:
            return False
        self._coming.add(attempt)
        return True

    def _left(self, campaign: Campaign, going: Pass, now: float) -> float:
        """Seconds in which the pass can still make up for whom it abandons."""
        known = self._ahead.get(going.name, NOTHING_KNOWN)
        if now >= known.at + RECOUNT:
            known = Prospect(now, hours_left(campaign, going, now, self._ends))
            self._ahead[going.name] = known
        return known.left(now)

    def has(self, attempt: str) -> bool:
        """Whether it was granted so, and is neither answered nor over."""
        return attempt in self._coming

    def placed(self, attempt: str, now: float) -> None:
        """It rings."""
        self._line.pass_time(now, self._agents.busy)
        self._line.ringing[attempt] = now

    def answered(self, attempt: str, now: float) -> None:
        """A person answered, and waits for an agent."""
        self._rings_no_more(attempt, now, answered=True)
        self._answered += 1
        self._waiting += 1

    def connected(self, attempt: str) -> bool:
        """Whether an agent is free for who waits, and then has them."""
        free = self._agents.reserve(attempt)
        self._waiting -= free
        return free

    def abandoned(self) -> None:
        """Nobody was there in time."""
        self._waiting -= 1
        self._abandoned += 1

    def over(self, attempt: str, now: float) -> None:
        """It ended without a person, or did not start."""
        if attempt in self._coming:
            self._rings_no_more(attempt, now, answered=False)

    def freed(self, now: float) -> None:
        """An agent has done with a caller, wrap-up included; told while they still count as busy."""
        self._line.pass_time(now, self._agents.busy)
        self._line.talk_ended()

    def _rings_no_more(self, attempt: str, now: float, *, answered: bool) -> None:
        self._coming.discard(attempt)
        self._line.pass_time(now, self._agents.busy)
        if answered:
            self._line.heard_up(attempt, now)
        self._line.rings_no_more(attempt, now, answered=answered)
