"""What becomes of an outbound call that was answered: script, agent, machine message or hang-up.

It notes what it learnt in the store; the attempt's result is made of that elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from agi.channel import Channel
from agi.channel_variables import set_all
from agi.errors import AgiError
from agi.outbound_decision import OutboundDecision
from config.variables import Next, Variable
from strategies.attempts import Fact, FactName, Intent, is_machine, is_unsure
from strategies.detection import UNSURE
from strategies.store import Store
from strategies.vocabulary import Medium

TO_A_PERSON = frozenset({Next.AGENT, Next.SCRIPT})
FACTS_FROM_DIALPLAN = {
    "machine_message": FactName.MACHINE_MESSAGE,
    "no_agent": FactName.NO_AGENT,
    "opted_out": FactName.OPTED_OUT,
}


class UnknownAttempt(AgiError):
    """The channel is no live attempt of ours: nothing is played to it."""


def taken_for(intent: Intent, status: str, cause: str) -> tuple[str, str]:
    """The verdict as the campaign takes it: where it has whoever is not known for a person taken for a
    machine, it says so, and keeps why."""
    if intent.not_sure == "machine" and is_unsure(status, cause):
        return "MACHINE", f"{UNSURE}{cause}"
    return status, cause


def next_after_answer(intent: Intent, status: str, cause: str) -> Next:
    """Where an answered call goes, by what AMD said (AMDSTATUS, AMDCAUSE), or the dialplan of a fax."""
    if status in ("HANGUP", "FAX"):
        return Next.HANGUP
    if is_machine(status, cause):
        return Next.MACHINE if intent.machine == "leave_message" and intent.machine_message else Next.HANGUP
    return Next.AGENT if intent.medium is Medium.DIALER else Next.SCRIPT


class AnsweredHook:
    """Reads the intent, notes what AMD said, and says where the dialplan goes on; of a person, with the
    segment they are in and what the agent is to pursue, where there are segments."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float] = time.time,
        decision: OutboundDecision | None = None,
    ) -> None:
        self._store, self._clock, self._decision = store, clock, decision

    async def __call__(self, channel: Channel) -> None:
        """Sets SP_NEXT, in one step with what the agent is told. Raises UnknownAttempt, which leaves it at
        hangup."""
        attempt = channel.environment.get("agi_uniqueid", "")
        status, cause = (*channel.arguments, "", "")[:2]
        intent = await self._store.intent(attempt)
        if intent is not None:
            status, cause = taken_for(intent, status, cause)
        fact = Fact(FactName.CLASSIFIED, self._clock(), status, cause)
        if intent is None or not await self._store.add_fact(attempt, fact):
            raise UnknownAttempt(f"{attempt} is no attempt in the store, or has ended")
        after = next_after_answer(intent, status, cause)
        if self._decision is None or after not in TO_A_PERSON:
            await channel.set_variable(Variable.NEXT, after)
            return
        decided = await self._decision.decided(intent)
        await set_all(channel, {Variable.NEXT: after, **self._decision.variables(decided)})
        channel.close()
        await self._decision.keep(decided)


class FactHook:
    """Notes what only the dialplan knows, such as that a machine was left its message."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, channel: Channel) -> None:
        """The first argument names the fact; a name that is not in the table is refused."""
        name = FACTS_FROM_DIALPLAN.get(next(iter(channel.arguments), ""))
        attempt = channel.environment.get("agi_uniqueid", "")
        if name is None or not await self._store.add_fact(attempt, Fact(name, self._clock())):
            raise UnknownAttempt(f"{attempt} has ended, or the dialplan named no fact we know")
