"""Playing a record of calls as production would have: nothing later is looked at, nothing unproven scores."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from model_calls import write_calls

from models import renewal
from models.backtest import Play, Played, backtest, replay
from models.errors import ParityError, TrainingError
from models.online import Candidate
from models.records import Records, read_records
from models.renewal import Origin

PLAY = Play(start=3_000, every=400, until=4_200)
ORIGIN = Origin("calls", "y", "yes")
QUICK = (Candidate(700, 5), Candidate(700, 1e6))


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    path = write_calls(tmp_path_factory.mktemp("calls") / "calls.csv")
    return read_records(path, label="y", positive="yes", sep=";")


def played(records: Records, play: Play = PLAY) -> Played:
    return replay(records, play, ("duration",), ORIGIN, candidates=QUICK)


@pytest.fixture(scope="module")
def as_it_was(records: Records) -> Played:
    return played(records)


def changed_from(records: Records, at: int) -> Records:
    """The same calls up to `at`; the later ones shuffled, their labels turned, a column of theirs spoilt."""
    order = np.random.default_rng(3).permutation(np.arange(at, len(records)))
    later = tuple(records.rows[n] | {"balance": "a word", "job": "never heard of"} for n in order)
    return Records(
        records.columns,
        records.rows[:at] + later,
        records.labels[:at] + tuple(not records.labels[n] for n in order),
    )


def test_what_comes_later_changes_no_earlier_score(records, as_it_was):
    for at in (3_000, 3_400, 3_800):
        other = played(changed_from(records, at))
        before = at - PLAY.start
        assert (other.predicted[:before] == as_it_was.predicted[:before]).all()
        assert (other.predicted[before:] != as_it_was.predicted[before:]).any()


def test_the_labels_of_the_rows_being_scored_are_not_known(records, as_it_was):
    turned = tuple(not label if n >= 3_800 else label for n, label in enumerate(records.labels))
    assert (played(replace(records, labels=turned)).predicted == as_it_was.predicted).all()


def test_outcomes_that_come_late_are_not_learned_from_before(records):
    late = replace(PLAY, delay=300)
    turned = tuple(not label if n >= 3_500 else label for n, label in enumerate(records.labels))
    assert (played(records, late).predicted == played(replace(records, labels=turned), late).predicted).all()
    known = tuple(not label if 3_400 <= n < 3_500 else label for n, label in enumerate(records.labels))
    assert (played(records, late).predicted != played(replace(records, labels=known), late).predicted).any()


def test_it_is_renewed_at_least_once_for_every_so_many_outcomes(records, as_it_was):
    assert as_it_was.updates == 3
    assert played(records, replace(PLAY, every=600)).updates == 2


def test_what_can_be_learned_is_learned(as_it_was):
    report = as_it_was.report()
    assert (report["rows"], report["onnx_parity_failures"]) == (1_200, 0)
    assert report["auc"] > 0.7
    assert report["lift_10"] > 2


def test_a_category_first_heard_of_later_is_learned_once_its_outcomes_are_known(tmp_path):
    path = write_calls(tmp_path / "calls.csv", 6_000)
    lines = path.read_text().splitlines()
    for n in range(
        3_001, len(lines), 2
    ):  # from the start on, every second caller is an astronaut who says yes
        _, balance, pdays, duration, _ = lines[n].split(";")
        lines[n] = f'"astronaut";{balance};{pdays};{duration};"yes"'
    path.write_text("\n".join(lines))
    records = read_records(path, label="y", positive="yes", sep=";")
    scored = played(records, Play(start=3_000, every=500)).predicted
    first, last = scored[0:500:2], scored[-500::2]
    assert first.mean() < 0.4
    assert last.mean() > 0.7


def test_a_file_that_is_not_the_model_scores_nobody(records, monkeypatch):
    right = renewal.logistic_graph
    made = []

    def wrong_once(factors, encoding, weights, name):
        made.append(right(factors, encoding, weights + 0.01 * (len(made) == 1), name))
        return made[-1]

    monkeypatch.setattr(renewal, "logistic_graph", wrong_once)
    found = played(records)
    assert (found.updates, found.parity_failures) == (2, 1)
    assert len(found.predicted) == 1_200
    monkeypatch.setattr(renewal, "logistic_graph", lambda f, e, w, n: right(f, e, w + 0.01, n))
    with pytest.raises(ParityError, match=r"differs from numpy on .* not published"):
        played(records)


@pytest.mark.parametrize(
    ("play", "message"),
    [
        (Play(1_999), r"only 1999 outcomes are known at row 1999, 2000 are needed.*--start"),
        (Play(2_100, delay=200), "only 1900 outcomes are known"),
        (Play(4_400), "4400 rows, none to score from row 4400"),
        (Play(3_000, every=0), "--every is at least 1"),
        (Play(3_000, delay=-1), "--label-delay at least 0"),
    ],
)
def test_a_play_that_cannot_be_is_refused(tmp_path, play, message):
    path = write_calls(tmp_path / "calls.csv")
    with pytest.raises(TrainingError, match=message):
        backtest(path, play, label="y", sep=";")


def test_the_report_has_the_fields_a_check_reads(as_it_was):
    fields = "rows base auc auc_within_1000 log_loss brier ece lift_10 updates onnx_parity_failures"
    assert list(json.loads(json.dumps(as_it_was.report()))) == fields.split()


def test_rows_with_one_outcome_only_cannot_be_judged(tmp_path: Path):
    path = write_calls(tmp_path / "calls.csv")
    lines = path.read_text().splitlines()
    lines[3_001:] = [line.replace("yes", "no") for line in lines[3_001:]]
    path.write_text("\n".join(lines))
    with pytest.raises(TrainingError, match="the same in all rows scored"):
        backtest(path, Play(3_000, 1_400), label="y", sep=";")
