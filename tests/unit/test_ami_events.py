"""Asterisk's events as typed facts: samples as Asterisk 22 writes them."""

import pytest
from fake_ami import BANNER, block

from ami_bridge import events
from ami_bridge.wire import Message, MessageReader

CHANNEL = (
    ("Channel", "PJSIP/carrier-00000001"),
    ("ChannelState", "6"),
    ("ChannelStateDesc", "Up"),
    ("CallerIDNum", "+12025550101"),
    ("Context", "secondpass-agent"),
    ("Exten", "s"),
    ("Priority", "3"),
    ("Uniqueid", "sp-abc"),
    ("Linkedid", "sp-abc"),
)
DEST = tuple((f"Dest{name}", value.replace("sp-abc", "7.7")) for name, value in CHANNEL)
MEMBER = (
    ("Queue", "sales"),
    ("MemberName", "agent01"),
    ("Interface", "PJSIP/agent01"),
    ("StateInterface", "PJSIP/agent01"),
    ("Membership", "static"),
    ("Penalty", "2"),
    ("CallsTaken", "5"),
    ("LastCall", "1763760000"),
    ("LastPause", "0"),
    ("LoginTime", "1763750000"),
    ("InCall", "1"),
    ("Status", "2"),
    ("Paused", "1"),
    ("PausedReason", "Lunch"),
    ("Ringinuse", "0"),
    ("Wrapuptime", "30"),
)
QUEUE_MEMBER = events.QueueMember(
    queue="sales",
    member="agent01",
    interface="PJSIP/agent01",
    state_interface="PJSIP/agent01",
    status=2,
    paused=True,
    paused_reason="Lunch",
    in_call=True,
    penalty=2,
    calls_taken=5,
    last_call=1763760000,
    last_pause=0,
    wrap_up_seconds=30,
)
OFFER = (*CHANNEL, *DEST, *MEMBER[:3])
OFFERED = ("sales", "sp-abc", "sp-abc", "agent01", "PJSIP/agent01")
AGENT_LEG = ("PJSIP/carrier-00000001", "7.7")
LEG = ("PJSIP/carrier-00000001", "sp-abc", "sp-abc")

SAMPLES: list[tuple[str, tuple[tuple[str, str], ...], events.AmiEvent]] = [
    (
        "DialBegin",  # of an originated channel: Dest headers only
        (*((f"Dest{name}", value) for name, value in CHANNEL), ("DialString", "+12025550101@carrier")),
        events.DialBegin(*LEG, "", "+12025550101@carrier"),
    ),
    (
        "DialEnd",
        (*((f"Dest{name}", value) for name, value in CHANNEL), ("DialStatus", "BUSY")),
        events.DialEnd(*LEG, "", "BUSY"),
    ),
    (
        "DialEnd",  # of an agent's phone, rung by a queue
        (*CHANNEL, *DEST, ("DialStatus", "ANSWER")),
        events.DialEnd("PJSIP/carrier-00000001", "7.7", "7.7", "sp-abc", "ANSWER"),
    ),
    (
        "OriginateResponse",
        (
            ("ActionID", "sp-abc"),
            ("Response", "Success"),
            ("Reason", "4"),
            *CHANNEL[:1],
            ("Uniqueid", "sp-abc"),
        ),
        events.OriginateResponse("sp-abc", success=True, reason=4, channel=LEG[0], uniqueid="sp-abc"),
    ),
    (
        "OriginateResponse",
        (("ActionID", "sp-abc"), ("Response", "Failure"), ("Reason", "0"), ("Uniqueid", "<null>")),
        events.OriginateResponse("sp-abc", success=False, reason=0, channel="", uniqueid=""),
    ),
    (
        "Hangup",
        (*CHANNEL, ("Cause", "17"), ("Cause-txt", "User busy"), ("TechCause", "SIP 486 Busy Here")),
        events.Hangup(*LEG, 17, "User busy"),
    ),
    (
        "QueueCallerJoin",
        (*CHANNEL, ("Queue", "sales"), ("Position", "2"), ("Count", "2")),
        events.QueueCallerJoin("sales", *LEG, 2, 2),
    ),
    (
        "QueueCallerLeave",
        (*CHANNEL, ("Queue", "sales"), ("Count", "0"), ("Position", "1")),
        events.QueueCallerLeave("sales", *LEG, 1, 0),
    ),
    (
        "QueueCallerAbandon",
        (*CHANNEL, ("Queue", "sales"), ("Position", "1"), ("OriginalPosition", "3"), ("HoldTime", "42")),
        events.QueueCallerAbandon("sales", *LEG, 1, 3, 42, "+12025550101"),
    ),
    ("AgentCalled", OFFER, events.AgentCalled(*OFFERED, *AGENT_LEG)),
    (
        "AgentConnect",
        (*OFFER, ("HoldTime", "9"), ("RingTime", "3")),
        events.AgentConnect(*OFFERED, *AGENT_LEG, 9, 3, "+12025550101"),
    ),
    (
        "AgentComplete",
        (*OFFER, ("HoldTime", "9"), ("TalkTime", "61"), ("Reason", "agent")),
        events.AgentComplete(*OFFERED, *AGENT_LEG, 9, 61, "agent"),
    ),
    (
        "AgentRingNoAnswer",
        (*OFFER, ("RingTime", "15000")),
        events.AgentRingNoAnswer(*OFFERED, ring_milliseconds=15000),
    ),
    ("QueueMemberStatus", MEMBER, events.QueueMemberStatus(QUEUE_MEMBER)),
    ("QueueMemberAdded", MEMBER, events.QueueMemberAdded(QUEUE_MEMBER)),
    ("QueueMemberRemoved", MEMBER, events.QueueMemberRemoved(QUEUE_MEMBER)),
    ("QueueMemberPause", MEMBER, events.QueueMemberPause(QUEUE_MEMBER)),
    ("FullyBooted", (("Status", "Fully Booted"), ("Uptime", "12")), events.FullyBooted(12)),
    ("Shutdown", (("Shutdown", "Cleanly"), ("Restart", "True")), events.Shutdown(restart=True)),
]


def message(name: str, *headers: tuple[str, str]) -> Message:
    [only] = MessageReader().feed(BANNER + block(("Event", name), *headers))
    return only


@pytest.mark.parametrize(("name", "headers", "fact"), SAMPLES)
def test_an_event_becomes_its_fact(
    name: str, headers: tuple[tuple[str, str], ...], fact: events.AmiEvent
) -> None:
    assert events.parse(message(name, *headers)) == fact


def test_every_known_event_has_a_sample() -> None:
    assert {name for name, _, _ in SAMPLES} | {"UserEvent"} == events.NAMES


def test_a_user_event_keeps_asterisks_own_headers_over_a_dialplans() -> None:
    fact = events.parse(
        message("UserEvent", *CHANNEL, ("UserEvent", "Note"), ("Text", "hi"), ("Uniqueid", "forged"))
    )
    assert isinstance(fact, events.UserEvent)
    assert (fact.name, fact.uniqueid, fact.linkedid) == ("Note", "sp-abc", "sp-abc")
    assert fact.fields["Text"] == "hi"
    assert fact.fields["Uniqueid"] == "sp-abc"


def test_an_unknown_event_and_a_reply_are_no_facts() -> None:
    assert events.parse(message("Newexten")) is None
    [reply] = MessageReader().feed(BANNER + block(("Response", "Success")))
    assert events.parse(reply) is None


@pytest.mark.parametrize("text", ["", "many", "1.5", "--1", "1e3", "9" * 30])
def test_a_number_that_is_none_reads_as_zero(text: str) -> None:
    assert events.parse(message("Hangup", *CHANNEL, ("Cause", text))) == events.Hangup(*LEG, 0, "")


def test_an_event_without_its_headers_is_a_fact_about_nothing() -> None:
    for name in events.NAMES:
        fact = events.parse(message(name))
        assert type(fact).__name__ == name
