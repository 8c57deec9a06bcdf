"""Callbacks at the dialer, on a real store: whom they wait for, and whom they keep waiting."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bridge_stage import ADA, BO, QUEUE, Stage, event, launched, staged
from store_people import NOON, Clock

from agi.place import PlaceHook
from ami_bridge.events import QueueMemberStatus, parse
from ami_bridge.standing_by import AGAIN, FORGOTTEN, RINGS, STANDS, UNHEARD
from strategies.attempts import FactName
from strategies.callbacks import OWN_AGENT, Wish
from strategies.campaign import Pass, Recovery
from strategies.state import Callback, SubCampaign
from strategies.store import Store
from strategies.store.promises import cancel, promise, promise_caller
from strategies.vocabulary import Medium, Trigger

BACK = Pass("back", Medium.DIALER, recovery=Recovery((Trigger.ABANDONED_IN_QUEUE,), queue="service"))
FIRST, SECOND = "PJSIP/agent01", "PJSIP/agent02"


async def promised(stage: Stage, *who: object, **wish: object) -> SubCampaign:
    """A sub-campaign for callers, in which Ada is promised a call now."""
    sub = await launched(stage.store, [ADA, BO], BACK)
    asked = replace(Wish(stage.clock.now, "test"), **wish)  # type: ignore[arg-type]
    made = await promise(stage.store, sub, ADA.id, asked, stage.clock)
    assert isinstance(made, Callback)
    return sub


def goes_to_a_call(stage: Stage, agent: str) -> None:
    """Asterisk says that this agent's telephone is in use."""
    told = parse(event("QueueMemberStatus", Queue=QUEUE, MemberName=agent, Interface=agent, Status="2"))
    assert isinstance(told, QueueMemberStatus)
    stage.board.member(told.member)


async def test_an_agent_is_reserved_before_the_person_is_called(store: Store, clock: Clock) -> None:
    async with staged(store, clock, agents=[FIRST]) as stage:
        await promised(stage)
        goes_to_a_call(stage, FIRST)
        assert await stage.look() == []
        assert stage.dialer.held()["spring/1"] == {"back": "no agent is free"}


async def answers_first(stage: Stage, agent: str) -> dict[str, str]:
    """The agent is called before the person, and answers; how they were called."""
    assert await stage.look() == []
    [headers] = stage.link.legs
    leg = headers["ChannelId"]
    if headers["Channel"].startswith("Local/"):
        told = {"Uniqueid": headers["OtherChannelId"], "Interface": agent, "Queue": QUEUE}
        stage.hears_of(event("AgentConnect", **told))
    else:
        stage.hears_of(event("OriginateResponse", ActionID=leg, Response="Success", Reason="4", Uniqueid=leg))
    return headers


async def test_one_for_one_agent_waits_for_that_agent_and_then_takes_another(
    store: Store, clock: Clock
) -> None:
    async with staged(store, clock, agents=[FIRST, SECOND]) as stage:
        await promised(stage, agent=SECOND)
        goes_to_a_call(stage, SECOND)
        assert await stage.look() == []
        assert stage.link.legs == []
        attempt = (await stage.look(after=OWN_AGENT))[0]
        intent = await store.intent(attempt)
        assert intent is not None
        assert (intent.callback, intent.agent, intent.leg) == (True, "", "")


async def test_its_own_agent_is_on_the_line_before_the_person_is_called(store: Store, clock: Clock) -> None:
    async with staged(store, clock, agents=[FIRST, SECOND]) as stage:
        await promised(stage, agent=SECOND)
        headers = await answers_first(stage, SECOND)
        assert (headers["Channel"], headers["Context"]) == (SECOND, "secondpass-stand-by")
        intent = await store.intent(await stage.one_call())
        assert intent is not None
        assert (intent.callback, intent.agent, intent.leg) == (True, SECOND, headers["ChannelId"])
        await stage.hang_up(intent.attempt, (FactName.DIAL_ENDED, "BUSY"))
        await stage.look()
        assert stage.link.hung_up == [headers["ChannelId"]]


async def test_an_agent_who_does_not_answer_is_asked_again_later_and_nobody_is_called(
    store: Store, clock: Clock
) -> None:
    async with staged(store, clock, agents=[FIRST, SECOND]) as stage:
        await promised(stage, agent=SECOND)
        assert await stage.look() == []
        [headers] = stage.link.legs
        stage.hears_of(
            event("OriginateResponse", ActionID=headers["ChannelId"], Response="Failure", Reason="3")
        )
        assert await stage.look(after=AGAIN - 1.0) == []
        assert len(stage.link.legs) == 1
        await stage.look(after=1.0)
        await stage.look()
        assert len(stage.link.legs) == 2
        assert stage.link.originated == []


@pytest.mark.parametrize(
    ("wish", "lasts"), [({"agent": SECOND}, RINGS + UNHEARD), ({"place": NOON - 30}, STANDS + UNHEARD)]
)
async def test_an_agent_of_whom_nothing_was_heard_is_let_go_and_another_call_is_made(
    store: Store, clock: Clock, wish: dict[str, object], lasts: float
) -> None:
    """The hang-up was told while the link was down, or fell out of an overflow."""
    async with staged(store, clock, agents=[FIRST, SECOND]) as stage:
        await promised(stage, **wish)
        assert await stage.look() == []
        [unheard] = stage.link.legs
        await stage.look(after=lasts - 1.0)
        assert (len(stage.link.legs), stage.link.hung_up) == (1, [])
        await stage.look(after=1.0)
        await stage.look()
        assert len(stage.link.legs) == 2
        assert stage.link.hung_up == [unheard["ChannelId"]]


async def test_an_agent_for_whom_nobody_asks_any_more_is_let_go(store: Store, clock: Clock) -> None:
    async with staged(store, clock, agents=[FIRST, SECOND]) as stage:
        sub = await promised(stage, agent=SECOND)
        headers = await answers_first(stage, SECOND)
        assert await cancel(store, sub, ADA.id, "cancelled", clock)
        await stage.look(after=FORGOTTEN)
        assert stage.link.hung_up == [headers["ChannelId"]]


async def test_a_place_is_kept_behind_those_who_came_before_and_ahead_of_those_who_came_later(
    store: Store, clock: Clock
) -> None:
    async with staged(store, clock, agents=[FIRST]) as stage:
        stage.board.joined("service", "1.1", clock() - 60)
        stage.board.joined("service", "1.2", clock() - 10)
        await promised(stage, place=clock() - 30)
        goes_to_a_call(stage, FIRST)  # callers who came later keep every agent busy
        assert await stage.look() == []
        assert stage.link.legs == []
        stage.board.left("service", "1.1")
        headers = await answers_first(stage, FIRST)
        assert headers["Channel"] == "Local/s@secondpass-queue-up/n"
        attempt = await stage.one_call()
        intent = await store.intent(attempt)
        assert intent is not None
        assert (intent.agent, intent.leg) == (FIRST, headers["ChannelId"])
        await stage.hang_up(attempt, (FactName.ANSWERED, ""), (FactName.AGENT_CONNECTED, FIRST))
        ends = [line["result"] for line in await stage.told("callback_ended")]
        assert ends == ["reached"]


async def test_a_caller_is_promised_a_call_where_a_campaign_is_for_the_queue(
    store: Store, clock: Clock
) -> None:
    async with staged(store, clock):
        sub = await launched(store, [ADA], BACK)
        assert await promise_caller(store, "sales", ADA.numbers()[0], clock() - 9, clock) is None
        kept = await promise_caller(store, "service", ADA.numbers()[0], clock() - 9, clock)
        assert kept == (sub.name, ADA.id)
        state = await store.state(sub.name, ADA.id)
        assert state is not None
        assert state.callback is not None
        assert (state.callback.by, state.callback.place) == ("caller", clock() - 9)


async def test_an_unknown_caller_enters_for_this_call_alone(store: Store, clock: Clock) -> None:
    async with staged(store, clock, agents=[FIRST]) as stage:
        sub = await launched(store, [ADA], Pass("reminder", Medium.AVM, where="contact.role == 'none'"), BACK)
        kept = await promise_caller(store, "service", "+12025550199", clock() - 9, clock)
        assert kept == (sub.name, "caller-12025550199")
        [line] = await stage.told("callback_set")
        assert (line["contact"], line["address"]) == ("caller-12025550199", "+12025550199")
        await answers_first(stage, FIRST)
        attempt = await stage.one_call()
        intent = await store.intent(attempt)
        assert intent is not None
        assert (intent.contact, intent.callback, intent.pass_name) == ("caller-12025550199", True, "back")
        await stage.hang_up(attempt, (FactName.ANSWERED, ""), (FactName.AGENT_CONNECTED, FIRST))
        ends = {line["contact"]: line["reason"] for line in await stage.told("contact_ended")}
        assert ends["caller-12025550199"] == "connected_agent"
        assert (await store.counters(sub.name)).list_contacts == {"callers": 1, "spring_list": 1}
        again = await promise_caller(store, "service", "+12025550199", clock() - 9, clock)
        assert again == kept


class Line:
    """A call whose dialplan asks for its place to be kept."""

    def __init__(self, number: str, *arguments: str) -> None:
        self.environment, self.arguments = {"agi_callerid": number}, arguments
        self.told: dict[str, str] = {}

    async def set_variable(self, name: str, value: str) -> None:
        self.told[name] = value

    async def set_variables(self, values: object) -> None:
        raise AssertionError("one variable is enough")

    def close(self) -> None:
        raise AssertionError("the dialplan waits for the answer")


async def test_the_dialplan_is_told_whether_the_place_is_kept(store: Store, clock: Clock) -> None:
    await launched(store, [ADA], BACK)
    asks = PlaceHook(store, "US", clock)
    known = Line("2025550101", "service", str(int(clock() - 9)))
    nobody, hidden = Line("2025550199", "sales"), Line("unknown", "service", "soon")
    for line in (known, nobody, hidden):
        await asks(line)
    assert [line.told["SP_NEXT"] for line in (known, nobody, hidden)] == ["hangup", "hold", "hold"]


async def test_a_campaign_that_is_there_for_callers_goes_on_when_nobody_is_left(
    store: Store, clock: Clock
) -> None:
    async with staged(store, clock, agents=[FIRST]) as stage:
        sub = await launched(store, [ADA], BACK)
        other = await launched(
            store, [BO], replace(BACK, recovery=replace(BACK.recovery, queue=None)), name="x"
        )
        for _ in range(3):
            await stage.look()
        standing = {known.name: known.run_state.value for known in await store.subs()}
        assert standing == {sub.name: "running", other.name: "completed"}
