"""Who of the queued callers hangs up, on real calls: two months learned from, the next one scored."""

import os
from datetime import date
from pathlib import Path

import pytest

from models.inbound import CALLERS_PAST, QUEUE_STATE, entries
from models.inbound_backtest import InboundPlay, backtest_inbound
from models.inbound_log import read_inbound
from models.outcome import OutcomeModel
from models.registry import current

ROOT = Path(__file__).parents[2]
LOGS = Path(os.environ.get("SECONDPASS_DATA", ROOT.parent / "shared" / "data"))
MONTHS = [LOGS / f"inbound_1999_{month}.tsv.gz" for month in ("may", "june", "july")]

pytestmark = pytest.mark.skipif(not all(log.exists() for log in MONTHS), reason="not run: no data")


@pytest.fixture(scope="module")
def backtested(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], Path]:
    out = tmp_path_factory.mktemp("registry")
    play = InboundPlay(date(1999, 7, 1), every=2_000)
    return backtest_inbound(MONTHS, play, out), out


def test_the_next_month_is_foretold_and_the_callers_past_and_the_queues_both_help(backtested):
    report, _ = backtested
    assert (report["rows"], report["no_calls"], report["unreadable"]) == (26_623, 1_118, 5)
    assert report["auc"] > 0.805
    assert report["log_loss"] < 0.44
    assert report["ece"] < 0.015
    assert report["without_history"]["auc"] < report["auc"] - 0.02
    assert report["without_history_and_queue"]["auc"] < report["without_history"]["auc"] - 0.05


def test_only_those_who_had_to_wait_are_scored_so_that_no_id_tells_the_outcome():
    """Over all calls of this log an id is known of hardly anybody who did not wait."""
    log = read_inbound(MONTHS[:1])
    waited = [call for call in log.calls if call.queued_at is not None]
    at_once = [call for call in log.calls if call.queued_at is None]
    assert sum(bool(call.customer) for call in waited) > 0.7 * len(waited)
    assert sum(bool(call.customer) for call in at_once) < 0.1 * len(at_once)
    scored = list(entries(log.calls))
    assert len(scored) == sum(call.ivr_seconds >= 0 for call in waited)


def test_the_published_file_answers_for_a_caller_of_whom_nothing_is_known(backtested):
    report, out = backtested
    folder = current(out, "abandons")
    assert folder.name == report["published"]
    model = OutcomeModel.load(folder)
    nothing = model.predict({}).probability
    assert nothing is not None
    assert 0.05 < nothing < 0.6
    assert {factor.name for factor in model.factors} >= CALLERS_PAST | QUEUE_STATE
