"""After a crash, a gap or a freeze everything is accounted for, nobody is called twice, and one bridge at a
time dials."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from bridge_stage import (
    ADA,
    BO,
    CALL,
    QUEUE,
    ScriptedLink,
    Stage,
    launched,
    lost_in_the_script,
    settings,
    staged,
    until,
)
from store_people import Clock, person, refused

from ami_bridge import attempt_keeper, bridge, placement
from ami_bridge.bridge import Bridge, BridgeRefused, run_bridge
from ami_bridge.errors import OutcomeUnknown
from ami_bridge.lease import Lease
from config.project import Project
from strategies.attempts import FactName
from strategies.attempts import Stage as HowFar
from strategies.contacts import Contact
from strategies.state import SubCampaign
from strategies.store import Store, StoreUnavailable
from strategies.vocabulary import Refusal

ANSWERED_CONTEXT, AGENT_CONTEXT = "secondpass-answered", "secondpass-agent"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt_keeper, "HANGUP_SETTLE", 0.05)
    monkeypatch.setenv("SECONDPASS_AMI_SECRET", "secret")


@pytest.fixture
async def stage(store: Store, clock: Clock) -> AsyncIterator[Stage]:
    async with staged(store, clock) as made:
        yield made


async def unanswered(_attempt: str) -> None:
    raise OutcomeUnknown("Originate", "no answer within 5 s")


async def live(store: Store) -> dict[str, HowFar]:
    return {intent.attempt: how_far for intent, how_far in await store.live()}


# --- What became of an Originate nobody answered


async def test_a_call_that_is_up_after_all_is_adopted(stage: Stage) -> None:
    await launched(stage.store, [ADA])
    stage.link.answer = unanswered
    attempt = await stage.one_call()
    stage.link.up[attempt] = ANSWERED_CONTEXT
    await stage.repair.once()
    assert await live(stage.store) == {attempt: HowFar.PLACED}
    await stage.hears(attempt, (FactName.ORIGINATE_FAILED, "0"))  # of a second Originate with this id
    assert await stage.results() == {}
    await stage.hang_up(attempt, (FactName.ANSWERED, ""))
    assert await stage.results() == {attempt: "hangup_in_script"}


async def test_a_call_that_never_came_is_unknown_once_its_channel_could_have_come(stage: Stage) -> None:
    sub = await launched(stage.store, [ADA])
    other = await launched(stage.store, [ADA], name="other", priority=1)
    stage.link.answer = unanswered
    attempt = await stage.one_call()

    found = await stage.repair.once()
    assert found.undecided == (attempt,)
    assert await refused(stage.store, other, ADA) is Refusal.PERSON_BUSY

    stage.clock.now += placement.CHANNEL_SETTLE
    await stage.repair.once()
    await stage.keeper.drained()
    assert await stage.results() == {attempt: "unknown"}
    state = await stage.store.state(sub.name, ADA.id)
    assert state is not None
    assert state.hold_until == pytest.approx(stage.clock() + 3600, abs=1)


async def test_a_repair_looks_again_until_everything_is_decided(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ami_bridge.repair.UNDECIDED_AGAIN", 0.01)
    async with staged(store, clock) as stage, asyncio.TaskGroup() as tasks:
        await launched(store, [ADA])
        stage.link.answer = unanswered
        attempt = await stage.one_call()
        repairing = tasks.create_task(stage.repair.run())
        listed = stage.link.listed
        await until(lambda: stage.link.listed >= listed + 4)
        assert await stage.results() == {}
        clock.now += placement.CHANNEL_SETTLE

        async def ended() -> bool:
            return await stage.results() == {attempt: "unknown"}

        await until(ended)
        repairing.cancel()


async def test_a_repair_in_the_middle_of_a_claim_takes_nothing_for_lost(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await launched(stage.store, [ADA])
    claim = stage.store.claim

    async def repaired_meanwhile(*arguments: object) -> list[Refusal | None]:
        answer = await claim(*arguments)  # type: ignore[arg-type]
        found = await stage.repair.once()
        assert len(found.undecided) == 1
        return answer

    monkeypatch.setattr(stage.store, "claim", repaired_meanwhile)
    attempt = await stage.one_call()
    await stage.keeper.drained()
    assert await live(stage.store) == {attempt: HowFar.PLACED}


# --- After a crash


async def crashed(store: Store, clock: Clock, *contacts: Contact) -> tuple[SubCampaign, list[str]]:
    """Calls that an earlier process placed."""
    async with staged(store, clock) as before:
        sub = await launched(store, contacts)
        return sub, await before.look()


async def test_after_a_crash_calls_are_adopted_or_unknown_and_nobody_is_called_twice(
    store: Store, clock: Clock
) -> None:
    sub, [up, gone] = await crashed(store, clock, ADA, BO)
    async with staged(store, clock, repaired=False) as after:
        after.link.up[up] = ANSWERED_CONTEXT
        await after.repair.once()
        await after.keeper.drained()
        assert await after.results() == {gone: "unknown"}
        assert await live(store) == {up: HowFar.PLACED}
        assert await after.look() == []
        await after.hears(up, (FactName.DIAL_ENDED, "BUSY"), (FactName.HUNG_UP, "17"))
        assert await after.results() == {gone: "unknown", up: "busy"}
        assert (await store.counters(sub.name)).in_progress == 0


async def test_adopted_calls_take_channels(store: Store, clock: Clock) -> None:
    _, [up, _] = await crashed(store, clock, ADA, BO)
    async with staged(store, clock, repaired=False, limits=settings(channels=1)) as after:
        after.link.up[up] = ANSWERED_CONTEXT
        await after.repair.once()
        await launched(store, [person("cy", "+12025550103")], name="more")
        assert await after.look() == []
        await after.hang_up(up)
        assert len(await after.look()) == 1


@pytest.mark.parametrize(("context", "free"), [(ANSWERED_CONTEXT, 0), (AGENT_CONTEXT, 1)])
async def test_an_adopted_recall_keeps_its_agent_until_it_is_in_the_queue(
    store: Store, clock: Clock, context: str, free: int
) -> None:
    async with staged(store, clock, agents=["PJSIP/agent01"]) as before:
        await lost_in_the_script(before, ADA)
        [recall] = await before.look(after=31.0)
    async with staged(store, clock, repaired=False, agents=["PJSIP/agent01"]) as after:
        after.link.up[recall] = context
        await after.repair.once()
        assert after.board.free(QUEUE) == free
        await after.hang_up(recall)
        assert after.board.free(QUEUE) == 1


# --- The bridge as a whole


@dataclass
class Running:
    """A bridge that runs, and its scripted link."""

    link: ScriptedLink
    stop: asyncio.Event
    task: asyncio.Task[None]

    async def stopped(self) -> None:
        self.stop.set()
        async with asyncio.timeout(10):
            await self.task


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, settings().model_copy(update={"data_dir": tmp_path}))


@asynccontextmanager
async def bridged(
    store: Store,
    project: Project,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    *,
    seconds: float = 15.0,
    lease_clock: Callable[[], float] | None = None,
) -> AsyncIterator[Running]:
    """A bridge over a link that is logged in; afterwards no task of it may be left."""
    links: list[ScriptedLink] = []

    def linked(*arguments: object, **named: object) -> ScriptedLink:
        links.append(ScriptedLink(*arguments, **named))  # type: ignore[arg-type]
        return links[-1]

    monkeypatch.setattr(bridge, "AmiLink", linked)
    monkeypatch.setattr("ami_bridge.dialer.TICK", 0.005)
    before = asyncio.all_tasks()
    lease = Lease(store, f"owner{id(links)}", seconds=seconds)
    if lease_clock is not None:
        lease = Lease(store, f"owner{id(links)}", seconds=seconds, clock=lease_clock)
    stop = asyncio.Event()
    assert await lease.take(stop)
    made = Bridge(project, store, lease, clock)
    running = Running(links[0], stop, asyncio.create_task(made.run(stop)))
    try:
        yield running
    finally:
        stop.set()
        with suppress(BridgeRefused):
            async with asyncio.timeout(15):
                await running.task
        await lease.give_back()
    assert not asyncio.all_tasks() - before - {asyncio.current_task()}


async def test_a_call_from_its_intent_to_its_result_and_a_stop_that_leaves_nothing(
    store: Store, project: Project, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await launched(store, [ADA])
    async with bridged(store, project, clock, monkeypatch) as running:
        link = running.link
        link.win()
        await until(lambda: len(link.originated) == 1)
        [attempt] = link.originated
        link.tell("DialBegin", DestUniqueid=attempt, DestChannel="PJSIP/carrier-1")
        link.tell("DialEnd", DestUniqueid=attempt, DestChannel="PJSIP/carrier-1", DialStatus="BUSY")
        link.tell("OriginateResponse", ActionID=attempt, Response="Failure", Reason="0", Uniqueid=attempt)
        link.tell("Hangup", Uniqueid=attempt, Channel="PJSIP/carrier-1", Cause="17")
        await running.stopped()  # at once: what was heard is written before the end
    assert await store.live() == []
    assert [line["result"] for _, line in await store.ledger() if line["kind"] == "attempt_ended"] == ["busy"]


async def test_a_stop_waits_for_what_becomes_of_a_call_just_asked_for(
    store: Store, project: Project, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await launched(store, [ADA])
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(_attempt: str) -> None:
        asked.set()
        await answer.wait()

    async with bridged(store, project, clock, monkeypatch) as running:
        running.link.answer = slow
        running.link.win()
        await asyncio.wait_for(asked.wait(), 5)
        running.stop.set()
        await asyncio.sleep(0)
        answer.set()
        await running.stopped()
    assert list((await live(store)).values()) == [HowFar.PLACED]


async def test_a_hang_up_that_comes_during_the_snapshot_still_says_why(
    store: Store, project: Project, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, [attempt] = await crashed(store, clock, ADA)
    async with bridged(store, project, clock, monkeypatch) as running:
        link = running.link

        def hangs_up() -> None:
            link.tell("DialEnd", DestUniqueid=attempt, DestChannel="PJSIP/carrier-1", DialStatus="BUSY")
            link.tell("Hangup", Uniqueid=attempt, Channel="PJSIP/carrier-1", Cause="17")

        link.during_snapshot = hangs_up
        link.win()

        async def busy() -> bool:
            lines = [line for _, line in await store.ledger() if line["kind"] == "attempt_ended"]
            return [line["result"] for line in lines] == ["busy"]

        await until(busy)


async def test_a_lost_link_dials_nobody_and_a_new_login_repairs_first(
    store: Store, project: Project, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bridged(store, project, clock, monkeypatch) as running:
        link = running.link
        link.win()
        await launched(store, [ADA])
        await until(lambda: len(link.originated) == 1)
        [lost] = link.originated
        link.lose()
        clock.now += 60
        await launched(store, [BO], CALL, name="autumn")

        order = list[str]()

        async def answer(_attempt: str) -> None:
            order.append("call")

        link.during_snapshot = lambda: order.append("snapshot")
        link.answer = answer
        link.win()
        await until(lambda: len(link.originated) == 2)
        assert order == ["snapshot", "call"]

        async def ended() -> bool:
            lines = [line for _, line in await store.ledger() if line["kind"] == "attempt_ended"]
            return [(line["attempt"], line["result"]) for line in lines] == [(lost, "unknown")]

        await until(ended)


async def test_a_store_that_forgot_everything_is_noticed_and_repaired(
    store: Store, project: Project, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "HEARD_EVERY", 0.02)
    async with bridged(store, project, clock, monkeypatch) as running:
        link = running.link
        link.win()
        await until(lambda: link.listed >= 2)
        clock.now += 30

        async def heard_until_now() -> bool:
            return await store.heard_until() == clock.now

        await until(heard_until_now)
        listed = link.listed
        await store._command("DEL", store._keys.heard)  # with everything else
        await until(lambda: link.listed > listed)
        await until(heard_until_now)


# --- One bridge a tenant


async def test_a_second_bridge_is_refused_and_told_the_mend(
    store: Store, project: Project, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("strategies.store.lease.LEASE", 0.3)
    async with bridged(store, project, clock, monkeypatch, seconds=0.3):
        second = Lease(store, "second", seconds=0.3)
        with pytest.raises(BridgeRefused, match="stop it first"):
            await second.take(asyncio.Event())
        assert not second.held()


async def test_a_bridge_takes_over_when_the_lease_of_a_dead_one_ran_out(store: Store) -> None:
    dead = Lease(store, "dead", seconds=0.3)
    assert await dead.take(asyncio.Event())
    heir = Lease(store, "heir", seconds=5.0)
    assert await heir.take(asyncio.Event())
    assert not dead.held()
    assert heir.held()


async def test_a_bridge_that_ended_lets_the_next_one_start_at_once(store: Store, project: Project) -> None:
    first = Lease(store, "first")
    assert await first.take(asyncio.Event())
    await first.give_back()
    stop = asyncio.Event()
    stop.set()
    async with asyncio.timeout(10):
        await run_bridge(project, store, stop)
    assert await Lease(store, "third").take(asyncio.Event())


async def test_who_waits_for_the_lease_can_be_stopped(store: Store, project: Project) -> None:
    assert await Lease(store, "living").take(asyncio.Event())
    stop = asyncio.Event()
    waiting = asyncio.create_task(run_bridge(project, store, stop))
    stop.set()
    async with asyncio.timeout(10):
        await waiting


async def test_a_bridge_that_lost_its_lease_stops_with_one_plain_error(
    store: Store, project: Project, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bridged(store, project, clock, monkeypatch, seconds=0.3) as running:
        await store.end_bridge_lease(await holder(store))
        assert await store.bridge_lease("thief", 5)
        with pytest.raises(BridgeRefused, match="taken over"):
            await asyncio.wait_for(running.task, 30)


async def holder(store: Store) -> str:
    raw = await store._command("GET", store._keys.bridge)
    return str(raw.decode())


async def test_a_frozen_bridge_dials_nobody_until_it_has_its_lease_again_and_is_repaired(
    store: Store, project: Project, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen_for = Clock(0.0)

    def lease_clock() -> float:
        return asyncio.get_running_loop().time() + frozen_for.now

    async with bridged(store, project, clock, monkeypatch, seconds=1.5, lease_clock=lease_clock) as running:
        link = running.link
        link.win()
        await until(lambda: link.listed >= 2)
        frozen_for.now = 60.0  # the process was stopped for a minute
        listed = link.listed
        await launched(store, [ADA])
        await until(lambda: len(link.originated) == 1)
        assert link.listed > listed


async def test_a_lease_is_renewed_once_the_store_is_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("strategies.store.lease.STORE_AGAIN", 0.01)
    lease, stop, lapses = Lease(store, "patient", seconds=0.2), asyncio.Event(), list[bool]()
    lease.on_lapse = lambda: lapses.append(True)
    assert await lease.take(stop)
    bridge_lease = store.bridge_lease

    async def away(*_: object) -> bool:
        raise StoreUnavailable("cut")

    monkeypatch.setattr(store, "bridge_lease", away)
    keeping = asyncio.create_task(lease.keep(stop))
    await until(lambda: not lease.held())
    monkeypatch.setattr(store, "bridge_lease", bridge_lease)
    await until(lease.held)
    assert lapses == [True]
    stop.set()
    assert await keeping


async def test_a_stop_is_heeded_while_the_store_is_away(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease, stop = Lease(store, "leaving", seconds=0.03), asyncio.Event()
    assert await lease.take(stop)
    asked = asyncio.Event()

    async def away(*_: object) -> bool:
        asked.set()
        raise StoreUnavailable("cut")

    monkeypatch.setattr(store, "bridge_lease", away)
    keeping = asyncio.create_task(lease.keep(stop))
    await asked.wait()
    stop.set()
    assert await asyncio.wait_for(keeping, 30)
    await lease.give_back()
