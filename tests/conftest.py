"""What holds for every test: nothing is judged by how busy the machine is."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from shared_out import CallsBesideTheRest
    from xdist.remote import Producer

# The threads of OpenMP wait for one another by spinning: on cores that others use too, fitting trees takes
# twenty times as long with two threads as with one. It is read once, when scikit-learn is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("secondpass", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("secondpass")

BEHIND_CALLS = 10  # niceness of what is not on the telephone, where several processes share the tests


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> CallsBesideTheRest | None:
    """Whoever asks for another way of sharing (`--dist`) gets it."""
    from shared_out import CallsBesideTheRest

    return CallsBesideTheRest(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Audio is real time: what only computes gives way to it. Back takes root, which the harness has."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        niceness = 0 if item.get_closest_marker("telephony") else BEHIND_CALLS
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, niceness)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Why a test was tried again."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.write_line(f"tried again: {report.nodeid}")
        for line in report.longreprtext.splitlines():
            if line.startswith("E "):
                terminalreporter.write_line(f"  {line[:200]}")
