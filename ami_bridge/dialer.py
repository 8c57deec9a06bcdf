"""Dials: lets choose who is due, claims them in the store, and only then has Asterisk asked; what became of
a call is the keeper's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from ami_bridge.abandoning import Abandoning
from ami_bridge.agent_pacing import AgentPacing
from ami_bridge.agents import QueueBoard
from ami_bridge.answer_chances import AnswerChances
from ami_bridge.attempt_keeper import AttemptKeeper
from ami_bridge.choice import BATCH, Choice
from ami_bridge.completion import Completion
from ami_bridge.errors import UnsafeAsterisk
from ami_bridge.grants import Grants
from ami_bridge.link import AmiLink
from ami_bridge.live_calls import LiveCalls
from ami_bridge.pace import Pace
from ami_bridge.placement import Placement
from ami_bridge.preparation import Candidate, claim_of, prompts_of
from ami_bridge.previews import Previews
from ami_bridge.ringing import Ringing
from ami_bridge.set_within import set_within
from ami_bridge.speech import Speech, SpeechError
from ami_bridge.standing_by import StandingBy
from ami_bridge.sub_campaigns import SubCampaigns
from config.settings import Settings
from models.registry import SHIPPED
from strategies.attempts import Fact, FactName, Intent
from strategies.engine import refused
from strategies.state import Move, SubCampaign, Wait, due_at
from strategies.store import Claim, Store, StoreUnavailable
from strategies.store.patience import until_stored
from strategies.vocabulary import Refusal

log = structlog.get_logger(__name__)

TICK = 0.2  # seconds between two looks at who is due
SOONEST = 0.05  # seconds after a look before which nothing that happens makes it look again
ANEW = 0.2  # seconds for which the sub-campaigns as they were read hold, however many looks fall into them
UNANSWERED = 200  # calls asked for that Asterisk has not taken yet, with which looks pause again: it is slow
STORE_AGAIN = 1.0  # seconds until the store is tried again
SPEECH_AGAIN = 60.0  # seconds until a contact is looked at again whose prompt could not be spoken


class Dialer:
    """One per bridge. `new_id` makes attempt ids, which become Asterisk's ChannelId; `leased` says whether
    this bridge may still dial for its tenant; `on_doubt` is called when a repair is needed."""

    def __init__(  # noqa: PLR0913  each its own part of the bridge, by name
        self,
        store: Store,
        link: AmiLink,
        settings: Settings,
        *,
        subs: SubCampaigns,
        board: QueueBoard,
        keeper: AttemptKeeper,
        speech: Speech,
        clock: Callable[[], float],
        new_id: Callable[[], str],
        leased: Callable[[], bool],
        on_doubt: Callable[[], None],
    ) -> None:
        self._store, self._link, self._numbers = store, link, settings.numbers
        self._subs, self._speech, self._clock = subs, speech, clock
        self._leased, self._on_doubt = leased, on_doubt
        self._completion = Completion(store)
        self._pacing = AgentPacing(store, board, clock)
        self.abandoning = Abandoning(link, clock, self._led_away)
        self.calls = LiveCalls(self._pacing, self.abandoning)
        self.standing_by = StandingBy(link, clock, new_id)
        pace = Pace(settings, self._completion.rate)
        self._grants = Grants(pace, board, self._pacing, self.calls, self.standing_by)
        self._previews = Previews(store, board)
        self._chances = AnswerChances([settings.data_dir / "models", SHIPPED])
        self._choice = Choice(store, self._grants, self._previews, self._chances, new_id)
        self._placement = Placement(
            store,
            link,
            settings.trunk(),
            tenant=settings.tenant,
            keeper=keeper,
            clock=clock,
            may_dial=self._may_dial,
            on_not_placed=self._give_back,
            on_doubt=on_doubt,
        )
        self._ringing = Ringing(store, link, keeper.was_picked_up)
        self._hanging_up: asyncio.Task[None] | None = None
        self._spoken: set[str] = set()
        self._unsafe: str | None = None
        self._right_for: int | None = None  # the link's generation that the last repair was true of
        self._stopping = False
        self._anew_at = 0.0  # when a look reads the sub-campaigns anew, by the loop's clock
        self._keeper = keeper
        self._look_again = asyncio.Event()
        self.calls.on_change = self.standing_by.on_change = self._look_again.set
        keeper.on_hung_up = self._hung_up
        keeper.on_ended = self._ended

    async def run(self) -> None:
        """Look at every running sub-campaign each TICK until `stop`, then wait for what was asked; looks at
        nothing while lease or store is away, and dials nobody while the link is, nor afterwards before a
        repair."""
        async with asyncio.TaskGroup() as calls:
            while not self._stopping:
                more = self._leased() and await self._looked(calls)
                if not more:
                    await self._until_next_look()

    async def _looked(self, calls: asyncio.TaskGroup) -> bool:
        """One look, which only calls for as long as what was read of the sub-campaigns is new; whether it
        left people to call."""
        now = asyncio.get_running_loop().time()
        anew = now >= self._anew_at
        if anew:
            self._anew_at = now + ANEW
        try:
            return await self.look(calls, anew=anew)
        except StoreUnavailable as error:
            log.warning("dialer.store_unavailable", error=str(error))
            await self._until_store_is_back()
            return False

    async def _until_next_look(self) -> None:
        """A TICK, or less where something has happened to agents or calls."""
        self._look_again.clear()
        await asyncio.sleep(min(TICK, SOONEST))
        await set_within(self._look_again, TICK - SOONEST)

    def stop(self) -> None:
        """No further look."""
        self._stopping = True

    def set_right(self, generation: int) -> None:
        """Agents and attempts are as Asterisk has them, in this generation of the link."""
        self._right_for = generation

    def unsettle(self) -> None:
        """Something may have been missed: nothing is dialled before the next repair."""
        self._right_for = None
        self._on_doubt()

    def awaited(self, now: float) -> frozenset[str]:
        """The attempts of this process whose channel may still be to come."""
        return self._placement.awaited(now)

    def agent_freed(self, queue: str) -> None:
        """An agent of this queue has done with a caller."""
        self._pacing.freed(queue)
        self._look_again.set()

    def _led_away(self, attempt: str) -> None:
        self.calls.abandoned(attempt)
        self._keeper.hear(attempt, Fact(FactName.NO_AGENT, self._clock()))

    def adopt(self, intent: Intent, *, to_agent: bool) -> None:
        """A call that is up, whoever asked for it."""
        self._grants.adopt(intent, to_agent=to_agent)

    async def look(self, calls: asyncio.TaskGroup, *, anew: bool = True) -> bool:
        """One look at every running sub-campaign; each call that follows from it is a task of `calls`. True
        where one of them had as many to call as a look takes, and Asterisk keeps up. Not `anew`: by what the
        last look was told.

        Raises StoreUnavailable, and then may have left attempts granted, or claimed, that nobody asks for.
        """
        more = False
        if anew:
            await self._subs.refresh()
            await self._subs.turn(self._clock())
        running = self._subs.running(self._clock(), self.calls.under_way())
        self._pacing.wrap_up(running)
        for sub in running:
            if self._may_dial():
                await self._speak_fixed(sub)
                await self._completion.refresh(sub, self._clock())
                await self._pacing.refresh(sub, self._clock())
                await self._chances.refresh(sub, self._clock())
                await self._previews.look(sub, self._clock())
                prepared = await self._prepared(sub)
                more = more or (len(prepared) >= BATCH and self._placement.unanswered < UNANSWERED)
                await self._claim(sub, prepared, calls)
            else:
                await self._choice.route(sub, self._clock())
            if anew:
                await self._end_passes(sub)
        if self._may_dial():
            await self.standing_by.work()
        if anew and self._may_dial() and (self._hanging_up is None or self._hanging_up.done()):
            self._hanging_up = calls.create_task(self._ringing.hang_up(self._clock()), name="hang up")
        return more

    def hindrance(self) -> str | None:
        """Why nobody may be dialled at all, a word of `strategies.explain.HINDRANCES`; None if they may."""
        if not self._leased():
            return "no_lease"
        if not self._link.connected:
            return "no_ami"
        if self._right_for != self._link.generation:
            return "repair"
        if not self._is_safe():
            return "unsafe_asterisk"
        return "stopping" if self._stopping else None

    def held(self) -> dict[str, dict[str, str]]:
        """Sub-campaign -> pass -> what its next call waits for: an agent, a channel, its rate."""
        return self._grants.held()

    def _may_dial(self) -> bool:
        return self.hindrance() in {None, "stopping"}

    def _is_safe(self) -> bool:
        try:
            self._link.check_version()
        except UnsafeAsterisk as error:
            if self._unsafe != str(error):
                self._unsafe = str(error)
                log.error("dialer.unsafe_asterisk", error=self._unsafe)
            return False
        return True

    async def _until_store_is_back(self) -> None:
        """Claims whose answer was lost may stand in the store. Nobody was asked to call for them, so they are
        undone; then everything live is set right before dialling goes on."""
        unasked = self._grants.pending()
        for attempt in unasked:
            self._give_back(attempt)
        self._right_for = None
        await asyncio.sleep(STORE_AGAIN)
        await until_stored(self._store.revive)
        for attempt in unasked:
            await until_stored(lambda: self._store.release(attempt, "not_asked"))  # noqa: B023  awaited here
        self.unsettle()

    async def _prepared(self, sub: SubCampaign) -> list[tuple[Candidate, dict[str, str]]]:
        """Whom to call, with their prompts spoken. At the first that cannot be spoken the look ends, for the
        speech command may be at fault; who comes after is still due."""
        chosen = await self._choice.of(sub, self._clock())
        prepared: list[tuple[Candidate, dict[str, str]]] = []
        for place, one in enumerate(chosen):
            try:
                prepared.append((one, await prompts_of(one, sub.campaign, self._speech)))
            except SpeechError as error:
                log.error("dialer.speech_failed", campaign=sub.name, error=str(error))
                for left in chosen[place:]:
                    self._give_back(left.attempt)
                again = self._clock() + SPEECH_AGAIN
                waiting = Move(one.state, Wait(again, "speech_failed"))
                await self._store.put(sub.name, one.contact.id, one.state.version, waiting, again)
                break
        return prepared

    async def _claim(
        self, sub: SubCampaign, prepared: list[tuple[Candidate, dict[str, str]]], calls: asyncio.TaskGroup
    ) -> None:
        """One step in the store for all; who is refused there is put off or ended by the rules, and never
        dialled."""
        if not prepared:
            return
        now = self._clock()
        countries = self._numbers.of(sub.campaign.country)
        claims = [claim_of(one, prompts, sub, countries, now) for one, prompts in prepared]
        self._placement.announce(claim.intent.attempt for claim in claims)
        answers = await self._store.claim(claims, now)
        refusals = list[tuple[Claim, Refusal]]()
        for claim, refusal in zip(claims, answers, strict=True):
            if refusal is None:
                self._grants.handed_over(claim.intent)
                name = f"originate {claim.intent.attempt}"
                calls.create_task(self._placement.place(claim.intent), name=name)
            else:
                self._give_back(claim.intent.attempt)
                refusals.append((claim, refusal))
        for claim, refusal in refusals:
            await self._turn_away(sub, claim.intent.contact, refusal, now)
        for one, _ in prepared:
            if one.agent:
                await self._previews.called(sub.name, one.contact.id)

    async def _turn_away(self, sub: SubCampaign, contact_id: str, refusal: Refusal, now: float) -> None:
        standing = await self._subs.standing(sub, contact_id)
        if standing is not None:
            contact, state = standing
            move = refused(contact, state, sub, refusal, now)
            await self._store.put(sub.name, contact.id, state.version, move, due_at(move.step, now))

    def _hung_up(self, attempt: str) -> None:
        """Somebody else may have its channel, while its end is being written."""
        self._grants.hung_up(attempt)
        self._look_again.set()

    def _ended(self, attempt: str) -> None:
        """It is recorded, and the person free for others."""
        self._give_back(attempt)
        self._look_again.set()

    def _give_back(self, attempt: str) -> None:
        """The attempt is over, or will not be placed."""
        self._grants.give_back(attempt)
        self._placement.forget(attempt)

    async def _speak_fixed(self, sub: SubCampaign) -> None:
        """Once per sub-campaign: the prompts that are the same for everybody, so that no call waits
        for them."""
        if sub.name in self._spoken:
            return
        self._spoken.add(sub.name)
        for going in sub.campaign.passes:
            if going.script is not None:
                try:
                    await self._speech.fixed(going.script)
                except SpeechError as error:
                    log.error("dialer.speech_failed", campaign=sub.name, error=str(error))

    async def _end_passes(self, sub: SubCampaign) -> None:
        """Passes nobody is left in are over, which opens those that wait for them; of a sub-campaign that
        nobody was attached to yet, none is."""
        waiting = await self._store.pass_waiting(sub.name)
        over = [name for name, left in waiting.items() if left == 0 and name not in sub.passes_ended]
        if over and (await self._store.counters(sub.name)).contacts > 0:
            for name in over:
                await self._store.pass_ended(sub.name, name, self._clock())
                self._anew_at = 0.0  # who waited for it is judged by what has ended
