"""An agent who comes free is not left to the queue's next look by somebody whose two seconds run."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from ami_bridge.agents import QueueBoard
from ami_bridge.errors import ActionRefused
from ami_bridge.events import QueueMember
from ami_bridge.nudging import Nudging
from ami_bridge.snapshot import LiveQueue

FREE, IN_USE = 1, 2
ADA = QueueMember("sales", "ada", "PJSIP/ada", "PJSIP/ada", FREE, False, "", False, 0, 0, 0, 0, 0)


class Keys:
    """A link that notes whose channel a key was pressed on; that of a channel that is gone is refused."""

    def __init__(self) -> None:
        self.pressed: list[str] = []
        self.gone = ""

    async def call(self, action: str, headers: dict[str, str]) -> None:
        assert (action, headers["Receive"]) == ("PlayDTMF", "true")
        if headers["Channel"] == self.gone:
            raise ActionRefused(action, "Channel not found")
        self.pressed.append(headers["Channel"])


class Floor:
    """Ada works in `sales`, and so does whoever a test adds."""

    def __init__(self) -> None:
        self.now = 100.0
        self.keys = Keys()
        self.board = QueueBoard(lambda: self.now)
        self.board.replace([LiveQueue("sales", "", 0, 0, 0, 0, (replace(ADA, status=IN_USE),), ())], self.now)
        self.nudging = Nudging(self.keys, self.board)  # type: ignore[arg-type]

    async def tells(self, member: QueueMember) -> list[str]:
        """Asterisk tells of a member; the calls nudged by it."""
        self.keys.pressed.clear()
        self.board.member(member)
        self.nudging.changed(member)
        running = asyncio.create_task(self.nudging.run())
        for _ in range(5):
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return list(self.keys.pressed)


async def test_who_waits_is_nudged_in_the_order_they_came_when_an_agent_comes_free() -> None:
    floor = Floor()
    floor.board.joined("sales", "sp-2", 99.0)
    floor.board.joined("sales", "sp-1", 98.0)
    floor.board.joined("service", "sp-3", 97.0)
    assert await floor.tells(replace(ADA, status=IN_USE)) == []
    assert await floor.tells(ADA) == ["sp-1", "sp-2"]


async def test_neither_callers_from_outside_nor_who_rings_an_agent_already_are_nudged() -> None:
    floor = Floor()
    floor.board.joined("sales", "1795313116.1", 98.0)
    floor.board.joined("sales", "sp-1", 98.5)
    floor.board.joined("sales", "sp-2", 99.0)
    floor.board.rings("PJSIP/bo", "sp-1")
    assert await floor.tells(ADA) == ["sp-2"]


async def test_an_agent_in_after_call_work_is_left_to_it() -> None:
    floor = Floor()
    floor.board.wraps_up("sales", 10.0)
    floor.board.completed("PJSIP/ada")
    floor.board.joined("sales", "sp-1", 99.0)
    assert await floor.tells(ADA) == []
    floor.now += 10
    assert await floor.tells(ADA) == ["sp-1"]


async def test_a_person_who_has_just_left_stops_nobody_elses_nudge() -> None:
    floor = Floor()
    floor.keys.gone = "sp-1"
    floor.board.joined("sales", "sp-1", 98.0)
    floor.board.joined("sales", "sp-2", 99.0)
    assert await floor.tells(ADA) == ["sp-2"]
