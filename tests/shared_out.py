"""Shares the test files out among pytest's processes: real calls, which mostly wait, go on beside what mostly
computes; how many processes there are is the command's (`--numprocesses`)."""

from __future__ import annotations

from collections.abc import Sequence

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

CALLS = "tests/telephony/"

# What takes longest begins first, so that nobody is left alone with it at the end. A file that is not here
# comes after these; the order is of no other consequence.
LONGEST = (
    "tests/telephony/test_recoveries.py",
    "tests/telephony/test_crash.py",
    "tests/telephony/test_legs.py",
    "tests/telephony/test_faults.py",
    "tests/telephony/test_four_passes.py",
    "tests/telephony/test_outbound.py",
    "tests/telephony/test_agents_paced.py",
    "tests/telephony/test_recovery_guards.py",
    "tests/telephony/test_agents_leave.py",
    "tests/telephony/test_connect.py",
    "tests/telephony/test_waiting_callers.py",
    "tests/integration/test_api_conformance.py",
    "tests/integration/test_cli_messages.py",
    "tests/unit/test_model_training.py",
    "tests/property/test_expression_meaning.py",
)


def is_of_calls(test: str) -> bool:
    """Whether a file or a test, by its path from the project's root, makes real calls."""
    return test.startswith(CALLS)


def places_for_calls(processes: int) -> int:
    """How many of so many processes begin with real calls: all but one, but at least one."""
    return max(1, processes - 1)


def rank(file: str) -> int:
    """Where a file stands in its turn: the long ones in their order, then the others."""
    return LONGEST.index(file) if file in LONGEST else len(LONGEST)


def next_file(waiting: Sequence[str], place: int, processes: int) -> str:
    """Which of the waiting files a process takes: of its own kind, while there are any; of the other then."""
    mine = [file for file in waiting if is_of_calls(file) == (place < places_for_calls(processes))]
    return min(mine or waiting, key=rank)


class CallsBesideTheRest(LoadFileScheduling):
    """pytest-xdist's `loadfile`, but for which file is next, and when: as late as can be, for what a process
    has been given nobody else can take over."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        place = int(node.gateway.id.removeprefix("gw"))
        self.workqueue.move_to_end(next_file(list(self.workqueue), place, self.numnodes), last=False)
        super()._assign_work_unit(node)

    def _reschedule(self, node: WorkerController) -> None:
        if self._pending_of(self.assigned_work[node]) < 2 or not self.workqueue:  # the last waits for a next
            super()._reschedule(node)
            if not self.workqueue:
                super()._reschedule(node)  # nothing more will come: it need not wait for a next with its last
