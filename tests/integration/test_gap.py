"""After a gap it is known from Asterisk's own records what became of calls and callers, each told once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from asterisk_files import WrittenFiles
from bridge_stage import ADA, BO, CALL, Stage, launched, staged
from store_people import Clock, standing

from ami_bridge import attempt_keeper
from ami_bridge.came_back import CameBack
from ami_bridge.logged import gap as gaps
from ami_bridge.logged.gap import Gap
from ami_bridge.lost_callers import LostCallers
from ami_bridge.repair import Repair
from strategies.campaign import Pass, Recovery
from strategies.recovery import LostCaller
from strategies.store import Store
from strategies.vocabulary import Medium, Trigger

LIVE = Pass("live", Medium.DIALER)
BACK = Pass(
    "back", Medium.DIALER, recovery=Recovery((Trigger.ABANDONED_IN_QUEUE,), queue="service", delay=30.0)
)
AGENT = "PJSIP/agent01"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt_keeper, "HANGUP_SETTLE", 0.05)
    monkeypatch.setattr(gaps, "WRITTEN", 0.01)


class Gapped:
    """A stage whose repair reads what Asterisk wrote."""

    def __init__(self, stage: Stage, files: WrittenFiles | None) -> None:
        self.stage, self.retold = stage, list[float]()
        subs, store, clock = stage.subs, stage.store, stage.clock
        self.lost_callers = LostCallers(store, subs, clock, "US")

        async def retell(since: float) -> None:
            self.retold.append(since)

        self.gap = Gap(
            store,
            files,
            lost_callers=self.lost_callers,
            came_back=CameBack(store, subs, clock, "US"),
            clock=clock,
            country="US",
            retell=retell,
        )
        self.repair = Repair(store, stage.link, stage.board, stage.keeper, stage.dialer, clock, self.gap)

    async def repaired(self) -> None:
        await self.stage.subs.refresh()
        await self.repair.once()
        await self.stage.keeper.drained()


@asynccontextmanager
async def gapped(store: Store, clock: Clock, files: WrittenFiles | None) -> AsyncIterator[Gapped]:
    """Events were heard until this moment."""
    async with staged(store, clock, agents=[AGENT]) as stage:
        made = Gapped(stage, files)
        await made.repaired()
        yield made


@pytest.fixture
def files(tmp_path: Path) -> WrittenFiles:
    return WrittenFiles(tmp_path)


async def asked(stage: Stage) -> str:
    """An attempt that Asterisk was asked for; nobody hears what follows."""
    attempt = await stage.one_call()
    stage.clock.now += 60.0
    return attempt


async def test_who_was_abandoned_while_nobody_heard_is_known_to_be(
    store: Store, clock: Clock, files: WrittenFiles
) -> None:
    async with gapped(store, clock, files) as made:
        sub = await launched(store, [ADA], LIVE)
        attempt = await asked(made.stage)
        files.live_answer(attempt, clock.now - 50, sub.name, None)
        await made.repaired()
        [line] = await made.stage.told("attempt_ended")
        assert (line["attempt"], line["result"]) == (attempt, "abandoned_no_agent")
        assert line["live_at"] == pytest.approx(clock.now - 50.8, abs=0.01)
        assert 2.0 < float(str(line["waited"])) < 4.0
        counters = await store.counters(sub.name)
        assert sum(counters.abandoned.values()) == sum(counters.live.values()) == 1
        await made.repaired()
        assert await store.counters(sub.name) == counters


async def test_who_was_connected_is_known_to_be_and_not_called_again(
    store: Store, clock: Clock, files: WrittenFiles
) -> None:
    async with gapped(store, clock, files) as made:
        sub = await launched(store, [ADA], LIVE)
        attempt = await asked(made.stage)
        files.live_answer(attempt, clock.now - 40, sub.name, 1.0)
        await made.repaired()
        assert await made.stage.results() == {attempt: "connected_agent"}
        assert (await made.stage.state(sub, ADA)).ended == "connected_agent"


async def test_what_was_heard_before_the_gap_is_not_told_twice(
    store: Store, clock: Clock, files: WrittenFiles
) -> None:
    async with gapped(store, clock, files) as made:
        sub = await launched(store, [ADA], LIVE)
        attempt = await made.stage.one_call()
        await made.stage.answers(attempt)
        clock.now += 30.0
        files.live_answer(attempt, clock.now - 30, sub.name, 1.0)
        await made.repaired()
        names = [fact.name for fact in await store.facts(attempt)]
        assert len(names) == len(set(names))
        assert await made.stage.results() == {attempt: "connected_agent"}


async def test_what_nobody_wrote_stays_unknown(store: Store, clock: Clock, files: WrittenFiles) -> None:
    async with gapped(store, clock, files) as made:
        await launched(store, [ADA], LIVE)
        attempt = await asked(made.stage)
        await made.repaired()
        assert await made.stage.results() == {attempt: "unknown"}


@pytest.mark.parametrize("readable", [True, False])
async def test_without_the_files_a_gap_leaves_calls_unknown(
    store: Store, clock: Clock, files: WrittenFiles, *, readable: bool
) -> None:
    if readable:
        files.queue_log.unlink()
        files.queue_log.mkdir()  # no file that could be read
    async with gapped(store, clock, files if readable else None) as made:
        await launched(store, [ADA], LIVE)
        attempt = await asked(made.stage)
        await made.repaired()
        assert await made.stage.results() == {attempt: "unknown"}


# --- Callers of an inbound queue


def left(files: WrittenFiles, call: str, at: float, *, hung_up: bool = True) -> None:
    """Ada's call waited in the queue for service, and left it."""
    files.queue(at - 20, call, "ENTERQUEUE", "", "2025550101", "1", queue="service")
    files.queue(at, call, "ABANDON", "1", "1", "20", queue="service")
    files.record(call, at - 21, at + (0.4 if hung_up else 30), answer=at - 21, number="2025550101")


async def test_callers_lost_in_the_gap_are_called_again_once(
    store: Store, clock: Clock, files: WrittenFiles
) -> None:
    async with gapped(store, clock, files) as made:
        sub = await launched(store, [ADA, BO], CALL, BACK)
        left(files, "1763.4", clock.now + 100)
        clock.now += 110.0
        await made.repaired()
        task = (await standing(store, sub, ADA)).recovery
        assert task is not None
        assert (task.recovers, task.not_before) == ("1763.4", clock.now + 20.0)
        await made.repaired()
        await made.lost_callers.recover(LostCaller("1763.4", "service", "+12025550101", clock.now))
        assert (await store.counters(sub.name)).triggered == {"abandoned_in_queue": 1}


async def test_who_was_lost_too_long_ago_or_led_on_by_us_is_not_called(
    store: Store, clock: Clock, files: WrittenFiles
) -> None:
    async with gapped(store, clock, files) as made:
        sub = await launched(store, [ADA], CALL, BACK)
        left(files, "1763.4", clock.now + 100)
        left(files, "1763.5", clock.now + 1990, hung_up=False)
        clock.now += 2000.0
        await made.repaired()
        assert (await standing(store, sub, ADA)).recovery is None


async def test_who_was_lost_and_then_got_through_in_the_gap_is_not_called(
    store: Store, clock: Clock, files: WrittenFiles
) -> None:
    async with gapped(store, clock, files) as made:
        sub = await launched(store, [ADA], CALL, BACK)
        left(files, "1763.4", clock.now + 10)
        files.queue(clock.now + 40, "1763.5", "ENTERQUEUE", "", "2025550101", "1", queue="service")
        files.queue(clock.now + 50, "1763.5", "CONNECT", "10", "1.1", "3", queue="service")
        clock.now += 60.0
        await made.repaired()
        assert (await standing(store, sub, ADA)).recovery is None
        [over] = await made.stage.told("recovery_ended")
        assert over["result"] == "came_back"


# --- A store that was lost


async def test_a_new_store_is_told_all_there_is_once(store: Store, clock: Clock, files: WrittenFiles) -> None:
    async with gapped(store, clock, files) as made:
        assert made.retold == [0.0]
        await made.repaired()
        assert made.retold == [0.0]
        assert await store.go_on_hearing(clock.now)


async def test_calls_that_are_up_when_the_store_is_found_to_be_new_are_told_of_when_they_are_over(
    store: Store, clock: Clock, files: WrittenFiles
) -> None:
    async with staged(store, clock, agents=[AGENT]) as stage:
        made = Gapped(stage, files)
        stage.link.up["sp-nobody-knows"] = "secondpass-agent"
        await made.repaired()
        await made.repaired()
        assert (made.gap.is_open, made.retold) == (True, [0.0])
        stage.link.up.clear()
        await made.repaired()
        assert (made.gap.is_open, made.retold) == (False, [0.0, 0.0])


async def test_a_store_in_which_nobody_has_begun_to_hear_does_not_go_on(store: Store, clock: Clock) -> None:
    assert await store.heard_until() is None
    assert not await store.go_on_hearing(clock.now)
    await store.begin_hearing(clock.now)
    assert await store.go_on_hearing(clock.now + 5)
    assert await store.heard_until() == clock.now + 5
