"""Rules over live figures, judged by the bridge on a real store: what they do, and what is seen of them."""

from __future__ import annotations

from bridge_stage import ADA, BO, CALL, Stage, launched, staged
from store_people import Clock

from ami_bridge.rule_watch import RuleWatch
from strategies.attempts import FactName
from strategies.rules import RuleState, Stand
from strategies.state import SubCampaign
from strategies.store import Store
from strategies.vocabulary import RunState

BUSY = ((FactName.DIAL_ENDED, "BUSY"), (FactName.HUNG_UP, "17"))


def watch_of(stage: Stage) -> RuleWatch:
    return RuleWatch(stage.store, stage.subs, stage.board, clock=stage.clock, leased=stage.leased)


async def ruled(stage: Stage, act: str, when: str = "attempts >= 1", lasting: str = "60") -> SubCampaign:
    """A sub-campaign with one rule, and one call of it that was busy."""
    rule = {"when": when, "for": lasting, "do": act}
    sub = await launched(stage.store, [ADA, BO], CALL, rules=(rule,))
    await stage.hears((await stage.look())[0], *BUSY)
    return sub


async def judged(stage: Stage, watch: RuleWatch, after: float) -> RuleState:
    """Its one rule, after a look some time later."""
    stage.clock.now += after
    await stage.subs.refresh()
    await watch.look()
    [states] = (await stage.store.rules()).values()
    return states[0]


async def test_a_rule_is_near_then_fires_and_the_ledger_has_its_figures(store: Store, clock: Clock) -> None:
    async with staged(store, clock) as stage:
        sub, watch = await ruled(stage, "notify"), watch_of(stage)
        assert (await judged(stage, watch, 0)).stand is Stand.NEAR
        assert (await judged(stage, watch, 60)).stand is Stand.FIRED
        [line] = await stage.told("rule_fired")
        assert (line["campaign"], line["do"], line["figures"]) == (sub.name, "notify", {"attempts": 2})
        assert (await judged(stage, watch, 60)).stand is Stand.FIRED
        assert len(await stage.told("rule_fired")) == 1


async def test_a_rule_that_suspends_pauses_the_sub_campaign_in_its_name(store: Store, clock: Clock) -> None:
    async with staged(store, clock) as stage:
        sub, watch = await ruled(stage, "suspend", lasting="0"), watch_of(stage)
        await judged(stage, watch, 0)
        known = await store.sub(sub.name)
        assert known is not None
        assert known.run_state is RunState.PAUSED
        by = [line.get("by") for line in await stage.told("run_state")]
        assert by[-1] == "rule: attempts >= 1"
        assert (await judged(stage, watch, 1)).stand is Stand.CALM
        assert len(await stage.told("rule_ended")) == 1


async def test_a_rule_that_slows_slows_until_it_is_false(store: Store, clock: Clock) -> None:
    async with staged(store, clock) as stage:
        sub, watch = await ruled(stage, "slow", "in_progress >= 1", "0"), watch_of(stage)
        await judged(stage, watch, 0)
        assert [one.slowed for one in stage.subs.running(clock())] == [True]
        for attempt in stage.link.originated[1:]:
            await stage.hears(attempt, *BUSY)
        await judged(stage, watch, 1)
        assert [one.slowed for one in stage.subs.running(clock())] == [False] * len(
            stage.subs.running(clock())
        )
        assert sub.name not in stage.subs.slowed


async def test_the_next_bridge_goes_on_where_the_last_one_was(store: Store, clock: Clock) -> None:
    async with staged(store, clock) as stage:
        await ruled(stage, "notify")
        since = (await judged(stage, watch_of(stage), 0)).since
        state = await judged(stage, watch_of(stage), 60)
        assert (state.since, state.stand) == (since, Stand.FIRED)


async def test_nothing_is_kept_of_rules_of_what_is_over(store: Store, clock: Clock) -> None:
    async with staged(store, clock) as stage:
        sub, watch = await ruled(stage, "notify"), watch_of(stage)
        await judged(stage, watch, 0)
        await store.close_sub(sub.name)
        await stage.subs.refresh()
        await watch.look()
        assert await store.rules() == {}
