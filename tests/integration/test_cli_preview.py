"""`secondpass campaign preview` and `secondpass schema` as a person runs them."""

from __future__ import annotations

from pathlib import Path

import pytest
from secondpass_command import Secondpass, imported

MARCH = "contact_id,mobile,balance\n1,+12025550101,20\n2,+12025550102,300\n3,+12025550103,\n"


@pytest.fixture
def secondpass(tmp_path: Path) -> Secondpass:
    return imported(tmp_path, MARCH)


def filtered(secondpass: Secondpass) -> None:
    file = secondpass.config / "campaigns" / "calls.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("campaign: calls\n", 'campaign: calls\nfilter: "contact.balance > 50"\n'))


def test_a_preview_tells_whom_the_filter_keeps_and_changes_nothing(secondpass: Secondpass) -> None:
    filtered(secondpass)
    said = secondpass("campaign", "preview", "calls", "--lists", "march", "--json")
    assert said.code == 0, said.err
    assert (said.document["contacts"], said.document["kept"]) == (3, 1)
    assert said.document["missing_attributes"] == {"balance": 1}
    assert secondpass("campaign", "status", "--json").document == []


def test_a_preview_for_a_person_names_the_passes_and_what_is_wanting(secondpass: Secondpass) -> None:
    filtered(secondpass)
    said = secondpass("campaign", "preview", "calls", "--lists", "march")
    assert said.code == 0, said.err
    assert "3 people of march; the filter keeps 1" in said.out
    assert "contact.balance > 50" in said.out


def test_a_list_or_campaign_that_is_not_there_is_told_with_those_that_are(secondpass: Secondpass) -> None:
    wrong = secondpass("campaign", "preview", "calls", "--lists", "april")
    assert wrong.code == 1
    assert 'there is no list "april"' in wrong.err
    assert "march" in wrong.err
    assert "calls" in secondpass("campaign", "preview", "kalls").err


def test_a_schema_is_printed_for_an_editor_and_an_unknown_kind_is_told(secondpass: Secondpass) -> None:
    said = secondpass("schema", "segments")
    assert said.document["properties"]["deadline"]["default"] == "150ms"
    assert "campaign, script, segments, settings" in secondpass("schema", "segment").err
