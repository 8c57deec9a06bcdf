"""How many agents are free, when members are shared, promised and waited for."""

from ami_bridge.agents import QueueBoard
from ami_bridge.events import QueueMember
from ami_bridge.snapshot import LiveQueue, WaitingCaller
from strategies.store import QueueFigures


def live(name: str, *members: QueueMember, callers: tuple[WaitingCaller, ...] = ()) -> LiveQueue:
    return LiveQueue(name, "rrmemory", 0, 0, 0, 0, members, callers)


def board(*members: QueueMember) -> QueueBoard:
    made = QueueBoard()
    names = {member.queue for member in members}
    made.replace([live(name, *(m for m in members if m.queue == name)) for name in names], 100.0)
    return made


def member(
    name: str, queue: str = "sales", *, status: int = 1, paused: bool = False, in_call: bool = False
) -> QueueMember:
    return QueueMember(queue, name, name, name, status, paused, "", in_call, 0, 0, 0, 0, 0)


def test_only_idle_members_that_are_not_paused_count() -> None:
    assert (
        board(member("a"), member("b", paused=True), member("c", status=2), member("d", in_call=True)).free(
            "sales"
        )
        == 1
    )


def test_a_promised_agent_is_not_promised_twice() -> None:
    queues = board(member("a"))
    assert queues.reserve("sales", "sp-1")
    assert not queues.reserve("sales", "sp-2")
    queues.release("sp-1")
    assert queues.reserve("sales", "sp-2")


def test_callers_that_wait_come_before_those_still_to_be_dialled() -> None:
    queues = board(member("a"), member("b"))
    queues.joined("sales", "inbound-1", 10.0)
    assert queues.free("sales") == 1
    queues.left("sales", "inbound-1")
    assert queues.free("sales") == 2


def test_a_caller_of_another_queue_that_shares_the_agent_counts() -> None:
    queues = board(member("a"), member("a", "service"))
    queues.joined("service", "inbound-1", 10.0)
    assert queues.free("sales") == 0


def test_a_promised_call_that_joined_its_queue_is_counted_once() -> None:
    queues = board(member("a"), member("b"))
    assert queues.reserve("sales", "sp-1")
    queues.joined("sales", "sp-1", 10.0)
    assert queues.free("sales") == 1


def test_a_snapshot_replaces_members_and_waiting_but_keeps_promises() -> None:
    queues = board(member("a"), member("b"))
    queues.reserve("sales", "sp-1")
    queues.joined("sales", "gone", 1.0)
    here = WaitingCaller("sales", "PJSIP/x", "still-here", 1, 15, 0)
    queues.replace(
        [live("sales", member("a"), member("b"), member("c"), callers=(here,)), live("empty")], 100.0
    )
    assert queues.free("sales") == 1
    assert queues.queues(102.0) == {
        "empty": QueueFigures(at=102.0),
        "sales": QueueFigures(waiting=1, agents_free=1, longest_wait=17.0, at=102.0),
    }


def test_nobody_is_free_in_a_queue_without_members() -> None:
    assert QueueBoard().free("sales") == 0
    assert not QueueBoard().reserve("sales", "sp-1")
