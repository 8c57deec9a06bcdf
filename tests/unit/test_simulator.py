"""The parts of the simulator by themselves: its calendar, its rates, and chance."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from config.carrier import Carrier, Entry, Hourly, Model
from console.simulator.agents import Agents
from console.simulator.fates import Fate, Fates
from console.simulator.grants import Meter
from console.simulator.timeline import Timeline
from strategies.attempts import Intent, triggers_of_result
from strategies.campaign import Campaign, Pass
from strategies.contacts import Device
from strategies.script import Script, Step
from strategies.vocabulary import Medium, Result, Trigger

NEW_YORK = "America/New_York"
NOON = 1_772_470_800.0  # 2026-03-02 12:00 in New York
CAMPAIGN = Campaign(
    name="spring",
    purpose="service",
    country="US",
    caller_id="",
    queue="",
    passes=(Pass("call", Medium.AVM), Pass("live", Medium.DIALER)),
    zone=NEW_YORK,
    groups={"success": ("pressed_1",)},
)


def an_intent(number: int = 0, medium: Medium = Medium.AVM) -> Intent:
    name = "live" if medium is Medium.DIALER else "call"
    device = Device("mobile", f"+1212{2_000_000 + number}")
    return Intent(f"a{number}", "spring/1", "1", name, medium, device, "", "", NOON)


def drawn(model: Model, medium: Medium = Medium.AVM, people: int = 4000, seed: int = 1) -> list[Fate]:
    fates = Fates(Carrier(model=model), seed)
    return [fates.draw(an_intent(n, medium), CAMPAIGN, NEW_YORK) for n in range(people)]


def shares(fates: list[Fate]) -> dict[str, float]:
    return {str(result): n / len(fates) for result, n in Counter(fate.result for fate in fates).items()}


def test_things_happen_in_their_order_at_whole_seconds() -> None:
    coming: Timeline[str] = Timeline()
    for at, thing in ((12.2, "c"), (10.0, "a"), (12.9, "d"), (11.0, "b")):
        coming.note(at, thing)
    coming.wake(10.5)
    assert coming.next() == 10
    assert (coming.take(10), coming.next()) == (["a"], 11)
    assert (coming.take(11), coming.next()) == (["b"], 13)
    assert (coming.take(20), coming.next()) == (["c", "d"], None)


@pytest.mark.parametrize("per_minute", [1, 7, 40, 60, 90, 600, 1000])
def test_a_rate_is_kept_in_every_minute_and_used_up_in_the_long_run(per_minute: int) -> None:
    meter, started = Meter(), list[int]()
    for second in range(600):
        while meter.allows(per_minute, second):
            meter.spend()
            started.append(second)
    busiest = max(sum(begin <= at < begin + 60 for at in started) for begin in range(540))
    assert busiest <= per_minute
    assert len(started) >= per_minute * 10 - max(1, per_minute / 60)


def test_a_pause_is_not_made_up_for() -> None:
    meter = Meter()
    assert meter.allows(120, 0)
    burst = 0
    while meter.allows(120, 3600):
        meter.spend()
        burst += 1
    assert burst == 2


@pytest.mark.parametrize("per_minute", [1, 7, 40])
def test_a_slow_rate_tells_when_the_next_may_start(per_minute: int) -> None:
    meter = Meter()
    assert meter.allows(per_minute, 0)
    meter.spend()
    again = meter.again(per_minute)
    assert not meter.allows(per_minute, again - 1)
    assert meter.allows(per_minute, again)


def test_agents_are_so_many_and_no_more() -> None:
    agents = Agents(1)
    assert (agents.reserve("a"), agents.reserve("b")) == (True, False)
    agents.release("a")
    assert agents.reserve("b")
    assert all(Agents(None).reserve(str(n)) for n in range(100))


def test_a_model_draws_by_its_shares() -> None:
    model = Model(
        answer={"": Hourly(((0.0, 0.4),))}, machine=0.25, busy=0.2, congestion=0, bad_device=0, hang_up=0.1
    )
    found = shares(drawn(model))
    expected = {"machine_hangup": 0.1, "busy": 0.12, "no_answer": 0.48, "hangup_in_script": 0.03}
    for result, share in expected.items():
        assert found[result] == pytest.approx(share, abs=0.03)
    assert shares(drawn(model, Medium.DIALER))["connected_agent"] == pytest.approx(0.3, abs=0.03)


def test_what_a_person_presses_decides_the_result() -> None:
    model = Model(
        answer={"": Hourly(((0.0, 1.0),))},
        machine=0,
        hang_up=0,
        responses={"pressed_1": 0.5, "pressed_2": 0.5},
    )
    said = {fate.responses: fate.result for fate in drawn(model, people=50)}
    assert said == {("pressed_1",): "delivered_person", ("pressed_2",): "delivered_no_success"}


def test_people_behave_alike_whatever_happens_to_others() -> None:
    """A person's nth call has the same fate in whatever order people are called."""
    there, back = Fates(Carrier(model=Model()), 7), Fates(Carrier(model=Model()), 7)
    forth = {n: there.draw(an_intent(n), CAMPAIGN, NEW_YORK) for n in range(50)}
    assert {n: back.draw(an_intent(n), CAMPAIGN, NEW_YORK) for n in reversed(range(50))} == forth
    assert drawn(Model(), people=50, seed=7) != drawn(Model(), people=50, seed=8)


def test_a_written_call_that_is_not_answered_rings_as_long_as_the_pass_says() -> None:
    fates = Fates(Carrier(default=Entry(Result.NO_ANSWER)), 0)
    assert fates.draw(an_intent(), CAMPAIGN, NEW_YORK) == Fate(Result.NO_ANSWER, ring=30.0)


@pytest.mark.parametrize(
    ("medium", "result", "triggers"),
    [
        (Medium.AVM, Result.ABANDONED_IN_QUEUE, ["asked_for_agent_but_lost", "abandoned_in_queue"]),
        (Medium.DIALER, Result.ABANDONED_IN_QUEUE, ["abandoned_in_queue"]),
        (Medium.AVM, Result.ABANDONED_NO_AGENT, ["asked_for_agent_but_lost", "abandoned_no_agent"]),
        (Medium.DIALER, Result.ABANDONED_NO_AGENT, ["abandoned_no_agent"]),
        (Medium.AVM, Result.HANGUP_IN_SCRIPT, ["hangup_in_script"]),
        (Medium.AVM, Result.DELIVERED_PERSON, ["no_input"]),
        (Medium.AVM, Result.BUSY, ["not_connected"]),
        (Medium.AVM, Result.MACHINE_HANGUP, []),
        (Medium.DIALER, Result.CONNECTED_AGENT, []),
    ],
)
def test_a_result_alone_tells_what_it_may_be_recovered_for(
    medium: Medium, result: Result, triggers: list[Trigger]
) -> None:
    assert list(triggers_of_result(an_intent(0, medium), result, (), CAMPAIGN)) == triggers


def test_who_has_said_what_is_success_is_recovered_for_nothing() -> None:
    assert triggers_of_result(an_intent(), Result.HANGUP_IN_SCRIPT, ("pressed_1",), CAMPAIGN) == ()


def test_who_left_after_the_key_that_leads_to_an_agent_had_asked_for_one() -> None:
    menu = Script("hello", "menu", {"menu": Step(keys={"0": "agent"}), "agent": Step(transfer=True)})
    campaign = replace(CAMPAIGN, passes=(Pass("call", Medium.AVM, script=menu),))
    for said, first in (("pressed_0", "asked_for_agent_but_lost"), ("pressed_2", "hangup_in_script")):
        assert triggers_of_result(an_intent(), Result.HANGUP_IN_SCRIPT, (said,), campaign)[0] == first
