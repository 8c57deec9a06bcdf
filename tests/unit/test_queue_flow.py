"""How it goes in the queues: what a caller who begins to wait meets."""

import math

import pytest

from models.features import LIVE, Source
from strategies.queue_flow import AROUND, LONGEST_GAP, QueueFlow


def test_a_caller_meets_those_who_wait_and_those_who_talk():
    flow = QueueFlow()
    flow.answered("Agent/1", 90.0)
    flow.joined("sales", "1", 100.0)
    flow.joined("service", "2", 130.0)
    met = flow.factors("service", 160.0)
    assert (met["queue_waiting"], met["queue_longest_wait"]) == (1, 30)
    assert (met["centre_waiting"], met["centre_longest_wait"], met["centre_waited_so_far"]) == (2, 60, 90)
    assert (met["centre_talking"], met["centre_agents"], met["since_answer"]) == (1, 1, 70)


def test_what_was_lost_and_how_long_was_waited_lately_is_told_for_the_queue_and_for_all():
    flow = QueueFlow()
    for call, queue in (("1", "sales"), ("2", "service"), ("3", "service")):
        flow.joined(queue, call, 0.0)
    flow.left("1", 20.0)
    flow.gave_up("2")
    flow.left("2", 50.0)
    flow.left("3", 60.0)
    met = flow.factors("service", 60.0)
    assert (met["queue_lately_waited"], met["last_waited_for_agent"]) == (60, 60)
    assert met["queue_lately_lost"] == pytest.approx(0.9)
    assert met["lately_lost"] == pytest.approx(0.1 * 0.9)
    assert flow.factors("sales", 60.0)["queue_lately_lost"] == 0
    assert math.isnan(flow.factors("elsewhere", 60.0)["queue_lately_lost"])


def test_agents_of_whom_nothing_was_heard_for_long_have_gone_home():
    flow = QueueFlow()
    flow.answered("Agent/1", 0.0)
    flow.completed("Agent/1", 60.0)
    assert flow.factors("service", 60.0)["lately_talked"] == 60
    assert flow.factors("service", 60.0 + AROUND)["centre_agents"] == 1
    assert flow.factors("service", 61.0 + AROUND)["centre_agents"] == 0


def test_a_night_counts_as_one_long_gap_and_no_more():
    flow = QueueFlow()
    for call, at in (("1", 0.0), ("2", 40_000.0)):
        flow.joined("service", call, at)
    assert flow.factors("service", 40_000.0)["lately_between_callers"] == LONGEST_GAP


def test_a_call_that_was_never_seen_to_join_and_one_of_a_snapshot():
    flow = QueueFlow()
    flow.gave_up("unseen")
    flow.left("unseen", 10.0)
    assert math.isnan(flow.factors("service", 10.0)["lately_lost"])
    flow.now_waiting({"1": ("service", 5.0)})
    assert flow.factors("service", 10.0)["queue_longest_wait"] == 5
    flow.left("1", 15.0)
    assert flow.factors("service", 15.0)["lately_waited"] == 10


def test_every_factor_it_makes_is_declared_for_queues():
    declared = {factor.name for factor in LIVE if factor.source is Source.QUEUE}
    assert declared - set(QueueFlow().factors("service", 0.0)) == {"queue_agents_free"}
    assert set(QueueFlow().factors("service", 0.0)) <= declared
