"""What an attempt holds from before its claim until its end: an agent where it needs one, a channel, its
share of the rates. Who gets them is asked here, in which order is not."""

from __future__ import annotations

from ami_bridge.agent_pacing import AgentPacing
from ami_bridge.agents import QueueBoard
from ami_bridge.live_calls import LiveCalls
from ami_bridge.pace import Held, Pace
from ami_bridge.standing_by import Leg, StandingBy
from strategies.attempts import Fact, FactName, Intent
from strategies.callbacks import own_agent
from strategies.campaign import Pass
from strategies.frozen import Record
from strategies.state import Callback, SubCampaign
from strategies.vocabulary import VOICE, Medium


class Wish(Record, frozen=True):
    """An attempt that is to be made, of this contact: `callback`, where it was promised; `said`: the
    probability of an answer, where a model tells it."""

    attempt: str
    sub: SubCampaign
    going: Pass
    contact: str = ""
    callback: Callback | None = None
    said: float | None = None


class Grants:
    """`pending` are the attempts that hold something and were not yet handed over to be placed."""

    def __init__(
        self,
        pace: Pace,
        board: QueueBoard,
        agents: AgentPacing,
        calls: LiveCalls,
        standing_by: StandingBy,
    ) -> None:
        self._pace, self._board, self._agents, self._calls = pace, board, agents, calls
        self._standing_by = standing_by
        self._pending: set[str] = set()
        self._held: dict[tuple[str, str], str] = {}

    def grant(self, wish: Wish, now: float) -> Held | None:
        """An agent first, where the call goes to one; then a place among the calls that may start. None:
        it has both; else it has nothing."""
        attempt, sub, going = wish.attempt, wish.sub, wish.going
        if going.medium not in VOICE:
            return Held.PASS
        place = (sub.name, going.name)
        if going.medium is Medium.DIALER:
            if wish.callback is not None:
                why, held_back = self._for_callback(wish, wish.callback, now), Held.CONTACT
            else:
                why, held_back = self._agents.grant(attempt, sub, going, now, wish.said), Held.PASS
            if why is not None:
                self._held[place] = why
                return held_back
        held = self._pace.take(attempt, sub, going, now)
        if held is not None:
            self._board.release(attempt)
            self._agents.not_placed(attempt)
            self._standing_by.put_back(attempt)
            self._held[place] = self._pace.full
            return held
        self._held.pop(place, None)
        self._pending.add(attempt)
        return None

    def _for_callback(self, wish: Wish, callback: Callback, now: float) -> str | None:
        """The agent of a callback is reserved before the person is called: for one agent, and for whose place
        in a queue was kept, they are on the line by then, so that nobody who answers waits for them."""
        queue, own = wish.sub.campaign.queue, own_agent(callback, now)
        if own is None and not callback.place:
            return None if self._board.reserve(queue, wish.attempt) else "no agent is free"
        key = (wish.sub.name, wish.contact)
        leg = self._standing_by.there(key)
        if leg is None:
            if (why := self._not_yet(wish, callback, own)) is not None:
                return why
            self._standing_by.call(key, queue, own or "")
        elif leg.agent:
            self._standing_by.take(key, wish.attempt)
            return None
        return "the agent of a callback is called first"

    def _not_yet(self, wish: Wish, callback: Callback, own: str | None) -> str | None:
        """Why no agent is called yet: that one is busy, or callers wait who came before this person did."""
        queue, recovery = wish.sub.campaign.queue, wish.going.recovery
        if own is not None:
            return None if self._board.is_free(queue, own) else f"the agent of a callback, {own}, is not free"
        waited_in = (recovery.queue if recovery else None) or queue
        if self._board.ahead(waited_in, callback.place) or not self._board.manning(queue).staffed:
            return "a callback waits for its turn in the queue"
        return None

    def leg_of(self, attempt: str) -> Leg | None:
        """The agent who is on the line already for this attempt's person."""
        return self._standing_by.of(attempt)

    def held(self) -> dict[str, dict[str, str]]:
        """Sub-campaign -> pass -> why the last attempt that was asked for had to wait."""
        found: dict[str, dict[str, str]] = {}
        for (sub, going), why in self._held.items():
            found.setdefault(sub, {})[going] = why
        return found

    def handed_over(self, intent: Intent) -> None:
        """It is claimed, and about to be placed."""
        self._pending.discard(intent.attempt)
        self._calls.placed(intent)

    def pending(self) -> list[str]:
        """Attempts of a look that is not through."""
        return sorted(self._pending)

    def hung_up(self, attempt: str) -> None:
        """Its channel is gone; what else it holds it keeps until its end is recorded."""
        self._pace.ended(attempt)

    def give_back(self, attempt: str) -> None:
        """It is over, or will not be placed: nothing of it counts any more."""
        self._pending.discard(attempt)
        self._calls.over(attempt)
        self._agents.not_placed(attempt)
        self._standing_by.over(attempt)
        self._board.release(attempt)
        self._pace.ended(attempt)

    def adopt(self, intent: Intent, *, to_agent: bool) -> None:
        """A call that is up counts against the channels, and against the agents while it is `to_agent`."""
        self._pace.adopt(intent)
        waits_since = self._board.waits_since(intent.queue, intent.attempt)
        if to_agent or waits_since is not None:
            self._calls.placed(intent)
        if waits_since is not None:
            self._calls.hear(intent.attempt, Fact(FactName.QUEUE_JOINED, waits_since, intent.queue))
        if to_agent and not self._calls.is_settled(intent.attempt):
            self._board.promise(intent.queue, intent.attempt)
        else:
            self._board.release(intent.attempt)
