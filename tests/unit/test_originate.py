"""An attempt's Originate: into our dialplan only, by its own id, with nothing in it that a list said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ami_bridge.originate import originate_headers, originate_variables
from ami_bridge.permitted import check_permitted
from config.settings import Trunk
from config.variables import Context
from strategies.attempts import Intent
from strategies.contacts import Device
from strategies.vocabulary import Medium, Trigger

TRUNK = Trunk(dial="PJSIP/{number}@carrier")
INTENT = Intent(
    attempt="sp-0001",
    sub="spring/1",
    contact="Robert'); DROP TABLE",
    pass_name="reminder",
    medium=Medium.AVM,
    device=Device("mobile", "+12125550101"),
    queue="collections",
    caller_id="+12125550100",
    at=1_784_131_200.0,
    ring=22.5,
    machine="leave_message",
    script="reminder",
    prompts={"greeting": "/sounds/a"},
    machine_message="/sounds/b",
)


def test_the_channel_is_the_attempt_and_enters_our_context() -> None:
    assert originate_headers(INTENT, TRUNK) == {
        "Channel": "PJSIP/+12125550101@carrier",
        "Context": Context.ANSWERED,
        "Exten": "s",
        "Priority": "1",
        "Async": "true",
        "Timeout": "22500",
        "CallerID": "+12125550100",
        "ChannelId": "sp-0001",
    }


def test_the_dialplan_is_told_what_it_needs_and_no_more() -> None:
    assert originate_variables(INTENT) == {
        "SP_ATTEMPT": "sp-0001",
        "SP_QUEUE": "collections",
        "SP_MACHINE": "leave_message",
        "SP_MESSAGE": "/sounds/b",
        "SP_PRIORITY": "0",
        "SP_AGENT": "",
        "SP_ABANDON": "",
        "SP_OPT_OUT": "",
        "SP_AMD": "",
    }


def test_who_is_recovered_goes_before_others_in_the_queue() -> None:
    recall = replace(INTENT, medium=Medium.DIALER, recovers="sp-0000", trigger=Trigger.HANGUP_IN_SCRIPT)
    assert originate_variables(recall)["SP_PRIORITY"] == "5"


@pytest.mark.parametrize("intent", [INTENT, replace(INTENT, machine_message=None)])
def test_it_is_an_action_the_link_lets_through(intent: Intent) -> None:
    check_permitted("Originate", originate_headers(intent, TRUNK), originate_variables(intent))
