"""A copy of a frozen record is what `dataclasses.replace` makes of it."""

from __future__ import annotations

import dataclasses

import pytest

from strategies import frozen
from strategies.state import ContactState, PassRecord
from strategies.vocabulary import Result


def test_a_copy_has_what_was_changed_and_what_was_not() -> None:
    state = ContactState(version=3, records=(PassRecord("call", (Result.BUSY,)),))
    changes = {"live": "a1", "attempts": 2}
    copy = frozen.replace(state, **changes)  # type: ignore[arg-type]
    assert copy == dataclasses.replace(state, **changes)  # type: ignore[arg-type]
    assert state == ContactState(version=3, records=(PassRecord("call", (Result.BUSY,)),))
    with pytest.raises(dataclasses.FrozenInstanceError):
        copy.live = "a2"  # type: ignore[misc]


def test_a_field_that_is_none_is_refused() -> None:
    with pytest.raises(KeyError):
        frozen.replace(PassRecord("call"), nmae="other")  # type: ignore[call-arg]
