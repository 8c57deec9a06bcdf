"""`secondpass bench pacing`: the figures it prints, and the comparison of all ways of pacing."""

from __future__ import annotations

import json

import pytest

from console.cli import main
from console.floor import yardstick
from console.floor.measuring import Setting
from console.floor.pacings import Adaptive
from console.floor.shift import Sight

COMMAND = ["bench", "pacing", "--agents", "3", "--shifts", "2", "--hours", "0.2", "--seed", "7", "--json"]


def code_of(words: list[str]) -> object:
    """What the command ends with."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    return ended.value.code or 0


@pytest.mark.parametrize(
    "more",
    [
        [],
        ["--hard"],
        ["--no-ages"],
        ["--told"],
        ["--scenario", "heavy_tail"],
        ["--method", "progressive"],
        ["--method", "adaptive"],
    ],
)
def test_every_way_of_pacing_tells_the_same_figures(
    more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of([*COMMAND, *more]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["agents"], told["shifts"]) == (3, 2)
    assert 0 < told["utilisation"] < 1
    assert 0 <= told["abandon_rate"] <= told["worst_shift"] <= 1
    assert told["decision_us_p50"] <= told["decision_us_p99"]


def test_an_unknown_scenario_is_told_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of([*COMMAND, "--scenario", "storm"]) == 2
    assert "exponential, heavy_tail, shock" in capsys.readouterr().err


def test_the_comparison_has_every_way_of_pacing_for_every_team() -> None:
    found = {(case.name, case.setting.agents): case for case in yardstick.cases()}
    for agents in yardstick.AGENTS:
        assert found["predictive", agents].shifts == (40 if agents == 100 else 200)
        assert found["predictive, shocks", agents].over == 1
        assert found["progressive", agents].setting.method == "progressive"
    assert found["predictive, told how", 5].setting.told
    assert all(case.setting.ages for case in found.values())


def test_what_misses_its_goal_is_told() -> None:
    case = yardstick.Case("predictive", Setting(5), 200, goal=0.776)
    assert yardstick.misses(case, 0.78, 0) == ""
    assert yardstick.misses(case, 0.775, 0) == "less than 0.776"
    assert yardstick.misses(case, 0.78, 2) == "2 shifts above the cap"


def test_the_adaptive_rules_halve_their_level_after_a_minute_of_drops() -> None:
    rules = Adaptive(most=3.0)
    sight = Sight(0.0, 28800.0, 10)
    lines = [rules.calls(sight, [0.3] * 64)]
    for minute in range(1, 9):
        sight.now = 15.0 * minute
        lines.append(rules.calls(sight, [0.3] * 64))
    assert lines[-1] == 30
    sight.now, sight.answered, sight.abandoned = 135.0, 10, 9
    assert rules.calls(sight, [0.3] * 64) == 15
