"""Hangs up calls that nobody has answered yet, of sub-campaigns that were stopped with that wish; calls that
are answered are left to finish."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from ami_bridge.errors import AmiError
from ami_bridge.link import AmiLink
from strategies.attempts import phase_of
from strategies.call_states import Phase
from strategies.store import Store, StoreUnavailable

log = structlog.get_logger(__name__)

AGAIN = 2.0  # seconds until Asterisk is asked again about a call that is still ringing


class Ringing:
    """One per bridge. A wish is kept in the store until no call of its sub-campaign rings any more.
    `was_picked_up`: what was heard of an attempt, which the store learns a little later."""

    def __init__(self, store: Store, link: AmiLink, was_picked_up: Callable[[str], bool]) -> None:
        self._store, self._link, self._was_picked_up = store, link, was_picked_up
        self._asked_at: dict[str, float] = {}

    async def hang_up(self, now: float) -> None:
        """Ask Asterisk to hang up what rings and was to be cancelled."""
        try:
            wishes = await self._store.to_hang_up()
            ringing = await self._ringing(wishes) if wishes else {}
            for attempt in ringing:
                again = now >= self._asked_at.get(attempt, 0.0) + AGAIN
                if again and not self._was_picked_up(attempt):
                    self._asked_at[attempt] = now
                    await self._ask(attempt)
            for sub in wishes - set(ringing.values()):
                await self._store.hung_up(sub)
        except StoreUnavailable as error:
            log.warning("ringing.store_unavailable", error=str(error))
        else:
            self._asked_at = {one: at for one, at in self._asked_at.items() if one in ringing}

    async def _ringing(self, subs: frozenset[str]) -> dict[str, str]:
        """Live attempts of these sub-campaigns that nobody has answered, each with its sub-campaign."""
        found = {}
        for intent, _ in await self._store.live():
            facts = await self._store.facts(intent.attempt) if intent.sub in subs else []
            if intent.sub in subs and phase_of(facts) is Phase.DIALLED:
                found[intent.attempt] = intent.sub
        return found

    async def _ask(self, attempt: str) -> None:
        """A channel's unique id does for its name. That there is none yet, or no more, shows soon."""
        try:
            await self._link.call("Hangup", {"Channel": attempt})
        except AmiError as error:
            log.info("ringing.not_hung_up", attempt=attempt, error=str(error))
        else:
            log.info("ringing.hung_up", attempt=attempt)
