"""What became of live attempts, by the channels that are up."""

from __future__ import annotations

from ami_bridge.reconcile import Findings, compare
from strategies.attempts import Fact, FactName, Intent, Stage
from strategies.contacts import Device
from strategies.vocabulary import Medium

NOW = 1_784_131_200.0


def intent(attempt: str) -> Intent:
    mobile = Device("mobile", "+12125550101")
    return Intent(attempt, "spring/1", "1001", "call", Medium.AVM, mobile, "sales", "", NOW - 60)


def test_nothing_live_is_nothing_to_do() -> None:
    assert compare([], {"somebody-else"}, (), NOW) == Findings((), (), (), ())


def test_a_channel_that_is_up_is_adopted_once() -> None:
    live = [(intent("sp-1"), Stage.INTENT), (intent("sp-2"), Stage.PLACED)]
    found = compare(live, {"sp-1", "sp-2", "sp-3"}, (), NOW)
    assert found.up == (intent("sp-1"), intent("sp-2"))
    assert found.adopted == ("sp-1",)
    assert not found.gone


def test_an_attempt_without_a_channel_is_gone_from_the_stage_it_had() -> None:
    live = [(intent("sp-1"), Stage.INTENT), (intent("sp-2"), Stage.PLACED)]
    found = compare(live, set(), (), NOW)
    assert found.gone == (
        ("sp-1", Fact(FactName.GONE, NOW, "intent")),
        ("sp-2", Fact(FactName.GONE, NOW, "placed")),
    )


def test_a_channel_that_may_still_come_is_not_given_up() -> None:
    found = compare([(intent("sp-1"), Stage.INTENT)], set(), {"sp-1"}, NOW)
    assert found == Findings((), (), (), ("sp-1",))


def test_a_channel_that_came_is_up_even_while_awaited() -> None:
    found = compare([(intent("sp-1"), Stage.INTENT)], {"sp-1"}, {"sp-1"}, NOW)
    assert (found.up, found.adopted, found.undecided) == ((intent("sp-1"),), ("sp-1",), ())
