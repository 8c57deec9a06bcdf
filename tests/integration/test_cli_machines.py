"""`secondpass results machines` over a real store."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from secondpass_command import Secondpass, imported

from strategies.store import Store

CALL = {"kind": "attempt_ended", "campaign": "calls/1", "heard": "person", "result": "connected_agent"}


@pytest.fixture
async def secondpass(tmp_path: Path) -> AsyncIterator[Secondpass]:
    """The command, over a ledger of forty calls put through to agents, of which two were machines."""
    made = imported(tmp_path)
    store = await Store.open(None, made.data_dir, "main")
    for nth in range(40):
        said = ["agent_machine"] if nth == 7 else ["agent_paid"]
        await store.append({**CALL, "attempt": f"sp-{nth}", "responses": said}, at=1e9)
    await store.append(
        {**CALL, "kind": "responded", "attempt": "sp-9", "responses": ["agent_machine"]}, at=1e9
    )
    await store.append({**CALL, "attempt": "sp-m", "heard": "machine", "result": "machine_hangup"}, at=1e9)
    yield made
    await store.close()


async def test_the_false_machines_are_told_with_their_interval(secondpass: Secondpass) -> None:
    told = secondpass("results", "machines", "--json").document
    (row,) = told["rows"]
    assert (row["campaign"], row["person"], row["machine"]) == ("calls", 40, 1)
    assert (row["connected"], row["noted"], row["machines"]) == (40, 40, 2)
    assert (row["rate"], row["low"], row["high"]) == (0.05, 0.01382, 0.16504)
    assert "A person taken for a machine is not in here" in told["definition"]


async def test_it_is_a_file_for_others_and_a_table(secondpass: Secondpass) -> None:
    lines = secondpass("results", "machines", "calls", "--csv").out.splitlines()
    (row,) = csv.DictReader(line for line in lines if not line.startswith("#"))
    assert (row["machines"], row["connected"]) == ("2", "40")
    assert "Machine detection" in secondpass("results", "machines").out
    refused = secondpass("results", "machines", "nobody")
    assert refused.code == 1
    assert "there are: calls" in refused.err
