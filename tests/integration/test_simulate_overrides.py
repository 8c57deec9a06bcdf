"""Overrides of a running strategy, as whole days of a campaign show them."""

from __future__ import annotations

from simulated import ADA, MONDAY, Told, simulated

PASSES = """
- {name: call, medium: avm, script: hello, devices: [mobile, home],
   retry: {no_answer: {after: [1h], then: same_device}}}
"""
PEOPLE = f"contact_id,mobile,home,text\n1,{ADA},+12125550111,{ADA}\n"


def with_overrides(*overrides: dict[str, object], until: str = "2026-03-03T00:00-05:00") -> Told:
    """One person who never answers and is called every hour, from 12:30 on Monday."""
    return simulated(PASSES, PEOPLE, begins=f"{MONDAY}T12:30-05:00", until=until, overrides=overrides)


def test_an_override_from_14_to_17_turns_a_pass_into_text_and_ends_by_itself() -> None:
    told = with_overrides(
        {
            "at": f"{MONDAY}T14:00:00-05:00",
            "until": f"{MONDAY}T17:00:00-05:00",
            "by": "ann",
            "reason": "the trunk is down",
            "patch": {"call": {"medium": "text", "message": "call us"}},
        }
    )
    assert told.code == 0
    media = [(line["at"][11:16], line["medium"], line["overrides"]) for line in told.of("attempt_started")]
    assert media[:2] == [("12:30", "avm", []), ("13:30", "avm", [])]
    texts = [one for one in media if "14:00" <= one[0] < "17:00"]
    assert texts
    assert {(medium, tuple(ids)) for _, medium, ids in texts} == {("text", ("spring/1.1",))}
    assert {(medium, tuple(ids)) for at, medium, ids in media if at >= "17:00"} <= {("avm", ())}
    turns = [(line["kind"], line["at"], line["by"]) for line in told.lines if "override_" in line["kind"]]
    assert turns == [
        ("override_began", f"{MONDAY}T14:00:00-05:00", "ann"),
        ("override_ended", f"{MONDAY}T17:00:00-05:00", "ann"),
    ]


def test_an_override_without_an_end_ends_at_midnight_of_the_campaigns_zone() -> None:
    told = with_overrides(
        {"at": f"{MONDAY}T14:00:00-05:00", "by": "ann", "patch": {"call": {"devices": ["home"]}}},
        until="2026-03-03T12:00-05:00",
    )
    devices = [(line["at"][5:13], line["device"]) for line in told.of("attempt_started")]
    assert {kind for at, kind in devices if "03-02T14" <= at < "03-03"} == {"home"}
    assert {kind for at, kind in devices if at < "03-02T14" or at >= "03-03"} == {"mobile"}
    assert [line["at"] for line in told.of("override_ended")] == ["2026-03-03T00:00:00-05:00"]


def test_a_pass_that_is_taken_out_for_some_hours_calls_nobody_meanwhile() -> None:
    told = simulated(
        """
        - {name: call, medium: avm, script: hello, retry: {no_answer: {after: [1h], then: same_device}}}
        - {name: last, medium: dialer, start: contact}
        """,
        PEOPLE,
        begins=f"{MONDAY}T12:30-05:00",
        until="2026-03-03T00:00-05:00",
        overrides=[
            {
                "at": f"{MONDAY}T13:00:00-05:00",
                "until": f"{MONDAY}T15:00:00-05:00",
                "by": "ann",
                "patch": {"call": None},
            }
        ],
    )
    assert [line["at"][11:16] for line in told.of("attempt_started") if line["pass"] == "call"] == ["12:30"]
    assert [line["at"][11:16] for line in told.of("attempt_started") if line["pass"] == "last"] == ["13:00"]


def test_a_patch_that_makes_no_campaign_is_refused_with_its_place() -> None:
    told = with_overrides(
        {"at": f"{MONDAY}T14:00:00-05:00", "by": "ann", "patch": {"call": {"devices": ["moblie"]}}}
    )
    assert told.code == 1
    assert "overrides.yaml:" in told.err
    assert "did you mean mobile?" in told.err


def test_an_attempt_started_before_an_override_keeps_what_it_started_with() -> None:
    told = simulated(
        PASSES,
        PEOPLE,
        {ADA: [{"result": "delivered_person", "talk": "20m"}]},
        begins=f"{MONDAY}T12:30-05:00",
        overrides=[{"at": f"{MONDAY}T12:40:00-05:00", "by": "ann", "patch": {"call": {"devices": ["home"]}}}],
    )
    attempt = [line for line in told.lines if line["attempt"]]
    assert [(line["kind"], line["device"], line["overrides"]) for line in attempt] == [
        ("attempt_started", "mobile", []),
        ("attempt_ended", "mobile", []),
    ]
    assert [line["overrides"] for line in told.of("contact_ended")] == [["spring/1.1"]]


def test_an_override_that_changes_the_medium_keeps_the_order_of_the_list() -> None:
    people = "".join(f"{n},+12125551{n:03},+12125552{n:03}\n" for n in range(10))
    told = simulated(
        "- {name: call, medium: avm, script: hello, pacing: {method: rate, calls_per_minute: 2}}",
        f"contact_id,mobile,text\n{people}",
        begins=f"{MONDAY}T12:30-05:00",
        until=f"{MONDAY}T20:00-05:00",
        overrides=[
            {
                "at": f"{MONDAY}T12:31:00-05:00",
                "until": f"{MONDAY}T12:33:00-05:00",
                "by": "ann",
                "patch": {"call": {"medium": "text", "message": "call us", "pacing": {"per_minute": 2}}},
            }
        ],
    )
    started = told.of("attempt_started")
    assert [line["contact"] for line in started] == list("0123456789")
    assert [line["medium"] for line in started] == ["avm"] * 2 + ["text"] * 4 + ["avm"] * 4
