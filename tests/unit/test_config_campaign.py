"""A campaign's file becomes the campaign the engine reads; mistakes are told with place and mend."""

from __future__ import annotations

from datetime import time

import pytest
from config_files import CAMPAIGN, campaign_errors, campaign_of, changed

from config.errors import ConfigErrors
from strategies.campaign import DAYS, Accept, Pacing, PassLimits, Recovery, Retry, Window
from strategies.vocabulary import Medium, Result, Trigger

SERVICE = """\
campaign: plain
purpose: service
country: CL
zone: America/Santiago
caller_id: "+56221234567"
agents: desk
strategy: {passes: [{name: one, medium: dialer}]}
"""


def test_a_campaign_loads_whole() -> None:
    spring = campaign_of(CAMPAIGN)
    assert (spring.name, spring.queue, spring.caller_id) == ("spring", "collections", "+12125550100")
    assert spring.window == Window(time(9), time(20), ("mon", "tue", "wed", "thu", "fri"))
    reminder, rescue, live, letter = spring.passes
    assert reminder.retry == {Result.BUSY: Retry((300.0, 1800.0), "next_device")}
    assert reminder.pacing == Pacing("rate", rate=60.0)
    assert reminder.script is not None
    assert live.accept == Accept("previous_pass", (Result.NO_ANSWER,))
    assert live.window == Window(time(10), time(18))
    assert live.pacing == Pacing("predictive", abandon_rate=0.03)
    assert (letter.medium, letter.devices, letter.pacing) == (Medium.EMAIL, ("email",), Pacing("unlimited"))
    assert rescue.recovery == Recovery((Trigger.NOT_CONNECTED,), pass_name="reminder")


def test_defaults_are_those_of_the_language() -> None:
    plain = campaign_of(SERVICE)
    one = plain.passes[0]
    assert (plain.ring, plain.wrap_up, plain.machine) == (30.0, 15.0, "hang_up")
    assert (plain.escalation, plain.priority, plain.lists) == ("per_pass", 5, ())
    assert (one.start, one.wait_days, one.days, one.pacing.method) == ("pass", 0, DAYS, "progressive")
    assert one.devices == ("mobile", "home", "work", "other")


def test_a_recovery_waits_30s_for_15m_once_a_day_on_the_recovered_pass_devices() -> None:
    rescue = campaign_of(CAMPAIGN).passes[1]
    assert rescue.recovery is not None
    assert (rescue.recovery.delay, rescue.recovery.ttl, rescue.recovery.per_day) == (30.0, 900.0, 1)
    assert (rescue.recovery.mode, rescue.devices) == ("recall", ("mobile", "home"))


def test_an_inbound_queue_is_recovered_by_its_abandon_event() -> None:
    of_reminder = "recovers: reminder\n      triggers: [not_connected]"
    rescue = campaign_of(changed(CAMPAIGN, of_reminder, "recovers: {queue: service}")).passes[1]
    assert rescue.recovery == Recovery((Trigger.ABANDONED_IN_QUEUE,), queue="service")


def test_a_country_with_one_zone_needs_none_written() -> None:
    text = changed(changed(SERVICE, "CL\nzone: America/Santiago\n", "FR\n"), "+56221234567", "+33142685300")
    assert (campaign_of(text).zone, campaign_of(text).zones) == ("Europe/Paris", ("Europe/Paris",))


def test_the_zones_of_people_unknown_are_those_of_the_country_unless_written() -> None:
    assert "Pacific/Honolulu" in campaign_of(CAMPAIGN).zones
    text = CAMPAIGN + "zones: [America/New_York, America/Chicago]\n"
    assert campaign_of(text).zones == ("America/New_York", "America/Chicago")


def test_a_phone_number_may_be_written_as_an_integer_or_without_quotes() -> None:
    for written in ("12125550100", "+12125550100", '"(212) 555-0100"'):
        assert campaign_of(changed(CAMPAIGN, '"+12125550100"', written)).caller_id == "+12125550100"


def test_a_pass_keeps_the_campaigns_holidays_unless_it_says_its_own() -> None:
    text = changed(CAMPAIGN, "agents: collections\n", "agents: collections\nholidays: [US-NY, 2026-12-24]\n")
    text = changed(text, "name: live\n", "name: live\n      holidays: []\n")
    passes = campaign_of(text).passes
    assert passes[0].holidays == ("US-NY", "2026-12-24")
    assert passes[2].holidays == ()


def test_a_pass_has_caps_and_kinds_of_line_of_its_own() -> None:
    own = "limits: {attempts_per_contact: 3, attempts_per_day: 2}\n      line_types: [landline]\n"
    live = campaign_of(changed(CAMPAIGN, "name: live\n", f"name: live\n      {own}")).passes[2]
    assert live.limits == PassLimits(3, 2)
    assert live.line_types == ("landline",)


def test_a_number_may_be_capped_beside_its_person() -> None:
    text = changed(
        CAMPAIGN, "{attempts_per_contact: 8}", "{attempts_per_number: 5, attempts_per_number_per_day: 2}"
    )
    limits = campaign_of(text).limits
    assert (limits.attempts_per_number, limits.attempts_per_number_per_day) == (5, 2)


def test_a_recovery_on_the_live_line_needs_a_loss_that_leaves_it_up() -> None:
    text = changed(CAMPAIGN, "triggers: [not_connected]", "triggers: [no_input]\n      mode: in_call")
    recovery = campaign_of(text).passes[1].recovery
    assert recovery is not None
    assert recovery.mode == "in_call"


def test_a_pass_beside_another_opens_with_it() -> None:
    live = campaign_of(changed(CAMPAIGN, "name: live\n", "name: live\n      with: reminder\n")).passes[2]
    assert (live.start, live.beside) == ("with", "reminder")


def test_the_window_is_kept_apart_from_the_laws() -> None:
    wide = campaign_of(changed(CAMPAIGN, '{from: "09:00", to: "20:00"', '{from: "06:00", to: "24:00"'))
    assert (wide.window.opens, wide.window.closes) == (time(6), time(0))
    assert wide.legal_window == Window(time(8), time(21))


def test_the_version_changes_with_what_the_campaign_says_and_only_then() -> None:
    assert campaign_of(CAMPAIGN).version == campaign_of("# a comment\n" + CAMPAIGN).version
    assert campaign_of(CAMPAIGN).version != campaign_of(changed(CAMPAIGN, "[5m, 30m]", "[5m, 31m]")).version


MISTAKES = [
    # one value
    ("zone: America/New_York", "zone: Nowhere", "zone", "write an IANA name such as America/New_York"),
    (
        "campaign: spring",
        "campaign: contact",
        "campaign",
        '"contact" is a word of the commands; name it otherwise',
    ),
    (
        "success: [pressed_1]",
        "success: [mail_1]",
        "response_groups.success[0]",
        "text_X, email_X or said_nothing",
    ),
    ("[5m, 30m]", "5 minutes", "20:16 p[0].retry.busy.after", "put it in brackets"),
    ("[5m, 30m]", "[5 minutes]", "20:24 p[0].retry.busy.after[0]", '"5 minutes" is not a duration; write 5m'),
    ("[5m, 30m]", "[5]", "p[0].retry.busy.after[0]", "5 is not a duration; write a number and a unit"),
    (
        "{after: [5m, 30m], then: next_device}",
        "5 minutes",
        "p[0].retry.busy",
        '5 minutes" is not a duration; write 5m',
    ),
    (
        "name: live\n",
        "name: live\n      with: reminder\n      wait_days: 1\n",
        "p[2].wait_days",
        "the pass opens with reminder, whatever the day; remove it",
    ),
    (
        "name: live\n",
        "name: live\n      holidays: [US, Mars]\n",
        "p[2].holidays",
        '"Mars" is no calendar of holidays; write a country (US), a part of it (US-NY), or a date',
    ),
    (
        "name: live\n",
        "name: live\n      line_types: [fax]\n",
        "p[2].line_types[0]",
        '"fax" is not a kind of line; write one of mobile, landline',
    ),
    (
        "name: letter\n",
        "name: letter\n      line_types: [mobile]\n",
        "p[3].line_types",
        "an email pass has no line_types",
    ),
    (
        "triggers: [not_connected]",
        "triggers: [not_connected]\n      limits: {attempts_per_day: 1}",
        "p[1].limits",
        "write per_day",
    ),
    (
        "triggers: [not_connected]",
        "triggers: [not_connected, hangup_in_script]\n      mode: in_call",
        "p[1].mode",
        "end the call: there is no line to act on; write recall, or a trigger that leaves the line up",
    ),
    (
        "recovers: reminder\n      triggers: [not_connected]",
        "recovers: {queue: service}\n      mode: in_call",
        "p[1].mode",
        "has hung up: there is no line to act on; write recall",
    ),
    ("3%", "3", "p[2].pacing.abandon_rate", "3 is not a share; write a percentage such as 3%"),
    ('from: "10:00"', "from: 10", "p[2].window.from", "10 is not a time of day; write hours and minutes"),
    (
        "[mon, tue, wed, thu, fri]",
        "[mon, tuesday]",
        "7:38 window.days",
        '"tuesday" is not a weekday; did you mean tue?',
    ),
    (
        "zone: America/New_York",
        "zone: America/New_Yrk",
        "6:1 zone",
        "did you mean America/New_York?",
    ),
    ('"+12125550100"', "call us", "4:1 caller_id", 'write it as "+12125550100"'),
    ('"+12125550100"', '"+15551234567"', "4:1 caller_id", "no number of US"),
    ("purpose: debt_collection", "purpose: debt", "2:1 purpose", "did you mean debt_collection?"),
    ("country: US", "country: XX", "3:1 country", "write its two letters"),
    ("busy:", "bussy:", "p[0].retry.bussy", '"bussy" is not a result; did you mean busy?'),
    ("[not_connected]", "[lost]", "p[1].triggers[0]", '"lost" is not a trigger; write one of'),
    ("medium: email", "medium: mail", "p[3].medium", "did you mean email?"),
    ("devices: [mobile, home]", "devices: [mobil]", "p[0].devices[0]", "did you mean mobile?"),
    (
        "attempts_per_contact: 8",
        "attempts_per_contact: 0",
        "8:10 limits.attempts_per_contact",
        "write a number of at least 1",
    ),
    ("Dear {first_name}", "Dear {first name}", "p[3].message", "write places as {first_name}"),
    ("[pressed_1]", "[press_1]", "response_groups.success[0]", "write pressed_1, agent_X"),
    ("agents: collections", "agents: 400", "5:1 agents", "400 is not a name; quote it"),
    (
        'subject: "Your account"',
        'subject: "a\\r\\nBcc: b"',
        "p[3].subject",
        "control character; leave it out",
    ),
    ('subject: "Your account"', 'subject: "a\\nBcc: b"', "p[3].subject", "write it on one line"),
    ('"Dear {first_name}"', '"\\e[2J"', "p[3].message", "?[2J"),
    # keys
    ("script: hello", "scripts: hello", "p[0].scripts", "is not a key here; did you mean script?"),
    ("      script: hello\n", "", "p[0].script", "an avm pass needs it; add it"),
    ("campaign: spring\n", "", "campaign", "is missing; add it"),
    ("medium: email", "medium: text", "p[3].subject", "a text pass has no subject; remove it"),
    ("      recovers: reminder\n", "", "p[1].triggers", "add recovers: PASS, or remove it"),
    ("medium: email\n", "medium: email\n      ring: 20s\n", "p[3].ring", "an email pass has no ring"),
    # the law
    ("limits:", "ring: 10s\nlimits:", "8:1 ring", "too short; write 15s or more"),
    ("abandon_rate: 3%", "abandon_rate: 4%", "p[2].pacing.abandon_rate", "write 3.0% or less"),
    (
        'abandon_message: {say: "Nobody is free.", opt_out_key: 8}\n',
        "",
        "p[2].pacing.method",
        "add abandon_message:",
    ),
    (
        "method: predictive, abandon_rate: 3%",
        "method: rate, calls_per_minute: 9",
        "p[2].pacing.method",
        "an answered person must find a free agent",
    ),
    (
        "method: predictive, abandon_rate: 3%",
        "method: finish_by, finish_by: '17:00'",
        "p[2].pacing.method",
        "is no pacing of a dialer pass",
    ),
    # names
    ("script: hello", "script: hallo", "p[0].script", "did you mean hello? Otherwise add scripts/hallo.yaml"),
    ("recovers: reminder", "recovers: reminders", "p[1].recovers", "did you mean reminder?"),
    ("recovers: reminder", "recovers: letter", "p[1].recovers", "nobody is lost in the email pass"),
    ("recovers: reminder", "recovers: rescue", "p[1].recovers", "a pass cannot name itself"),
    ("name: live\n", "name: live\n      with: morning\n", "p[2].with", 'there is no pass "morning"'),
    ("name: live", "name: reminder", "p[2].name", "is pass 1 already; give each its own name"),
    ("name: live", "name: campaign", "p[2].name", "stands for the campaign in overrides"),
    ("contact.balance > 200", "contact.balance = 200", "p[2].where", "= is not a comparison; write =="),
    ("contact.balance > 200", "last_response in succes", "p[2].where", "character 18"),
    # what cannot be
    (
        "name: reminder\n",
        "name: reminder\n      accept: {from: all_passes, results: [busy]}\n",
        "p[0].accept",
        "no pass comes before",
    ),
    ('from: "10:00", to: "18:00"', 'from: "20:30", to: "21:00"', "p[2].window", "is never open"),
    ('from: "10:00", to: "18:00"', 'from: "18:00", to: "10:00"', "p[2].window", "closes before it opens"),
    ('from: "10:00", to: "18:00"', 'from: "10:00"', "p[2].window.to", "write both"),
    ("name: live\n", "name: live\n      days: [sun]\n", "p[2].", "let them share a day"),
    (
        "{after: [5m, 30m], then: next_device}",
        "{then: same_device}",
        "p[0].retry.busy.after",
        "add after: [2h]",
    ),
    ("busy: {", "delivered: {", "p[0].retry.delivered", "is no result of avm"),
    (
        "triggers: [not_connected]",
        "triggers: [not_connected]\n      ttl: 20s",
        "p[1].ttl",
        "make ttl longer than delay",
    ),
    (
        "triggers: [not_connected]",
        "triggers: [not_connected]\n      start: contact",
        "p[1].start",
        "from events",
    ),
    ("calls_per_minute: 60", "ratio: 2", "p[0].pacing.ratio", "belongs to the method power"),
    (
        "calls_per_minute: 60",
        "calls_per_minute: 60, hard: true",
        "p[0].pacing.hard",
        "belongs to power and predictive, not to rate",
    ),
    (
        "method: predictive, abandon_rate: 3%",
        "method: power, ratio: 2, answer_model: answers",
        "p[2].pacing.answer_model",
        "belongs to predictive, not to power",
    ),
    (
        "method: predictive, abandon_rate: 3%",
        "method: power, ratio: 2, lines_per_agent: 3",
        "p[2].pacing.lines_per_agent",
        "belongs to predictive, not to power",
    ),
    ("zone: America/New_York\n", "", "zone", "add the campaign's own zone, such as zone: America/New_York"),
    ("agents: collections\n", "", "agents", "the pass reminder leads to agents"),
    ('caller_id: "+12125550100"\n', "", "caller_id", "add the number they show"),
]


@pytest.mark.parametrize(("old", "new", "place", "told"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_is_told_with_its_place_and_the_mend(old: str, new: str, place: str, told: str) -> None:
    errors = campaign_errors(changed(CAMPAIGN, old, new))
    shown = "\n".join(map(str, errors))
    assert place.replace("p[", "strategy.passes[") in shown
    assert told in shown
    assert all(error.line for error in errors)


def test_all_mistakes_are_told_at_once_whatever_their_kind() -> None:
    text = changed(CAMPAIGN, "[5m, 30m]", "[5 minutes]")
    text = changed(text, "recovers: reminder", "recovers: remind")
    text = changed(text, "contact.balance > 200", "contact.balance >")
    text = changed(text, "purpose: debt_collection\n", "purpose: debt_collection\ncolour: red\n")
    with pytest.raises(ConfigErrors) as caught:
        campaign_of(text)
    assert [error.path for error in caught.value.errors] == [
        "colour",
        "strategy.passes[0].retry.busy.after[0]",
        "strategy.passes[1].recovers",
        "strategy.passes[2].where",
    ]


def test_a_mistake_does_not_accuse_what_depends_on_it() -> None:
    text = changed(CAMPAIGN, "opt_out_key: 8", "opt_out_key: eight")
    assert [error.path for error in campaign_errors(text)] == ["abandon_message.opt_out_key"]


def test_passes_that_wait_for_each_other_are_refused() -> None:
    text = changed(CAMPAIGN, "name: live\n", "name: live\n      with: letter\n")
    text = changed(text, "name: letter\n", "name: letter\n      with: live\n")
    assert "wait for each other" in str(campaign_errors(text)[0])


def test_service_has_no_cap_so_predictive_must_name_one() -> None:
    text = changed(SERVICE, "medium: dialer", "medium: dialer, pacing: {method: predictive}")
    text += "abandon_message: {say: Sorry., opt_out_key: 8}\n"
    assert "add it, such as abandon_rate: 3%" in str(campaign_errors(text)[0])


def test_a_predictive_pass_may_be_hard_name_a_model_of_answers_and_cap_its_lines() -> None:
    more = "method: predictive, abandon_rate: 2%, hard: true, answer_model: answers, lines_per_agent: 3"
    live = campaign_of(changed(CAMPAIGN, "method: predictive, abandon_rate: 3%", more)).passes[2]
    assert live.pacing == Pacing(
        "predictive", abandon_rate=0.02, hard=True, answer_model="answers", lines_per_agent=3
    )


def test_hard_power_needs_a_cap_to_be_hard_about() -> None:
    text = changed(SERVICE, "medium: dialer", "medium: dialer, pacing: {method: power, ratio: 2, hard: true}")
    text += "abandon_message: {say: Sorry., opt_out_key: 8}\n"
    assert "nothing caps what power may abandon" in str(campaign_errors(text)[0])


@pytest.mark.parametrize("text", ["", "# nothing\n", "just words", "[1, 2]", "12"])
def test_a_file_that_is_no_campaign_is_told(text: str) -> None:
    assert len(campaign_errors(text)) == 1
