"""Whatever becomes of a file, reading it ends in a project or in mistakes with their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import config
from config.campaign_build import campaign
from config.carrier_file import carrier
from config.checking import Problems
from config.errors import ConfigError, ConfigErrors
from config.overrides_file import read_overrides
from config.pass_rules import Scripts
from config.patching import patched
from config.script_file import script
from config.segments_file import segments
from config.settings import settings as build_settings
from config.yaml_reader import Document, parse

EXAMPLES = Path(config.__file__).parent / "examples"
ODD = [
    "",
    " ",
    "null",
    "~",
    "true",
    "NO",
    "-1",
    "0",
    "1e999",
    "12:30",
    "25:99",
    "3%",
    "999%",
    "5m",
    "5 minutes",
    "[]",
    "{}",
    "[[[[",
    "}}",
    "*a",
    "&a",
    "!!python/name:os.system",
    "<<: *a",
    "---",
    "...",
    "\t",
    "\x00",
    "\x85",
    "\ufeff",
    "'",
    '"',
    ": ",
    "- ",
    "#",
    "|",
    ">",
    "?",
    "{1: 2}",
    "[1, [2]]",
    "9" * 400,
    "a" * 5000,
    "((((",
    "contact.",
    "{x}",
    "{",
    "é",
    "🙂",
]


RICH = """\
campaign: spring
purpose: debt_collection
country: US
caller_id: "+12125550100"
agents: collections
lists: [march]
priority: 5
filter: "contact.balance >= 50"
order: ["-contact.balance"]
debt: account
limits: {attempts_per_contact: 8, attempts_per_day: 3, attempts_per_number: 5}
zone: America/New_York
zones: [America/New_York, America/Chicago]
window: {from: "09:00", to: "20:00", days: [mon, tue]}
holidays: [US-NY, 2030-12-24]
consent: {basis: express, source: agreement, date: 2024-01-01}
caps: {channels: 40, calls_per_second: 5}
rules: [{when: "abandon_rate > 0.025", for: 5m, do: slow}]
abandon_message: {say: "Sorry.", opt_out_key: 8}
response_groups: {success: [pressed_1], opt_out: [pressed_8, text_stop]}
strategy:
  escalation: per_contact
  passes:
    - name: call
      medium: avm
      script: hello
      retry: {busy: {after: [5m], then: next_device}}
      pacing: {finish_by: "18:00"}
    - name: rescue
      medium: dialer
      recovers: call
      triggers: [no_input]
      mode: in_call
      delay: 10s
      ttl: 5m
      per_day: 2
    - {name: back, medium: dialer, recovers: {queue: service}}
    - name: live
      medium: dialer
      with: call
      line_types: [landline]
      limits: {attempts_per_contact: 2, attempts_per_day: 1}
      holidays: []
      pacing: {method: power, ratio: 1.5}
    - name: note
      medium: text
      start: contact
      wait_days: 2
      where: "not any_response in success"
      message: "{name}"
"""
OVERRIDES = """\
- at: 2026-03-02T14:00:00-05:00
  until: "17:00"
  by: ada
  reason: storm
  patch: {call: {medium: text, message: "Hi."}}
- {at: 2026-03-02T15:00:00, patch: {live: null, campaign: {filter: "contact.balance > 100"}}}
"""
PATCH = """\
call: {medium: text, message: "Hi {name}.", retry: {undelivered: {after: [5m]}}}
live: {devices: [work], pacing: {method: progressive}, days: [mon]}
note: null
campaign: {filter: "contact.balance > 100", window: {from: "10:00", to: "12:00"}, order: [contact.name]}
"""
CARRIER = """\
devices:
  "+12125550101": [busy, {result: delivered_person, responses: [pressed_1], talk: 40s}]
  "+12125550102": {result: hangup_in_script, after: 6s, ring: 3s}
model:
  answer: {mobile: 35%, home: {"09:00": 15%, "18:00": 45%}, other: 20%}
  answer_after: 12s
  machine: 20%
  responses: {pressed_1: 20%, pressed_8: 2%}
  replies: {text_stop: 1%}
"""
GATEWAYS = """\
gateways:
  email: {smtp: "smtps://127.0.0.1", from: "Care <care@example.org>", username: us, secret_env: MAIL}
  text:
    url: "http://127.0.0.1:8089/send"
    headers: {X-Key: "{secret}"}
    format: json
    body: {to: "{number}", parts: [{text: "{text}"}]}
    webhook: {secret_env: HOOK, delivered: [delivered]}
    accepted: {id: id, when: {status: ["0"]}}
  web: {public_url: "https://example.org"}
  replies: {agreed: ["yes", "ok"]}
ledger: {retention: 1826d}
"""
SCRIPTS = Scripts({}, absent=True)
FOLDER = TemporaryDirectory()
FILE = Path(FOLDER.name) / "mutated.yaml"


def _overrides(document: Document) -> None:
    """Read from a file, as the simulator does."""
    read_overrides(document.file, "spring/1", "America/New_York")


def _patch(document: Document) -> None:
    patched(parse(RICH.encode(), FILE), [document], SCRIPTS)


Build = Callable[[Document], tuple[object, Problems] | None]

KINDS: dict[str, tuple[str, Build]] = {
    "campaign": ((EXAMPLES / "campaigns/loan_reminder.yaml").read_text(), lambda d: campaign(d, SCRIPTS)),
    "campaign with every key": (RICH, lambda d: campaign(d, SCRIPTS)),
    "script": ((EXAMPLES / "scripts/loan_reminder.yaml").read_text(), script),
    "segments": ((EXAMPLES / "segments.yaml").read_text(), segments),
    "settings": ((EXAMPLES / "settings.yaml").read_text(), build_settings),
    "gateways": (GATEWAYS, build_settings),
    "carrier": (CARRIER, carrier),
    "overrides": (OVERRIDES, _overrides),
    "patch": (PATCH, _patch),
}
"""Kind of file: one without mistakes, and what reads it."""


def check(errors: Sequence[ConfigError]) -> None:
    """Each mistake is told on one line that begins with its place."""
    assert errors
    for error in errors:
        assert error.message
        assert str(error).startswith(str(FILE))
        assert str(error).isprintable()
        assert len(str(error)) < 600


@st.composite
def mutations(draw: st.DrawFn, text: str) -> str:
    """The text with up to four places changed: cut, doubled, replaced, or with something odd put in."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        put = draw(st.sampled_from(ODD) | st.text(max_size=8) | st.just(text[start:end] * 2))
        text = text[:start] + put + text[end:]
    return text


@st.composite
def values(draw: st.DrawFn, text: str) -> str:
    """The text with one key's value replaced by something odd, the rest of the line kept or lost."""
    lines = text.splitlines()
    at = draw(st.sampled_from([number for number, line in enumerate(lines) if ":" in line]))
    key, _, rest = lines[at].partition(":")
    lines[at] = f"{key}: {draw(st.sampled_from(ODD))}{draw(st.sampled_from(['', rest]))}"
    return "\n".join(lines)


def read_as(kind: str, text: str) -> None:
    """Reads the text as a file of that kind; whatever is wrong with it is told with its place."""
    build = KINDS[kind][1]
    raw = text.encode("utf-8", "surrogatepass")
    FILE.write_bytes(raw)
    try:
        built = build(parse(raw, FILE))
    except ConfigErrors as caught:
        check(caught.errors)
        return
    if built is not None:
        found, problems = built
        assert (found is None) is bool(problems.errors)
        if found is None:
            check(problems.errors)


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_that_is_mutated_has_no_mistakes(kind: str) -> None:
    text, build = KINDS[kind]
    FILE.write_text(text, "utf-8")
    built = build(parse(text.encode(), FILE))
    assert built is None or not built[1].errors


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=300)
@given(st.data())
def test_a_mutated_file_loads_or_tells_its_mistakes(kind: str, data: st.DataObject) -> None:
    original = KINDS[kind][0]
    read_as(kind, data.draw(mutations(original) | values(original)))


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_random_bytes_are_yaml_or_tell_why_not(raw: bytes) -> None:
    try:
        document = parse(raw, FILE)
    except ConfigErrors as caught:
        check(caught.errors)
    else:
        assert document.position(("not there",)) is not None
