"""How far what comes in is from what came before, and when the learner takes over from a model that somebody
chose."""

import numpy as np
import pytest

from models.contest import LEAST, Contest
from models.drift import drift
from models.features import Factor, Kind
from models.table import frame

AGE, JOB = Factor("age", Kind.NUMBER), Factor("job", Kind.CATEGORY)
RNG = np.random.default_rng(5)


def people(rows: int, mean: float, jobs: str):
    ages, chosen = RNG.normal(mean, 10, rows), RNG.choice(jobs.split(), rows)
    return frame((AGE, JOB), [{"age": a, "job": str(j)} for a, j in zip(ages, chosen, strict=True)])


def test_the_same_people_do_not_drift():
    found = drift((AGE, JOB), people(4_000, 40, "a b c"), people(1_000, 40, "a b c"))
    assert max(found.values()) < 0.05


def test_older_people_and_a_job_nobody_had_are_told_the_farthest_first():
    found = drift((AGE, JOB), people(4_000, 40, "a b c"), people(1_000, 46, "a b d"))
    assert list(found) == ["job", "age"]
    assert found["job"] > found["age"] > 0.25


def test_a_factor_that_is_no_longer_told_has_drifted():
    gone = frame((AGE, JOB), [{"age": np.nan, "job": ""}] * 500)
    found = drift((AGE, JOB), people(4_000, 40, "a b c"), gone)
    assert min(found.values()) > 1


def test_without_rows_to_compare_nothing_is_said():
    assert drift((AGE, JOB), people(0, 40, "a"), people(10, 40, "a")) == {}


@pytest.mark.parametrize(("rows", "won"), [(LEAST - 1, False), (LEAST, True)])
def test_the_learner_wins_by_foretelling_better_over_enough_outcomes(rows, won):
    chance = RNG.uniform(0.05, 0.6, rows)
    labels = RNG.random(rows) < chance
    contest = Contest(open=True)
    contest.add(labels, chance, np.full(rows, 0.9))
    assert contest.won is won
    learner, in_use = contest.losses
    assert learner < in_use


def test_outcomes_of_which_the_model_in_use_said_nothing_are_not_compared():
    contest = Contest(open=True)
    contest.add(np.ones(500, bool), np.full(500, 0.9), np.full(500, np.nan))
    assert contest.losses is None
    assert not contest.won
    assert "0 of 400" in contest.why
