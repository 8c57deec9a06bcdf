"""Judges the rules of all that runs over live figures, each second, and does what they say; when a rule fires
is `strategies.rules`'s to say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import structlog

from ami_bridge.agents import QueueBoard
from ami_bridge.sub_campaigns import SubCampaigns
from strategies.rules import Act, Floor, RuleState, carried_on, figures_of, judge, slows
from strategies.state import SubCampaign
from strategies.store import Store, StoreUnavailable
from strategies.vocabulary import RunState

log = structlog.get_logger(__name__)

LOOK = 1.0  # seconds between two looks


class RuleWatch:
    """One per bridge. `leased` says whether it may still act for its tenant."""

    def __init__(
        self,
        store: Store,
        subs: SubCampaigns,
        board: QueueBoard,
        *,
        clock: Callable[[], float],
        leased: Callable[[], bool],
    ) -> None:
        self._store, self._subs, self._board = store, subs, board
        self._clock, self._leased = clock, leased
        self._states: dict[str, tuple[RuleState, ...]] | None = None

    async def run(self) -> None:
        """Look each second while the lease is held, until cancelled; a store that is away is waited for."""
        while True:
            await asyncio.sleep(LOOK)
            if self._leased():
                try:
                    await self.look()
                except StoreUnavailable as error:
                    log.warning("rules.store_unavailable", error=str(error))

    async def look(self) -> None:
        """Judge every rule once, write down what changed, and do it."""
        if self._states is None:
            self._states = await self._store.rules()
        ruled = {sub.name: sub for sub in self._subs.known() if sub.campaign.rules}
        for gone in self._states.keys() - ruled.keys():
            await self._store.forget_rules(gone)
            del self._states[gone]
        for sub in ruled.values():
            await self._judge(sub, self._states)
        self._subs.slowed = frozenset(name for name, states in self._states.items() if slows(states))

    async def _judge(self, sub: SubCampaign, kept: dict[str, tuple[RuleState, ...]]) -> None:
        now = self._clock()
        before = carried_on(sub.campaign.rules, kept.get(sub.name, ()))
        figures = await self._figures(sub, now) if sub.run_state is RunState.RUNNING else None
        after, lines, fired = judge(before, figures, now)
        for line in lines:
            await self._store.append({**line, "campaign": sub.name}, at=now)
        for rule in fired:
            log.warning("rule.fired", campaign=sub.name, rule=rule.when, does=rule.act.value)
            if rule.act is Act.SUSPEND:
                await self._store.set_run_state(sub.name, RunState.PAUSED, by=f"rule: {rule.when}")
        if kept.get(sub.name) != after:
            kept[sub.name] = after
            await self._store.put_rules(sub.name, after)

    async def _figures(self, sub: SubCampaign, now: float) -> dict[str, float | None]:
        counters = await self._store.counters(sub.name)
        today = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(sub.campaign.zone)).date()
        return figures_of(counters, self._floor(sub.campaign.queue, now), today.isoformat())

    def _floor(self, queue: str, now: float) -> Floor:
        """The queue's side; unknown where Asterisk told of no such queue."""
        known = self._board.queues(now).get(queue)
        if known is None:
            return Floor()
        return Floor(self._board.manning(queue).staffed, known.agents_free, known.waiting)
