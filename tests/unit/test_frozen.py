"""Records are frozen, copied as `dataclasses.replace` copies, and short as text."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from strategies import frozen
from strategies.state import ContactState, PassRecord
from strategies.vocabulary import Result


def test_a_copy_has_what_was_changed_and_what_was_not() -> None:
    state = ContactState(version=3, records=(PassRecord("call", (Result.BUSY,)),))
    copy = frozen.replace(state, live="a1", attempts=2)
    assert copy == dataclasses.replace(state, live="a1", attempts=2)
    assert (copy.version, copy.live, copy.attempts, copy.records) == (3, "a1", 2, state.records)
    assert state == ContactState(version=3, records=(PassRecord("call", (Result.BUSY,)),))
    with pytest.raises(AttributeError):
        copy.live = "a2"  # type: ignore[misc]


def test_a_field_that_is_none_is_refused() -> None:
    with pytest.raises(TypeError):
        frozen.replace(PassRecord("call"), nmae="other")


def test_what_is_at_its_default_is_not_written_and_reads_back() -> None:
    state = ContactState(attempts=2, records=(PassRecord("call", (Result.BUSY,)),))
    written = msgspec.json.encode(state)
    assert written == b'{"attempts":2,"records":[{"name":"call","results":["busy"]}]}'
    assert msgspec.json.decode(written, type=ContactState) == state


def test_dataclasses_know_the_fields_of_a_record() -> None:
    assert [field.name for field in dataclasses.fields(PassRecord)][:2] == ["name", "results"]
    assert dataclasses.asdict(PassRecord("call"))["name"] == "call"
