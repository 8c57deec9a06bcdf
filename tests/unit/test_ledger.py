"""Every figure can be recounted from the ledger's lines alone."""

from hypothesis import given
from hypothesis import strategies as st

from strategies.ledger import Counters, changes, from_figures, recount

IN = {"pass": "call", "list": "march"}
STARTED = {**IN, "kind": "attempt_started", "medium": "avm", "attempt": "sp-1", "nth": 1}
SAID = ["pressed_0", "agent_paid"]
ENDED = {**IN, "kind": "attempt_ended", "result": "connected_agent", "responses": SAID}


def test_an_attempt_counts_by_medium_pass_list_result_and_response():
    figures = recount([STARTED, {**STARTED, "nth": 2}, ENDED])
    assert figures == Counters(
        attempts=2,
        in_progress=1,
        attempted=1,
        connected_to_agent=1,
        by_result={"connected_agent": 1},
        by_medium={"avm": 2},
        by_pass={"call": 2},
        by_list={"march": 2},
        by_response={"pressed_0": 1, "agent_paid": 1},
        pass_results={"call": {"connected_agent": 1}},
        list_results={"march": {"connected_agent": 1}},
    )


def test_a_report_that_comes_later_moves_a_result_and_a_reply_adds_a_response():
    sent = {**IN, "kind": "attempt_ended", "result": "sent"}
    report = {**IN, "kind": "attempt_reported", "was": "sent", "result": "delivered"}
    reply = {"kind": "responded", "responses": ["text_stop"]}
    figures = recount([{**STARTED, "medium": "text"}, sent, report, reply])
    assert figures.by_result == {"delivered": 1}
    assert figures.pass_results == {"call": {"delivered": 1}}
    assert (figures.in_progress, figures.by_response) == (0, {"text_stop": 1})


def test_lists_count_their_contacts_apart():
    lines = [
        {"kind": "enrolled", "contacts": 3, "list": "march"},
        {"kind": "enrolled", "contacts": 2, "list": "april"},
        {"kind": "contact_ended", "reason": "success", "list": "april"},
    ]
    figures = recount(lines)
    assert (figures.contacts, figures.ended) == (5, 1)
    assert (figures.list_contacts, figures.list_ended) == ({"march": 3, "april": 2}, {"april": 1})


def test_a_released_attempt_counts_for_nothing():
    assert recount([STARTED, {**STARTED, "kind": "attempt_released", "reason": "not_sent"}]) == Counters()


def test_recoveries_count_by_trigger_and_by_how_they_ended():
    hung_up = {"day": "2026-03-02", "pass": "recover", "trigger": "hangup_in_script"}
    not_connected = {"day": "2026-03-03", "pass": "recover", "trigger": "not_connected"}
    lines = [
        {"kind": "recovery_triggered", **hung_up},
        {"kind": "recovery_triggered", **not_connected},
        {"kind": "recovery_ended", **hung_up, "result": "reached"},
        {"kind": "recovery_ended", **not_connected, "result": "gave_up"},
    ]
    figures = recount(lines)
    assert figures.triggered == {"hangup_in_script": 1, "not_connected": 1}
    assert figures.reached == {"hangup_in_script": 1}
    assert figures.recovery_ended == {"reached": 1, "gave_up": 1}
    assert figures.recoveries == {
        "2026-03-02/recover/hangup_in_script": {"lost": 1, "reached": 1},
        "2026-03-03/recover/not_connected": {"lost": 1, "gave_up": 1},
    }


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
        optional={
            "trigger": st.just("no_input"),
            "responses": st.just(["pressed_1"]),
            "pass": st.sampled_from(["call", "text"]),
            "list": st.sampled_from(["march", "april"]),
            "nth": st.integers(1, 2),
        },
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
