"""`secondpass model report`: the page, the pairs and the figures of what stands in the ledger."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from secondpass_command import Secondpass, configured

from strategies.store import Store

sys.path.append(str(Path(__file__).parents[1] / "unit"))
from proof_stage import TENANT, TEXT, catalogue, lines


async def centre(folder: Path, weeks: int) -> Secondpass:
    """A configuration whose ledger holds some weeks of decided calls."""
    command = configured(folder)
    (command.config / "segments.yaml").write_text(TEXT)
    settings = command.config / "settings.yaml"
    settings.write_text(f"tenant: {TENANT}\n" + settings.read_text())
    store = await Store.open(None, command.data_dir, TENANT)
    for line in lines(weeks, 0.3, catalogue(), per_hour=2):
        await store.append(line, at=line["at"])
    await store.close()
    return command


async def test_a_report_is_written_from_the_ledger(tmp_path: Path) -> None:
    secondpass = await centre(tmp_path, weeks=4)
    page, pairs = tmp_path / "report.html", tmp_path / "pairs.csv"
    said = secondpass("model", "report", "--out", page, "--pairs", pairs, "--json")
    assert said.code == 0, said.err
    told = said.document
    assert (told["metric"], told["calls"], told["misdrawn"]) == ("buys", 4 * 7 * 8 * 2, 0)
    assert told["low"] < told["effect"] < told["high"]
    assert told["replays"] == {"the same again": told["calls"]}
    assert "<svg" in page.read_text()
    with pairs.open() as file:
        assert len(list(csv.DictReader(file))) == told["pairs"] > 10


async def test_what_cannot_be_reported_is_told_with_the_mend(tmp_path: Path) -> None:
    secondpass = configured(tmp_path)
    said = secondpass("model", "report", "--out", tmp_path / "x.html")
    assert (said.code, "add a segments.yaml" in said.err) == (1, True)
    (secondpass.config / "segments.yaml").write_text(TEXT)
    said = secondpass("model", "report", "--out", tmp_path / "x.html", "--metric", "sells")
    assert "name one of buys, abandoned" in said.err
