"""Passes, retries and days to wait, as whole days of a campaign show them."""

from __future__ import annotations

import pytest
from simulated import ADA, BO, simulated

from strategies.store import Store

ONE = f"contact_id,mobile\n1,{ADA}\n"
BOTH = f"contact_id,mobile\n1,{ADA}\n2,{BO}\n"
TWO_DEVICES = f"contact_id,mobile,home\n1,{ADA},+12125550111\n"


@pytest.mark.parametrize(
    ("days", "called"),
    [("[mon, wed, fri]", "Fri 09:00:00"), ("[mon, wed, thu, fri]", "Thu 09:00:00")],
)
def test_days_to_wait_counts_allowed_days_only(days: str, called: str) -> None:
    """The pass before ends on Monday; wait 2."""
    told = simulated(
        f"""
        - {{name: first, medium: avm, script: hello}}
        - {{name: second, medium: dialer, wait_days: 2, days: {days}}}
        """,
        ONE,
    )
    assert told.attempts == [
        "Mon 09:00:00 first 1 mobile no_answer",
        f"{called} second 1 mobile no_answer",
    ]
    assert told.ended == {"1": "no_pass_left"}


def test_each_attempt_number_has_its_own_wait_and_the_next_device_starts_anew() -> None:
    told = simulated(
        "- {name: call, medium: avm, script: hello, devices: [mobile, home], "
        "retry: {busy: {after: [5m, 30m], then: next_device}}}",
        TWO_DEVICES,
        {ADA: ["busy"], "+12125550111": ["busy", "no_answer"]},
    )
    assert told.attempts == [
        "Mon 09:00:00 call 1 mobile busy",
        "Mon 09:05:01 call 1 mobile busy",
        "Mon 09:35:02 call 1 mobile busy",
        "Mon 09:35:03 call 1 home busy",
        "Mon 09:40:04 call 1 home no_answer",
    ]


def test_a_pass_that_starts_by_pass_waits_for_all_and_one_that_starts_by_contact_for_nobody() -> None:
    passes = """
    - {name: first, medium: avm, script: hello, retry: {busy: {after: [1h]}}}
    - {name: second, medium: dialer, start: %s}
    """
    carrier = {ADA: ["no_answer"], BO: ["busy", "no_answer"]}
    by_pass = simulated(passes % "pass", BOTH, carrier)
    by_contact = simulated(passes % "contact", BOTH, carrier)
    assert "Mon 10:00:31 second 1 mobile no_answer" in by_pass.attempts
    assert "Mon 09:00:30 second 1 mobile no_answer" in by_contact.attempts
    assert (
        by_pass.attempts[-1]
        == by_contact.attempts[-1]
        == "Mon 10:00:31 second 2 mobile busy".replace("busy", "no_answer")
    )


@pytest.mark.parametrize(("source", "called"), [("previous_pass", set()), ("all_passes", {"1"})])
def test_previous_pass_asks_for_the_result_of_the_pass_before_all_passes_for_any(
    source: str, called: set[str]
) -> None:
    """Ada was busy in the first pass and not answered in the second; Bo was never busy."""
    told = simulated(
        f"""
        - {{name: first, medium: avm, script: hello}}
        - {{name: second, medium: avm, script: hello}}
        - {{name: third, medium: dialer, accept: {{from: {source}, results: [busy]}}}}
        """,
        BOTH,
        {ADA: ["busy", "no_answer"]},
    )
    assert {line["contact"] for line in told.of("attempt_started") if line["pass"] == "third"} == called
    passed_over = {"1", "2"} - called
    assert {line["contact"] for line in told.of("skipped") if line["pass"] == "third"} == passed_over


def test_a_person_goes_from_voice_to_text_to_email_to_an_agent_while_the_campaign_runs() -> None:
    told = simulated(
        """
        - {name: voice, medium: avm, script: hello}
        - {name: text, medium: text, start: contact, message: call us}
        - {name: mail, medium: email, start: contact, wait_days: 1, subject: s, message: m}
        - {name: agent, medium: dialer, start: contact, wait_days: 1, where: "not any_response in success"}
        """,
        f"contact_id,mobile,text,email\n1,{ADA},{ADA},ada@example.org\n2,{BO},{BO},bo@example.org\n",
        {BO: [{"result": "delivered_person", "responses": ["pressed_1"]}]},
    )
    assert [one for one in told.attempts if " 1 " in one] == [
        "Mon 09:00:00 voice 1 mobile no_answer",
        "Mon 09:00:30 text 1 text delivered",
        "Tue 09:00:00 mail 1 email delivered",
        "Wed 09:00:00 agent 1 mobile no_answer",
    ]
    assert told.ended == {"1": "no_pass_left", "2": "success"}
    assert [one for one in told.attempts if " 2 " in one] == ["Mon 09:00:00 voice 2 mobile delivered_person"]


@pytest.mark.parametrize(
    ("escalation", "devices"),
    [
        ("none", ["home"]),
        ("per_pass", ["home", "mobile"]),
        ("per_contact", ["mobile", "home"]),
    ],
)
def test_devices_come_in_the_order_the_strategy_escalates(escalation: str, devices: list[str]) -> None:
    told = simulated(
        "- {name: call, medium: avm, script: hello, devices: [home, mobile], "
        "retry: {no_answer: {then: next_device}}}",
        TWO_DEVICES,
        also=f"escalation: {escalation}",
    )
    assert [line["device"] for line in told.of("attempt_started")] == devices


def test_the_cap_of_a_day_puts_the_next_attempt_off_and_the_cap_of_all_ends_the_contact() -> None:
    told = simulated(
        "- {name: call, medium: avm, script: hello, retry: {no_answer: {after: [10m], then: same_device}}}",
        ONE,
        also="limits: {attempts_per_contact: 5, attempts_per_day: 2}",
    )
    assert [one[:9] for one in told.attempts] == [
        "Mon 09:00",
        "Mon 09:10",
        "Tue 09:00",
        "Tue 09:10",
        "Wed 09:00",
    ]
    assert told.ended == {"1": "cap_person"}


def test_whether_a_pass_is_over_is_asked_only_when_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred people of two passes, whose calls end at a hundred different seconds."""
    asked, count = list[dict[str, int]](), Store.pass_waiting

    async def counted(store: Store, sub: str) -> dict[str, int]:
        asked.append(await count(store, sub))
        return asked[-1]

    monkeypatch.setattr(Store, "pass_waiting", counted)
    numbers = [f"+12125550{n}" for n in range(100, 200)]
    told = simulated(
        """
        - {name: first, medium: avm, script: hello}
        - {name: second, medium: dialer}
        """,
        "contact_id,mobile\n" + "".join(f"{n},{number}\n" for n, number in enumerate(numbers)),
        {number: [{"result": "no_answer", "ring": f"{15 + n}s"}] for n, number in enumerate(numbers)},
    )
    assert told.attempts[100] == "Mon 09:01:54 second 0 mobile no_answer"
    assert len(told.ended) == 100
    assert len(asked) < 20
