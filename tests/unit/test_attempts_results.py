"""What the facts of a call come to: one result, its responses, its recovery triggers."""

import itertools

import pytest

from strategies.attempts import Fact, FactName, Intent, is_machine, outcome, phase_of
from strategies.call_states import INCONCLUSIVE, RESULTS, TRANSITIONS, Event, Phase, unanswered
from strategies.campaign import Campaign, Pass
from strategies.contacts import Device
from strategies.script import Prompt, Script, Step
from strategies.vocabulary import Medium, Result, Trigger

MENU = Step(Prompt("Press 1"), keys={"1": "hangup", "0": "agent", "9": "hangup"})
SCRIPT = Script("reminder", "menu", {"menu": MENU, "agent": Step(transfer=True)})
CAMPAIGN = Campaign(
    name="spring",
    purpose="service",
    country="US",
    caller_id="+12125550100",
    queue="collections",
    passes=(Pass("call", Medium.AVM, script=SCRIPT), Pass("live", Medium.DIALER)),
    zone="America/New_York",
    groups={"success": ("pressed_1",)},
)
AVM = Intent("sp-1", "spring/1", "1", "call", Medium.AVM, Device("mobile", "+12125550101"), "q", "", 0.0)
DIALER = Intent(
    "sp-1", "spring/1", "1", "live", Medium.DIALER, Device("mobile", "+12125550101"), "q", "", 0.0
)


def facts(*told: str) -> list[Fact]:
    """Facts as words: `dial_ended=BUSY`, `classified=MACHINE/LONGGREETING`."""
    made = []
    for moment, word in enumerate(told):
        name, _, value = word.partition("=")
        value, _, cause = value.partition("/")
        made.append(Fact(FactName(name), float(moment), value, cause))
    return made


PERSON = ("answered", "classified=HUMAN/HUMAN-800-800")
SCRIPT_ON = (*PERSON, "script_started")
MACHINE = ("answered", "classified=MACHINE/LONGGREETING-5000-5000")


@pytest.mark.parametrize(
    ("told", "result", "responses", "triggers"),
    [
        (("dial_ended=BUSY", "hung_up=17"), "busy", (), ("not_connected",)),
        (("dial_ended=NOANSWER", "hung_up=19"), "no_answer", (), ("not_connected",)),
        (("dial_ended=CONGESTION", "hung_up=34"), "congestion", (), ("not_connected",)),
        (("dial_ended=CONGESTION", "hung_up=1"), "bad_device", (), ("not_connected",)),
        (("dial_ended=CHANUNAVAIL", "hung_up=1"), "bad_device", (), ("not_connected",)),
        (("dial_ended=CHANUNAVAIL", "hung_up=20"), "failed", (), ()),
        (("dial_ended=NOANSWER", "hung_up=1"), "bad_device", (), ("not_connected",)),
        (("hung_up=17",), "busy", (), ("not_connected",)),
        (("originate_failed=0",), "failed", (), ()),
        (("originate_failed=5",), "busy", (), ("not_connected",)),
        (("originate_failed=refused",), "failed", (), ()),
        ((*MACHINE, "hung_up=16"), "machine_hangup", (), ()),
        ((*MACHINE, "machine_message", "hung_up=16"), "machine_message", (), ()),
        (("answered", "classified=FAX", "hung_up=16"), "fax", (), ()),
        (("answered", "hung_up=16"), "hangup_in_script", (), ("hangup_in_script",)),
        (("answered", "classified=HANGUP", "hung_up=16"), "hangup_in_script", (), ("hangup_in_script",)),
        (
            ("answered", "classified=MACHINE/INITIALSILENCE-2500-2500", "script_started", "hung_up=16"),
            "hangup_in_script",
            (),
            ("hangup_in_script",),
        ),
        (
            ("answered", "classified=NOTSURE/TOOLONG-5000", "script_started", "hung_up=16"),
            "hangup_in_script",
            (),
            ("hangup_in_script",),
        ),
        ((*SCRIPT_ON, "script_ended=hung_up", "hung_up=16"), "hangup_in_script", (), ("hangup_in_script",)),
        (
            (*SCRIPT_ON, "pressed=9", "script_ended=hung_up", "hung_up=16"),
            "delivered_no_success",
            ("pressed_9",),
            ("hangup_in_script",),
        ),
        (
            (*SCRIPT_ON, "pressed=1", "script_ended=hung_up", "hung_up=16"),
            "delivered_person",
            ("pressed_1",),
            (),
        ),
        (
            (*SCRIPT_ON, "pressed=1", "script_ended=completed", "hung_up=16"),
            "delivered_person",
            ("pressed_1",),
            (),
        ),
        (
            (*SCRIPT_ON, "pressed=9", "pressed=9", "pressed=2", "script_ended=completed", "hung_up=16"),
            "delivered_no_success",
            ("pressed_9", "pressed_2"),
            (),
        ),
        (
            (*SCRIPT_ON, "script_ended=no_input", "hung_up=16"),
            "delivered_person",
            ("said_nothing",),
            ("no_input",),
        ),
        ((*SCRIPT_ON, "script_ended=failed", "hung_up=16"), "failed", (), ()),
        (
            (*SCRIPT_ON, "pressed=0", "script_ended=agent", "queue_joined", "agent_connected", "hung_up=16"),
            "connected_agent",
            ("pressed_0",),
            (),
        ),
        (
            (*SCRIPT_ON, "pressed=0", "script_ended=agent", "queue_joined", "queue_abandoned", "hung_up=16"),
            "abandoned_in_queue",
            ("pressed_0",),
            ("asked_for_agent_but_lost", "abandoned_in_queue"),
        ),
        (
            (*SCRIPT_ON, "pressed=0", "script_ended=agent", "hung_up=16"),
            "abandoned_in_queue",
            ("pressed_0",),
            ("asked_for_agent_but_lost",),
        ),
    ],
)
def test_facts_of_a_voice_message_come_to_one_result(told, result, responses, triggers):
    found = outcome(AVM, facts(*told), CAMPAIGN)
    assert found is not None
    assert (found.result, found.responses, found.triggers) == (result, responses, triggers)


@pytest.mark.parametrize(
    ("told", "result", "triggers"),
    [
        ((*PERSON, "queue_joined", "agent_connected=PJSIP/agent01", "hung_up=16"), "connected_agent", ()),
        (
            (*PERSON, "queue_joined", "queue_abandoned", "hung_up=16"),
            "abandoned_in_queue",
            ("abandoned_in_queue",),
        ),
        ((*PERSON, "queue_joined", "hung_up=16"), "abandoned_no_agent", ("abandoned_no_agent",)),
        (
            (*PERSON, "queue_joined", "queue_abandoned", "no_agent", "hung_up=16"),
            "abandoned_no_agent",
            ("abandoned_no_agent",),
        ),
        ((*PERSON, "hung_up=16"), "abandoned_no_agent", ("abandoned_no_agent",)),
    ],
)
def test_facts_of_a_dialer_call_come_to_one_result(told, result, triggers):
    found = outcome(DIALER, facts(*told), CAMPAIGN)
    assert found is not None
    assert (found.result, found.triggers) == (result, triggers)


@pytest.mark.parametrize(
    ("told", "result"),
    [
        ((), "unknown"),
        (("answered",), "unknown"),
        (SCRIPT_ON, "unknown"),
        ((*PERSON, "queue_joined"), "unknown"),
        ((*SCRIPT_ON, "pressed=1"), "delivered_person"),
        (("dial_ended=BUSY",), "busy"),
        ((*MACHINE, "machine_message"), "machine_message"),
        ((*PERSON, "queue_joined", "agent_connected"), "connected_agent"),
    ],
)
def test_a_call_that_is_gone_is_unknown_unless_its_facts_decide(told, result):
    found = outcome(AVM, facts(*told, "gone"), CAMPAIGN)
    assert found is not None
    assert found.result == result
    assert found.triggers == (() if result != "busy" else (Trigger.NOT_CONNECTED,))


def test_an_attempt_that_is_not_over_has_no_outcome():
    assert outcome(AVM, facts(*SCRIPT_ON, "pressed=1", "script_ended=completed"), CAMPAIGN) is None


def test_what_the_player_writes_late_still_counts():
    found = outcome(AVM, facts(*SCRIPT_ON, "hung_up=16", "pressed=1", "script_ended=hung_up"), CAMPAIGN)
    assert found is not None
    assert found.result is Result.DELIVERED_PERSON


def test_a_disposition_is_a_response():
    found = outcome(
        DIALER, facts(*PERSON, "queue_joined", "agent_connected", "disposition=paid", "hung_up=16"), CAMPAIGN
    )
    assert found is not None
    assert found.responses == ("agent_paid",)


def test_a_script_that_asks_for_nothing_is_not_answered_by_silence():
    plain = Campaign(
        "c",
        "service",
        "US",
        "",
        "",
        (Pass("call", Medium.AVM, script=Script("s", "a", {"a": Step(Prompt("Hello"))})),),
        "UTC",
    )
    found = outcome(AVM, facts(*SCRIPT_ON, "script_ended=completed", "hung_up=16"), plain)
    assert found is not None
    assert (found.result, found.responses, found.triggers) == (Result.DELIVERED_PERSON, (), ())


EVERY = [
    *(
        f"dial_ended={s}"
        for s in ("ANSWER", "BUSY", "NOANSWER", "CONGESTION", "CHANUNAVAIL", "CANCEL", "ODD")
    ),
    *(f"classified={s}" for s in ("HUMAN", "MACHINE", "NOTSURE", "FAX", "HANGUP", "")),
    *(f"script_ended={s}" for s in ("completed", "no_input", "hung_up", "agent", "failed", "odd")),
    "pressed=1",
    "pressed=9",
    *(n.value for n in FactName if n.value not in {"dial_ended", "classified", "script_ended", "pressed"}),
]
WAYS = [[], *([a] for a in EVERY), *([a, b] for a, b in itertools.product(EVERY, EVERY))]


def test_every_state_knows_what_to_do_with_every_fact():
    """From every state that two facts lead to, one more fact: one result at the end, and doubling it
    changes nothing."""
    reached = {phase_of(facts(*way)): way for way in reversed(WAYS)}
    assert set(reached) == set(Phase)
    for way in reached.values():
        for told in EVERY:
            once = outcome(AVM, [*facts(*way, told), Fact(FactName.HUNG_UP, 9.0, "16")], CAMPAIGN)
            twice = outcome(AVM, [*facts(*way, told, told), Fact(FactName.HUNG_UP, 9.0, "16")], CAMPAIGN)
            assert once is not None
            assert once == twice


def test_the_tables_are_complete():
    assert set(RESULTS) == set(Phase)
    assert {event for _, event in TRANSITIONS} == set(Event)
    assert set(Phase) >= INCONCLUSIVE
    ends = {Phase.NO_AGENT, Phase.MESSAGE_LEFT, Phase.FAX}
    assert not {phase for phase, _ in TRANSITIONS} & ends


def test_no_cause_or_reason_is_without_a_result():
    for status, cause, reason in itertools.product(["", "BUSY", "ODD"], range(128), ["", "0", "5", "x"]):
        assert unanswered(status, cause, reason) in Result


def test_a_silent_person_is_no_machine():
    assert is_machine("MACHINE", "LONGGREETING-5000-5000")
    assert not is_machine("MACHINE", "INITIALSILENCE-2500-2500")
    assert not is_machine("NOTSURE", "TOOLONG-5000")
