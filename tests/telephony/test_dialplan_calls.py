"""The dialplan's two promises, by real calls: inbound fails open, outbound fails closed."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable

import pytest
from harness import Harness
from telephony_calls import Calls, number
from telephony_wire import AgiCall, Ami, fastagi

ADMIN = """
[admin]
; An admin's own dialplan, with a timeout of its own, in which the hook is called.
exten => own-timeout,1,Set(TIMEOUT(absolute)=1.5)
 same => n,Gosub(secondpass-segment,s,1)
 same => n,UserEvent(Back,Queue: ${SP_QUEUE},Left: ${TIMEOUT(absolute)},Exit: ${AGIEXITONHANGUP})
 same => n,Wait(60)
exten => no-timeout,1,Gosub(secondpass-segment,s,1)
 same => n,Set(LEFT=${TIMEOUT(absolute)})
 same => n,UserEvent(Back,Queue: ${SP_QUEUE},Priority: ${SP_PRIORITY},Offer: ${SP_OFFER},Left: ${LEFT})
 same => n,Wait(60)
exten => T,1,UserEvent(OwnTimeout)
; A queue in which callers may press 1, of the admin's own: this one has waited for 40 seconds of 100.
exten => own-queue,1,Set(SP_QUEUE=${QUEUE})
 same => n,Set(SP_WAIT_LIMIT=100)
 same => n,Set(SP_ENTERED=$[${EPOCH} - 40])
 same => n,Queue(nobody)
; AMD() has spoken, and then nobody decided.
exten => undecided,1,Goto(secondpass-answered,s,undecided)
"""
KEY = {"Digit": "1", "Receive": "true"}  # of PlayDTMF: as if the caller had pressed it


@pytest.fixture(scope="module", autouse=True)
def admin_dialplan(harness: Harness) -> None:
    harness.add_dialplan("admin", ADMIN)


def sets(**variables: str) -> Callable[[AgiCall], Awaitable[None]]:
    """A server that sets these variables and is gone."""

    async def handler(call: AgiCall) -> None:
        for name, value in variables.items():
            await call.command(f'SET VARIABLE {name} "{value}"')

    return handler


def seconds(later: dict[str, str], earlier: dict[str, str]) -> float:
    return float(later["Received"]) - float(earlier["Received"])


# --- Inbound


async def test_the_hook_brings_back_what_the_server_set(harness: Harness, ami: Ami, calls: Calls) -> None:
    async with fastagi(
        f"{harness.net}.4", sets(SP_QUEUE="sales", SP_PRIORITY="7", SP_OFFER="gold")
    ) as sessions:
        attempt = await calls.quiet("no-timeout", "admin")
        back = await ami.event("UserEvent", Uniqueid=attempt)
    assert (back["Queue"], back["Priority"], back["Offer"]) == ("sales", "7", "gold")
    assert float(back["Left"]) == 0
    environment = sessions[0].environment
    assert environment["agi_network_script"] == "segment"
    assert environment["agi_arg_1"] == harness.secret("SECONDPASS_FASTAGI_TOKEN")


async def test_without_a_server_the_caller_goes_to_the_default_queue_at_once(ami: Ami, calls: Calls) -> None:
    attempt = await calls.quiet("s", "secondpass-inbound")
    joined = await ami.event("QueueCallerJoin", Uniqueid=attempt)
    answered = await ami.event("OriginateResponse", Uniqueid=attempt)
    assert joined["Queue"] == "service"
    assert seconds(joined, answered) < 0.2
    await ami.event("AgentConnect", Uniqueid=attempt)


async def test_with_a_frozen_server_the_caller_goes_on_after_the_deadline(
    harness: Harness, ami: Ami, calls: Calls
) -> None:
    with socket.create_server((f"{harness.net}.4", 4573)):
        attempt = await calls.quiet("s", "secondpass-inbound")
        joined = await ami.event("QueueCallerJoin", Uniqueid=attempt)
        answered = await ami.event("OriginateResponse", Uniqueid=attempt)
        assert joined["Queue"] == "service"
        assert 0.25 < seconds(joined, answered) < 0.6
        await ami.event("AgentConnect", Uniqueid=attempt)


async def test_a_server_that_dies_in_the_middle_leaves_what_it_had_set(
    harness: Harness, ami: Ami, calls: Calls
) -> None:
    async def first_segment_then_silence(call: AgiCall) -> None:
        await call.command('SET VARIABLE SP_QUEUE "retention"')
        await asyncio.sleep(60)

    async with fastagi(f"{harness.net}.4", first_segment_then_silence):
        attempt = await calls.quiet("s", "secondpass-inbound")
        assert (await ami.event("QueueCallerJoin", Uniqueid=attempt))["Queue"] == "retention"


@pytest.mark.parametrize("queue", ["", "no-such-queue", "no,such&queue"])
async def test_a_queue_that_does_not_exist_drops_nobody(
    harness: Harness, ami: Ami, calls: Calls, queue: str
) -> None:
    async with fastagi(f"{harness.net}.4", sets(SP_QUEUE=queue, SP_PENALTY_MAX="0")):
        attempt = await calls.quiet("s", "secondpass-inbound")
        assert (await ami.event("QueueCallerJoin", Uniqueid=attempt))["Queue"] == "service"
        await ami.event("AgentConnect", Uniqueid=attempt)


async def test_a_caller_whose_wait_limit_ran_out_goes_to_the_default_queue(
    harness: Harness, ami: Ami, calls: Calls
) -> None:
    async with fastagi(f"{harness.net}.4", sets(SP_QUEUE="nobody", SP_WAIT_LIMIT="1")):
        attempt = await calls.quiet("s", "secondpass-inbound")
        await ami.event("QueueCallerJoin", Uniqueid=attempt, Queue="nobody")
        await ami.event("AgentConnect", Uniqueid=attempt, Queue="service")


async def presses_one(ami: Ami, call: str, queue: str = "nobody") -> None:
    """To be called back, which nobody promises as no server is there: back in a queue, then."""
    since = len(ami.events)
    await ami.send("PlayDTMF", Channel=ami.seen("QueueCallerJoin", Uniqueid=call)[0]["Channel"], **KEY)
    await ami.event("QueueCallerJoin", since, Uniqueid=call, Queue=queue)


async def shown(ami: Ami, call: str, variable: str) -> str:
    channel = ami.seen("QueueCallerJoin", Uniqueid=call)[0]["Channel"]
    return (await ami.send("Getvar", Channel=channel, Variable=variable)).get("Value", "")


async def test_a_caller_who_is_refused_a_call_waits_on_until_the_limit_and_then_in_the_default_queue(
    harness: Harness, ami: Ami, calls: Calls
) -> None:
    async with fastagi(
        f"{harness.net}.4", sets(SP_QUEUE="nobody", SP_WAIT_LIMIT="8", SP_PENALTY_MAX="0", SP_PRIORITY="3")
    ):
        attempt = await calls.quiet("s", "secondpass-inbound")
        await ami.event("QueueCallerJoin", Uniqueid=attempt, Queue="nobody")
    for _ in range(2):
        await presses_one(ami, attempt)
        assert await shown(ami, attempt, "QUEUE_MAX_PENALTY") == "0"
        assert await shown(ami, attempt, "QUEUE_PRIO") == "4"  # the second key raises nobody further
    await ami.event("AgentConnect", Uniqueid=attempt, Queue="service")
    assert await shown(ami, attempt, "QUEUE_MAX_PENALTY") == "2147483647"


async def test_the_time_waited_before_a_refused_call_counts_once(ami: Ami, calls: Calls) -> None:
    attempt = await calls.quiet("own-queue", "admin", Variable="QUEUE=nobody")
    await ami.event("QueueCallerJoin", Uniqueid=attempt, Queue="nobody")
    for _ in range(2):
        await presses_one(ami, attempt)
        assert 45 < int(await shown(ami, attempt, "SP_WAIT_LIMIT")) <= 60


async def test_a_refused_caller_whom_the_queue_no_longer_takes_goes_to_the_default_queue(
    ami: Ami, calls: Calls
) -> None:
    attempt = await calls.quiet("own-queue", "admin", Variable="QUEUE=no-such-queue")
    await ami.event("QueueCallerJoin", Uniqueid=attempt, Queue="nobody")
    await presses_one(ami, attempt, "service")
    await ami.event("AgentConnect", Uniqueid=attempt, Queue="service")


async def test_an_absolute_timeout_of_the_admins_own_is_put_back(
    harness: Harness, ami: Ami, calls: Calls
) -> None:
    with socket.create_server((f"{harness.net}.4", 4573)):
        attempt = await calls.quiet("own-timeout", "admin")
        back = await ami.event("UserEvent", UserEvent="Back", Uniqueid=attempt)
        assert 1.3 < float(back["Left"]) <= 1.5
        assert back["Exit"] == ""
        ended = await ami.event("UserEvent", UserEvent="OwnTimeout", Uniqueid=attempt)
        assert 1.2 < seconds(ended, back) < 1.8


# --- Outbound


def answers(**following: str) -> Callable[[AgiCall], Awaitable[None]]:
    """A server that sets SP_NEXT to what is given for the script asked for."""

    async def handler(call: AgiCall) -> None:
        if following_step := following.get(call.environment["agi_network_script"]):
            await call.command(f"SET VARIABLE SP_NEXT {following_step}")

    return handler


async def outbound(calls: Calls, area: str, message: str = "", abandon: str = "") -> str:
    given = f"SP_QUEUE=collections,SP_PRIORITY=3,SP_MACHINE=leave_message,SP_MESSAGE={message}"
    given += f",SP_ABANDON={abandon}"
    return await calls.carrier(number(area), "s", "secondpass-answered", Variable=given)


async def test_an_answered_person_hears_the_script_and_then_talks_to_an_agent(
    harness: Harness, ami: Ami, calls: Calls
) -> None:
    async with fastagi(f"{harness.net}.4", answers(answered="script", script="agent")) as sessions:
        attempt = await outbound(calls, "202")
        await ami.event("AgentConnect", Uniqueid=attempt, Queue="collections")
    asked = [session.environment["agi_network_script"] for session in sessions]
    assert asked == ["answered", "script"]
    first = sessions[0].environment
    assert (first["agi_uniqueid"], first["agi_arg_2"]) == (attempt, "HUMAN")
    assert first["agi_arg_3"].startswith("HUMAN-")


async def test_machines_get_the_message_after_their_greeting_and_a_fax_is_told_apart(
    harness: Harness, ami: Ami, calls: Calls
) -> None:
    async with fastagi(f"{harness.net}.4", answers(answered="machine")) as sessions:
        machine = await outbound(calls, "213", "/opt/harness/sounds/hello")
        without = await outbound(calls, "213")
        fax = await outbound(calls, "226")
        for attempt in (machine, without, fax):
            await ami.event("Hangup", Uniqueid=attempt)
    told = [(s.environment["agi_uniqueid"], s.environment["agi_network_script"]) for s in sessions]
    assert (machine, "fact") in told
    assert (without, "fact") not in told  # nothing was left there
    verdicts = {s.environment["agi_uniqueid"]: s.environment.get("agi_arg_2") for s in sessions[:3]}
    assert verdicts == {machine: "MACHINE", without: "MACHINE", fax: "FAX"}
    # Greeting and beep take five seconds and a half; then come two of silence.
    heard = ami.seen("OriginateResponse", Uniqueid=machine)[0]
    assert 7 < seconds(ami.seen("Hangup", Uniqueid=machine)[0], heard) < 12


async def test_outbound_calls_end_when_there_is_no_decision(harness: Harness, ami: Ami, calls: Calls) -> None:
    refused = await outbound(calls, "202")
    assert (await ami.event("Hangup", Uniqueid=refused))["Cause"] == "16"
    with socket.create_server((f"{harness.net}.4", 4573)):
        frozen = await outbound(calls, "202")
        await ami.event("Hangup", Uniqueid=frozen, within=6)
    async with fastagi(f"{harness.net}.4", answers(answered="dance")):
        garbage = await outbound(calls, "202")
        await ami.event("Hangup", Uniqueid=garbage)
    assert not ami.seen("QueueCallerJoin")


async def test_a_person_of_whom_nothing_is_decided_hears_the_abandon_message(ami: Ami, calls: Calls) -> None:
    lasted = []
    for abandon in ("", "/opt/harness/sounds/hello"):
        attempt = await outbound(calls, "202", abandon=abandon)
        over = await ami.event("Hangup", Uniqueid=attempt, within=30)
        lasted.append(seconds(over, ami.seen("OriginateResponse", Uniqueid=attempt)[0]))
    assert lasted[1] > lasted[0] + 3  # three seconds are given for the key that ends all calls


async def test_who_is_silent_hears_the_abandon_message_as_a_person_does(ami: Ami, calls: Calls) -> None:
    lasted = []
    for cause in ("LONGGREETING-1500-1500", "INITIALSILENCE-2500-2500"):
        given = f"AMDSTATUS=MACHINE,AMDCAUSE={cause},SP_ABANDON=/opt/harness/sounds/hello"
        attempt = await calls.quiet("undecided", "admin", Variable=given)
        began = time.monotonic()
        await ami.event("Hangup", Uniqueid=attempt, within=30)
        lasted.append(time.monotonic() - began)
    assert lasted[1] > lasted[0] + 3


async def test_a_limit_that_runs_out_as_a_person_is_led_away_takes_no_message_from_them(
    harness: Harness, ami: Ami, calls: Calls
) -> None:
    with socket.create_server((f"{harness.net}.4", 4573)) as server:
        server.setblocking(False)
        attempt = await outbound(calls, "202", abandon="/opt/harness/sounds/hello")
        asked, _ = await asyncio.get_running_loop().sock_accept(server)
        began = time.monotonic()
        # A Redirect has set the context when the limit of the AGI is heeded: Asterisk goes to its T then.
        await ami.send("Redirect", Channel=attempt, Context="secondpass-abandon", Exten="T", Priority="1")
        await ami.event("Hangup", Uniqueid=attempt, within=30)
        asked.close()
    assert time.monotonic() - began > 3
