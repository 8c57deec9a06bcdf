"""The inbound hook: who calls, from which segment, and by whose objective the call is queued; the rule
itself is `strategies.segmentation`'s."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from agi.agents_at_hand import AgentsAtHand
from agi.asked import Asked, asked
from agi.channel import Channel
from agi.channel_variables import set_all
from agi.facts import facts_of
from agi.foreseeing import Foreseen, Foreseer
from agi.lookup import LookupService, laid_over, named
from agi.promotions import Promotions
from config.variables import Variable
from models.outcome import Predictor
from strategies.control import Arm, call_arm, control_arm, draw
from strategies.segmentation import Decision, Promoted, Reason, decide, objective_for, stay
from strategies.segments import Catalogue, Objective, ScopeKind, Segment
from strategies.store import Caller, Counted, Store, StoreUnavailable
from strategies.vocabulary import Kind

log = structlog.get_logger(__name__)

LEDGER_DEADLINE = 1.5  # seconds the ledger may take once the caller has gone on


@dataclass(slots=True)
class Answer:
    """What is known when the variables are set. `caller` and `first` stay None as far as they could not be
    read; `foreseen` as far as nothing was predicted."""

    caller: Caller | None = None
    first: Segment | None = None
    foreseen: Foreseen | None = None
    decision: Decision | None = None
    kept: bool = False


class SegmentHook:
    """One per server and catalogue. `predictors` by model name; `country` reads caller ids that are not in
    E.164; `promotions` and `agents` outlast the catalogue."""

    def __init__(  # noqa: PLR0913  each its own source of what is known, by name
        self,
        store: Store,
        catalogue: Catalogue,
        predictors: Mapping[str, Predictor],
        *,
        country: str,
        tenant: str,
        promotions: Promotions | None = None,
        agents: AgentsAtHand | None = None,
        lookup: LookupService | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._catalogue = store, catalogue
        self._foreseer = Foreseer(catalogue, predictors)
        self._promotions = promotions or Promotions()
        self._agents = agents or AgentsAtHand()
        self._lookup = lookup
        self._country, self._tenant, self._clock = country, tenant, clock

    async def __call__(self, channel: Channel) -> None:
        """Decide within the catalogue's deadline, set the variables, let the caller go on, and then keep the
        decision in the ledger: nobody waits for our disk."""
        began = time.perf_counter()
        call = asked(channel, self._country)
        answer, decision = await self.decided(call)
        await set_all(channel, self.variables(call, answer, decision))
        channel.close()
        spent = (time.perf_counter() - began) * 1000
        await self.keep(call, answer, decision, spent)

    async def decided(self, call: Asked) -> tuple[Answer, Decision]:
        """The decision about a call, within the catalogue's deadline: the first segment stands where there is
        none by then. Never raises but for a cancellation."""
        answer = Answer()
        fallen_back = await self._decide_in_time(call, answer)
        return answer, answer.decision or stay(answer.first, self._catalogue, fallen_back or Reason.FAULT)

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
        caller = await self._caller(asked, answer)
        now = self._clock()
        local = datetime.fromtimestamp(now, UTC).astimezone()
        figures = caller.queues.get(self._first(answer).queue)
        answer.foreseen = await self._foreseer.foresee(
            caller, asked.intent, figures, local=local, until=until
        )
        if asyncio.get_running_loop().time() > until:
            raise TimeoutError  # nothing can interrupt a model at work in the loop
        facts = facts_of(
            caller,
            interaction=asked.interaction,
            queue=self._first(answer).queue,
            tenant=self._tenant,
            arm=self._arm(asked, local),
            promoted=self._promoted(now, caller),
            agents=self._agents.records(now),
        )
        decision = decide(answer.first, facts, self._catalogue, answer.foreseen.predictions)
        self._promotions.note(now, moved=decision.re_associated)
        if decision.re_associated and self._outlasts_the_call(decision):
            # Another call of the same customer may be moving them too: the store says which of the two does.
            answer.kept = True
            stays = stay(answer.first, self._catalogue, Reason.CONFLICT)
            if not await self._reassociate(asked, caller, decision, otherwise=stays):
                decision = stays
        answer.decision = decision

    async def _caller(self, asked: Asked, answer: Answer) -> Caller:
        """Who calls, by the store and by the centre's own service, which are asked at once."""
        asking = asyncio.ensure_future(self._lookup.ask(asked)) if self._lookup is not None else None
        try:
            known = await self._store.caller(
                asked.number, asked.attempt, asked.account, counted=self._counted(asked)
            )
            self._note(answer, known)
            if asking is not None:
                self._note(answer, laid_over(known, await asking))
        finally:
            if asking is not None:
                asking.cancel()
        return answer.caller or known

    def _note(self, answer: Answer, caller: Caller) -> None:
        answer.caller = caller
        answer.first = self._catalogue.segments.get(caller.segment or "")

    def _first(self, answer: Answer) -> Objective:
        return self._catalogue.objective_of(answer.first or self._catalogue.default)

    def _outlasts_the_call(self, decision: Decision) -> bool:
        scope = self._catalogue.segments[decision.second or decision.first].scope
        return scope.kind is not ScopeKind.INTERACTION

    def _arm(self, asked: Asked, local: datetime) -> Arm:
        control = self._catalogue.control
        drawn = draw(f"{self._tenant} call", asked.interaction)  # not the number that exploring goes by
        return call_arm(control, control_arm(control, self._tenant, local), drawn)

    def _counted(self, asked: Asked) -> Counted | None:
        share = self._catalogue.guards.promoted_share
        return Counted(asked.interaction, self._clock(), share.per) if share else None

    def _promoted(self, now: float, caller: Caller) -> Promoted | None:
        share = self._catalogue.guards.promoted_share
        return self._promotions.seen(now, share.per, caller.promoted) if share else None

    def variables(self, asked: Asked, answer: Answer, decision: Decision) -> dict[str, str]:
        """What the dialplan and the agent's screen are told of a decision."""
        caller = answer.caller
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
            Variable.CUSTOMER: named(caller) if caller else "",
            Variable.WHY: _why(decision),
            Variable.CALLBACK: "1" if decision.callback else "",
            Variable.DECISION: asked.interaction if decision.reason is not Reason.FAULT else "",
        }

    async def _reassociate(
        self,
        asked: Asked,
        caller: Caller,
        decision: Decision,
        *,
        otherwise: Decision | None = None,
        also: Sequence[Mapping[str, object]] = (),
    ) -> bool:
        segment = self._catalogue.segments[decision.second] if decision.second else None
        return await self._store.reassociate(
            interaction=asked.interaction,
            customer=caller.customer,
            decision=decision.as_record(),
            scope=segment.scope if segment else None,
            expected_version=caller.segment_version,
            now=self._clock(),
            otherwise=otherwise.as_record() if otherwise is not None else None,
            also=also,
        )

    async def keep(self, asked: Asked, answer: Answer, decision: Decision, spent: float) -> None:
        """The ledger's lines: that the call came in and what was known of it then, and the decision unless it
        stands there already."""
        entered = {
            "kind": Kind.CALL_ENTERED,
            "interaction": asked.interaction,
            "customer": answer.caller.customer if answer.caller else asked.number,
            "reason": decision.reason,
            "ms": round(spent, 3),
            **(await self._foreseer.record(answer.foreseen) if answer.foreseen else {}),
        }
        try:
            async with asyncio.timeout(LEDGER_DEADLINE):
                if answer.caller is None or answer.kept:
                    await self._store.append(entered, at=self._clock())
                else:
                    await self._reassociate(asked, answer.caller, decision, also=[entered])
        except (StoreUnavailable, TimeoutError) as error:
            log.warning("segment.not_in_ledger", interaction=asked.interaction, error=str(error))


def _why(decision: Decision) -> str:
    """Why, in words an agent can read: the reason, and the chances it rests on."""
    chances = [
        f"{name} {one.probability:.0%}"
        for name, one in decision.predictions.items()
        if one.probability is not None
    ]
    return " ".join([decision.reason.replace("_", " "), *chances])
