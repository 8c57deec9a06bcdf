"""Whatever becomes of a file, reading it ends in a project or in mistakes with their place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import config
from config.campaign_build import campaign
from config.checking import Problems
from config.errors import ConfigError, ConfigErrors
from config.pass_rules import Scripts
from config.script_file import script
from config.segments_file import segments
from config.settings import settings as build_settings
from config.yaml_reader import Document, parse

EXAMPLES = Path(config.__file__).parent / "examples"
FILE = Path("mutated.yaml")
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


def built(kind: str, document: Document) -> tuple[object, Problems]:
    """What the file of one kind says, and its mistakes."""
    if kind == "campaigns/loan_reminder.yaml":
        return campaign(document, Scripts({}, absent=True))
    if kind == "scripts/loan_reminder.yaml":
        return script(document)
    return segments(document) if kind == "segments.yaml" else build_settings(document)


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


@pytest.mark.parametrize(
    "kind", ["campaigns/loan_reminder.yaml", "scripts/loan_reminder.yaml", "segments.yaml", "settings.yaml"]
)
@settings(max_examples=500)
@given(st.data())
def test_a_mutated_file_loads_or_tells_its_mistakes(kind: str, data: st.DataObject) -> None:
    original = (EXAMPLES / kind).read_text()
    text = data.draw(mutations(original) | values(original))
    try:
        found, problems = built(kind, parse(text.encode("utf-8", "surrogatepass"), FILE))
    except ConfigErrors as caught:
        check(caught.errors)
        return
    assert (found is None) is bool(problems.errors)
    if found is None:
        check(problems.errors)


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_random_bytes_are_yaml_or_tell_why_not(raw: bytes) -> None:
    try:
        document = parse(raw, FILE)
    except ConfigErrors as caught:
        check(caught.errors)
    else:
        assert document.position(("not there",)) is not None
