"""How many agents are free, when members are shared, promised and waited for; and what each is at."""

from dataclasses import replace

import pytest

from ami_bridge.agents import QueueBoard
from ami_bridge.events import QueueMember
from ami_bridge.snapshot import LiveQueue, PoolStatus, WaitingCaller
from strategies.store import QueueFigures
from strategies.vocabulary import AgentState

FREE, IN_USE, UNAVAILABLE, RINGING = 1, 2, 5, 6  # Asterisk's device states


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
        "empty": QueueFigures(at=102.0, staffed=0),
        "sales": QueueFigures(waiting=1, agents_free=1, longest_wait=17.0, at=102.0, staffed=3),
    }


def test_who_is_paused_or_gone_works_not_and_is_dialled_ahead_of_by_nobody() -> None:
    queues = board(member("a", paused=True), member("b", status=5), member("c", status=2), member("d"))
    seen = queues.manning("sales")
    assert (seen.staffed, seen.busy, seen.free) == (2, 1, 1)


def test_nobody_is_free_in_a_queue_without_members() -> None:
    assert QueueBoard().free("sales") == 0
    assert not QueueBoard().reserve("sales", "sp-1")


def leg(agent: str = "201", queue: str = "sales", *, status: int = FREE) -> QueueMember:
    return QueueMember(
        queue,
        agent,
        f"Local/{agent}@secondpass-leg",
        f"Agent:{agent}",
        status,
        False,
        "",
        False,
        0,
        0,
        0,
        0,
        0,
    )


class At:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def is_at(queues: QueueBoard) -> dict[str, AgentState]:
    return {seat.name: seat.state for seat in queues.seats()}


@pytest.mark.parametrize("who", [member("a"), leg("a")], ids=["telephone", "leg"])
def test_an_agent_goes_from_ready_over_ringing_and_busy_to_after_call_work(who: QueueMember) -> None:
    clock = At()
    queues = QueueBoard(clock)
    queues.replace([live("sales", who)], clock())
    queues.wraps_up("sales", 10.0)
    seen = [is_at(queues)["a"]]
    queues.rings(who.interface, "sp-1")
    seen.append(is_at(queues)["a"])
    queues.connected(who.interface, "sp-1")
    queues.member(replace(who, status=IN_USE))
    seen.append(is_at(queues)["a"])
    assert [seat.call for seat in queues.seats()] == ["sp-1"]
    queues.completed(who.interface)
    queues.member(who)
    seen.append(is_at(queues)["a"])
    assert queues.free("sales") == 0
    clock.now += 10
    seen.append(is_at(queues)["a"])
    assert queues.free("sales") == 1
    assert seen == ["ready", "ringing", "busy", "after_call", "ready"]


@pytest.mark.parametrize("who", [member("a"), leg("a")], ids=["telephone", "leg"])
def test_who_is_paused_is_paused_and_whose_line_is_lost_is_gone(who: QueueMember) -> None:
    queues = board(replace(who, paused=True))
    assert is_at(queues) == {"a": "paused"}
    queues.member(replace(who, status=UNAVAILABLE))
    assert is_at(queues) == {"a": "gone"}
    assert queues.manning("sales").staffed == 0
    queues.member(who)
    assert is_at(queues) == {"a": "ready"}


def test_the_callers_hang_up_ends_a_talk_whoever_connected_it() -> None:
    queues = board(leg("a"))
    queues.connected("Local/a@secondpass-leg", "sp-1")
    queues.ended("sp-2")
    assert is_at(queues) == {"a": "busy"}
    queues.ended("sp-1")
    assert is_at(queues) == {"a": "ready"}


def test_after_a_gap_the_pool_tells_of_a_leg_in_use_whether_it_talks() -> None:
    queues = QueueBoard(At())
    legs = [leg(name, status=IN_USE) for name in ("talks", "wraps")]
    pool = {"talks": PoolStatus.ON_CALL, "wraps": PoolStatus.IDLE, "left": PoolStatus.LOGGED_OFF}
    queues.replace([live("sales", *legs, leg("left"), leg("new", status=UNAVAILABLE))], 100.0, pool)
    assert is_at(queues) == {"talks": "busy", "wraps": "after_call", "left": "gone", "new": "gone"}
    assert queues.free("sales") == 0


def test_after_a_gap_a_telephone_in_a_call_of_its_queue_is_busy_until_that_call_is_over() -> None:
    clock = At()
    queues = QueueBoard(clock)
    talking = replace(member("a", status=IN_USE), in_call=True)
    queues.replace([live("sales", talking)], 100.0)
    assert is_at(queues) == {"a": "busy"}
    queues.member(
        replace(talking, status=FREE)
    )  # the telephone is down before the queue has counted the call
    assert queues.free("sales") == 0
    queues.completed("a")
    assert queues.free("sales") == 1


def test_a_leg_that_the_pool_keeps_in_use_after_a_talk_has_after_call_work() -> None:
    queues = board(leg("a"))
    queues.member(leg("a", status=IN_USE))
    assert is_at(queues) == {"a": "busy"}  # with somebody no queue tells of
    queues.connected("Local/a@secondpass-leg", "sp-1")
    queues.completed("Local/a@secondpass-leg")
    assert is_at(queues) == {"a": "after_call"}
    queues.member(leg("a"))
    queues.member(leg("a", status=IN_USE))
    assert is_at(queues) == {"a": "busy"}


def test_a_talk_that_only_a_snapshot_knew_is_over_when_the_agent_is_free_again() -> None:
    queues = QueueBoard(At())
    queues.replace([live("sales", leg("a", status=IN_USE))], 100.0, {"a": PoolStatus.ON_CALL})
    queues.member(leg("a"))  # a call that no queue led to ends without a word
    assert is_at(queues) == {"a": "ready"}


def test_the_queues_own_wrap_up_counts_where_it_is_the_longer_one() -> None:
    clock = At()
    queues = QueueBoard(clock)
    queues.replace([live("sales", replace(member("a"), wrap_up_seconds=30))], 100.0)
    queues.wraps_up("sales", 5.0)
    queues.completed("a")
    clock.now += 29
    assert is_at(queues) == {"a": "after_call"}
    clock.now += 1
    assert is_at(queues) == {"a": "ready"}


def test_who_works_in_two_queues_is_one_agent_and_works_while_one_of_them_lets_them() -> None:
    queues = board(member("a", paused=True), member("a", "service"))
    (seat,) = queues.seats()
    assert (seat.queues, seat.state) == (("sales", "service"), "ready")


def test_a_telephone_that_rings_or_is_used_for_something_else_is_not_free() -> None:
    queues = board(member("a", status=RINGING), member("b", status=IN_USE))
    assert is_at(queues) == {"a": "ringing", "b": "busy"}
    assert queues.free("sales") == 0
