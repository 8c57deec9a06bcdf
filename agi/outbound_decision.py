"""The segment of a person we called and who answered: decided as for a caller, and told to the agent. The
call stays in its campaign's queue, where an agent was kept for it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from agi.asked import Asked
from agi.segment import Answer, SegmentHook
from config.variables import Variable
from models.live_factors import CALLBACK, OUTBOUND
from strategies.attempts import Intent
from strategies.segmentation import Decision

FOR_THE_AGENT = (
    Variable.SEGMENT,
    Variable.FIRST_SEGMENT,
    Variable.OBJECTIVE,
    Variable.OFFER,
    Variable.PROMPT,
    Variable.CUSTOMER,
    Variable.WHY,
    Variable.DECISION,
)


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that is not in the ledger yet; `began` by the clock of `time.perf_counter`."""

    call: Asked
    answer: Answer
    decision: Decision
    began: float


class OutboundDecision:
    """One per server and catalogue."""

    def __init__(self, hook: SegmentHook) -> None:
        self._hook = hook

    async def decided(self, intent: Intent) -> Decided:
        """Within the catalogue's deadline; never raises but for a cancellation."""
        began = time.perf_counter()
        channel = CALLBACK if intent.callback else OUTBOUND
        told = {"channel": channel, "dialled": intent.sub.partition("/")[0]}
        call = Asked(intent.attempt, intent.device.address, attempt=intent.attempt, intent=told)
        answer, decision = await self._hook.decided(call)
        return Decided(call, answer, decision, began)

    def variables(self, one: Decided) -> dict[str, str]:
        """What the agent's screen is told."""
        whole = self._hook.variables(one.call, one.answer, one.decision)
        return {name: whole[name] for name in FOR_THE_AGENT}

    async def keep(self, one: Decided) -> None:
        """Write it into the ledger; nobody should wait for that."""
        spent = (time.perf_counter() - one.began) * 1000
        await self._hook.keep(one.call, one.answer, one.decision, spent)
