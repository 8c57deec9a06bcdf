"""`secondpass campaign rules` and what `explain` says of rules; the bridge is played by the test."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from secondpass_command import Secondpass, imported, started

from console.web.looking import look
from strategies.rules import judge, resting
from strategies.store import Store

RULES = """campaign: calls
rules:
  - {when: abandon_rate > 0.025, for: 5m, do: slow}
  - {when: agents_staffed < 1, for: 0s, do: notify}
"""


@pytest.fixture
def secondpass(tmp_path: Path) -> Secondpass:
    command = imported(tmp_path, "contact_id,mobile,balance\n1,+12025550101,20\n")
    file = command.config / "campaigns" / "calls.yaml"
    file.write_text(file.read_text("utf-8").replace("campaign: calls\n", RULES))
    return command


async def test_rules_show_how_they_stand_and_explain_names_those_that_matter(secondpass: Secondpass) -> None:
    store = await Store.open(None, secondpass.data_dir, "main")
    try:
        await started(secondpass, store)
        before = secondpass("campaign", "rules", "calls", "--json").document
        assert [(row["rule"], row["stand"]) for row in before] == [
            ("abandon_rate > 0.025", "calm"),
            ("agents_staffed < 1", "calm"),
        ]
        sub = await store.sub("calls/1")
        assert sub is not None
        known = {"abandon_rate": 0.031, "agents_staffed": 0.0}
        states, _, _ = judge(resting(sub.campaign.rules), known, time.time())
        await store.put_rules("calls/1", states)
        rows = secondpass("campaign", "rules", "--json").document
        assert [(row["stand"], row["do"], row["figures"]) for row in rows] == [
            ("near", "slow", {"abandon_rate": 0.031}),
            ("fired", "notify", {"agents_staffed": 0.0}),
        ]
        assert "fired" in secondpass("campaign", "rules").out
        (line,) = (await look(store))["overview"]["sub_campaigns"]
        assert line["rules"] == [
            {"rule": "abandon_rate > 0.025", "stand": "near"},
            {"rule": "agents_staffed < 1", "stand": "fired"},
        ]
        said = secondpass("explain", "calls/1").out
        assert "rule abandon_rate > 0.025 is near" in said
        assert "rule agents_staffed < 1 has fired, does notify" in said
    finally:
        await store.close()
