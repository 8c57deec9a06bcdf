"""Plays a script to a person: carries out what the script's walk commands and tells it what happened.

Which step follows is `strategies.script`'s to say; what was heard and pressed is noted in the store at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

from agi.answered import UnknownAttempt
from agi.errors import AgiError, HungUp
from agi.session import AgiSession
from config.variables import Next, Variable
from strategies.attempts import Fact, FactName, Intent
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
    Walk,
    begin,
    step,
)
from strategies.store import Store, StoreUnavailable

log = structlog.get_logger(__name__)

NOTE_TRIES, NOTE_AGAIN = 10, 0.5  # a key pressed while the store is away is noted for so many times, seconds


class ScriptHook:
    """One per server. Scripts come from the campaign as it held when the call was claimed: neither an edit
    nor an override that begins meanwhile changes it."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store, self._clock = store, clock
        self._scripts: dict[tuple[str, str, tuple[str, ...]], Script] = {}

    async def __call__(self, session: AgiSession) -> None:
        """Plays the whole script and sets SP_NEXT. Raises UnknownAttempt for a channel that has no script."""
        intent = await self._store.intent(session.environment.get("agi_uniqueid", ""))
        script = None if intent is None else await self._script(intent)
        if intent is None or script is None:
            raise UnknownAttempt("this channel has no script to be played")
        await self._note(intent, FactName.SCRIPT_STARTED)
        end = ScriptEnd.FAILED
        try:
            end = await self._play(session, intent, begin(script))
        finally:
            await self._note(intent, FactName.SCRIPT_ENDED, end.value)
        if end is not ScriptEnd.HUNG_UP:
            following = Next.AGENT if end is ScriptEnd.AGENT else Next.HANGUP
            await session.set_variable(Variable.NEXT, following)

    async def _script(self, intent: Intent) -> Script | None:
        key = intent.sub, intent.pass_name, intent.overrides
        if key not in self._scripts:
            script = (await self._store.campaign_of(intent)).find(intent.pass_name).script
            if script is None:
                return None
            self._scripts[key] = script
        return self._scripts[key]

    async def _play(self, session: AgiSession, intent: Intent, walk: Walk) -> ScriptEnd:
        while walk.ended is None:
            after = step(walk, await _carried_out(session, intent, walk))
            for key in after.keys[len(walk.keys) :]:
                await self._note(intent, FactName.PRESSED, key)
            walk = after
        return walk.ended

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
