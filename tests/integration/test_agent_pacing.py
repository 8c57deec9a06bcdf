"""Pacing by agents in the dialer: how many start, who is led to the abandon message, and what of it the store
has for the next process."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import date, time

import pytest
from bridge_stage import ADA, BO, QUEUE, ScriptedLink, Stage, event, launched, staged
from store_people import NOON, Clock, people

from ami_bridge.ahead_of_agents import LINES_REACHED
from ami_bridge.events import QueueMember
from strategies.abandonment import Share
from strategies.attempts import Fact, FactName
from strategies.campaign import Limits, Pacing, Pass, Window
from strategies.state import SubCampaign
from strategies.store import Store
from strategies.store.offers import Answer
from strategies.vocabulary import Medium, Result

LIVE = Pass("live", Medium.DIALER, pacing=Pacing("power", ratio=2.0))
PREDICTIVE = replace(LIVE, pacing=Pacing("predictive", abandon_rate=0.03))
MESSAGE = {"abandon_message": "Nobody is free.", "opt_out_key": "8", "wrap_up": 10.0}
CONNECTED = (FactName.AGENT_CONNECTED, "a")


def member(name: str, *, paused: bool = False, status: int = 1) -> QueueMember:
    return QueueMember(QUEUE, name, name, name, status, paused, "", False, 0, 0, 0, 0, 0)


async def running(store: Store, *passes: Pass, many: int = 20, **more: object) -> SubCampaign:
    return await launched(store, people(many), *passes, **{**MESSAGE, **more})


async def test_power_keeps_so_many_lines_ringing_for_each_idle_agent(store: Store, clock: Clock) -> None:
    async with staged(store, clock, agents=["a", "b", "c"]) as stage:
        await running(store, LIVE)
        stage.board.member(member("c", paused=True))
        assert len(await stage.look()) == 4
        assert await stage.look() == []
        stage.board.member(member("c"))
        assert len(await stage.look()) == 2


@pytest.mark.parametrize("going", [LIVE, PREDICTIVE])
async def test_nobody_is_dialled_once_the_last_agent_has_left(
    store: Store, clock: Clock, going: Pass
) -> None:
    async with staged(store, clock, agents=["a"]) as stage:
        await running(store, going)
        assert await stage.look()
        for attempt in list(stage.link.originated):
            await stage.hears(attempt, (FactName.DIAL_ENDED, "BUSY"), (FactName.HUNG_UP, "17"))
        stage.board.member(member("a", paused=True))
        assert await stage.look() == []
        stage.board.removed(QUEUE, "a")
        assert await stage.look() == []
        assert stage.dialer.held()["spring/1"]["live"]


async def test_predictive_dials_no_further_than_its_credit(store: Store, clock: Clock) -> None:
    async with staged(store, clock, agents=["a", "b", "c"]) as stage:
        await running(store, PREDICTIVE, many=50)
        first = await stage.look()
        assert 3 <= len(first) < 12
        for attempt in first:
            await stage.answers(attempt)
        await stage.passes(1.1)
        assert await stage.look() == []  # more wait than agents are there


async def test_however_much_credit_there_is_no_agent_has_more_lines_than_are_allowed(
    store: Store, clock: Clock
) -> None:
    loose = Pacing("predictive", abandon_rate=0.5, lines_per_agent=1.5)
    async with staged(store, clock, agents=["a", "b", "c"]) as stage:
        await running(store, replace(LIVE, pacing=loose), many=1000)
        first = await stage.look()
        assert len(first) == 4  # of three agents
        assert stage.dialer.held()["spring/1"]["live"] == LINES_REACHED
        await stage.hears(first[0], (FactName.DIAL_ENDED, "BUSY"), (FactName.HUNG_UP, "17"))
        assert len(await stage.look()) == 1


AN_AFTERNOON, FIVE_MINUTES = Window(time(9), time(21)), Window(time(9), time(12, 5))


@pytest.mark.parametrize(
    ("many", "hours", "until", "ahead"),
    [
        (1000, AN_AFTERNOON, None, True),
        (60, AN_AFTERNOON, None, False),
        (1000, FIVE_MINUTES, None, False),
        (1000, AN_AFTERNOON, NOON + 300.0, False),
    ],
)
async def test_no_more_is_owed_than_the_people_and_hours_left_can_repay(  # noqa: PLR0917
    store: Store, clock: Clock, many: int, hours: Window, until: float | None, ahead: bool
) -> None:
    """Nobody was abandoned yet, and the period is the day: three agents are dialled ahead of only where so
    many answers are still to come that one abandoned call is less than three in a hundred."""
    async with staged(store, clock, agents=["a", "b", "c"]) as stage:
        daily = {"limits": Limits(abandon_days=1), "window": hours, "until": until}
        await running(store, PREDICTIVE, many=many, **daily)
        assert (len(await stage.look()) > 3) == ahead


async def test_who_finds_no_agent_is_led_to_the_message_before_two_seconds_are_over(
    store: Store, clock: Clock
) -> None:
    async with staged(store, clock, agents=["a"]) as stage:
        sub = await running(store, LIVE)
        served, lost = await stage.look()
        await stage.answers(served)
        await stage.answers(lost)  # 0.8 s of silence told it: their greeting was over that much earlier
        await stage.hears(served, CONNECTED)
        await stage.passes(0.9)
        assert stage.link.redirected == []
        await stage.passes(0.2)
        assert stage.link.redirected == [
            {"Channel": lost, "Context": "secondpass-abandon", "Exten": "s", "Priority": "1"}
        ]
        await stage.hang_up(lost, (FactName.QUEUE_ABANDONED, QUEUE))
        await stage.hang_up(served)
        assert await stage.results() == {served: "connected_agent", lost: "abandoned_no_agent"}
        told = {line["attempt"]: line for line in await stage.told("attempt_ended")}
        assert (told[lost]["waited"], told[served]["waited"]) == (pytest.approx(1.9), pytest.approx(0.8))
        found = await store.answered("spring")
        assert found.share(found.period(date.fromisoformat(str(told[lost]["day"])), 30)) == Share(2, 1)
        assert (await store.counters(sub.name)).connected_to_agent == 1


@pytest.mark.parametrize("known", [{"BridgeID": "0c5f"}, {"Variable": "SP_SERVED=1795321551.013"}])
async def test_nobody_is_taken_from_an_agent_of_whom_we_had_only_not_heard_yet(
    store: Store, clock: Clock, known: dict[str, str]
) -> None:
    async with staged(store, clock, agents=["a"]) as stage:
        await running(store, LIVE, many=1)
        attempt = await stage.one_call()
        await stage.answers(attempt)
        stage.link.status = known
        await stage.passes(5.0)
        assert stage.link.redirected == []
        await stage.hears(attempt, CONNECTED)
        await stage.hang_up(attempt)
        assert await stage.results() == {attempt: "connected_agent"}


async def test_who_hears_the_message_already_is_not_led_to_it_again(store: Store, clock: Clock) -> None:
    async with staged(store, clock, agents=["a"]) as stage:
        await running(store, LIVE, many=1)
        attempt = await stage.one_call()
        await stage.answers(attempt)
        stage.link.status = {"Context": "secondpass-abandon"}
        await stage.passes(5.0)
        assert stage.link.redirected == []
        await stage.hang_up(attempt)
        assert await stage.results() == {attempt: "abandoned_no_agent"}


async def test_the_clock_is_the_greetings_though_the_queue_is_heard_of_first(
    store: Store, clock: Clock
) -> None:
    async with staged(store, clock, agents=["a"]) as stage:
        await running(store, LIVE, many=1)
        attempt = await stage.one_call()
        said = clock()
        await stage.hears(attempt, (FactName.QUEUE_JOINED, QUEUE))
        stage.dialer.calls.hear(attempt, Fact(FactName.CLASSIFIED, said, "HUMAN", "HUMAN-800-800"))
        await stage.passes(1.0)
        stage.dialer.calls.hear(attempt, Fact(FactName.QUEUE_JOINED, said, QUEUE))
        await stage.passes(0.5)
        assert [one["Channel"] for one in stage.link.redirected] == [attempt]


async def test_facts_that_come_twice_lead_nobody_away_from_an_agent(store: Store, clock: Clock) -> None:
    async with staged(store, clock, agents=["a"]) as stage:
        await running(store, LIVE, many=1)
        attempt = await stage.one_call()
        await stage.answers(attempt)
        await stage.hears(attempt, CONNECTED)
        for fact in await store.facts(attempt):
            stage.dialer.calls.hear(attempt, fact)
        await stage.passes(60.0)
        assert stage.link.redirected == []


async def test_without_an_abandon_message_people_wait_in_the_queue(store: Store, clock: Clock) -> None:
    async with staged(store, clock, agents=["a"]) as stage:
        await running(store, replace(LIVE, pacing=Pacing("progressive")), abandon_message=None)
        attempt = await stage.one_call()
        await stage.answers(attempt)
        await stage.passes(60.0)
        assert stage.link.redirected == []


async def test_the_dialplans_own_limit_counts_as_abandoned(store: Store, clock: Clock) -> None:
    async with staged(store, clock, agents=["a"]) as stage:
        await running(store, LIVE, many=1)
        attempt = await stage.one_call()
        await stage.answers(attempt)
        stage.dialer.calls.hear(attempt, Fact(FactName.NO_AGENT, clock()))
        await store.add_fact(attempt, Fact(FactName.NO_AGENT, clock()))
        await stage.passes(60.0)
        assert stage.link.redirected == []
        await stage.hang_up(attempt)
        assert await stage.results() == {attempt: Result.ABANDONED_NO_AGENT}


async def test_a_bridge_that_starts_anew_keeps_the_two_seconds_of_who_waits(
    store: Store, clock: Clock
) -> None:
    async with staged(store, clock, agents=["a"]) as stage:
        await running(store, LIVE, many=1)
        attempt = await stage.one_call()
    async with staged(store, clock, repaired=False) as stage:
        stage.link.up = {attempt: "secondpass-agent"}
        stage.link.listing = waiting(stage.link, attempt)  # type: ignore[method-assign]
        await stage.repair.once()
        await stage.passes(1.9)
        assert [one["Channel"] for one in stage.link.redirected] == [attempt]


def waiting(link: ScriptedLink, attempt: str) -> object:
    """The link's listings with this attempt in the queue, just now."""
    listing = link.listing

    async def listed(action: str, headers: dict[str, str] | None = None, **limits: float) -> list[object]:
        found = list(await listing(action, headers, **limits))
        if action == "QueueStatus":
            entry = {"Queue": QUEUE, "Channel": "PJSIP/x", "Uniqueid": attempt, "Position": "1", "Wait": "0"}
            found.append(event("QueueEntry", **entry))
        return found

    return listed


async def test_what_was_abandoned_before_a_restart_counts_after_it(store: Store, clock: Clock) -> None:
    async with staged(store, clock, agents=["a", "b"]) as stage:
        await running(store, replace(LIVE, pacing=Pacing("power", ratio=10.0)), many=20)
        for attempt in await stage.look():
            await stage.answers(attempt)
        await stage.passes(2.0)
        for call in stage.link.redirected:
            await stage.hang_up(call["Channel"], (FactName.QUEUE_ABANDONED, QUEUE))
            stage.board.left(QUEUE, call["Channel"])
        assert len(stage.link.redirected) == 20
    async with staged(store, clock, agents=["a", "b"]) as stage:
        await launched(store, people(40)[20:], PREDICTIVE, **MESSAGE)
        assert len(await stage.look()) == 2  # nobody is dialled ahead: the period's share is used up
        assert await stage.look() == []


async def test_the_days_of_a_period_are_the_campaigns(store: Store, clock: Clock) -> None:
    """With periods of a day, what was abandoned yesterday does not count today."""
    daily = {"limits": Limits(abandon_days=1)}
    async with staged(store, clock, agents=["a"]) as stage:
        await running(store, LIVE, many=2, **daily)
        for attempt in await stage.look():
            await stage.answers(attempt)
        await stage.passes(2.0)
        for call in stage.link.redirected:
            await stage.hang_up(call["Channel"])
        found = await store.answered("spring")
        assert found.begun is not None
        today = found.period(found.begun, 1)
        assert found.share(today) == Share(2, 2)
        assert found.share(found.period(date.fromordinal(found.begun.toordinal() + 1), 1)) == Share()


async def test_wrap_up_counts_as_busy(store: Store, clock: Clock) -> None:
    async with staged(store, clock, agents=["a"]) as stage:
        await running(store, replace(LIVE, pacing=Pacing("progressive")))
        attempt = await stage.one_call()
        await stage.answers(attempt)
        stage.board.left(QUEUE, attempt)
        stage.board.connected("a")
        await stage.hears(attempt, CONNECTED)
        stage.board.completed("a")
        await stage.hang_up(attempt)
        assert await stage.look(after=9.0) == []
        assert len(await stage.look(after=1.1)) == 1


async def test_an_agent_has_the_longest_wrap_up_of_the_campaigns_that_share_the_queue(
    store: Store, clock: Clock
) -> None:
    async with staged(store, clock, agents=["a"]) as stage:
        progressive = replace(LIVE, pacing=Pacing("progressive"))
        await running(store, progressive, many=1, wrap_up=60.0)
        attempt = await stage.one_call()
        await stage.answers(attempt)
        stage.board.left(QUEUE, attempt)
        stage.board.connected("a")
        await stage.hears(attempt, CONNECTED)
        stage.board.completed("a")
        await stage.hang_up(attempt)
        await launched(store, [ADA], progressive, name="short", wrap_up=0.0)
        await launched(store, [BO], progressive, name="long", priority=9, wrap_up=60.0)
        assert await stage.look(after=16.0) == []
        assert len(await stage.look(after=45.0)) == 1


async def test_a_repair_leaves_what_was_heard_of_calls_as_it_is(store: Store, clock: Clock) -> None:
    """Who rings keeps their age, who waits keeps their clock, and who is led away gets no agent kept."""
    async with staged(store, clock, agents=["a", "b"]) as stage:
        await running(store, replace(LIVE, pacing=Pacing("power", ratio=10.0)), many=3)
        rings, waits, lost = await stage.look()
        await stage.answers(lost)
        await stage.passes(2.0)
        assert [one["Channel"] for one in stage.link.redirected] == [lost]
        stage.board.left(QUEUE, lost)
        await stage.answers(waits)
        line = stage.dialer.calls._pacing._lines["spring/1"]
        before = dict(line.ringing)
        assert list(before) == [rings]
        stage.link.up = {rings: "secondpass-answered", lost: "secondpass-abandon", waits: "secondpass-agent"}
        stage.link.listing = waiting(stage.link, waits)  # type: ignore[method-assign]
        stage.clock.now += 1.0
        await stage.repair.once()
        assert line.ringing == before
        assert stage.board.manning(QUEUE).coming == 1
        await stage.passes(0.9)
        assert [one["Channel"] for one in stage.link.redirected] == [lost, waits]


async def test_a_call_that_the_store_has_lost_gives_its_agent_back(store: Store, clock: Clock) -> None:
    async with staged(store, clock, agents=["a"]) as stage:
        await running(store, replace(LIVE, pacing=Pacing("progressive")), many=1)
        attempt = await stage.one_call()
        await stage.answers(attempt)
        await store._command("DEL", store._keys.attempt(attempt))
        await stage.hang_up(attempt)
        assert stage.board.manning(QUEUE).coming == 0
        assert not stage.dialer.calls.under_way()


async def test_campaigns_share_agents_by_priority_and_inbound_callers_come_first(
    store: Store, clock: Clock
) -> None:
    async with staged(store, clock, agents=["a", "b", "c"]) as stage:
        await launched(store, [ADA], LIVE, name="low", priority=1, **MESSAGE)
        await launched(store, [BO, *people(3)], LIVE, name="high", priority=9, **MESSAGE)
        stage.board.joined(QUEUE, "1795313116.1", clock())  # an inbound caller takes an agent
        attempts = await stage.look()
        subs = [intent.sub for intent, _ in await store.live()]
        assert len(attempts) == 4
        assert set(subs) == {"high/1"}


async def test_campaigns_of_one_priority_have_as_many_calls_each(store: Store, clock: Clock) -> None:
    progressive = replace(LIVE, pacing=Pacing("progressive"))
    everybody = people(60)
    async with staged(store, clock, agents=["a", "b", "c", "d"]) as stage:
        await launched(store, everybody[:30], progressive, name="older", **MESSAGE)
        assert len(await stage.look()) == 4
        await launched(store, everybody[30:], progressive, name="newer", **MESSAGE)
        for oldest in range(8):  # whichever call is over, its agent goes to who has fewer
            await stage.hang_up(stage.link.originated[oldest])
            assert len(await stage.look()) == 1
        subs = Counter(intent.sub for intent, _ in await store.live())
        assert subs == {"older/1": 2, "newer/1": 2}


async def test_who_was_abandoned_is_left_alone_by_every_campaign_with_a_lockout(
    store: Store, clock: Clock
) -> None:
    hours = 3600.0
    async with staged(store, clock, agents=["a"]) as stage:
        await launched(store, [ADA], LIVE, **MESSAGE, limits=Limits(abandon_lockout=72 * hours))
        attempt = await stage.one_call()
        await stage.answers(attempt)
        await stage.passes(2.0)
        await stage.hang_up(attempt)
        stage.board.left(QUEUE, attempt)
        await launched(store, [ADA], LIVE, name="other", limits=Limits(abandon_lockout=72 * hours))
        assert await stage.look() == []
        assert [line["reason"] for line in await stage.told("skipped")] == ["abandoned_lately"]
        assert await stage.look(after=71 * hours) == []
        assert len(await stage.look(after=25 * hours)) == 1


async def test_power_keeps_to_the_cap_of_the_preset(store: Store, clock: Clock) -> None:
    capped = replace(LIVE, pacing=Pacing("power", ratio=10.0, abandon_rate=0.03))
    async with staged(store, clock, agents=["a", "b"]) as stage:
        await running(store, capped, many=20)
        assert 2 <= len(await stage.look()) < 10


PREVIEW = replace(LIVE, pacing=Pacing("preview"))


async def offered(stage: Stage) -> list[str]:
    return [offer.contact for offer, _ in await stage.store.offers()]


async def said(stage: Stage, contact: str, agent: str, *, accepted: bool) -> Answer:
    (offer,) = [one for one, _ in await stage.store.offers() if one.contact == contact]
    counts = await stage.store.answer_offer(offer, Answer(agent, accepted, stage.clock()))
    assert counts is not None
    return counts


async def test_in_preview_nobody_is_called_whom_no_agent_accepted(store: Store, clock: Clock) -> None:
    async with staged(store, clock, agents=["PJSIP/agent01", "PJSIP/agent02"]) as stage:
        await running(store, PREVIEW, many=5)
        assert await stage.look() == []
        assert await offered(stage) == ["0000", "0001"]  # as many as agents could look at
        assert (await said(stage, "0001", "PJSIP/agent02", accepted=True)).accepted
        assert (await said(stage, "0001", "PJSIP/agent01", accepted=False)).agent == "PJSIP/agent02"
        [attempt] = await stage.look()
        [(intent, _)] = await store.live()
        assert (intent.attempt, intent.contact, intent.agent) == (attempt, "0001", "PJSIP/agent02")
        assert await offered(stage) == ["0000"]


async def test_who_is_skipped_in_preview_is_shown_again_an_hour_later(store: Store, clock: Clock) -> None:
    async with staged(store, clock, agents=["PJSIP/agent01"]) as stage:
        await running(store, PREVIEW, many=1)
        await stage.look()
        await said(stage, "0000", "PJSIP/agent01", accepted=False)
        assert await stage.look() == []
        [line] = await stage.told("skipped")
        assert (line["reason"], line["by"]) == ("agent_skipped", "PJSIP/agent01")
        assert await stage.look(after=3590.0) == []
        assert await offered(stage) == []
        await stage.look(after=20.0)
        assert await offered(stage) == ["0000"]


async def test_an_offer_that_nobody_answers_is_taken_back(store: Store, clock: Clock) -> None:
    async with staged(store, clock, agents=["PJSIP/agent01"]) as stage:
        await running(store, PREVIEW, many=1)
        await stage.look()
        [(first, _)] = await store.offers()
        await stage.look(after=121.0)
        [(second, _)] = await store.offers()
        assert second.at > first.at


BY_MODEL = replace(PREDICTIVE, pacing=replace(PREDICTIVE.pacing, answer_model="accepts_offer"))


@pytest.mark.parametrize(("poutcome", "least", "most"), [("success", 3, 9), ("failure", 12, 40)])
async def test_where_a_model_says_who_answers_the_unlikely_are_dialled_more_at_a_time(
    store: Store, clock: Clock, poutcome: str, least: int, most: int
) -> None:
    """The shipped model says 0.30 of those who accepted an earlier offer, and 0.05 of those who did not."""
    known = {"poutcome": poutcome, **({"pdays": "3"} if poutcome == "success" else {})}
    called = [replace(one, attributes=known) for one in people(1000)]
    async with staged(store, clock, agents=["a", "b", "c"]) as stage:
        await launched(store, called, BY_MODEL, **MESSAGE)
        first = await stage.look()
        assert least <= len(first) <= most
        for attempt in first[:2]:
            await stage.answers(attempt)
        for attempt in first[2:]:
            await stage.hears(attempt, (FactName.DIAL_ENDED, "BUSY"), (FactName.HUNG_UP, "17"))
        assert 0 < len(await stage.look()) < len(first)


async def test_without_a_models_word_all_contacts_count_alike(store: Store, clock: Clock) -> None:
    missing = replace(PREDICTIVE, pacing=replace(PREDICTIVE.pacing, answer_model="no_such_model"))
    async with staged(store, clock, agents=["a", "b", "c"]) as stage:
        await running(store, missing, many=50)
        assert 3 <= len(await stage.look()) < 12


async def test_in_hard_mode_nobody_is_dialled_who_might_be_abandoned_before_there_is_credit(
    store: Store, clock: Clock
) -> None:
    hard = replace(PREDICTIVE, pacing=replace(PREDICTIVE.pacing, hard=True))
    async with staged(store, clock, agents=["a", "b", "c"]) as stage:
        await running(store, hard, many=50)
        assert len(await stage.look()) == 3
        assert "leaves no room for more: 0 of 0 who answered" in stage.dialer.held()["spring/1"]["live"]


async def test_who_hangs_up_waiting_counts_at_once_and_for_all_of_the_campaign(
    store: Store, clock: Clock
) -> None:
    """Two lists of one campaign, each a sub-campaign: what one abandons the other has no more credit for."""
    hard = replace(LIVE, pacing=Pacing("power", ratio=10.0, abandon_rate=0.03, hard=True))
    crowd = people(40)
    async with staged(store, clock, agents=["a", "b"]) as stage:
        await launched(store, crowd[:20], hard, **MESSAGE)
        await launched(store, crowd[20:], hard, **MESSAGE)
        called = await stage.look()
        assert {intent.sub for intent, _ in await store.live()} == {"spring/1"}
        await stage.answers(called[0])
        stage.board.left(QUEUE, called[0])
        await stage.hears(called[0], (FactName.QUEUE_ABANDONED, QUEUE), (FactName.HUNG_UP, "16"))
        await stage.look(after=0.01)
        for sub in ("spring/1", "spring/2"):
            assert stage.dialer.held()[sub]["live"].endswith("1 of 1 who answered")


async def test_a_rule_that_slows_halves_the_lines_and_the_cap(store: Store, clock: Clock) -> None:
    four = replace(LIVE, pacing=Pacing("power", ratio=4.0))
    async with staged(store, clock, agents=["a"]) as stage:
        sub = await running(store, four)
        stage.subs.slowed = frozenset({sub.name})
        assert len(await stage.look()) == 2
        stage.subs.slowed = frozenset()
        assert len(await stage.look()) == 2


async def test_who_is_held_back_by_the_rule_is_told_with_its_figures(store: Store, clock: Clock) -> None:
    loose = replace(PREDICTIVE, pacing=replace(PREDICTIVE.pacing, abandon_rate=0.5))
    async with staged(store, clock, agents=["a", "b", "c"]) as stage:
        await running(store, loose, many=50)
        await stage.look()
        told = stage.dialer.held()["spring/1"]["live"]
        assert re.fullmatch(r"the next call would too likely .*: \d+\.\d%, at most 3\.0% just now", told)


async def test_telephones_that_ring_unheard_get_no_more_calls_but_one_a_minute(
    store: Store, clock: Clock
) -> None:
    async with staged(store, clock, agents=["a", "b", "c"]) as stage:
        await running(store, replace(LIVE, pacing=Pacing("progressive")))
        for _ in range(2):
            called = await stage.look()
            assert len(called) == 3
            for attempt in called:
                await stage.answers(attempt)
            await stage.passes(1.2)
            for attempt in called:
                stage.board.left(QUEUE, attempt)
                await stage.hang_up(attempt, (FactName.QUEUE_ABANDONED, QUEUE))

        assert await stage.look() == []
        assert "the last 6 people who answered found nobody" in stage.dialer.held()["spring/1"]["live"]
        one = await stage.look(after=61)
        assert len(one) == 1
        assert await stage.look() == []
        await stage.answers(one[0])
        await stage.hears(one[0], CONNECTED)
        assert len(await stage.look()) == 2


async def test_who_never_came_to_the_queue_says_nothing_of_its_telephones(store: Store, clock: Clock) -> None:
    async with staged(store, clock, agents=["a", "b", "c"]) as stage:
        await running(store, replace(LIVE, pacing=Pacing("progressive")))
        for _ in range(3):
            called = await stage.look()
            assert len(called) == 3
            for attempt in called:
                await stage.hears(attempt, (FactName.CLASSIFIED, "HUMAN", "HUMAN-800-800"))
                await stage.hang_up(attempt)
