"""A decision reaches a real channel whole: set in one command, empty values and the longest ones too."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from harness import Harness
from telephony_calls import Calls
from telephony_wire import Ami

from agi.channel_variables import plain, set_all
from agi.server import FastAgiServer
from agi.session import AgiSession
from config.variables import Variable

NAMES = (
    Variable.QUEUE,
    Variable.PRIORITY,
    Variable.SEGMENT,
    Variable.FIRST_SEGMENT,
    Variable.OBJECTIVE,
    Variable.OFFER,
    Variable.PROMPT,
    Variable.ANNOUNCEMENT,
    Variable.WAIT_LIMIT,
    Variable.PENALTY_MAX,
    Variable.CUSTOMER,
    Variable.WHY,
    Variable.DECISION,
    Variable.CALLBACK,
)
STALE = "".join(f" same => n,Set({name}=stale)\n" for name in NAMES)
TOLD = ",".join(f"Told{name}: ${{{name}}}" for name in NAMES)
ASK = f"""
[decision]
exten => s,1,NoOp()
{STALE} same => n,AGI(${{SECONDPASS_AGI}}/segment,${{SECONDPASS_TOKEN}})
 same => n,UserEvent(Decided,Status: ${{AGISTATUS}},{TOLD})
 same => n,Wait(60)
"""
EMPTY = dict.fromkeys(NAMES, "")


@pytest.fixture(scope="module", autouse=True)
def asking(harness: Harness) -> None:
    harness.add_dialplan("decision", ASK)


@pytest.mark.parametrize(
    "decision",
    [
        EMPTY,
        EMPTY | {Variable.QUEUE: "sales", Variable.PROMPT: "Zoë, say: 'now' (100% = #1)"},
        EMPTY | {Variable.PENALTY_MAX: "2", Variable.DECISION: "178.42"},
        dict.fromkeys(NAMES, "x" * 500),
        dict.fromkeys(NAMES, "ж" * 500),
    ],
    ids=["all empty", "quotes and signs", "empty in the middle", "longest", "longest in two bytes each"],
)
async def test_a_channel_has_the_whole_decision(
    harness: Harness, ami: Ami, calls: Calls, decision: dict[str, str]
) -> None:
    async def segment(session: AgiSession) -> None:
        await set_all(session, decision)
        session.close()

    token = harness.secret("SECONDPASS_FASTAGI_TOKEN")
    allow = [ip_network("127.0.0.0/8")]
    server = FastAgiServer(f"{harness.net}.4", 4573, allow=allow, token=token, routes={"segment": segment})
    await server.start()
    try:
        attempt = await calls.quiet("s", "decision")
        told = await ami.event("UserEvent", UserEvent="Decided", Uniqueid=attempt)
    finally:
        await server.close()
    assert told["Status"] == "SUCCESS"
    assert {name: told[f"Told{name}"] for name in NAMES} == {
        name: plain(value) for name, value in decision.items()
    }
