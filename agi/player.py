"""Plays a script to a person: carries out what the script's walk commands and tells it what happened.

Which step follows is `strategies.script`'s to say; what was heard and pressed is noted in the store at once.
Where a recovery stands by on the live line, the dialplan is told before the first word that the person goes
on to an agent, and told otherwise when the script has come to an end of its own: so they are not hung up on
even if this process dies in between.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from agi.answered import UnknownAttempt
from agi.errors import AgiError, HungUp
from agi.session import AgiSession
from config.variables import Next, Variable
from strategies.attempts import Fact, FactName, Intent
from strategies.campaign import Campaign
from strategies.script import (
    Broke,
    Event,
    LineGone,
    Listen,
    Pressed,
    Said,
    Say,
    Script,
    ScriptEnd,
    Silence,
    Transfer,
    Walk,
    begin,
    step,
)
from strategies.store import Store, StoreUnavailable
from strategies.vocabulary import OPT_OUT, SUCCESS, WRONG_PARTY

log = structlog.get_logger(__name__)

NOTE_TRIES, NOTE_AGAIN = 10, 0.5  # a key pressed while the store is away is noted for so many times, seconds


@dataclass(frozen=True, slots=True)
class Play:
    """A pass's script, and the keys that settle the matter with its campaign."""

    script: Script
    settling: frozenset[str]


def settling_keys(campaign: Campaign) -> frozenset[str]:
    """The keys after which nobody is recovered: success, opt-out, wrong party."""
    said = campaign.group(SUCCESS) | campaign.group(OPT_OUT) | campaign.group(WRONG_PARTY)
    return frozenset(one.removeprefix("pressed_") for one in said if one.startswith("pressed_"))


class ScriptHook:
    """One per server. Scripts come from the campaign as it held when the call was claimed: neither an edit
    nor an override that begins meanwhile changes it."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store, self._clock = store, clock
        self._plays: dict[tuple[str, str, tuple[str, ...]], Play] = {}

    async def __call__(self, session: AgiSession) -> None:
        """Plays the whole script and sets SP_NEXT. Raises UnknownAttempt for a channel that has no script."""
        intent = await self._store.intent(session.environment.get("agi_uniqueid", ""))
        play = None if intent is None else await self._play_of(intent)
        if intent is None or play is None:
            raise UnknownAttempt("this channel has no script to be played")
        await self._note(intent, FactName.SCRIPT_STARTED)
        walk = begin(play.script, play.settling if intent.in_call is not None else None)
        end = ScriptEnd.FAILED
        try:
            await self._stand_by(session, walk)
            walk = await self._play(session, intent, walk)
            end = walk.ended or end
        finally:
            await self._note(intent, FactName.SCRIPT_ENDED, end.value)
        if end is not ScriptEnd.HUNG_UP:
            following = Next.AGENT if isinstance(walk.command, Transfer) else Next.HANGUP
            await session.set_variable(Variable.NEXT, following)

    async def _play_of(self, intent: Intent) -> Play | None:
        key = intent.sub, intent.pass_name, intent.overrides
        if key not in self._plays:
            campaign = await self._store.campaign_of(intent)
            script = campaign.find(intent.pass_name).script
            if script is None:
                return None
            self._plays[key] = Play(script, settling_keys(campaign))
        return self._plays[key]

    async def _play(self, session: AgiSession, intent: Intent, walk: Walk) -> Walk:
        while walk.ended is None:
            after = step(walk, await _carried_out(session, intent, walk))
            for key in after.keys[len(walk.keys) :]:
                await self._note(intent, FactName.PRESSED, key)
                if key in (walk.rescue_unless or ()):
                    await self._stand_by(session, after)
            walk = after
        return walk

    async def _stand_by(self, session: AgiSession, walk: Walk) -> None:
        """Have the dialplan go on to an agent if this script breaks off, or to none any more; whoever hung up
        is found out by the next prompt."""
        if walk.rescue_unless is not None:
            settled = bool(walk.rescue_unless & set(walk.keys))
            with suppress(HungUp):
                await session.set_variable(Variable.NEXT, Next.HANGUP if settled else Next.AGENT)

    async def _note(self, intent: Intent, name: FactName, value: str = "") -> None:
        """Keep a fact; an opt-out must not be lost because the store was away for a moment."""
        fact = Fact(name, self._clock(), value)
        for _ in range(NOTE_TRIES):
            try:
                await self._store.add_fact(intent.attempt, fact)
                return
            except StoreUnavailable:
                await asyncio.sleep(NOTE_AGAIN)
        log.error("script.fact_lost", attempt=intent.attempt, fact=name.value, value=value)


async def _carried_out(session: AgiSession, intent: Intent, walk: Walk) -> Event:
    """Do what the walk commands; what came of it."""
    try:
        match walk.command:
            case Say(step=name, keys=keys):
                key = await session.stream_file(intent.prompts[name], keys)
                return Said() if key is None else Pressed(key)
            case Listen(seconds=seconds):
                key = await session.wait_for_digit(round(seconds * 1000))
                return Silence() if key is None else Pressed(key)
    except HungUp:
        return LineGone()
    except (AgiError, KeyError) as error:
        log.error("script.broke", attempt=intent.attempt, step=walk.at, error=str(error))
    return Broke()
