"""The model in use: swapped while calls go on, not acted on while wrong, renewed from what came true."""

import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from models import renewal
from models.errors import TrainingError
from models.features import Factor, Kind, Row
from models.keeping_up import KeepingUp
from models.live import NOT_TRUSTED, LiveModel
from models.online import Candidate, begin, renewed, weighed
from models.outcome import NullModel, OutcomeModel
from models.registry import current, load_version
from models.renewal import Origin, publish_renewal
from models.table import frame
from models.watch import LEAST, LOST, REGAINED, Watch, off_by, watched
from strategies.store.learning import Example

AGE, JOB = Factor("age", Kind.NUMBER), Factor("job", Kind.CATEGORY)
FACTORS = (AGE, JOB)
ORIGIN = Origin("pays", "y", "yes")
QUICK = (Candidate(700, 5), Candidate(700, 1e6))


def calls(rows: int, keen: str, seed: int = 1) -> list[tuple[Row, bool]]:
    """Calls in which those with the job `keen` say yes six times in ten, the others once."""
    rng = np.random.default_rng(seed)
    jobs = rng.choice(["clerk", "retired"], rows)
    said = rng.random(rows) < np.where(jobs == keen, 0.6, 0.1)
    ages = rng.integers(18, 90, rows)
    return [({"age": float(a), "job": str(j)}, bool(y)) for a, j, y in zip(ages, jobs, said, strict=True)]


def learned(happened: list[tuple[Row, bool]]):
    table = frame(FACTORS, [row for row, _ in happened])
    return renewed(begin(FACTORS, QUICK), table, np.array([label for _, label in happened]))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, OutcomeModel]:
    """A model by each job that may be keen."""
    root = tmp_path_factory.mktemp("registry")
    return {
        keen: OutcomeModel.load(publish_renewal(root, learned(calls(2_000, keen)), ORIGIN))
        for keen in ("clerk", "retired")
    }


def keeping_up(root: Path, live: LiveModel) -> KeepingUp:
    return KeepingUp(root, ORIGIN, begin(FACTORS, QUICK), live)


def example(row: Row, label: bool, version: str = "", predicted: float | None = None) -> Example:
    return Example("1.1", 0.0, row, label, predicted, version)


def in_use(root: Path) -> LiveModel:
    return LiveModel(OutcomeModel.load(current(root, "pays")))


def test_a_swap_under_load_drops_nothing_and_mixes_nothing(published):
    live = LiveModel(published["clerk"])
    row = {"age": 40.0, "job": "clerk"}
    right = {m.card.version: m.predict(row).probability for m in published.values()}
    seen, stop = [], threading.Event()

    def ask() -> None:
        while not stop.is_set():
            seen.append(live.predict(row))

    asking = threading.Thread(target=ask)
    asking.start()
    for n in range(400):
        live.swap(published["retired" if n % 2 else "clerk"])
        while len(seen) < n:
            pass
    stop.set()
    asking.join()
    assert {prediction.version for prediction in seen} == set(right)
    assert all(prediction.probability == right[prediction.version] for prediction in seen)


def test_shadows_are_computed_and_never_acted_on(published):
    live = LiveModel(published["clerk"], {"challenger": published["retired"]})
    row = {"age": 40.0, "job": "retired"}
    assert live.predict(row) == published["clerk"].predict(row)
    assert live.shadowed(row) == {"challenger": published["retired"].predict(row)}
    live.set_shadows({})
    assert live.shadowed(row) == {}


def test_a_row_holds_what_the_model_and_its_shadows_need(published):
    live = LiveModel(NullModel("pays", "none yet"))
    assert list(live.factors) == []
    live.set_shadows({"challenger": published["clerk"]})
    assert [factor.name for factor in live.factors] == ["age", "job"]
    live.swap(published["retired"])
    assert [factor.name for factor in live.factors] == ["age", "job"]


def test_after_so_many_outcomes_the_model_is_renewed_proved_and_put_to_work(tmp_path):
    live = LiveModel(NullModel("pays", "none yet"))
    keeper = keeping_up(tmp_path, live)
    due = [keeper.outcome(row, label) for row, label in calls(2_000, "retired")]
    assert (due.index(True), live.predict({}).probability) == (1_999, None)
    renewal_ = keeper.renew()
    assert live.predict({}).version == renewal_.version == current(tmp_path, "pays").name
    assert live.predict({"job": "retired"}).probability > 0.4
    assert live.predict({"job": "clerk"}).probability < 0.25
    card = load_version(current(tmp_path, "pays"))[1]
    assert (card.rows, card.parity.rows) == (2_000, 4_000)
    assert any("half-life 700" in note for note in card.notes)


def test_it_is_due_again_after_two_hundred_outcomes(tmp_path):
    keeper = keeping_up(tmp_path, LiveModel(NullModel("pays", "none yet")))
    for row, label in calls(2_000, "retired"):
        keeper.outcome(row, label)
    keeper.renew()
    due = [keeper.outcome(row, label) for row, label in calls(200, "retired", seed=2)]
    assert due == [False] * 199 + [True]


def test_when_times_change_trust_is_lost_the_model_learns_and_trust_comes_back(tmp_path):
    live = LiveModel(NullModel("pays", "none yet"))
    keeper = keeping_up(tmp_path, live)
    trusted: list[bool] = []
    for row, label in calls(3_000, "retired") + calls(4_000, "clerk", seed=2):
        if keeper.outcome(row, label):
            assert not keeper.renew().reason
        trusted.append(live.trusted)
    lost = trusted.index(False)
    assert 3_000 < lost < 3_400
    assert trusted[-1]
    assert sum(before != after for before, after in pairwise(trusted)) <= 4  # no flicker
    assert live.predict({"job": "clerk"}).probability > 0.4


@pytest.mark.parametrize(("source", "stays"), [("calls.csv, sha256 1f", True), (ORIGIN.source, False)])
def test_after_a_restart_a_trained_model_is_contested_and_the_learner_s_own_renewed(tmp_path, source, stays):
    version = publish_renewal(tmp_path, learned(calls(2_000, "retired")), replace(ORIGIN, source=source)).name
    keeper = keeping_up(tmp_path, in_use(tmp_path))
    keeper.resume([example(row, label) for row, label in calls(2_000, "retired", seed=2)])
    for row, label in calls(200, "retired", seed=3):
        keeper.outcome(row, label)
    assert ("published beside it" in keeper.renew().reason) == stays
    assert (current(tmp_path, "pays").name == version) == stays


def test_a_chosen_model_is_judged_by_what_it_foretold_itself(tmp_path):
    chosen = replace(ORIGIN, source="calls.csv, sha256 1f")
    publish_renewal(tmp_path, learned(calls(2_000, "clerk")), chosen)
    live = in_use(tmp_path)
    keeper = keeping_up(tmp_path, live)
    before, version = "0" * 12, live.model.card.version
    wrong = [example(row, label, before, 0.9) for row, label in calls(2_600, "clerk", seed=2)]
    right = [
        example(row, label, version, live.foretold(row) if n % 2 else None)  # None while it was not trusted
        for n, (row, label) in enumerate(calls(300, "clerk", seed=3))
    ]
    keeper.resume(wrong + right)
    assert (live.trusted, keeper.calibration.rows) == (True, 300)
    assert keeper.losses[1] == pytest.approx(keeper.losses[0], abs=0.1)
    row, label = calls(1, "clerk", seed=4)[0]
    keeper.outcome(row, label, 0.9, before)
    assert (keeper.calibration.rows, keeper.outcomes) == (300, 2_901)
    keeper.outcome(row, label, None, version)
    assert keeper.calibration.rows == 301


def test_a_learner_that_starts_again_trusts_as_if_it_had_gone_on(tmp_path):
    live = LiveModel(NullModel("pays", "none yet"))
    keeper = keeping_up(tmp_path, live)
    known: list[Example] = []
    trusted: list[bool] = []
    for n, (row, label) in enumerate(calls(3_000, "retired") + calls(4_000, "clerk", seed=2), 1):
        said = live.predict(row)
        known.append(example(row, label, said.version, said.probability))
        if keeper.outcome(row, label, said.probability, said.version):
            keeper.renew()
        if n in {3_500, 7_000}:
            again = in_use(tmp_path)
            resumed = keeping_up(tmp_path, again)
            resumed.resume(known)
            assert (again.trusted, resumed.calibration) == (live.trusted, keeper.calibration)
            trusted.append(again.trusted)
    assert trusted == [False, True]


def test_what_is_not_trusted_is_not_acted_on_and_says_so(published):
    live = LiveModel(published["clerk"])
    live.trusted = False
    prediction = live.predict({"job": "clerk"})
    assert (prediction.probability, prediction.missing) == (None, NOT_TRUSTED)
    assert live.foretold({"job": "clerk"}) == published["clerk"].predict({"job": "clerk"}).probability


def test_a_renewal_that_fails_the_gate_leaves_the_model_in_use(tmp_path, monkeypatch):
    live = LiveModel(NullModel("pays", "none yet"))
    keeper = keeping_up(tmp_path, live)
    for row, label in calls(2_000, "retired"):
        keeper.outcome(row, label)
    first = keeper.renew().version
    right = renewal.logistic_graph
    monkeypatch.setattr(renewal, "logistic_graph", lambda f, e, w, n: right(f, e, w + 0.1, n))
    for row, label in calls(200, "clerk", seed=2):
        keeper.outcome(row, label)
    assert "differs from numpy" in keeper.renew().reason
    assert live.predict({}).version == first == current(tmp_path, "pays").name
    monkeypatch.setattr(renewal, "logistic_graph", right)
    assert load_version(tmp_path / "pays" / keeper.renew().version)[1].rows == 2_200


def test_outcomes_that_come_in_during_a_renewal_are_kept_for_the_next(tmp_path, monkeypatch):
    keeper = keeping_up(tmp_path, LiveModel(NullModel("pays", "none yet")))
    happened = calls(2_010, "retired")
    for row, label in happened[:2_000]:
        keeper.outcome(row, label)
    right = renewal.logistic_graph

    def meanwhile(*arguments):
        for row, label in happened[2_000:]:
            keeper.outcome(row, label)
        return right(*arguments)

    monkeypatch.setattr(renewal, "logistic_graph", meanwhile)
    first = keeper.renew().version
    monkeypatch.setattr(renewal, "logistic_graph", right)
    second = keeper.renew().version
    assert [load_version(tmp_path / "pays" / v)[1].rows for v in (first, second)] == [2_000, 2_010]


def test_a_row_with_less_than_the_learner_knows_is_missing_the_rest(tmp_path):
    keeper = keeping_up(tmp_path, LiveModel(NullModel("pays", "none yet")))
    for row, label in calls(2_000, "retired"):
        keeper.outcome({"job": row["job"], "unheard_of": 1.0}, label)
    assert keeper.renew().version


def test_a_learner_that_has_learned_nothing_is_not_published(tmp_path):
    with pytest.raises(TrainingError, match="no outcomes yet"):
        publish_renewal(tmp_path, begin(FACTORS), ORIGIN)


def test_the_candidate_that_foretold_better_counts_for_more_and_none_for_nothing():
    margins = np.array([[2.0, -2.0] * 50, [0.0, 0.0] * 50])
    shares = weighed(np.array([0.5, 0.5]), margins, np.array([True, False] * 50))
    assert shares[0] > 0.8
    assert shares.sum() == pytest.approx(1)
    turned = shares
    for _ in range(2):
        turned = weighed(turned, margins, np.array([False, True] * 50))
    assert turned[1] > 0.8
    assert turned[0] >= 0.149


def test_a_first_renewal_looks_at_no_candidate_s_past():
    learner = learned(calls(2_000, "retired"))
    assert learner.shares.tolist() == [0.5, 0.5]
    later = calls(200, "retired", seed=3)
    again = renewed(learner, frame(FACTORS, [r for r, _ in later]), np.array([y for _, y in later]))
    assert again.shares[0] > 0.8
    assert learner.fitted == replace(learner).fitted


def right_and_wrong(rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    predicted = rng.uniform(0.05, 0.5, rows)
    return predicted, rng.random(rows) < predicted


def test_the_watch_says_nothing_of_a_few_outcomes_and_trusts_what_comes_true():
    few = watched(Watch(), np.full(LEAST - 1, 0.01), np.ones(LEAST - 1, bool))
    assert few.trusted
    assert not watched(few, np.array([0.01]), np.array([True])).trusted
    predicted, labels = right_and_wrong(5_000)
    watch = Watch()
    for part in np.array_split(np.arange(5_000), 50):
        watch = watched(watch, predicted[part], labels[part])
        assert watch.trusted


def test_a_model_upside_down_loses_trust_though_it_is_right_on_the_whole():
    predicted, labels = right_and_wrong(1_000)
    upside_down = predicted.min() + predicted.max() - predicted
    assert abs(upside_down.mean() - labels.mean()) < 0.05
    assert off_by(predicted, labels) < REGAINED
    assert off_by(upside_down, labels) > LOST


def test_trust_once_lost_comes_back_only_well_inside_the_limit():
    predicted, labels = right_and_wrong(1_000)
    somewhat_off = np.clip(predicted + 0.06, 0, 1)
    assert REGAINED < off_by(somewhat_off, labels) < LOST
    assert watched(Watch(trusted=True), somewhat_off, labels).trusted
    assert not watched(Watch(trusted=False), somewhat_off, labels).trusted
    assert watched(Watch(trusted=False), predicted, labels).trusted
