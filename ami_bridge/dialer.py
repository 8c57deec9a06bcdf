"""Dials: takes due contacts, asks the rules, claims in the store, and only then asks Asterisk; what
became of a call is the keeper's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from ami_bridge.agents import QueueBoard
from ami_bridge.attempt_keeper import AttemptKeeper, due_at, until_stored
from ami_bridge.errors import AmiError, NotConnected, OutcomeUnknown, UnsafeAsterisk
from ami_bridge.link import AmiLink
from ami_bridge.originate import originate_headers, originate_variables
from ami_bridge.pace import Pace
from ami_bridge.speech import Speech, SpeechError
from ami_bridge.sub_campaigns import SubCampaigns
from config.settings import Settings
from strategies.attempts import Fact, FactName, Intent
from strategies.campaign import Pass
from strategies.contacts import Contact
from strategies.engine import advance, claimed, refused
from strategies.numbers import allowed
from strategies.state import ContactState, Dial, Move, SubCampaign, Wait
from strategies.store import Claim, Store, StoreUnavailable
from strategies.vocabulary import VOICE, Medium, Refusal
from strategies.windows import closes, contact_zones, pass_window

log = structlog.get_logger(__name__)

TICK = 0.2  # seconds between two looks at who is due
BATCH = 50  # contacts a look, one claim for all of them
AGAIN = 1.0  # seconds until a contact is looked at again whom the pacing held back
SPEECH_AGAIN = 60.0  # the same where its prompt could not be spoken
ORIGINATE_DEADLINE = 5.0  # seconds for Asterisk to say that it took the Originate


@dataclass(frozen=True, slots=True)
class Candidate:
    """A contact whom the rules call now, and the id its attempt will have."""

    attempt: str
    contact: Contact
    state: ContactState
    dial: Dial
    going: Pass


class Dialer:
    """One per bridge. `new_id` makes attempt ids, which become Asterisk's ChannelId."""

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
    ) -> None:
        self._store, self._link, self._settings = store, link, settings
        self._subs, self._board, self._keeper, self._speech = subs, board, keeper, speech
        self._clock, self._new_id = clock, new_id
        self._pace = Pace(settings)
        self._spoken: set[str] = set()
        self._unsafe: str | None = None
        self.asked_now: set[str] = set()
        self.ready = asyncio.Event()
        self.on_store_back: Callable[[], None] = self.ready.set
        keeper.on_ended = self._pace.ended

    async def run(self) -> None:
        """Look at every running sub-campaign each TICK until cancelled; dials nothing while link or
        store is away."""
        async with asyncio.TaskGroup() as calls:
            while True:
                if self._may_dial():
                    try:
                        await self._look(calls)
                    except StoreUnavailable as error:
                        log.warning("dialer.store_unavailable", error=str(error))
                        await self._until_store_is_back()
                await asyncio.sleep(TICK)

    async def _until_store_is_back(self) -> None:
        """Claims whose answer was lost may stand in the store, undialled: they are reconciled first."""
        await asyncio.sleep(AGAIN)
        await until_stored(self._store.revive)
        self.ready.clear()
        self.on_store_back()
        await self.ready.wait()

    def adopt(self, intent: Intent) -> None:
        """A call that was up before this process: it counts against channels and agents from now on."""
        self._pace.started(intent)

    def _may_dial(self) -> bool:
        if not self._link.connected:
            return False
        try:
            self._link.check_version()
        except UnsafeAsterisk as error:
            if self._unsafe != str(error):
                self._unsafe = str(error)
                log.error("dialer.unsafe_asterisk", error=self._unsafe)
            return False
        return True

    async def _look(self, calls: asyncio.TaskGroup) -> None:
        await self._subs.refresh()
        await self._subs.turn(self._clock())
        for sub in self._subs.running(self._clock()):
            await self._speak_fixed(sub)
            now = self._clock()
            candidates = await self._candidates(sub, now)
            claims = [claim for one in candidates if (claim := await self._prepare(sub, one)) is not None]
            await self._claim(sub, claims, calls)
            await self._end_passes(sub, now)

    async def _candidates(self, sub: SubCampaign, now: float) -> list[Candidate]:
        """Whom rules and pacing let call now; everybody else looked at gets the moment of the next look."""
        chosen = []
        for contact, state in await self._store.due(sub.name, now, BATCH):
            move = advance(contact, state, sub, now)
            if not isinstance(move.step, Dial):
                await self._put(sub, contact, state, move, due_at(move.step, now))
                continue
            going = sub.campaign.find(move.step.pass_name)
            attempt = self._new_id()
            if move.lines or move.state != state:
                await self._put(
                    sub, contact, state, move, now
                )  # what led here is told first; called at the next look
            elif self._grant(attempt, sub, going, now):
                chosen.append(Candidate(attempt, contact, state, move.step, going))
            else:
                await self._put(sub, contact, state, move, now + AGAIN)
        return chosen

    def _grant(self, attempt: str, sub: SubCampaign, going: Pass, now: float) -> bool:
        """An agent first, where the call goes to one; then a place among the calls that may start."""
        if going.medium not in VOICE:
            return False
        if going.medium is Medium.DIALER and not self._board.reserve(sub.campaign.queue, attempt):
            return False
        if self._pace.take(sub, going, now):
            return True
        self._board.release(attempt)
        return False

    async def _put(
        self, sub: SubCampaign, contact: Contact, state: ContactState, move: Move, due: float | None
    ) -> None:
        await self._store.put(sub.name, contact.id, state.version, move, due)

    async def _prepare(self, sub: SubCampaign, one: Candidate) -> Claim | None:
        """The intent with everything the call will need, its personal prompts spoken; None where they
        cannot be."""
        now = self._clock()
        try:
            prompts = await self._prompts(one)
        except SpeechError as error:
            log.error("dialer.speech_failed", campaign=sub.name, error=str(error))
            waiting = Move(one.state, Wait(now + SPEECH_AGAIN, "speech_failed"))
            await self._put(sub, one.contact, one.state, waiting, now + SPEECH_AGAIN)
            self._board.release(one.attempt)
            return None
        intent = Intent(
            attempt=one.attempt,
            sub=sub.name,
            contact=one.contact.id,
            pass_name=one.going.name,
            medium=one.going.medium,
            device=one.dial.device,
            queue=sub.campaign.queue,
            caller_id=sub.campaign.caller_id,
            at=now,
            ring=one.going.ring,
            machine=one.going.machine,
            script=one.going.script.name if one.going.script else None,
            prompts={step: path for step, path in prompts.items() if step != "machine"},
            machine_message=prompts.get("machine"),
            recovers=one.dial.recovery.recovers if one.dial.recovery else None,
            trigger=one.dial.recovery.trigger if one.dial.recovery else None,
            strategy=sub.campaign.version,
        )
        return Claim(
            intent=intent,
            contact=one.contact,
            expected_version=one.state.version,
            state=claimed(one.state, one.dial, intent.attempt, now, sub),
            allowed=allowed(one.dial.device.address, self._settings.numbers.countries),
            open_until=closes(
                pass_window(sub.campaign, one.going),
                contact_zones(one.contact, one.dial.device, sub.campaign),
                now,
            ),
        )

    async def _prompts(self, one: Candidate) -> dict[str, str]:
        if one.going.script is None:
            return {}
        return await self._speech.for_person(one.going.script, one.contact.attributes)

    async def _claim(self, sub: SubCampaign, claims: list[Claim], calls: asyncio.TaskGroup) -> None:
        """One step in the store for all; who is refused there is put off or ended by the rules, and
        never dialled."""
        if not claims:
            return
        now = self._clock()
        for claim, refusal in zip(claims, await self._store.claim(claims, now), strict=True):
            if refusal is None:
                self._pace.started(claim.intent)
                self.asked_now.add(claim.intent.attempt)
                calls.create_task(self._originate(claim.intent), name=f"originate {claim.intent.attempt}")
            else:
                self._board.release(claim.intent.attempt)
                await self._turn_away(sub, claim.intent.contact, refusal, now)

    async def _turn_away(self, sub: SubCampaign, contact_id: str, refusal: Refusal, now: float) -> None:
        standing = await self._subs.standing(sub, contact_id)
        if standing is not None:
            contact, state = standing
            move = refused(contact, state, sub, refusal, now)
            await self._put(sub, contact, state, move, due_at(move.step, now))

    async def _originate(self, intent: Intent) -> None:
        """Ask Asterisk once. What was not sent for certain is given back; what is not known stays
        until it is."""
        try:
            await self._link.call(
                "Originate",
                originate_headers(intent, self._settings.trunk()),
                originate_variables(intent),
                deadline=ORIGINATE_DEADLINE,
                action_id=intent.attempt,
            )
            await self._store.placed(intent.attempt)
        except NotConnected as error:
            log.warning("dialer.not_sent", attempt=intent.attempt, error=str(error))
            await until_stored(lambda: self._store.release(intent.attempt, "not_sent"))
            self._board.release(intent.attempt)
            self._pace.ended(intent.attempt)
        except (OutcomeUnknown, StoreUnavailable) as error:
            log.warning("dialer.outcome_unknown", attempt=intent.attempt, error=str(error))
        except AmiError as error:
            log.error("dialer.refused", attempt=intent.attempt, error=str(error))
            self._keeper.hear(intent.attempt, Fact(FactName.ORIGINATE_FAILED, self._clock(), "refused"))
        finally:
            self.asked_now.discard(intent.attempt)

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

    async def _end_passes(self, sub: SubCampaign, now: float) -> None:
        """Passes nobody is left in are over, which opens those that wait for them."""
        waiting = await self._store.pass_waiting(sub.name)
        for going in sub.campaign.passes:
            if going.name not in sub.passes_ended and waiting.get(going.name) == 0:
                await self._store.pass_ended(sub.name, going.name, now)
