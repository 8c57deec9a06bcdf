"""Every figure can be recounted from the ledger's lines alone."""

from hypothesis import given
from hypothesis import strategies as st

from strategies.ledger import Counters, changes, from_figures, recount

STARTED = {"kind": "attempt_started", "medium": "avm", "pass": "call", "attempt": "sp-1"}
ENDED = {"kind": "attempt_ended", "result": "connected_agent", "responses": ["pressed_0", "agent_paid"]}


def test_an_attempt_counts_by_medium_pass_result_and_response():
    figures = recount([STARTED, STARTED, ENDED])
    assert figures == Counters(
        attempts=2,
        in_progress=1,
        connected_to_agent=1,
        by_result={"connected_agent": 1},
        by_medium={"avm": 2},
        by_pass={"call": 2},
        by_response={"pressed_0": 1, "agent_paid": 1},
    )


def test_a_released_attempt_counts_for_nothing():
    assert recount([STARTED, {**STARTED, "kind": "attempt_released", "reason": "not_sent"}]) == Counters()


def test_recoveries_count_by_trigger_and_by_how_they_ended():
    lines = [
        {"kind": "recovery_triggered", "trigger": "hangup_in_script"},
        {"kind": "recovery_triggered", "trigger": "not_connected"},
        {"kind": "recovery_ended", "trigger": "hangup_in_script", "result": "reached"},
        {"kind": "recovery_ended", "trigger": "not_connected", "result": "gave_up"},
    ]
    figures = recount(lines)
    assert figures.triggered == {"hangup_in_script": 1, "not_connected": 1}
    assert figures.reached == {"hangup_in_script": 1}
    assert figures.recovery_ended == {"reached": 1, "gave_up": 1}


def test_contacts_that_ended_and_those_passed_over_count_by_reason():
    lines = [
        {"kind": "contact_ended", "reason": "success"},
        {"kind": "skipped", "reason": "no_device"},
        {"kind": "run_state", "to": "running"},
    ]
    figures = recount(lines)
    assert (figures.ended, figures.ended_by, figures.skipped) == (1, {"success": 1}, {"no_device": 1})


KINDS = ["attempt_started", "attempt_ended", "attempt_released", "skipped", "recovery_ended", "other"]
LINES = st.lists(
    st.fixed_dictionaries(
        {"kind": st.sampled_from(KINDS), "result": st.sampled_from(["busy", "reached"])},
        optional={"trigger": st.just("no_input"), "responses": st.just(["pressed_1"])},
    ),
    max_size=30,
)


@given(LINES, st.randoms())
def test_a_running_count_equals_the_recount_in_any_order(lines, random):
    figures: dict[tuple[str, str], int] = {}
    for line in lines:
        for figure, key, step in changes(line):
            figures[figure, key] = figures.get((figure, key), 0) + step
    shuffled = list(lines)
    random.shuffle(shuffled)
    assert from_figures(figures) == recount(lines) == recount(shuffled)
