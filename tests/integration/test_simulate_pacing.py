"""A simulation dials ahead of its agents as the dialer would: by ratio, or by what may be abandoned."""

from __future__ import annotations

from collections import Counter

from simulated import Told, simulated

PASS = "- {{name: call, medium: dialer, pacing: {pacing}}}"
ALSO = 'abandon_message: {say: "Sorry.", opt_out_key: 8}\nwrap_up: 10s'
SOME = {"model": {"answer": 0.3, "machine": 0.0, "talk": "90s", "answer_after": "10s"}}


def people(many: int) -> str:
    """A list of so many, with a number each."""
    return "contact_id,mobile\n" + "".join(f"{n},+1212555{n:04}\n" for n in range(many))


def day(pacing: str, many: int, agents: int, carrier: dict[str, object]) -> Told:
    told = simulated(PASS.format(pacing=pacing), people(many), carrier, agents=agents, also=ALSO, seed=3)
    assert told.code == 0, told.err
    return told


def results(told: Told) -> Counter[str]:
    return Counter(line["result"] for line in told.of("attempt_ended"))


def test_a_ratio_keeps_lines_ringing_for_each_free_agent_and_who_finds_none_is_abandoned() -> None:
    told = day(
        "{method: power, ratio: 3}",
        5,
        1,
        {"default": {"result": "connected_agent", "ring": "5s", "talk": "60s"}},
    )
    assert [line.split()[1] for line in told.attempts[:3]] == ["09:00:00"] * 3
    assert results(told)["abandoned_no_agent"] >= 2


def test_predictive_pacing_is_done_sooner_and_is_under_its_cap_when_nobody_is_left_to_call() -> None:
    plain = day("{method: progressive}", 600, 8, SOME)
    ahead = day("{method: predictive, abandon_rate: 3%}", 600, 8, SOME)
    found = results(ahead)
    answered = found["connected_agent"] + found["abandoned_no_agent"]
    assert results(plain)["abandoned_no_agent"] == 0
    assert 0 < found["abandoned_no_agent"] <= 0.03 * answered
    assert ahead.lines[-1]["at"] < plain.lines[-1]["at"]


def test_a_hard_cap_is_never_above_it_at_any_instant() -> None:
    told = day("{method: predictive, abandon_rate: 3%, hard: true}", 500, 5, SOME)
    answered = abandoned = 0
    for line in told.of("attempt_ended"):
        abandoned += line["result"] == "abandoned_no_agent"
        answered += line["result"] in {"abandoned_no_agent", "connected_agent"}
    assert answered > 100
    assert abandoned <= 0.03 * answered


PREVIEW = {"answer": 1.0, "machine": 0.0, "busy": 0.0, "answer_after": "0s", "looks": "20s"}


def test_in_preview_an_agent_looks_first_and_is_kept_for_whom_they_accept() -> None:
    carrier = {"default": {"result": "connected_agent", "talk": "60s"}}
    told = day("{method: preview}", 3, 1, carrier)  # 15 s to look, 60 to talk, 10 to wrap up
    assert [line.split()[1] for line in told.attempts] == ["09:00:15", "09:01:40", "09:03:05"]


def test_more_agents_look_at_as_many_people_at_once() -> None:
    carrier = {"default": {"result": "connected_agent", "talk": "60s"}}
    told = day("{method: preview}", 60, 40, carrier)
    assert [line.split()[1] for line in told.attempts[:41]] == ["09:00:15"] * 40 + ["09:01:40"]


def test_whom_an_agent_skips_is_shown_again_an_hour_later_and_the_agent_goes_on_at_once() -> None:
    told = day("{method: preview}", 2, 1, {"model": {**PREVIEW, "skips": 1.0}})
    assert not told.attempts
    skipped = [line for line in told.skipped if line.endswith("agent_skipped")]
    assert skipped[:4] == [
        "Mon 09:00:20 call 0 agent_skipped",
        "Mon 09:00:40 call 1 agent_skipped",
        "Mon 10:00:40 call 0 agent_skipped",
        "Mon 10:01:00 call 1 agent_skipped",
    ]
    some = day("{method: preview}", 400, 8, {"model": {**PREVIEW, "skips": 0.25}})
    assert 0.18 < len(some.of("skipped")) / (len(some.of("skipped")) + len(some.attempts)) < 0.32
