"""What a message says and what is said of it, decided without a gateway."""

from __future__ import annotations

import hmac
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.gateways import Accepted
from messaging.http_text import judged
from messaging.letters import Draft, Return, Unwritable, letter_for, text_for
from messaging.mail_reading import read_mail
from messaging.places import at_path, filled
from messaging.signature import fault_of
from messaging.tokens import Tokens
from strategies.campaign import Campaign, Pass
from strategies.contacts import Contact, Device
from strategies.messages import AMENDED_BY, Fate, amends, response_to
from strategies.vocabulary import Medium, Result

ATTEMPT = "sp-" + "1" * 26
TOKENS = Tokens(b"k" * 32)
BACK = Return("Care <care@example.org>", TOKENS, "b.example.org", "https://u.example.org/")
LETTER = Pass(
    "letter", Medium.EMAIL, subject="For {first_name}", message="Dear {first_name},\n{unsubscribe_url}"
)
MAIL = Device("email", "ada@example.org")


def draft(going: Pass = LETTER, device: Device = MAIL, **attributes: str) -> Draft:
    return Draft(ATTEMPT, going, Contact("1001", (device,), attributes=attributes), device, 0.0)


def read(made: bytes):
    return message_from_bytes(made, policy=default)


def test_an_email_carries_every_way_out() -> None:
    letter = letter_for(draft(first_name="Ada"), BACK)
    message, token = read(letter.content), TOKENS.of(ATTEMPT)
    assert (message["To"], message["Subject"]) == ("ada@example.org", "For Ada")
    assert message["Reply-To"] == f"Care <reply+{token}@b.example.org>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    page, mail = (
        f"<https://u.example.org/unsubscribe/{token}>",
        f"<mailto:reply+{token}@b.example.org?subject=",
    )
    assert message["List-Unsubscribe"].startswith(f"{page}, {mail}")
    assert message.get_content().splitlines() == ["Dear Ada,", f"https://u.example.org/unsubscribe/{token}"]
    assert letter.mail_from == f"bounce+{token}@b.example.org"


def test_without_a_page_the_way_out_is_an_address_and_without_that_the_sender() -> None:
    by_mail = Return("care@example.org", TOKENS, "b.example.org")
    assert "mailto:reply+" in read(letter_for(draft(first_name="Ada"), by_mail).content).get_content()
    bare = letter_for(draft(first_name="Ada"), Return("care@example.org", TOKENS))
    assert read(bare.content)["List-Unsubscribe"] is None
    assert bare.mail_from == "care@example.org"


@given(name=st.text(), subject=st.text(min_size=1))
def test_nothing_a_list_says_becomes_a_header(name: str, subject: str) -> None:
    going = Pass("letter", Medium.EMAIL, subject="{a}{b}", message="Hello {a}")
    letter = letter_for(draft(going, a=name, b=subject), BACK)
    head, _, _ = letter.content.partition(b"\r\n\r\n")
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert len(names) == len(set(names))
    assert set(names) == {
        *(b"To", b"From", b"Subject", b"Date", b"Message-ID", b"Reply-To", b"List-Unsubscribe-Post"),
        *(b"List-Unsubscribe", b"Auto-Submitted", b"Content-Type", b"Content-Transfer-Encoding"),
        b"MIME-Version",
    }
    assert max(map(len, letter.content.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("address", ["a@b.example, c@d.example", "<x>", "a", "", "a@b\r\nc", "ä@b.example"])
def test_an_address_that_is_none_is_not_written_to(address: str) -> None:
    with pytest.raises(Unwritable):
        letter_for(draft(device=Device("email", address)), BACK)


def test_a_text_is_its_template_filled_and_never_empty() -> None:
    going = Pass("word", Medium.TEXT, message="{first_name} {nothing}")
    text = Device("text", "+12125551001")
    made = text_for(draft(going, text, first_name="Ada"), BACK)
    assert (made.key, made.number, made.text) == (ATTEMPT, "+12125551001", "Ada")
    with pytest.raises(Unwritable, match="empty"):
        text_for(draft(going, text), BACK)


def test_no_column_of_a_list_stands_for_the_way_out() -> None:
    going = Pass("word", Medium.TEXT, message="{unsubscribe_url}")
    made = text_for(draft(going, Device("text", "+12125551001"), unsubscribe_url="http://evil.example"), BACK)
    assert made.text == f"https://u.example.org/unsubscribe/{TOKENS.of(ATTEMPT)}"


def test_a_token_survives_case_and_no_other_is_one() -> None:
    token = TOKENS.of(ATTEMPT)
    assert TOKENS.attempt(token.upper()) == ATTEMPT
    assert TOKENS.attempt(Tokens(b"x" * 32).of(ATTEMPT)) is None
    assert len(f"bounce+{token}") <= 64
    with pytest.raises(ValueError, match="no attempt"):
        TOKENS.of("sp-1")


@given(st.text(max_size=60))
def test_what_is_no_token_of_ours_is_none(text: str) -> None:
    assert TOKENS.attempt(text) is None


@pytest.mark.parametrize(
    ("text", "response"),
    [
        ("STOP", "text_stop"),
        (" stop! ", "text_stop"),
        ("Opt out", "text_stop"),
        ("Stop sending me these", "text_stop"),
        ("unsubscribe me please", "text_stop"),
        ("basta", "text_stop"),
        ("End of May I will pay", "text_other"),
        ("please don't stop", "text_other"),
        ("HELP", "text_help"),
        ("Yes.", "text_yes"),
        ("will do\n-- \nAda", "text_yes"),
        ("Yes\nOn Monday, Care wrote:\n> stop", "text_yes"),
        ("> stop", "text_other"),
        ("", "text_other"),
        ("👍", "text_other"),
    ],
)
def test_a_reply_is_a_word_that_is_known(text: str, response: str) -> None:
    words = {"yes": ("yes", "Will do"), "stop": ("basta",)}
    assert response_to(text, Medium.TEXT, words) == response


@given(st.text())
def test_every_reply_is_some_response(text: str) -> None:
    said = response_to(text, Medium.EMAIL, {"yes": ("yes",)})
    assert said in {"email_yes", "email_stop", "email_help", "email_other"}


@pytest.mark.parametrize(
    ("status", "body", "fate"),
    [
        (200, b'{"message_id": "m1"}', Fate.ACCEPTED),
        (202, b"ok", Fate.ACCEPTED),
        (400, b'{"error": "no"}', Fate.REFUSED),
        (422, b"", Fate.REFUSED),
        (401, b"", Fate.NOT_SENT),
        (404, b"", Fate.NOT_SENT),
        (302, b"", Fate.NOT_SENT),
        (429, b"", Fate.FAILED),
        (500, b"", Fate.FAILED),
        (503, b"", Fate.FAILED),
        (502, b"", Fate.UNKNOWN),
        (504, b"", Fate.UNKNOWN),
        (408, b"", Fate.UNKNOWN),
    ],
)
def test_a_gateways_answer_has_one_fate(status: int, body: bytes, fate: Fate) -> None:
    assert judged(status, {}, body, Accepted()).fate is fate


def test_an_answer_may_say_no_though_its_status_says_yes() -> None:
    accepted = Accepted(
        id="messages.0.id", when={"messages.0.status": ("queued", "0")}, reason="messages.0.why"
    )
    yes = judged(200, {}, b'{"messages": [{"id": 7, "status": 0}]}', accepted)
    no = judged(200, {}, b'{"messages": [{"id": 7, "status": "bad", "why": "no route"}]}', accepted)
    assert (yes.fate, yes.id) == (Fate.ACCEPTED, "7")
    assert (no.fate, no.reason) == (Fate.REFUSED, "200 no route")


@pytest.mark.parametrize(("header", "pause"), [("30", 30.0), ("9" * 40, 999_999.0), ("soon", 1.0), ("", 1.0)])
def test_a_gateway_may_say_how_long_to_rest(header: str, pause: float) -> None:
    assert judged(429, {"Retry-After": header}, b"", Accepted()).pause == pause


@given(st.binary(max_size=200), st.integers(100, 599))
def test_whatever_a_gateway_says_has_some_fate(body: bytes, status: int) -> None:
    assert judged(status, {}, body, Accepted(when={"a.b": ("c",)})).fate in Fate


@given(st.binary(max_size=400), st.sampled_from(["", "p1@example.org"]))
def test_no_mail_is_too_broken_to_be_read(content: bytes, sender: str) -> None:
    notice = read_mail(b"Subject: x\r\n" + content, ATTEMPT, sender, 0.0, {})
    assert notice is None or notice.attempt == ATTEMPT


def test_what_was_filled_in_is_not_read_again() -> None:
    body = {"to": ["{number}"], "text": "{text}", "n": 1}
    places = {"number": "+1", "text": "{number} {secret}", "secret": "s"}
    assert filled(body, places) == {"to": ["+1"], "text": "{number} {secret}", "n": 1}


@pytest.mark.parametrize(("path", "found"), [("a.0.b", 1), ("a.1", None), ("a.b", None), ("c", None)])
def test_a_path_leads_to_a_value_or_to_none(path: str, found: object) -> None:
    assert at_path({"a": [{"b": 1}]}, path) == found


def test_only_who_shares_the_secret_and_signs_now_is_believed() -> None:
    body, stamp = b'{"a": 1}', "1000"
    signature = hmac.new(b"s", b"1000." + body, "sha256").hexdigest()

    def fault(**changed: object) -> str | None:
        given = {"secret": "s", "body": body, "signature": signature, "timestamp": stamp, "now": 1010.0}
        return fault_of(**{**given, "within": 300.0, **changed})  # type: ignore[arg-type]

    assert fault() is None
    assert fault(signature=f"sha256={signature.upper()}") is None
    assert (
        fault(body=b"{}")
        == fault(secret="t")
        == fault(timestamp="1001")
        == fault(signature="é")
        == "signature"
    )
    assert fault(now=1301.0) == fault(now=699.0) == "timestamp"


def test_a_later_word_amends_only_what_it_can_know_better() -> None:
    for was, by in AMENDED_BY.items():
        for result in Result:
            assert amends(was, result) is (result in by)
            assert not (amends(was, result) and amends(result, was))
    assert not amends(None, Result.DELIVERED)
    assert not amends(Result.BUSY, Result.REPLIED)


def test_stop_is_an_opt_out_of_every_campaign() -> None:
    named = Campaign("c", "service", "US", "", "", (), "UTC", groups={"opt_out": ("pressed_8",)})
    assert named.group("opt_out") == {"pressed_8", "text_stop", "email_stop", "call_stop"}
    assert named.group("success") == frozenset()
