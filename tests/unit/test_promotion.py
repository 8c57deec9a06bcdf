"""A patch written into a campaign's file: a new version of the strategy, with its comments."""

from __future__ import annotations

from pathlib import Path

import pytest
from config_files import CAMPAIGN, FILE, campaign_of, hello

from config.errors import ConfigErrors
from config.pass_rules import Scripts
from config.promotion import promoted
from config.yaml_reader import parse

SCRIPTS = Scripts({"hello": hello()})
COMMENTED = CAMPAIGN.replace("strategy:\n", "strategy:   # what we do\n").replace(
    "    - name: live\n", "    # agents call\n    - name: live   # the third\n"
)


def promote(patch: str, text: str = COMMENTED) -> str:
    written, campaign = promoted(
        parse(text.encode(), FILE), text, parse(patch.encode(), Path("patch.yaml")), SCRIPTS
    )
    assert campaign == campaign_of(written)
    return written


def test_only_what_the_patch_says_changes() -> None:
    before, after = COMMENTED.splitlines(), promote("{live: {wait_days: 2}}").splitlines()
    assert [line.strip() for line in after if line not in before] == ["wait_days: 2"]
    assert [line for line in before if line not in after] == []


def test_comments_stay() -> None:
    written = promote("{live: {wait_days: 2}, campaign: {filter: contact.balance > 5}}")
    assert "# what we do" in written
    assert "# agents call" in written
    assert "# the third" in written


def test_a_pass_that_is_taken_out_is_removed() -> None:
    assert [one.name for one in campaign_of(promote("{letter: null}")).passes] == [
        "reminder",
        "rescue",
        "live",
    ]


def test_a_pass_that_others_need_cannot_be_removed() -> None:
    with pytest.raises(ConfigErrors, match='there is no pass "reminder"'):
        promote("{reminder: null}")


def test_who_recovers_a_pass_that_becomes_a_text_must_be_thought_of_for_good() -> None:
    with pytest.raises(ConfigErrors, match="nobody is lost in the text pass"):
        promote('{reminder: {medium: text, message: "Call us."}}')


def test_a_patch_of_another_strategy_is_refused() -> None:
    with pytest.raises(ConfigErrors, match='there is no pass "other"'):
        promote("{other: {wait_days: 1}}")


def test_a_file_that_would_change_beyond_the_patch_is_left_to_its_author() -> None:
    text = CAMPAIGN.replace('"+12125550100"', "+12125550100")
    with pytest.raises(ConfigErrors, match="by hand"):
        promote("{live: {wait_days: 2}}", text)
