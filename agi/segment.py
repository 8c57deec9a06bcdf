"""The inbound hook: who calls, from which segment, and by whose objective the call is queued; the rule
itself is `strategies.segmentation`'s."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from agi.channel import Channel
from agi.channel_variables import set_all
from config.variables import Variable
from models.features import row
from models.outcome import Predictor
from strategies.control import control_arm
from strategies.numbers import normalise
from strategies.segmentation import Decision, Facts, Reason, decide, objective_for, stay
from strategies.segments import Catalogue, Objective, Prediction, ScopeKind, Segment
from strategies.store import Caller, Store, StoreUnavailable
from strategies.vocabulary import Kind

log = structlog.get_logger(__name__)

LEDGER_DEADLINE = 1.5  # seconds the ledger may take once the caller has gone on


@dataclass(frozen=True, slots=True)
class Asked:
    """The call that is asked about: its number in E.164 if it has one, and Asterisk's id of it."""

    interaction: str
    number: str | None


@dataclass(slots=True)
class Answer:
    """What is known when the variables are set. `caller` and `first` stay None as far as they could not be
    read."""

    caller: Caller | None = None
    first: Segment | None = None
    decision: Decision | None = None
    kept: bool = False


class SegmentHook:
    """One per server. `predictors` by model name; `country` reads caller ids that are not in E.164."""

    def __init__(  # noqa: PLR0913  each its own source of what is known, by name
        self,
        store: Store,
        catalogue: Catalogue,
        predictors: Mapping[str, Predictor],
        *,
        country: str,
        tenant: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._catalogue, self._predictors = store, catalogue, predictors
        self._country, self._tenant, self._clock = country, tenant, clock

    async def __call__(self, channel: Channel) -> None:
        """Decide within the catalogue's deadline, set the variables, let the caller go on, and then keep the
        decision in the ledger: nobody waits for our disk."""
        began = time.perf_counter()
        asked = _asked(channel.environment, self._country)
        answer = Answer()
        fallen_back = await self._decide_in_time(asked, answer)
        decision = answer.decision or stay(answer.first, self._catalogue, fallen_back or Reason.FAULT)
        await set_all(channel, self._variables(asked, answer.caller, decision))
        channel.close()
        spent = (time.perf_counter() - began) * 1000
        await self._keep(asked, answer, decision, spent)

    async def _decide_in_time(self, asked: Asked, answer: Answer) -> Reason | None:
        """Fill in `answer` as far as the deadline lets; the reason where it gets to no decision."""
        until = asyncio.get_running_loop().time() + self._catalogue.deadline
        try:
            async with asyncio.timeout_at(until):
                await self._decide(asked, answer, until)
        except TimeoutError:
            log.warning(
                "segment.deadline", interaction=asked.interaction, first_known=answer.first is not None
            )
            return Reason.DEADLINE
        except StoreUnavailable as error:
            log.warning("segment.store_unavailable", interaction=asked.interaction, error=str(error))
            return Reason.FAULT
        except Exception:
            # Whatever is wrong with us, the caller goes on with the first segment.
            log.exception("segment.fault", interaction=asked.interaction)
            return Reason.FAULT
        return None

    async def _decide(self, asked: Asked, answer: Answer, until: float) -> None:
        caller = await self._store.caller(asked.number)
        answer.caller = caller
        answer.first = self._catalogue.segments.get(caller.segment or "")
        now = self._clock()
        local = datetime.fromtimestamp(now, UTC).astimezone()
        predictions = self._predict(caller, local)
        if asyncio.get_running_loop().time() > until:
            raise TimeoutError  # nothing can interrupt a model at work
        arm = control_arm(self._catalogue.control, self._tenant, local)
        facts = Facts(
            contact=_contact_facts(caller), queue=_queue_facts(caller, self._first(answer)), arm=arm
        )
        decision = decide(answer.first, facts, self._catalogue, predictions)
        if decision.re_associated and self._outlasts_the_call(decision):
            # Another call of the same customer may be moving them too: the store says which of the two does.
            answer.kept = True
            if not await self._reassociate(asked, caller, decision):
                decision = stay(answer.first, self._catalogue, Reason.CONFLICT)
        answer.decision = decision

    def _first(self, answer: Answer) -> Objective:
        return self._catalogue.objective_of(answer.first or self._catalogue.default)

    def _outlasts_the_call(self, decision: Decision) -> bool:
        scope = self._catalogue.segments[decision.second or decision.first].scope
        return scope.kind is not ScopeKind.INTERACTION

    def _predict(self, caller: Caller, local: datetime) -> dict[str, Prediction]:
        attributes = caller.contact.attributes if caller.contact else {}
        history = {"campaign": caller.history.attempts + 1}
        return {
            outcome.name: predictor.predict(row(predictor.factors, attributes, local, history))
            for outcome in self._catalogue.outcomes.values()
            if (predictor := self._predictors.get(outcome.model)) is not None
        }

    def _variables(self, asked: Asked, caller: Caller | None, decision: Decision) -> dict[str, str]:
        objective = objective_for(decision, self._catalogue)
        return {
            Variable.QUEUE: objective.queue,
            Variable.PRIORITY: str(objective.priority),
            Variable.SEGMENT: decision.handled_by,
            Variable.FIRST_SEGMENT: decision.first,
            Variable.OBJECTIVE: objective.name,
            Variable.OFFER: objective.offer or "",
            Variable.PROMPT: objective.prompt or "",
            Variable.ANNOUNCEMENT: objective.announcement or "",
            Variable.WAIT_LIMIT: "" if objective.wait_limit is None else str(round(objective.wait_limit)),
            Variable.PENALTY_MAX: "" if objective.penalty_max is None else str(objective.penalty_max),
            Variable.CUSTOMER: caller.customer if caller else "",
            Variable.DECISION: asked.interaction if decision.reason is not Reason.FAULT else "",
        }

    async def _reassociate(
        self, asked: Asked, caller: Caller, decision: Decision, also: Sequence[Mapping[str, object]] = ()
    ) -> bool:
        segment = self._catalogue.segments[decision.second] if decision.second else None
        return await self._store.reassociate(
            interaction=asked.interaction,
            customer=caller.customer,
            decision=decision.as_record(),
            scope=segment.scope if segment else None,
            expected_version=caller.segment_version,
            now=self._clock(),
            also=also,
        )

    async def _keep(self, asked: Asked, answer: Answer, decision: Decision, spent: float) -> None:
        """The ledger's lines: that the call came in, and the decision unless it stands there already."""
        entered = {
            "kind": Kind.CALL_ENTERED,
            "interaction": asked.interaction,
            "customer": answer.caller.customer if answer.caller else asked.number,
            "reason": decision.reason,
            "ms": round(spent, 3),
        }
        try:
            async with asyncio.timeout(LEDGER_DEADLINE):
                if answer.caller is None or answer.kept:
                    await self._store.append(entered, at=self._clock())
                else:
                    await self._reassociate(asked, answer.caller, decision, also=[entered])
        except (StoreUnavailable, TimeoutError) as error:
            log.warning("segment.not_in_ledger", interaction=asked.interaction, error=str(error))


def _asked(environment: Mapping[str, str], country: str) -> Asked:
    return Asked(environment.get("agi_uniqueid", ""), normalise(environment.get("agi_callerid", ""), country))


def _contact_facts(caller: Caller) -> dict[str, object]:
    """The contact as expressions see it; unknown callers have no attributes."""
    attributes: Mapping[str, object] = caller.contact.attributes if caller.contact else {}
    return {**attributes, "recovery_open": caller.history.recovery_open}


def _queue_facts(caller: Caller, objective: Objective) -> dict[str, object]:
    """The queue the caller would enter by the first objective."""
    figures = caller.queues.get(objective.queue)
    if figures is None:
        return {}
    return {
        "waiting": figures.waiting,
        "agents_free": figures.agents_free,
        "longest_wait": figures.longest_wait,
    }
