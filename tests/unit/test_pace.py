"""Channels and rates, over a long run by a virtual clock."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine_stage import MONDAY, a_campaign, a_sub

from ami_bridge.pace import Held, Pace
from config.settings import Asterisk, Settings, Trunk
from strategies.attempts import Intent
from strategies.campaign import Pacing, Pass
from strategies.contacts import Device
from strategies.state import SubCampaign
from strategies.vocabulary import Medium

CALL = Pass("call", Medium.AVM)
SLOW = replace(CALL, name="slow", pacing=Pacing("rate", rate=30.0))
SUB = a_sub(a_campaign(CALL, SLOW))
OTHER = replace(SUB, name="autumn/1")


def pace(*, channels: int | None = None, calls_per_second: float | None = None, keep_free: int = 0) -> Pace:
    trunk = Trunk(
        dial="PJSIP/{number}@carrier",
        channels=channels,
        calls_per_second=calls_per_second,
        keep_free=keep_free,
    )
    return Pace(Settings(asterisk=Asterisk(trunks={"carrier": trunk})))


def limited(**limits: object) -> SubCampaign:
    return replace(SUB, campaign=replace(SUB.campaign, **limits))  # type: ignore[arg-type]


def started(paced: Pace, sub: SubCampaign, going: Pass, seconds: float, *, wanted: int = 50) -> list[float]:
    """The moments of the calls that start when many are wanted every fifth of a second."""
    moments = []
    for look in range(round(seconds * 5)):
        now = MONDAY + look / 5
        for n in range(wanted):
            if paced.take(f"{look}.{n}", sub, going, now) is None:
                moments.append(now)
                paced.ended(f"{look}.{n}")
    return moments


def test_without_limits_everybody_may_be_called() -> None:
    assert len(started(pace(), SUB, CALL, 1.0)) == 250


def test_a_channel_is_taken_at_once_and_free_at_the_end_of_its_call() -> None:
    paced = pace(channels=2)
    assert [paced.take(a, SUB, CALL, MONDAY) for a in ("a", "b", "c")] == [None, None, Held.CAMPAIGN]
    paced.ended("a")
    assert [paced.take(a, SUB, CALL, MONDAY) for a in ("c", "d")] == [None, Held.CAMPAIGN]


def test_channels_are_left_to_those_who_call_in() -> None:
    paced = pace(channels=3, keep_free=1)
    assert [paced.take(a, SUB, CALL, MONDAY) for a in ("a", "b", "c")] == [None, None, Held.CAMPAIGN]


def test_a_campaigns_own_channels_leave_the_trunks_to_others() -> None:
    paced, narrow = pace(channels=3), limited(channels=1)
    assert paced.take("a", narrow, CALL, MONDAY) is None
    assert paced.take("b", narrow, CALL, MONDAY) is Held.CAMPAIGN
    assert [paced.take(a, OTHER, CALL, MONDAY) for a in ("c", "d", "e")] == [None, None, Held.CAMPAIGN]


def test_a_call_that_was_up_before_has_its_channel_once() -> None:
    paced = pace(channels=2)
    intent = Intent(
        "a", SUB.name, "1001", "call", Medium.AVM, Device("mobile", "+12125550101"), "", "", MONDAY
    )
    paced.adopt(intent)
    paced.adopt(intent)
    assert [paced.take(a, SUB, CALL, MONDAY) for a in ("b", "c")] == [None, Held.CAMPAIGN]


@pytest.mark.parametrize(
    ("paced", "sub", "going", "per_second"),
    [
        (pace(calls_per_second=3.0), SUB, CALL, 3.0),
        (pace(), limited(calls_per_second=0.25), CALL, 0.25),
        (pace(), SUB, SLOW, 0.5),
        (pace(calls_per_second=3.0), limited(calls_per_second=2.0), SLOW, 0.5),
    ],
    ids=["trunk", "campaign", "pass", "the least of them"],
)
def test_a_rate_is_reached_and_never_passed(
    paced: Pace, sub: SubCampaign, going: Pass, per_second: float
) -> None:
    moments = started(paced, sub, going, 120.0)
    burst = max(1.0, per_second)
    assert len(moments) == pytest.approx(120 * per_second, abs=burst)
    for place, first in enumerate(moments):
        within = sum(first <= moment < first + 10 for moment in moments[place:])
        assert within <= 10 * per_second + burst


def test_whose_limit_it_is_tells_who_else_need_not_be_asked() -> None:
    paced = pace()
    assert paced.take("a", SUB, SLOW, MONDAY) is None
    assert paced.take("b", SUB, SLOW, MONDAY) is Held.PASS
    assert paced.take("b", SUB, CALL, MONDAY) is None


def test_a_limit_that_is_reached_uses_up_nothing_of_the_others() -> None:
    paced = pace(calls_per_second=1.0)
    assert paced.take("a", SUB, SLOW, MONDAY) is None
    assert paced.take("b", SUB, SLOW, MONDAY + 1) is Held.PASS
    assert paced.take("b", SUB, CALL, MONDAY + 1) is None


def test_a_clock_that_went_back_starts_no_burst() -> None:
    paced = pace(calls_per_second=1.0)
    moments = started(paced, SUB, CALL, 10.0)
    assert paced.take("x", SUB, CALL, moments[0] - 3600) is Held.CAMPAIGN


def test_a_rule_that_slows_halves_the_rates_of_campaign_and_pass() -> None:
    slowed = replace(SUB, slowed=True)
    assert len(started(pace(), slowed, SLOW, 60.0)) == len(started(pace(), SUB, SLOW, 60.0)) // 2
    limited_to = replace(limited(calls_per_second=4.0), slowed=True)
    assert len(started(pace(), limited_to, CALL, 30.0)) == pytest.approx(60, abs=2)
