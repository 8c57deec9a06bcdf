"""The carrier's file: what may stand in it, and how mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.carrier import Carrier, Entry, Hourly, Model
from config.carrier_file import carrier, read_carrier
from config.errors import ConfigErrors
from config.yaml_reader import parse
from strategies.vocabulary import Result

ADA = "+12125550101"


def read(text: str) -> Carrier:
    found, problems = carrier(parse(text.encode(), Path("carrier.yaml")))
    assert found is not None, [str(error) for error in problems.errors]
    return found


def mistakes(text: str) -> list[str]:
    _, problems = carrier(parse(text.encode(), Path("carrier.yaml")))
    return [str(error) for error in problems.errors]


def test_an_entry_is_a_result_or_says_more() -> None:
    found = read(
        f'devices: {{"{ADA}": [busy, {{result: hangup_in_script, after: 6s, responses: [pressed_2]}}]}}'
    )
    assert found.devices == {
        ADA: (Entry(Result.BUSY), Entry(Result.HANGUP_IN_SCRIPT, ("pressed_2",), after=6.0))
    }
    assert found.default == Entry(Result.NO_ANSWER)


def test_the_last_entry_repeats_and_an_address_without_one_has_none() -> None:
    found = read(f'devices: {{"{ADA}": [busy, fax]}}')
    entries = [found.scripted(ADA, before) for before in range(4)]
    assert [entry and entry.result for entry in entries] == ["busy", "fax", "fax", "fax"]
    assert found.scripted("+12125550999", 0) is None


@pytest.mark.parametrize(
    ("written", "kind", "hour", "share"),
    [
        ("40%", "mobile", 12.0, 0.4),
        ('{"09:00": 10%, "17:30": 50%}', "mobile", 17.5, 0.5),
        ('{"09:00": 10%, "17:30": 50%}', "home", 3.0, 0.5),
        ("{mobile: 40%, default: 5%}", "mobile", 12.0, 0.4),
        ("{mobile: 40%, default: 5%}", "work", 12.0, 0.05),
        ('{home: {"18:00": 60%, "00:00": 20%}}', "home", 17.9, 0.2),
        ("{mobile: 40%}", "home", 12.0, 0.0),
    ],
)
def test_an_answer_rate_is_one_for_all_or_by_hour_or_by_device(
    written: str, kind: str, hour: float, share: float
) -> None:
    found = read(f"model: {{answer: {written}}}")
    assert found.model is not None
    assert found.model.answered(kind, hour) == pytest.approx(share)


def test_what_a_model_leaves_out_has_its_default() -> None:
    assert read("model: {machine: 50%}").model == Model(machine=0.5)
    assert Model().answer == {"": Hourly(((0.0, 0.3),))}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("default: bus", "did you mean busy?"),
        ('devices: {"0212": [busy]}', "carrier.yaml:1:11 devices.0212"),
        (f'devices: {{"{ADA}": []}}', "is empty"),
        (f'devices: {{"{ADA}": [{{result: busy, talk: 5}}]}}', "5 is not a duration"),
        (f'devices: {{"{ADA}": [{{result: busy, tlak: 5s}}]}}', "tlak: is not a key here"),
        ("model: {answer: {mobil: 3%}}", "did you mean mobile?"),
        ("model: {machine: 80%, fax: 30%}", "machine, fax come to 110% together"),
        ("model: {responses: {pressed_1: 60%, pressed_2: 60%}}", "come to 120%"),
        ("default: busy\nmodel: {machine: 20%}", "keep one of the two"),
        ("", "the file is empty"),
    ],
)
def test_mistakes_are_told_with_their_place_and_mend(text: str, told: str) -> None:
    assert any(told in mistake for mistake in mistakes(text)), mistakes(text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match="cannot be read"):
        read_carrier(tmp_path / "carrier.yaml")
