"""The harness of a session of telephony tests, and the hands to make calls with; leaves nothing running.

Asterisk, the carrier, Redis and the agents are real, on 127.0.20.x, and on 127.0.21.x and so on for further
processes of tests beside the first. secondpass itself is not up: a test starts what it needs of it, or plays
its part, at {net}.4.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docker"))
sys.path.append(str(ROOT / "docker" / "demo"))

from harness import TELEPHONY_SERVICES, Harness  # noqa: E402
from harness_engine import HarnessError, ensure_engine  # noqa: E402
from harness_images import build  # noqa: E402
from telephony_calls import Calls  # noqa: E402
from telephony_wire import Ami, manager  # noqa: E402

LOGGED_AT_START: list[str] = []

# Somebody to talk to without a telephone: answers, and says nothing until hung up.
QUIET = """
[quiet]
exten => s,1,Answer()
 same => n,Wait(120)
"""


AUDIO_TRIES = int(
    os.environ.get("SP_TEST_TRIES", "2")
)  # further tries of a test of calls, each told in the summary


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Audio is real time: on a machine that stalls, a hello comes late and app_amd is not sure. What must
    hold however slow the machine is (the crashes: nobody is called twice) is never tried again."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.telephony)
            if item.path.stem != "test_crash":
                item.add_marker(pytest.mark.flaky(reruns=AUDIO_TRIES))


@pytest.fixture(scope="session")
def harness() -> Iterator[Harness]:
    """Asterisk, carrier, Redis and agents, up for the whole session."""
    try:
        ensure_engine()
    except HarnessError as error:
        pytest.skip(f"not run: {error}")
    build(secondpass=False)
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    first, _, last = os.environ.get("SP_TEST_NET", "127.0.20").rpartition(".")
    net = f"{first}.{int(last) + worker}"
    project = f"{os.environ.get('SP_TEST_PROJECT', 'secondpass-test')}{worker or ''}"
    running = Harness(net, project, ROOT / "build" / f"harness-{project.removeprefix('secondpass-')}")
    try:
        running.up(*TELEPHONY_SERVICES)
        LOGGED_AT_START.extend(running.logged("asterisk") + running.logged("carrier"))
        running.add_dialplan("quiet", QUIET)
        yield running
    finally:
        running.down()


@pytest.fixture(autouse=True)
def _all_up(request: pytest.FixtureRequest) -> None:
    """On a machine that stalls, Asterisk has been seen to crash in its own queue of tasks: that costs the
    test it happened in, and no other."""
    if "harness" in request.fixturenames:
        for service in request.getfixturevalue("harness").revive(*TELEPHONY_SERVICES):
            warnings.warn(f"{service} was down before this test, and has been started", stacklevel=1)


@pytest.fixture
def logged_at_start(harness: Harness) -> list[str]:
    """What Asterisk and the carrier logged before the first call."""
    return LOGGED_AT_START


@pytest.fixture
async def ami(harness: Harness) -> AsyncIterator[Ami]:
    """A manager session as the user secondpass has, with every event it is sent."""
    async with manager(f"{harness.net}.1", "secondpass", harness.secret("SECONDPASS_AMI_SECRET")) as session:
        yield session


@pytest.fixture
async def calls(ami: Ami) -> AsyncIterator[Calls]:
    """Hands to make calls with; what a test leaves up is hung up after it."""
    made = Calls(ami)
    yield made
    await made.hang_up()
