"""The protocol core: however the bytes are cut the messages are the same, and no text becomes a header."""

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ami_bridge.errors import ForbiddenText, ProtocolError
from ami_bridge.wire import (
    MAX_BANNER,
    MAX_HEADERS,
    MAX_LINE,
    MAX_MESSAGE,
    Event,
    Message,
    MessageReader,
    Reply,
    clean,
    encode_action,
)

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
TRANSCRIPT = (
    BANNER
    + b"Response: Success\r\nActionID: t-1\r\nMessage: Authentication accepted\r\n\r\n"
    + "Event: Newchannel\r\nUniqueid: 1.1\r\nCallerIDName: Иван 語\r\nExten: \r\n\r\n".encode()
    + b"Event: VarSet\r\nVariable: A\r\nValue: one\ntwo: three\r\n\r\n"
    + b"Event: Hangup\r\nChanVariable: A=1\r\nChanVariable: B=x=y\r\nCause: 16\r\n\r\n"
    + b"Event: QueueMember\r\nActionID: t-2\r\nQueue: sales\r\n\r\n"
    + b"\r\n\r\nnothing known\r\n\r\n"
    + b"Response: Error\r\nActionID: t-3\r\nMessage: No such channel\r\n\r\n"
    + b"Event: \xff\xfe\r\n\r\n"
)

header_names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True)
header_values = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=60)
messages = st.builds(
    lambda name, headers: "\r\n".join([f"Event: {name}", *(f"{k}: {v}" for k, v in headers)]).encode(),
    header_names,
    st.lists(st.tuples(header_names, header_values), max_size=4),
)
streams = st.lists(messages, max_size=5).map(lambda all_: BANNER + b"".join(m + b"\r\n\r\n" for m in all_))


def read(chunks: list[bytes], wanted: set[str] | None = None) -> list[tuple[type[Message], str, bytes]]:
    reader = MessageReader(wanted)
    return [(type(m), m.name, m.raw) for chunk in chunks for m in reader.feed(chunk)]


def cut(raw: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(raw) + 1) for place in places), len(raw)]
    return [raw[start:end] for start, end in itertools.pairwise(edges)]


def one(raw: bytes) -> Message:
    [message] = MessageReader().feed(BANNER + raw)
    return message


def test_a_transcript_is_read_as_it_was_sent() -> None:
    reader = MessageReader()
    login, channel, varset, hangup, member, refusal, odd = reader.feed(TRANSCRIPT)
    assert reader.version == "11.0.0"
    assert isinstance(login, Reply)
    assert login.success
    assert login.text == "Authentication accepted"
    assert channel.get("CallerIDName") == "Иван 語"
    assert channel.get("Exten", "missing") == ""
    assert channel.get("Context", "missing") == "missing"
    assert varset.get("Value") == "one\ntwo: three", "a lone LF stays in its value"
    assert varset.get("two") == ""
    assert hangup.get_all("ChanVariable") == ["A=1", "B=x=y"]
    assert hangup.assignments("ChanVariable") == {"A": "1", "B": "x=y"}
    assert member.action_id == "t-2"
    assert isinstance(refusal, Reply)
    assert not refusal.success
    assert odd.name == "\ufffd\ufffd"
    assert reader.unreadable == 1


def test_headers_are_found_in_any_case_and_the_first_of_a_name_counts() -> None:
    message = one(b"Event: UserEvent\r\nUniqueID: 1.1\r\nPriority: 1\r\nPriority: 9\r\nOdd\r\nBare:x\r\n\r\n")
    assert message.get("uniqueid") == "1.1"
    assert message.get("Priority") == "1"
    assert message.get_all("priority") == ["1", "9"]
    assert message.get("Bare") == "x"


def test_a_header_reads_the_same_whatever_was_read_before_it() -> None:
    raw = b"Event: Hangup\r\nCause-txt: \xff\r\nCause: 16\r\nchannel: PJSIP/a\r\nLast: z\r\n\r\n"
    wanted = {"Event": "Hangup", "Cause": "16", "Cause-txt": "\ufffd", "Channel": "PJSIP/a", "Last": "z"}
    for first in (*wanted, "Missing", "ause"):
        message = one(raw)
        message.get(first)
        assert {header: message.get(header) for header in wanted} == wanted
        assert (message.get("Missing"), message.get("ause", "none")) == ("", "none")


def test_output_is_always_a_list() -> None:
    for lines in ([], ["one"], ["one", "", "two"]):
        body = "".join(f"Output: {line}\r\n" for line in lines).encode()
        reply = one(b"Response: Success\r\n" + body + b"\r\n")
        assert isinstance(reply, Reply)
        assert reply.output == lines


def test_a_transcript_cut_at_every_byte_and_fed_byte_by_byte_reads_the_same() -> None:
    whole = read([TRANSCRIPT])
    assert read([TRANSCRIPT[i : i + 1] for i in range(len(TRANSCRIPT))]) == whole
    for place in range(len(TRANSCRIPT)):
        assert read(cut(TRANSCRIPT, [place])) == whole


@settings(max_examples=150)
@given(streams, st.lists(st.integers(0, 10_000), max_size=12), st.binary(max_size=30))
def test_however_a_stream_is_cut_its_messages_and_their_order_are_the_same(
    stream: bytes, places: list[int], trailing: bytes
) -> None:
    whole = read([stream])
    assert read(cut(stream, places)) == whole
    assert read([stream[i : i + 1] for i in range(len(stream))]) == whole
    assert read(cut(stream + trailing.replace(b"\n", b""), places)) == whole


@settings(max_examples=400)
@given(st.booleans(), st.lists(st.one_of(st.binary(max_size=80), st.just(b"\r\n\r\n"), st.just(b"Event: "))))
def test_random_bytes_are_read_or_refused_and_nothing_else(greeted: bool, chunks: list[bytes]) -> None:
    reader = MessageReader()
    try:
        for chunk in [BANNER, *chunks] if greeted else chunks:
            for message in reader.feed(chunk):
                message.get("anything")
                message.assignments("ChanVariable")
                assert list(message.pairs())
    except ProtocolError:
        assert not greeted


def test_only_wanted_events_and_parts_of_lists_are_made() -> None:
    reader = MessageReader({"Hangup"})
    names = [message.name for message in reader.feed(TRANSCRIPT)]
    assert names == ["Success", "Hangup", "QueueMember", "Error"]
    assert reader.skipped == 3


@pytest.mark.parametrize("greeting", [b"HTTP/1.1 400\r\n", b"asterisk call manager/1\r\n", b"\r\n", b"X"])
def test_a_peer_without_the_banner_is_no_manager(greeting: bytes) -> None:
    with pytest.raises(ProtocolError, match="host and port"):
        MessageReader().feed(greeting)


def test_banner_and_message_have_a_limit_however_they_come() -> None:
    long_banner = BANNER[:22] + b"1" * MAX_BANNER
    with pytest.raises(ProtocolError):
        MessageReader().feed(long_banner)
    largest = b"Event: Big\r\nA: ".ljust(MAX_MESSAGE, b"x")
    assert len(MessageReader().feed(BANNER + largest + b"\r\n\r\n")) == 1
    with pytest.raises(ProtocolError, match="longer"):
        MessageReader().feed(BANNER + largest + b"x\r\n\r\n")
    endless = MessageReader()
    endless.feed(BANNER)
    for _ in range(MAX_MESSAGE // 1024):
        endless.feed(b"x" * 1024)
    with pytest.raises(ProtocolError, match="longer"):
        endless.feed(b"x" * 1024)


def test_an_action_is_written_line_by_line() -> None:
    raw = encode_action(
        "Originate",
        {"Channel": "PJSIP/+12025550101@carrier", "CallerID": "Añil <+12025550100>"},
        {"SP_ATTEMPT": "sp-1", "SP_MESSAGE": ""},
        action_id="t-1",
    )
    assert raw.decode() == (
        "Action: Originate\r\nActionID: t-1\r\nChannel: PJSIP/+12025550101@carrier\r\n"
        "CallerID: Añil <+12025550100>\r\nVariable: SP_ATTEMPT=sp-1\r\nVariable: SP_MESSAGE=\r\n\r\n"
    )


any_text = st.text(st.characters(), max_size=40)
control = st.characters(categories=["Cc"])
with_control = st.builds(lambda before, c, after: before + c + after, any_text, control, any_text)


@settings(max_examples=300)
@given(with_control, st.sampled_from(["action", "header", "value", "variable", "assigned", "action_id"]))
def test_a_control_character_anywhere_is_refused(text: str, place: str) -> None:
    with pytest.raises(ForbiddenText):
        encode_action(
            text if place == "action" else "Originate",
            {text if place == "header" else "Exten": text if place == "value" else "s"},
            {text if place == "variable" else "SP_X": text if place == "assigned" else "1"},
            action_id=text if place == "action_id" else "t-1",
        )


@settings(max_examples=300)
@given(
    st.dictionaries(header_names, any_text, max_size=5),
    st.dictionaries(any_text, any_text, max_size=3),
    any_text,
)
def test_what_is_written_is_one_action_with_the_headers_given_or_nothing(
    headers: dict[str, str], variables: dict[str, str], action_id: str
) -> None:
    try:
        raw = encode_action("Originate", headers, variables, action_id=action_id)
    except ForbiddenText:
        return
    lines = raw.decode().split("\r\n")
    assert lines[-2:] == ["", ""]
    assert len(lines) == 2 + 2 + len(headers) + len(variables)
    assert not re.search("[\r\n\0]", "".join(lines))


@pytest.mark.parametrize("character", [*"${}[](),;&|\"'\\"])
def test_a_variable_asterisk_would_expand_or_cut_is_refused(character: str) -> None:
    with pytest.raises(ForbiddenText, match="SP_NAME"):
        encode_action("Originate", {}, {"SP_NAME": f"a{character}b"}, action_id="t-1")


def test_what_asterisk_would_cut_is_refused() -> None:
    fits = "x" * (MAX_LINE - len("Exten: "))
    encode_action("Redirect", {"Exten": fits}, action_id="t-1")
    with pytest.raises(ForbiddenText, match="1023 bytes"):
        encode_action("Redirect", {"Exten": fits + "x"}, action_id="t-1")
    many = {f"H{number}": "" for number in range(MAX_HEADERS)}
    with pytest.raises(ForbiddenText, match="122 headers"):
        encode_action("Redirect", many, action_id="t-1")


@pytest.mark.parametrize("name", ["Action", "actionid", "VARIABLE"])
def test_the_links_own_headers_cannot_be_given(name: str) -> None:
    with pytest.raises(ForbiddenText, match="link's own"):
        encode_action("Redirect", {name: "x"}, action_id="t-1")


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(ForbiddenText, match="UTF-8"):
        encode_action("Redirect", {"Exten": "\udcff"}, action_id="t-1")


@given(any_text)
def test_cleaned_text_is_printable_and_short(text: str) -> None:
    shown = clean(text, 20)
    assert len(shown) <= 20
    assert shown.isprintable()


def test_a_message_is_shown_without_its_text() -> None:
    assert repr(Event("Hangup", b"Event: Hangup\r\nX: \x1b[2J")) == "<Event 'Hangup', 22 bytes>"
