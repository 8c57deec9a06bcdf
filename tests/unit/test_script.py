"""The walk through a voice script: what is said, when it listens, where keys lead, how it ends."""

import pytest

from strategies.script import (
    Broke,
    Hangup,
    LineGone,
    Listen,
    Pressed,
    Prompt,
    Said,
    Say,
    Script,
    ScriptEnd,
    Silence,
    Step,
    Transfer,
    Walk,
    begin,
    step,
)

MENU = Step(
    Prompt("Press 1 if you will pay, 0 to speak with an agent."),
    keys={"1": "thanks", "0": "agent", "9": "sorry"},
    wait=5.0,
    repeat=2,
    no_input="goodbye",
)
REMINDER = Script(
    "reminder",
    "greeting",
    {
        "greeting": Step(Prompt("Hello."), then="menu"),
        "menu": MENU,
        "thanks": Step(Prompt("Thank you.")),
        "sorry": Step(Prompt("We are sorry.")),
        "agent": Step(transfer=True),
        "goodbye": Step(Prompt("Goodbye.")),
    },
)


def walked(*events: object, script: Script = REMINDER) -> Walk:
    walk = begin(script)
    for event in events:
        walk = step(walk, event)  # type: ignore[arg-type]
    return walk


def test_it_says_the_greeting_then_the_menu_which_keys_interrupt():
    assert walked().command == Say("greeting")
    assert walked(Said()).command == Say("menu", "109")
    assert walked(Said(), Said()).command == Listen(5.0)


def test_a_key_leads_on_and_is_kept():
    for events in ((Said(), Pressed("1")), (Said(), Said(), Pressed("1"))):
        walk = walked(*events)
        assert (walk.command, walk.keys) == (Say("thanks"), ("1",))
    end = walked(Said(), Pressed("1"), Said())
    assert (end.command, end.ended) == (Hangup(), ScriptEnd.COMPLETED)


def test_silence_repeats_the_prompt_and_then_gives_up():
    again = walked(Said(), Said(), Silence())
    assert again.command == Say("menu", "109")
    walk = step(step(again, Said()), Silence())
    assert walk.command == Say("goodbye")
    assert step(walk, Said()).ended is ScriptEnd.NO_INPUT


def test_a_key_that_is_not_offered_is_no_response_and_costs_a_repeat():
    walk = walked(Said(), Said(), Pressed("5"))
    assert (walk.command, walk.keys) == (Say("menu", "109"), ())


def test_a_key_during_a_prompt_that_offers_none_changes_nothing():
    assert walked(Pressed("1")) == walked()


def test_the_branch_to_an_agent_ends_the_script():
    walk = walked(Said(), Pressed("0"))
    assert (walk.command, walk.ended, walk.keys) == (Transfer(), ScriptEnd.AGENT, ("0",))


def test_an_announcement_may_precede_the_agent():
    script = Script("s", "a", {"a": Step(Prompt("One moment."), transfer=True)})
    assert walked(script=script).command == Say("a")
    assert walked(Said(), script=script).command == Transfer()


@pytest.mark.parametrize(("event", "end"), [(LineGone(), ScriptEnd.HUNG_UP), (Broke(), ScriptEnd.FAILED)])
def test_it_ends_wherever_the_line_or_the_player_fails(event, end):
    for events in ((), (Said(),), (Said(), Said()), (Said(), Pressed("9"))):
        walk = walked(*events, event)
        assert (walk.command, walk.ended) == (Hangup(), end)
        assert step(walk, Said()) == walk


def test_a_step_that_only_listens_gives_up_after_its_wait():
    script = Script("s", "a", {"a": Step(keys={"1": "a"}, wait=3.0)})
    assert walked(script=script).command == Listen(3.0)
    assert walked(Silence(), script=script).ended is ScriptEnd.NO_INPUT


def test_a_script_that_asks_nothing_is_completed():
    script = Script("s", "a", {"a": Step(Prompt("Hello."), then="b"), "b": Step()})
    assert walked(Said(), script=script).ended is ScriptEnd.COMPLETED


def test_a_script_that_goes_in_a_circle_ends():
    script = Script("s", "a", {"a": Step(Prompt("Hello."), then="a")})
    walk = begin(script)
    for _ in range(500):
        walk = step(walk, Said())
    assert walk.ended is ScriptEnd.FAILED
    silent = Script("s", "a", {"a": Step(then="b"), "b": Step(then="a")})
    assert begin(silent).ended is ScriptEnd.FAILED


def test_a_step_that_does_not_exist_is_a_failure_not_a_crash():
    assert walked(Said(), script=Script("s", "a", {"a": Step(Prompt("Hello."), then="nowhere")})).ended is (
        ScriptEnd.FAILED
    )


def test_a_key_after_silence_is_input():
    walk = walked(Said(), Said(), Silence(), Said(), Pressed("9"), Said())
    assert (walk.ended, walk.keys) == (ScriptEnd.COMPLETED, ("9",))
