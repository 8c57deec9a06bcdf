"""What is heard of calls that are to reach an agent, from the dial to the agent: told to the pacing, which
learns of it, and to the clock of the two seconds; the attempt's result is made elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from ami_bridge.abandoning import Abandoning
from ami_bridge.agent_pacing import AgentPacing
from strategies.attempts import Fact, FactName, Intent, is_picked_up, live_since
from strategies.vocabulary import Medium


class Stage(Enum):
    """How far such a call is. Facts come by two ways, some twice: each stage is entered once."""

    RINGS = "rings"
    WAITS = "waits"
    SETTLED = "settled"


@dataclass(slots=True)
class Call:
    intent: Intent
    stage: Stage = Stage.RINGS
    answered: tuple[Fact, ...] = ()  # that somebody or something did
    queued: bool = False  # an agent's telephone was to ring for them


ENDS = frozenset({FactName.HUNG_UP, FactName.ORIGINATE_FAILED, FactName.GONE})


class LiveCalls:
    """One per dialer; calls of other media than the dialer's are passed over."""

    def __init__(self, pacing: AgentPacing, abandoning: Abandoning) -> None:
        self._pacing, self._abandoning = pacing, abandoning
        self._calls: dict[str, Call] = {}
        self.on_change: Callable[[], None] = lambda: None

    def placed(self, intent: Intent) -> None:
        """It is about to be asked for, or is up; of one known already, what was heard stays."""
        if intent.medium is Medium.DIALER and intent.attempt not in self._calls:
            self._calls[intent.attempt] = Call(intent)
            self._pacing.placed(intent)

    def over(self, attempt: str) -> None:
        """It is recorded, or will not be placed."""
        call = self._calls.pop(attempt, None)
        if call is not None:
            self._abandoning.served(attempt)
            self._pacing.over(call.intent)
            self.on_change()

    def is_settled(self, attempt: str) -> bool:
        """Whether no agent is needed for it any more."""
        call = self._calls.get(attempt)
        return call is not None and call.stage is Stage.SETTLED

    def under_way(self) -> Counter[str]:
        """Calls to agents that are not over, by sub-campaign."""
        return Counter(call.intent.sub for call in self._calls.values())

    def hear(self, attempt: str, fact: Fact) -> None:
        """Something happened to a call; of those not known here, nothing follows."""
        call = self._calls.get(attempt)
        if call is None or call.stage is Stage.SETTLED:
            return
        if is_picked_up(fact) and not call.answered:
            call.answered = (fact,)
        call.queued = call.queued or fact.name is FactName.QUEUE_JOINED
        since = live_since(call.intent, [*call.answered, fact])
        if since is not None:
            self._answered(call, since)
        if call.stage is Stage.RINGS and is_picked_up(fact):
            self._pacing.picked_up(call.intent)
        elif fact.name is FactName.AGENT_CONNECTED:
            self._pacing.connected(call.intent)
            self._settle(call)
        elif fact.name is FactName.NO_AGENT:
            self.abandoned(attempt)
        elif fact.name in ENDS or (call.stage is Stage.RINGS and _is_no_person(fact)):
            self._ended(call)

    def abandoned(self, attempt: str) -> None:
        """The person was led to the abandon message."""
        call = self._calls.get(attempt)
        if call is not None and call.stage is not Stage.SETTLED:
            self._pacing.abandoned(call.intent, queued=call.queued)
            self._settle(call)

    def _answered(self, call: Call, since: float) -> None:
        """The queue's word may come before the machine detection's, which knows the earlier moment."""
        if call.stage is Stage.RINGS:
            call.stage = Stage.WAITS
            self._pacing.answered(call.intent)
        if call.intent.abandon_message is not None:
            self._abandoning.waits(call.intent.attempt, since)

    def _ended(self, call: Call) -> None:
        """Whoever answered and hung up before an agent was there counts as abandoned."""
        if call.stage is Stage.WAITS:
            self._pacing.abandoned(call.intent, queued=call.queued)
        else:
            self._pacing.in_vain(call.intent)
        self._settle(call)

    def _settle(self, call: Call) -> None:
        call.stage = Stage.SETTLED
        self._abandoning.served(call.intent.attempt)
        self.on_change()


def _is_no_person(fact: Fact) -> bool:
    """Whether no person will come to the queue any more; who did is told by `live_since`."""
    if fact.name is FactName.DIAL_ENDED:
        return fact.value != "ANSWER"
    return fact.name is FactName.CLASSIFIED
