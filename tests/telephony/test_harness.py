"""The harness does what it says: where it listens, how the carrier's numbers behave, what it counts."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from harness import Harness, listening
from harness_engine import run
from harness_records import CallsIn, CarrierCall, sipp_counts
from telephony_calls import Calls, eventually, number
from telephony_wire import AgiCall, Ami, fastagi

MEET = """
[meet]
; Talk to whoever answered, and tell which keys are pressed.
exten => s,1,Read(KEY,,1,,1,12)
 same => n,UserEvent(Key,Is: ${KEY})
 same => n,Hangup()
exten => hold,1,Wait(60)
"""


@pytest.fixture(scope="module", autouse=True)
def meet_dialplan(harness: Harness) -> None:
    harness.add_dialplan("meet", MEET)


def processes(harness: Harness, service: str) -> list[Path]:
    """The processes of a container, as the host sees them."""
    listed = run(["docker", "top", harness.container(service), "-o", "pid"]).stdout.split()[1:]
    return [Path("/proc") / pid for pid in listed]


def sockets(process: Path) -> set[str]:
    """The inodes of the sockets a process has open."""
    targets = (str(link.readlink()) for link in (process / "fd").iterdir())
    return {target[len("socket:[") : -1] for target in targets if target.startswith("socket:[")}


PLACES = {"asterisk": ".1", "carrier": ".2", "redis": ".3", "agents": ".5"}
ANYWHERE = {"0.0.0.0", "0" * 32}  # noqa: S104


def bound(harness: Harness, service: str, *protocols: str) -> list[str]:
    """The addresses a service's sockets are bound to, one for each socket."""
    own = set().union(*(sockets(process) for process in processes(harness, service)))
    return [a for protocol in protocols for a, inode in bound_sockets(protocol) if inode in own]


@pytest.mark.parametrize("service", PLACES)
def test_a_service_is_reached_at_its_own_loopback_address_only(harness: Harness, service: str) -> None:
    own = harness.net + PLACES[service]
    assert set(bound(harness, service, "tcp", "tcp6")) <= {own}
    datagrams = bound(harness, service, "udp", "udp6")
    assert {own} | ANYWHERE >= set(datagrams)
    # Asterisk's SIP stack asks name servers from two sockets of its own, even where there is no name to ask
    # for: a client's sockets, which answer nobody. There must be no others.
    allowed = 2 if service in {"asterisk", "carrier"} else 0
    assert sum(address in ANYWHERE for address in datagrams) <= allowed


def bound_sockets(protocol: str) -> set[tuple[str, str]]:
    """Address and inode of every socket that listens or is bound; IPv6 as the kernel writes it."""
    rows = [row.split() for row in Path(f"/proc/net/{protocol}").read_text().splitlines()[1:]]
    kept = [row for row in rows if protocol.startswith("udp") or row[3] == "0A"]
    return {(readable(row[1].split(":")[0]), row[9]) for row in kept}


def readable(address: str) -> str:
    return ".".join(str(byte) for byte in reversed(bytes.fromhex(address))) if len(address) == 8 else address


def test_the_ports_of_the_contract_are_open(harness: Harness) -> None:
    assert {(f"{harness.net}.1", 5038), (f"{harness.net}.3", 6379)} <= listening("tcp")
    telephones = {(f"{harness.net}.{host}", 5060) for host in (1, 2, 5)}
    assert telephones <= listening("udp")


def test_nothing_is_logged_as_an_error_or_a_warning_while_starting(logged_at_start: list[str]) -> None:
    assert any(" NOTICE[" in line for line in logged_at_start)
    assert [line for line in logged_at_start if " ERROR[" in line or " WARNING[" in line] == []


def test_the_secrets_are_readable_by_their_owner_only(harness: Harness) -> None:
    assert (harness.state_dir / "secrets.env").stat().st_mode & 0o777 == 0o600


def redis(harness: Harness, *command: str) -> str:
    host = ["redis-cli", "-h", f"{harness.net}.3"]
    return run(["docker", "exec", harness.container("redis"), *host, *command]).stdout.strip()


def test_what_redis_has_confirmed_survives_its_sudden_end(harness: Harness) -> None:
    assert redis(harness, "config", "get", "appendfsync").split() == ["appendfsync", "always"]
    redis(harness, "set", "intent", "written")
    harness.kill("redis")
    harness.start("redis")
    assert redis(harness, "get", "intent") == "written"


def test_a_service_that_has_crashed_is_started_again(harness: Harness) -> None:
    harness.kill("asterisk")

    assert harness.revive("asterisk", "carrier") == ["asterisk"]
    assert harness.revive("asterisk", "carrier") == []
    assert harness.channels() == 0


def test_a_frozen_service_keeps_its_socket_and_answers_again_when_thawed(harness: Harness) -> None:
    harness.freeze("redis")
    with socket.create_connection((f"{harness.net}.3", 6379), timeout=5) as connection:
        connection.sendall(b"PING\r\n")
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(10)
        harness.thaw("redis")
        connection.settimeout(5)
        assert connection.recv(10) == b"+PONG\r\n"


async def record(harness: Harness, dialled: str, nth: int = 1) -> CarrierCall:
    """The carrier's nth record of this number, once it is written."""

    def records() -> list[CarrierCall]:
        return [call for call in harness.carrier_records() if call.number == dialled]

    await eventually(lambda: len(records()) >= nth, within=20)
    return records()[nth - 1]


@pytest.mark.parametrize(
    ("area", "disposition", "cause"),
    [("203", "BUSY", 17), ("206", "CONGESTION", 34), ("207", "NO ANSWER", 1), ("999", "NO ANSWER", 1)],
)
async def test_a_call_the_carrier_refuses_leaves_a_record_with_its_cause(
    harness: Harness, calls: Calls, area: str, disposition: str, cause: int
) -> None:
    dialled = number(area)
    await calls.carrier(dialled, "hold", "meet", CallerID="+12125550100")
    call = await record(harness, dialled)
    assert (call.disposition, call.cause, call.answer, call.billsec) == (disposition, cause, None, 0)
    assert call.caller_id == "+12125550100"


async def test_whatever_is_dialled_leaves_a_record(harness: Harness, calls: Calls) -> None:
    for dialled in ("7", "12345", "+442079460000", "nobody"):
        await calls.carrier(dialled, "hold", "meet")
        assert (await record(harness, dialled)).cause == 1


async def test_a_number_that_is_not_answered_rings_until_the_dialer_gives_up(
    harness: Harness, ami: Ami, calls: Calls
) -> None:
    dialled = number("205")
    attempt = await calls.carrier(dialled, "hold", "meet", Timeout="1500")
    assert (await ami.event("OriginateResponse", Uniqueid=attempt))["Reason"] == "3"
    assert (await ami.event("Hangup", Uniqueid=attempt))["Cause"] == "19"
    assert not ami.seen("DialEnd", DestUniqueid=attempt)  # a time-out of Originate ends no dial
    call = await record(harness, dialled)
    assert (call.disposition, call.answer) == ("NO ANSWER", None)
    assert 1.4 < call.end - call.start < 2.0


async def test_a_number_that_is_busy_at_first_is_answered_the_second_time(
    harness: Harness, ami: Ami, calls: Calls
) -> None:
    dialled = number("219")
    await calls.carrier(dialled, "hold", "meet")
    assert (await record(harness, dialled)).disposition == "BUSY"
    again = await calls.carrier(dialled, "hold", "meet")
    await ami.event("OriginateResponse", Uniqueid=again, Response="Success")
    await ami.send("Hangup", Channel=again)
    assert (await record(harness, dialled, nth=2)).disposition == "ANSWERED"


async def test_people_press_their_key_hang_up_in_their_time_or_stay(
    harness: Harness, ami: Ami, calls: Calls
) -> None:
    """All of them at once: each takes seconds."""
    keys = {"215": "1", "216": "8", "217": "9", "224": "0"}
    pressing = {area: await calls.carrier(number(area), "s", "meet") for area in keys}
    leaving = {"214": (0.9, 1.6), "225": (5.8, 6.6)}  # seconds after the answer
    dialled = {area: number(area) for area in leaving}
    for area in leaving:
        await calls.carrier(dialled[area], "hold", "meet")
    staying = await calls.carrier(number("202"), "hold", "meet")

    for area, attempt in pressing.items():
        assert (await ami.event("UserEvent", UserEvent="Key", Uniqueid=attempt))["Is"] == keys[area]
    for area, (least, most) in leaving.items():
        call = await record(harness, dialled[area])
        assert call.answer is not None
        assert 0.9 < call.answer - call.start < 1.3
        assert least < call.end - call.answer < most
    assert not ami.seen("Hangup", Uniqueid=staying)


async def test_callers_are_counted_by_sipp_and_by_the_queue_log(harness: Harness) -> None:
    async def to_sales(call: AgiCall) -> None:
        await call.command('SET VARIABLE SP_QUEUE "sales"')

    callers = [f"+1202555019{last}" for last in range(3)]
    async with fastagi(f"{harness.net}.4", to_sales):
        counted = await asyncio.to_thread(harness.call_in, callers, 5, 30)
    assert counted == CallsIn(3, 3, 0)
    entered = [e for e in harness.queue_log() if e.event == "ENTERQUEUE" and e.fields[1] in callers]
    assert sorted((entry.fields[1], entry.queue) for entry in entered) == [(c, "sales") for c in callers]
    await eventually(lambda: harness.channels() == 0)


async def test_a_caller_without_patience_hangs_up(harness: Harness) -> None:
    begun = asyncio.get_running_loop().time()
    counted = await asyncio.to_thread(harness.call_in, ["+12025550199"], 1, 1.5, "5999")
    assert counted == CallsIn(1, 0, 1)  # there is no such extension
    harness.add_dialplan("patience", "exten => 5998,1,Answer()\n same => n,Wait(60)\n")
    counted = await asyncio.to_thread(harness.call_in, ["+12025550199"], 1, 1.5, "5998")
    assert counted == CallsIn(1, 1, 0)
    assert asyncio.get_running_loop().time() - begun < 15
    await eventually(lambda: harness.channels() == 0)


def test_sipp_counts_come_from_the_last_line() -> None:
    lines = ["TotalCallCreated;SuccessfulCall(C);FailedCall(C);", "1;0;0;", "7;5;2;"]
    assert sipp_counts(lines) == CallsIn(7, 5, 2)
