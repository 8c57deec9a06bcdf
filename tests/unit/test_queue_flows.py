"""Asterisk's events as the state of the queues that a model looks at."""

from ami_bridge.agents import QueueBoard
from ami_bridge.events import QueueCallerAbandon, QueueCallerJoin, QueueCallerLeave
from ami_bridge.queue_flows import QueueFlows


def joins(call: str, queue: str = "service") -> QueueCallerJoin:
    return QueueCallerJoin(queue, "PJSIP/x", call, call, 1, 1)


def leaves(call: str, queue: str = "service") -> QueueCallerLeave:
    return QueueCallerLeave(queue, "PJSIP/x", call, call, 1, 0)


def gives_up(call: str, queue: str = "service") -> QueueCallerAbandon:
    return QueueCallerAbandon(queue, "PJSIP/x", call, call, 1, 1, 30)


def test_events_become_the_factors_of_each_queue_and_what_nobody_knows_is_left_out():
    board = QueueBoard(lambda: 130.0)
    flows = QueueFlows(board)
    for event, at in ((joins("1"), 100.0), (joins("2"), 110.0), (gives_up("1"), 130.0), (leaves("1"), 130.0)):
        flows.hear(event, at)
    board.joined("service", "2", 110.0)
    told = flows.lately(["sales", "service"], 130.0)
    assert (told["service"]["queue_waiting"], told["service"]["queue_longest_wait"]) == (1, 20)
    assert told["service"]["queue_lately_lost"] == told["sales"]["lately_lost"] == 1
    assert "queue_lately_lost" not in told["sales"]
    assert "last_waited_for_agent" not in told["service"]


def test_who_waits_is_what_the_board_says_once_a_snapshot_has_put_it_right():
    board = QueueBoard(lambda: 130.0)
    flows = QueueFlows(board)
    flows.hear(joins("gone meanwhile"), 100.0)
    board.joined("service", "came meanwhile", 120.0)
    assert flows.lately(["service"], 130.0)["service"]["centre_longest_wait"] == 10
