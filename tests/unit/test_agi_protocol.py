"""The AGI wire format: events do not depend on where the reads fell, and one command is one line."""

from itertools import pairwise

import pytest
from agi_peer import ENVIRONMENT, RECORDED, SHORT_ENVIRONMENT, USAGE, asterisk_reads
from hypothesis import given, settings
from hypothesis import strategies as st

from agi.errors import LocalProtocolError, RemoteProtocolError, UnsafeValue
from agi.protocol import (
    MAX_COMMAND,
    MAX_ENVIRONMENT,
    MAX_ENVIRONMENT_LINES,
    MAX_REPLY,
    AgiReader,
    Environment,
    Event,
    Hangup,
    Reply,
    clean,
    encode_command,
    encode_set_variable,
    encode_set_variables,
    plain,
)

TRANSCRIPTS = {
    "recorded": ENVIRONMENT + RECORDED,
    "three variables": ENVIRONMENT + b"200 result=1\n" * 3,
    "a played script": SHORT_ENVIRONMENT + b"200 result=0 endpos=16000\n200 result=49 endpos=8000\nHANGUP\n",
    "hang-up in the middle and again at the end": SHORT_ENVIRONMENT
    + b"200 result=1\nHANGUP\n511 Command Not Permitted on a dead channel or intercept routine\nHANGUP\n",
    "usage of two kinds": SHORT_ENVIRONMENT
    + USAGE
    + b"520 Invalid command syntax.  Proper usage not available.\n",
    "usage without a newline of its own": SHORT_ENVIRONMENT + USAGE.replace(b")\n520 End", b")520 End"),
    "values": SHORT_ENVIRONMENT
    + b"200 result=1 (Zo\xc3\xab (home))\n200 result=1 ()\n200 result=0\n200 result= (timeout)\n"
    + b"200 result=1 (hangup)\n200 result=1 (one\ntwo\n\nthree)\n",
    "not UTF-8": b"agi_network_script: segment\nagi_calleridname: \xff\xfe\n\n200 result=1 (\xe9t\xe9)\n",
    "provisional": SHORT_ENVIRONMENT
    + b"100 result=1 Trying...\n200 result=0\n510 Invalid or unknown command\n",
    "then nonsense": SHORT_ENVIRONMENT + b"200 result=1\nGET / HTTP/1.1\n200 result=1\n",
    "no AGI at all": b"GET / HTTP/1.1\r\nHost: x\n\n",
}


def events_of(chunks: list[bytes]) -> list[Event | str]:
    """All events the chunks give; the error that ends them stands last, by its type's name."""
    reader = AgiReader()
    events: list[Event | str] = []
    try:
        for chunk in chunks:
            events.extend(reader.feed(chunk))
    except RemoteProtocolError as error:
        events.append(type(error).__name__)
    return events


def replies(answer: bytes) -> list[Event | str]:
    return events_of([SHORT_ENVIRONMENT + answer])[1:]


def split_at(sample: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(sample) + 1) for cut in cuts), len(sample)]
    return [sample[start:end] for start, end in pairwise(edges)]


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_whole_and_byte_by_byte_give_the_same_events(name: str) -> None:
    sample = TRANSCRIPTS[name]
    assert events_of([sample]) == events_of([sample[i : i + 1] for i in range(len(sample))])


@settings(max_examples=1500)
@given(st.sampled_from(sorted(TRANSCRIPTS)), st.lists(st.integers(0, 2000), max_size=12))
def test_any_split_gives_the_same_events(name: str, cuts: list[int]) -> None:
    sample = TRANSCRIPTS[name]
    assert events_of(split_at(sample, cuts)) == events_of([sample])


@settings(max_examples=1500)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", SHORT_ENVIRONMENT]),
    st.lists(st.integers(0, 400), max_size=5),
)
def test_any_bytes_are_parsed_or_refused_as_the_peers_fault(
    noise: bytes, before: bytes, cuts: list[int]
) -> None:
    assert events_of(split_at(before + noise, cuts)) == events_of([before + noise])


def test_the_environment_keeps_its_values_as_they_are() -> None:
    (environment,) = events_of([ENVIRONMENT])
    assert isinstance(environment, Environment)
    assert environment.headers["agi_calleridname"] == 'Zoë "Z" O\'Neill'
    assert environment.headers["agi_accountcode"] == ""
    assert environment.headers["agi_arg_3"] == "HUMAN-800-600"
    assert len(environment.headers) == 25


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (b"200 result=1\n", Reply(200, "1")),
        (b"200 result=0 endpos=16000\n", Reply(200, "0", None, 16000)),
        (b"200 result= (timeout)\n", Reply(200, "", "timeout")),
        (b"200 result=1 (hangup)\n", Reply(200, "1", "hangup")),
        (b"200 result=1 (a (b) c)\n", Reply(200, "1", "a (b) c")),
        (b"200 result=1 (a\nb)\n", Reply(200, "1", "a\nb")),
        (b"200 result=1 (digit) digit=5 endpos=400\n", Reply(200, "1", "digit", 400)),
        (b"200 result=1 (\xff)\n", Reply(200, "1", "�")),
        (b"200 result=-1 Gosub failed\n", Reply(200, "-1")),
        (b"200\n", Reply(200, "", "")),
        (
            b"511 Command Not Permitted on a dead channel\n",
            Reply(511, "", "Command Not Permitted on a dead channel"),
        ),
    ],
)
def test_an_answer_is_read_in_full(answer: bytes, reply: Reply) -> None:
    assert replies(answer) == [reply]


def test_a_usage_text_is_one_answer_of_many_lines() -> None:
    first, second = replies(USAGE + b"200 result=1\n")
    assert isinstance(first, Reply)
    assert first.code == 520
    assert "Retrieves an entry" in (first.data or "")
    assert "End of proper usage" not in (first.data or "")
    assert second == Reply(200, "1")


def test_hangup_is_never_an_answer() -> None:
    assert replies(b"HANGUP\n200 result=1\nHANGUP\n") == [Hangup(), Reply(200, "1"), Hangup()]


def test_a_provisional_answer_is_passed_over() -> None:
    assert replies(b"100 result=1 Trying...\n200 result=0\n") == [Reply(200, "0")]


@pytest.mark.parametrize(
    "block",
    [
        b"agi_channel: a\nagi_channel: b\n\n",
        b"agi_calleridname: a\nb\nagi_arg_1: s3cret\n\n",
        b"\n\n",
        b"agi_x: 1\n" * 2 + b"\n",
        b"".join(b"agi_arg_%d: x\n" % n for n in range(MAX_ENVIRONMENT_LINES + 1)) + b"\n",
    ],
)
def test_an_environment_that_a_newline_has_forged_is_refused(block: bytes) -> None:
    assert events_of([block]) == ["RemoteProtocolError"]


@pytest.mark.parametrize(
    ("opening", "endless"),
    [
        (b"", b"agi_channel: " + b"x" * MAX_ENVIRONMENT),
        (SHORT_ENVIRONMENT, b"200 result=1 (" + b"x" * MAX_REPLY),
        (SHORT_ENVIRONMENT, b"520-Usage\n" + b"more\n" * MAX_REPLY),
        (SHORT_ENVIRONMENT, b"200 result=1 (\n" + b"more\n" * MAX_REPLY),
    ],
)
def test_what_never_ends_is_refused_at_its_limit(opening: bytes, endless: bytes) -> None:
    assert events_of([opening + endless])[-1] == "RemoteProtocolError"


@settings(max_examples=3000)
@given(st.lists(st.text(max_size=80), max_size=5))
def test_one_command_is_on_the_wire_whatever_the_arguments(arguments: list[str]) -> None:
    try:
        line = encode_command("EXEC", *arguments)
    except LocalProtocolError:
        return
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert len(line) <= MAX_COMMAND + 1
    assert asterisk_reads(line.decode().removesuffix("\n")) == ["EXEC", *arguments]


@settings(max_examples=1000)
@given(st.text(max_size=40), st.sampled_from("\n\r\0\t\x1b\x7f\x85\u2028"), st.text(max_size=40))
def test_a_control_character_is_refused_wherever_it_stands(before: str, control: str, after: str) -> None:
    with pytest.raises(LocalProtocolError):
        encode_command("SET VARIABLE", "SP_QUEUE", before + control + after)


@pytest.mark.parametrize("name", ["", "SET VARIABLE\n", "set variable", "NOOP; EXEC", 'VERBOSE "x"', " NOOP"])
def test_only_the_words_of_a_command_are_a_command(name: str) -> None:
    with pytest.raises(LocalProtocolError, match="not an AGI command"):
        encode_command(name)


@pytest.mark.parametrize(
    "value", ["x" * MAX_COMMAND, "é" * (MAX_COMMAND // 2), "\\" * (MAX_COMMAND // 2), "\ud800"]
)
def test_what_asterisk_would_cut_or_not_read_is_refused(value: str) -> None:
    with pytest.raises(LocalProtocolError):
        encode_command("VERBOSE", value)


def test_the_longest_command_passes() -> None:
    filling = MAX_COMMAND - len('VERBOSE ""')
    assert len(encode_command("VERBOSE", "x" * filling)) == MAX_COMMAND + 1


@pytest.mark.parametrize("character", list('${}[],&;|()\\"'))
def test_a_value_the_dialplan_would_expand_is_refused(character: str) -> None:
    with pytest.raises(UnsafeValue):
        encode_set_variable("SP_OFFER", f"a{character}b")


@settings(max_examples=1000)
@given(st.text(max_size=60))
def test_a_plain_value_cannot_begin_an_expression(value: str) -> None:
    try:
        passed = plain(value)
    except UnsafeValue:
        return
    assert passed == value
    assert not set(value) & set("${}[]")


@pytest.mark.parametrize("name", ["SHELL(id)", "A B", "", "SP_QUEUE\n", "1A", "CDR(x)", "É"])
def test_only_a_variable_can_be_set(name: str) -> None:
    with pytest.raises(LocalProtocolError, match="not a channel variable"):
        encode_set_variable(name, "x")


def test_several_variables_are_set_by_one_command() -> None:
    line = encode_set_variables({"SP_QUEUE": "sales", "SP_OFFER": "", "SP_PROMPT": "Say hello"}).decode()
    assert asterisk_reads(line.rstrip("\n")) == [
        "SET",
        "VARIABLE",
        "ARRAY(SP_QUEUE,SP_OFFER,SP_PROMPT)",
        "sales,,Say hello",
    ]


@pytest.mark.parametrize(
    "values", [{"A": "x", "CDR(x)": "y"}, {"A": "x", "B": "y,z"}, {"A": "${B}", "B": "y"}]
)
def test_one_variable_that_must_not_be_set_stops_all_of_them(values: dict[str, str]) -> None:
    with pytest.raises(LocalProtocolError):
        encode_set_variables(values)


@settings(max_examples=500)
@given(st.text(max_size=200))
def test_a_peers_words_are_clean_and_short_in_a_log(text: str) -> None:
    shown = clean(text)
    assert shown.isprintable()
    assert len(shown) <= 80
