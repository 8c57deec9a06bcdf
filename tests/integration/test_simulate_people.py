"""Who is one person, who may no longer be reached, and what a message can come to, in whole days."""

from __future__ import annotations

from simulated import ADA, BO, simulated

CALL = "- {name: call, medium: avm, script: hello, retry: {no_answer: {after: [1h], then: same_device}}}"


def test_two_contacts_with_one_number_are_never_called_at_once_and_share_their_caps() -> None:
    told = simulated(
        CALL,
        f"contact_id,mobile\n1,{ADA}\n2,{ADA}\n",
        also="limits: {attempts_per_day: 3}",
        until="2026-03-03T00:00-05:00",
    )
    up = 0
    for line in told.lines:
        up += {"attempt_started": 1, "attempt_ended": -1}.get(line["kind"], 0)
        assert up <= 1
    assert len(told.attempts) == 3
    assert "Mon 09:00:00 call 2 person_busy" in told.skipped
    assert {line["reason"] for line in told.of("skipped")} == {"person_busy", "cap_person"}


def test_one_person_with_two_debts_is_one_contact_id_with_two_ends() -> None:
    told = simulated(
        "- {name: call, medium: avm, script: hello}",
        f"contact_id,mobile,account\n1,{ADA},A-1\n1,{ADA},A-2\n1,{ADA},A-1\n",
        also="debt: account",
    )
    assert [(line["contact"], line["debt"]) for line in told.of("contact_ended")] == [
        ("1", "A-1"),
        ("1", "A-2"),
    ]
    assert "duplicate" in told.err


def test_an_opt_out_during_a_pass_holds_for_all_media_and_all_who_share_the_number() -> None:
    told = simulated(
        CALL + "\n- {name: mail, medium: email, start: contact, subject: s, message: m}",
        f"contact_id,mobile,home,email\n1,{ADA},,ada@example.org\n2,{BO},{ADA},bo@example.org\n",
        {ADA: [{"result": "delivered_no_success", "responses": ["pressed_8"], "talk": "20s"}]},
    )
    assert told.ended == {"1": "opt_out", "2": "do_not_call"}
    assert [one for one in told.attempts if one > "Mon 09:00:20"] == []


def test_a_stop_by_text_ends_the_person() -> None:
    told = simulated(
        """
        - {name: text, medium: text, message: call us}
        - {name: call, medium: avm, script: hello, start: contact}
        """,
        f"contact_id,mobile,text\n1,{ADA},{BO}\n",
        {BO: [{"result": "replied", "responses": ["text_stop"]}]},
    )
    assert told.attempts == ["Mon 09:00:00 text 1 text replied"]
    assert told.ended == {"1": "opt_out"}


def test_a_message_arrives_unless_its_entry_says_otherwise() -> None:
    told = simulated(
        "- {name: text, medium: text, message: call us, retry: {undelivered: {after: [1h]}}}",
        f"contact_id,text\n1,{ADA}\n2,{BO}\n",
        {ADA: ["busy"], BO: ["undelivered", "delivered"]},
    )
    assert told.attempts == [
        "Mon 09:00:00 text 1 text delivered",
        "Mon 09:00:00 text 2 text undelivered",
        "Mon 10:00:01 text 2 text delivered",
    ]


def test_texts_go_no_faster_than_the_pass_allows() -> None:
    people = "contact_id,text\n" + "".join(f"{n},+1212555{n:04}\n" for n in range(200, 230))
    told = simulated("- {name: text, medium: text, message: hello, pacing: {per_minute: 10}}", people)
    minutes = [one[:9] for one in told.attempts]
    assert [minutes.count(one) for one in sorted(set(minutes))] == [10, 10, 10]


def test_nobody_is_called_without_the_consent_asked_for() -> None:
    told = simulated(
        "- {name: call, medium: avm, script: hello}",
        f"contact_id,mobile,consent_basis\n1,{ADA},express\n2,{BO},none\n",
        also="consent: {basis: none}\npurpose: debt_collection",
    )
    assert [line["contact"] for line in told.of("attempt_started")] == ["1"]
    assert "no_consent" in {line["reason"] for line in told.of("skipped") if line["contact"] == "2"}


def test_a_telemarketing_campaign_runs_without_the_registry_and_says_so() -> None:
    told = simulated(
        "- {name: call, medium: dialer}", f"contact_id,mobile\n1,{ADA}\n", also="purpose: telemarketing"
    )
    assert len(told.attempts) == 1
    assert "registry of US is not looked at" in told.err


def test_seven_days_of_silence_end_with_the_seventh_day_not_with_the_next_morning() -> None:
    told = simulated(
        """
        - {name: call, medium: avm, script: hello}
        - {name: note, medium: text, message: about your account, start: contact}
        - {name: again, medium: avm, script: hello, start: contact}
        """,
        f"contact_id,mobile,text,account\n1,{ADA},{ADA},A-1\n",
        {ADA: [{"result": "delivered_no_success", "responses": ["pressed_4"]}]},
        also="purpose: debt_collection\ndebt: account",
        begins="2026-03-16T11:00-04:00",
        until="2026-03-24T20:00-04:00",
    )
    assert [line["at"][5:16] for line in told.of("attempt_started")] == [
        "03-16T11:00",
        "03-16T11:00",  # a text is no call
        "03-23T11:15",  # the conversation ended half a minute past eleven; asked every quarter of an hour
    ]
