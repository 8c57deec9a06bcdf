"""The effect that is shown while the experiment runs is the report's, to the last figure."""

from __future__ import annotations

import pytest
from proof_stage import TENANT, TEXT, catalogue, lines

from console.follow import control_effect, proof_calls
from console.follow.control_effect import ControlEffect
from console.follow.proof_calls import ProofCalls
from models.proof_report import effects
from models.proven_calls import proven_calls

FOUND = catalogue()
LINES = list(lines(12, 0.3, FOUND))


def taken(all_lines: list[dict[str, object]]) -> ProofCalls:
    calls = ProofCalls()
    for line in all_lines:
        if line["kind"] in ProofCalls.kinds:
            calls.take(line)
    return calls


async def test_it_is_what_the_report_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_calls, "OPEN", 100)  # most calls are packed away
    told = await ControlEffect().told(taken(LINES), FOUND, TENANT)
    report = effects(proven_calls(LINES, FOUND), FOUND, TENANT)
    assert [(one["metric"], one["against"]) for one in told["effects"]] == [
        (one.metric, one.against) for one in report.compared
    ]
    for shown, one in zip(told["effects"], report.compared, strict=True):
        assert shown["effect"] == pytest.approx(one.effect.effect, abs=1e-6)
        assert (shown["low"], shown["high"]) == pytest.approx((one.effect.low, one.effect.high), abs=1e-6)
        assert (shown["pairs"], shown["verdict"]) == (one.effect.pairs, one.effect.verdict)
    assert (told["calls"], told["note"]) == (len(proven_calls(LINES, FOUND)), "")


async def test_nothing_is_computed_anew_before_it_rested(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, effect = taken(LINES[:200]), ControlEffect()
    first = await effect.told(calls, FOUND, TENANT)
    for line in LINES[200:400]:
        if line["kind"] in ProofCalls.kinds:
            calls.take(line)
    assert await effect.told(calls, FOUND, TENANT) is first
    assert effect._task is not None
    assert effect._task.done()
    monkeypatch.setattr(effect, "_rests_until", 0.0)
    assert await effect.told(calls, FOUND, TENANT) is first, "nobody waits while there is something to tell"
    await effect._task
    assert (await effect.told(calls, FOUND, TENANT))["calls"] > first["calls"]


async def test_another_catalogue_has_its_own_effect() -> None:
    calls, effect, other = taken(LINES[:200]), ControlEffect(), catalogue(TEXT.replace("1h", "2h"))
    assert (await effect.told(calls, FOUND, TENANT))["slice_seconds"] == 3600
    assert (await effect.told(calls, other, TENANT))["slice_seconds"] == 7200


async def test_where_nothing_can_be_compared_it_says_why() -> None:
    told = await ControlEffect().told(taken(LINES[:20]), FOUND, TENANT)
    assert (told["effects"], told["note"]) == ([], control_effect.NOTHING_YET)


def test_only_the_newest_calls_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_calls, "OPEN", 3)
    monkeypatch.setattr(proof_calls, "KEPT", 5)
    decided = [line for line in LINES if line["kind"] in proof_calls.DECIDED]
    calls = taken(decided[:20])
    assert len(calls) == len(calls.snapshot()) == 5
    ats = [one.at for one in proof_calls.unpacked(calls.snapshot())]
    assert ats == [line["at"] for line in decided[15:20]]
