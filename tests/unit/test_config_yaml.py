"""YAML is read by 1.2's rules, with places, and what could hide a mistake or eat memory is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import ConfigErrors
from config.yaml_reader import MAX_BYTES, parse, read, scalar

FILE = Path("x.yaml")


@pytest.mark.parametrize(
    "text", ["12:30", "NO", "off", "y", "0123", "02134", "+12125550100", "2024-01-01", "3%", "1_000", "1.2.3"]
)
def test_what_yaml_1_1_would_turn_into_something_else_stays_text(text: str) -> None:
    assert scalar(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None), ("~", None), ("", None), ("true", True), ("False", False), ("0", 0), ("-5", -5),
        ("0x1F", 31), ("0o17", 15), ("1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("-0.25", -0.25),
    ],
)  # fmt: skip
def test_core_schema_scalars_have_their_values(text: str, value: object) -> None:
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_a_quoted_value_is_always_text() -> None:
    assert parse(b"""{a: "12", b: 'true', c: 12}""", FILE).data == {"a": "12", "b": "true", "c": 12}


def test_keys_are_text_as_written() -> None:
    data = parse(b"keys: {1: thanks, 0: agent, NO: x}", FILE).data
    assert data == {"keys": {"1": "thanks", "0": "agent", "NO": "x"}}


def test_every_value_knows_its_line_and_column() -> None:
    document = parse(b"a: 1\npasses:\n  - name: x\n  - retry:\n      busy: 5 minutes\n", FILE)
    assert document.position(("passes", 1, "retry", "busy")) == (5, 7)
    assert document.position(("passes", 1, "retry", "not there")) == (4, 5)


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        (b"a: 1\nb: 2\na: 3\n", "x.yaml:3:1 a:", "written twice, in line 1 and line 3; keep one of the two"),
        (b"a: !!python/object:os.system x", "x.yaml:1:4 a:", "is not allowed; write the value without it"),
        (b"a: 1\n---\nb: 2\n", "x.yaml:2:1:", "keep one document per file"),
        (b"a: *b\n", "x.yaml:1:4 a:", "define it before its use"),
        (b"a: [1, 2\nb: 3\n", "x.yaml:2:", "check the indentation, the brackets and the quotes"),
        (b"a: x: y\n", "x.yaml:1:5:", "quote text that holds a colon"),
        (b"a:\n\t- b\n", "x.yaml:2:1:", "indent by spaces"),
        (b"{{a: b}: c}", "x.yaml:1:2:", "a key must be a word"),
        (b"a: caf\xe9", "x.yaml:1:7:", "encoding UTF-8"),
        (b"a:\n  b: \x07", "x.yaml:2:6:", "control character U+0007; remove it"),
        (b"keys: {*: a}", "x.yaml:1:", "quote text that begins with *"),
        (b"[" * 1000, "x.yaml:1:41", "nested more than 40 deep"),
    ],
)
def test_what_is_no_plain_yaml_is_told_with_place_and_mend(text: bytes, place: str, told: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        parse(text, FILE)
    assert str(caught.value).startswith(place)
    assert told in str(caught.value)


def test_every_duplicate_is_told_at_once() -> None:
    with pytest.raises(ConfigErrors) as caught:
        parse(b"a: 1\na: 2\nb: {c: 1, c: 2}\n", FILE)
    assert [error.path for error in caught.value.errors] == ["a", "b.c"]


def test_an_alias_stands_for_what_its_anchor_names() -> None:
    assert parse(b"a: &waits [5m, 2h]\nb: *waits\n", FILE).data == {"a": ["5m", "2h"], "b": ["5m", "2h"]}


def test_aliases_that_multiply_are_refused_before_they_eat_memory() -> None:
    pairs = zip("abcdefgh", "bcdefghi", strict=True)
    levels = [f"{name}: &{name} [{', '.join(['*' + below] * 9)}]" for below, name in pairs]
    bomb = "\n".join(["a: &a [x, x, x, x, x, x, x, x, x]", *levels])
    with pytest.raises(ConfigErrors, match="more than 200,000 values"):
        parse(bomb.encode(), FILE)


def test_a_file_of_ten_megabytes_is_refused_unread(tmp_path: Path) -> None:
    big = tmp_path / "big.yaml"
    big.write_bytes(b"a: b\n" * (10 * 2**20 // 5))
    with pytest.raises(ConfigErrors, match=f"larger than {MAX_BYTES:,} bytes; split it"):
        read(big)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match="cannot be read: Is a directory"):
        read(tmp_path)


def test_a_byte_order_mark_is_passed_over() -> None:
    assert parse(b"\xef\xbb\xbfa: 1", FILE).data == {"a": 1}
