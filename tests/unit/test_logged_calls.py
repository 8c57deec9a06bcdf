"""What Asterisk's queue log and call records say of calls whose events nobody heard."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from engine_stage import a_campaign

from ami_bridge.call_facts import HEARD_EVENT, call_fact
from ami_bridge.events import UserEvent
from ami_bridge.logged.call_records import Origin, call_record, joined, moment_of_record, origin_word
from ami_bridge.logged.calls import LoggedCall, caller_number, facts_of, hung_up_in_queue
from ami_bridge.logged.files import ALWAYS, AsteriskFiles, lines_since
from ami_bridge.logged.made_anew import made_anew
from ami_bridge.logged.queue_log import moment_of_entry, queue_entry
from strategies.attempts import Fact, FactName, Intent, outcome
from strategies.campaign import Pass
from strategies.contacts import Device
from strategies.vocabulary import Medium, Result

CALL = "sp-01a20180cbe31f225e380b9267"
ORIGIN = Origin("main", "dialer", "demo/1", "live")
AT = 1795321551
INTENT = Intent(
    CALL, "demo/1", "P0", "live", Medium.DIALER, Device("mobile", "+12025550100"), "sales", "", AT
)


def record(
    *, end: float = AT + 20.0, answer: float = AT - 2.2, disposition: str = "ANSWERED", **more: str
) -> str:
    """A line of the call records; the call rang from three seconds before AT on."""
    told = {"call": CALL, "record": origin_word(ORIGIN), "heard": f"{AT}.013/HUMAN/HUMAN-800-800"}
    told |= {"next": "agent", "served": "", **more}
    words = f'"{told["record"]}","{told["heard"]}","{told["next"]}",{told["served"]}'
    return f'"{told["call"]}",{AT - 3.0:.6f},{answer:.6f},{end:.6f},{disposition},"+12125550100",{words}\n'


def entries(*events: str, call: str = CALL) -> tuple[str, ...]:
    """Lines of the queue log: `+2 CONNECT` is two seconds after AT."""
    moments = (event.split(" ", 1) for event in events)
    return tuple(f"{AT + int(after)}|{call}|sales|PJSIP/a|{event}\n" for after, event in moments)


def logged(line: str | None, *events: str) -> LoggedCall:
    told = [queue_entry(one) for one in entries(*events)]
    return LoggedCall(
        CALL, tuple(one for one in told if one is not None), None if line is None else call_record(line)
    )


def facts(call: LoggedCall, medium: Medium = Medium.DIALER) -> list[tuple[str, str, float]]:
    return [(fact.name.value, fact.value, fact.at - AT) for fact in facts_of(call, medium, ring=15.0)]


def test_a_record_tells_whose_call_it_was_what_was_heard_and_where_it_went() -> None:
    told = call_record(record())
    assert told is not None
    assert (told.origin, told.next, told.is_live) == (ORIGIN, "agent", True)
    assert told.verdict is not None
    assert (told.verdict.status, told.verdict.cause) == ("HUMAN", "HUMAN-800-800")
    assert moment_of_record(record()) == AT + 20


@pytest.mark.parametrize(
    ("more", "live"),
    [
        ({"next": ""}, True),  # nobody told the dialplan where to: a person was hung up on
        ({"heard": "", "next": ""}, False),  # who hung up before anybody knew what they were
        ({"heard": f"{AT}/MACHINE/LONGGREETING-1-1", "next": "hangup"}, False),
        ({"heard": f"{AT}/NOTSURE/TOOLONG-5000", "next": "hangup"}, False),  # taken for a machine
        ({"record": origin_word(Origin("main", "avm", "demo/1", "live"))}, False),
        ({"record": "from/elsewhere"}, False),
    ],
)
def test_live_is_who_was_known_for_a_person_in_a_call_for_an_agent(
    more: dict[str, str], *, live: bool
) -> None:
    told = call_record(record(**more))
    assert told is not None
    assert told.is_live is live


@pytest.mark.parametrize("going", ["", "undecided"])
@pytest.mark.parametrize(
    ("status", "cause", "result"),
    [
        ("HUMAN", "HUMAN-800-800", Result.ABANDONED_NO_AGENT),
        ("OFF", "", Result.ABANDONED_NO_AGENT),
        ("NOTSURE", "TOOLONG-5000", Result.ABANDONED_NO_AGENT),
        ("MACHINE", "INITIALSILENCE-2500-2500", Result.ABANDONED_NO_AGENT),
        ("MACHINE", "LONGGREETING-1500-1500", Result.MACHINE_HANGUP),
        ("FAX", "TONE-2100", Result.FAX),
        ("HANGUP", "", Result.HANGUP_IN_SCRIPT),
    ],
)
def test_a_call_nobody_decided_about_is_made_anew_as_its_events_would_have_told_it(
    status: str, cause: str, result: Result, going: str
) -> None:
    campaign = a_campaign(Pass("live", Medium.DIALER))
    said = UserEvent(HEARD_EVENT, CALL, CALL, {"Attempt": CALL, "Status": status, "Cause": cause})
    verdict = call_fact(said, AT + 0.5)
    assert verdict is not None
    heard = [Fact(FactName.ANSWERED, AT - 2.2), verdict[1], Fact(FactName.HUNG_UP, AT + 20)]
    by_events = outcome(INTENT, heard, campaign)
    assert by_events is not None
    assert by_events.result is result

    written = logged(record(heard=f"{AT}.500/{status}/{cause}", next=going))
    anew = made_anew(written, campaign)
    assert written.record is not None
    assert written.record.is_live is (by_events.live_at is not None)
    assert (None if anew is None else anew[1]) == (by_events if written.record.is_live else None)


@pytest.mark.parametrize("line", ["", "\n", '"a",1,2\n', record()[:-30], record().replace("1795", "x", 1)])
def test_what_is_no_whole_record_is_left_out(line: str) -> None:
    assert call_record(line) is None


@pytest.mark.parametrize("line", ["", "no log at all", "17|a|b", "x|a|b|c|ENTERQUEUE", "١٢|a|b|c|ABANDON"])
def test_what_is_no_line_of_a_queue_log_is_left_out(line: str) -> None:
    assert queue_entry(line) is None
    assert line.startswith("17") or moment_of_entry(line) is None


def test_a_wait_is_never_told_shorter_than_it_was() -> None:
    call = logged(record(), "+0 ENTERQUEUE||1|1", "+1 CONNECT|1|x|1", "+20 COMPLETEAGENT|1|18|1")
    assert facts(call) == [
        (FactName.ANSWERED, "", pytest.approx(-2.2)),
        (FactName.CLASSIFIED, "HUMAN", pytest.approx(0.013)),
        (FactName.QUEUE_JOINED, "sales", 0),
        (FactName.AGENT_CONNECTED, "PJSIP/a", 2),  # at some moment of the second before
        (FactName.HUNG_UP, "", 21),
    ]


def test_the_moment_an_agent_was_there_is_exact_where_the_queue_has_it_written() -> None:
    call = logged(record(served=f"{AT}.127"), "+0 ENTERQUEUE||1|1", "+0 CONNECT|0|x|0")
    assert (FactName.AGENT_CONNECTED, "PJSIP/a", pytest.approx(0.127)) in facts(call)


def test_who_was_led_away_in_the_moment_an_agent_answered_had_none() -> None:
    told = ("+0 ENTERQUEUE||+12125550100|1", "+1 CONNECT|1|x|1", "+1 ABANDON|1|1|0", "+9 COMPLETECALLER|1|8")
    assert facts(logged(record(), *told))[2:] == [
        ("queue_joined", "sales", 0.0),
        ("no_agent", "", 2.0),
        ("hung_up", "", 20.0),
    ]


def test_who_was_sent_on_by_an_agent_and_found_nobody_there_had_one() -> None:
    told = ("+0 ENTERQUEUE||+12125550100|1", "+1 CONNECT|1|x|1", "+8 ENTERQUEUE||+1|1", "+9 ABANDON|1|1|0")
    assert ("agent_connected", "PJSIP/a", 2.0) in facts(logged(record(), *told))


def test_an_agent_of_a_callback_is_known_though_no_queue_was_passed() -> None:
    assert FactName.AGENT_CONNECTED in [name for name, *_ in facts(logged(record(served=f"{AT}.5")))]


@pytest.mark.parametrize(
    ("end", "event", "fact"),
    [
        (1.4, "+1 ABANDON|1|1|1", FactName.QUEUE_ABANDONED),
        (11.0, "+1 ABANDON|1|1|1", FactName.NO_AGENT),  # led to the message
        (11.0, "+3 EXITWITHTIMEOUT|1", FactName.NO_AGENT),
    ],
)
def test_who_left_the_queue_hung_up_or_was_led_on(end: float, event: str, fact: FactName) -> None:
    call = logged(record(end=AT + end), "+0 ENTERQUEUE||1|1", event)
    assert facts(call)[-2][0] == fact
    assert hung_up_in_queue(call) is (fact is FactName.QUEUE_ABANDONED)


@pytest.mark.parametrize(
    ("disposition", "end", "told"),
    [
        ("BUSY", AT - 2.9, ["dial_ended BUSY", "hung_up "]),
        ("CONGESTION", AT - 2.9, ["dial_ended CONGESTION", "hung_up "]),
        ("NO ANSWER", AT + 12.0, ["dial_ended NOANSWER", "hung_up "]),
        ("NO ANSWER", AT - 2.9, []),  # an invalid number says the same
        ("FAILED", AT - 2.9, []),
    ],
)
def test_why_nobody_answered_is_told_only_where_it_is_certain(
    disposition: str, end: float, told: list[str]
) -> None:
    call = logged(record(disposition=disposition, answer=0.0, end=end))
    assert [f"{name} {value}" for name, value, _ in facts(call)] == told


def test_a_script_is_not_known_to_have_ended_by_the_call_having_ended() -> None:
    assert FactName.HUNG_UP not in [name for name, *_ in facts(logged(record()), Medium.AVM)]
    queued = logged(record(), "+0 ENTERQUEUE||1|1", "+1 CONNECT|1|x|1")
    assert facts(queued, Medium.AVM)[-1][0] == FactName.HUNG_UP


def test_who_was_unsure_and_went_to_the_machines_was_taken_for_one() -> None:
    call = logged(record(heard=f"{AT}/NOTSURE/INITIALSILENCE-1", next="machine"))
    assert (FactName.CLASSIFIED, "MACHINE", 0) in facts(call)


def test_several_records_of_a_call_are_one() -> None:
    first, second = call_record(record(end=AT + 1.0, heard="", next="")), call_record(record())
    assert first is not None
    assert second is not None
    one = joined(joined(None, first), second)
    assert (one.start, one.end, one.next, one.verdict) == (AT - 3, AT + 20, "agent", second.verdict)


def test_the_number_of_a_caller_is_that_of_the_queue_log_or_of_the_record() -> None:
    assert caller_number(logged(record(), "+0 ENTERQUEUE||+12025550101|1")) == "+12025550101"
    assert caller_number(logged(record())) == "+12125550100"
    assert caller_number(logged(None)) == ""


def test_files_are_read_from_a_moment_on_through_their_rotated_parts(tmp_path: Path) -> None:
    log = tmp_path / "queue_log"
    for part, begins in (("queue_log.2.gz", 0), ("queue_log.1", 1000), ("queue_log", 2000)):
        text = "".join(f"{AT + begins + n}|in-{begins + n}|sales|NONE|ENTERQUEUE||1|1\n" for n in range(1000))
        (tmp_path / part).write_bytes(gzip.compress(text.encode()) if part.endswith("gz") else text.encode())
        os.utime(tmp_path / part, (AT + begins + 999, AT + begins + 999))
    (tmp_path / "queue_log_of_another").write_text("9|x|x|x|x")
    assert len(list(lines_since(log, ALWAYS, moment_of_entry))) == 3000
    told = [moment_of_entry(line) for line in lines_since(log, AT + 1500, moment_of_entry)]
    assert min(one for one in told if one is not None) <= AT + 1500
    assert len(told) < 2000 + 10


def test_a_long_file_is_not_read_from_its_begin(tmp_path: Path) -> None:
    log = tmp_path / "queue_log"
    log.write_text(
        "".join(f"{AT + n}|in-{n:06}|sales|NONE|ENTERQUEUE||+12025550101|1\n" for n in range(50_000))
    )
    told = list(lines_since(log, AT + 49_000, moment_of_entry))
    assert 1000 < len(told) < 4000
    assert told[-1].startswith(f"{AT + 49_999}|")


def test_live_answers_are_those_of_one_tenant_alone(tmp_path: Path) -> None:
    other = origin_word(Origin("other", "dialer", "demo/1", "live"))
    records = [record(), record(call="sp-2", record=other), record(call="sp-3", next="machine")]
    files = AsteriskFiles(tmp_path / "queue_log", tmp_path / "secondpass.csv")
    files.cdr.write_text("".join(records))
    files.queue_log.write_text("".join(entries("+0 ENTERQUEUE||1|1", "+1 CONNECT|1|x|1")))
    found = files.live_answers("main")
    assert list(found) == [CALL]
    assert [entry.event for entry in found[CALL].entries] == ["ENTERQUEUE", "CONNECT"]
    assert set(files.calls(AT)) == {CALL, "sp-2", "sp-3"}


def test_a_damaged_part_is_told_as_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    whole = gzip.compress("".join(entries("+0 ENTERQUEUE||1|1") * 1000).encode())
    (tmp_path / "queue_log.1.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(OSError, match=r"queue_log\.1\.gz is damaged"):
        list(lines_since(tmp_path / "queue_log", ALWAYS, moment_of_entry))


def test_a_file_that_is_not_there_yet_is_empty_but_its_directory_must_be_there(tmp_path: Path) -> None:
    assert AsteriskFiles(tmp_path / "queue_log", tmp_path / "secondpass.csv").calls(AT) == {}
    with pytest.raises(FileNotFoundError):
        AsteriskFiles(tmp_path / "away" / "queue_log", tmp_path / "secondpass.csv").calls(AT)
