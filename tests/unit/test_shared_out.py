"""The tests themselves are shared out so: calls beside the rest, long files first, nobody idle."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared_out import LONGEST, next_file

ROOT = Path(__file__).parents[2]
CALLS = ["tests/telephony/test_harness.py", "tests/telephony/test_crash.py"]
REST = ["tests/unit/test_rules.py", "tests/unit/test_model_training.py"]
LAST = 3  # of four processes, the one that computes


@pytest.mark.parametrize(
    ("place", "file"), [(0, "tests/telephony/test_crash.py"), (LAST, "tests/unit/test_model_training.py")]
)
def test_each_process_begins_with_the_longest_of_its_kind(place: int, file: str) -> None:
    assert next_file([*REST, *CALLS], place, 4) == file


@pytest.mark.parametrize(("place", "left"), [(0, REST), (LAST, CALLS)])
def test_who_has_none_of_its_kind_left_helps_with_the_other(place: int, left: list[str]) -> None:
    assert next_file(left, place, 4) in left


def test_one_process_alone_makes_the_calls_first() -> None:
    assert next_file([*REST, *CALLS], 0, 1) in CALLS


def test_every_long_file_is_there() -> None:
    assert [file for file in LONGEST if not (ROOT / file).is_file()] == []
