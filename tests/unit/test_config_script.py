"""A script's steps lead somewhere, all of them are reached, and silence comes to an end."""

from __future__ import annotations

import pytest
from config_files import SCRIPT, changed, hello, script_errors

from strategies.script import Prompt, Step


def test_a_script_loads_with_its_defaults() -> None:
    script = hello()
    assert (script.name, script.start, script.language) == ("hello", "menu", "en")
    assert script.steps["menu"] == Step(
        prompt=Prompt(say="Press 1."), keys={"1": "thanks", "0": "agent"}, no_input="thanks"
    )
    assert (script.steps["menu"].wait, script.steps["menu"].repeat) == (5.0, 1)
    assert script.steps["agent"] == Step(transfer=True)
    assert script.machine == Prompt(say="Call us.")


@pytest.mark.parametrize(
    ("old", "new", "place", "told"),
    [
        ("1: thanks", "1: thank", "6:12 steps.menu.keys.1", 'no step "thank"; did you mean thanks?'),
        ("1: thanks", "11: thanks", "steps.menu.keys.11", "is not a key; write one of 0 to 9"),
        ("start: menu", "start: hello", "2:1 start", "write one of menu, thanks, agent"),
        ("then: hangup", "then: bye", "steps.thanks.then", 'there is no step "bye"'),
        ("0: agent", "0: thanks", "9:3 steps.agent", "no step leads here"),
        ("{transfer: agents}", "{transfer: sales}", "steps.agent.transfer", "write transfer: agents"),
        ("{transfer: agents}", "{transfer: agents, then: menu}", "steps.agent.then", "can never be reached"),
        ("    no_input", "    then: agent\n    no_input", "steps.menu.then", "can never be reached"),
        ("then: hangup", "then: hangup, wait: 3s", "steps.thanks.wait", "a step without keys waits"),
        ("then: hangup", "then: menu", "steps.menu.no_input", "never ends: menu -> thanks -> menu"),
        ('say: "Thank you."', 'say: "Thank you {name."', "steps.thanks.say", "write places as {first_name}"),
        ('say: "Thank you."', 'say: "Hi.", play: hi', "steps.thanks.play", "keep one of the two"),
        ('{say: "Thank you.", then: hangup}', "{then: hangup}", "steps.thanks", "add say: or play:"),
        ('say: "Thank you."', 'play: "a&b"', "steps.thanks.play", "write its path, without &"),
        ("start: menu", "start: menu\nlanguage: English", "3:1 language", "language"),
        ("thanks: {", "hangup: {", "steps.hangup", "is the end of every script"),
    ],
)
def test_a_mistake_in_a_script_is_told(old: str, new: str, place: str, told: str) -> None:
    shown = "\n".join(map(str, script_errors(changed(SCRIPT, old, new))))
    assert place in shown
    assert told in shown


def test_a_step_may_speak_before_it_transfers() -> None:
    text = changed(SCRIPT, "{transfer: agents}", '{say: "One moment.", transfer: agents}')
    assert script_errors(text) == []
