"""The shape of a script's file and what its steps mean together; `strategies.script` walks it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from config.checking import Problems, checked
from config.errors import Path_, shown
from config.scalars import (
    Attribute,
    Duration,
    Key,
    Name,
    Positive,
    Strict,
    TemplateText,
    at_least,
    lasting,
    nearest,
    wrong,
)
from config.schema_hints import filled_in, written
from config.yaml_reader import Document
from strategies.script import Prompt, Script, Step

HANGUP = "hangup"
_LANGUAGE = r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?"
_NOT_A_PATH = frozenset("&|,;${}")  # Playback() would read more than one file, or a variable
_WITH_KEYS = ("wait", "repeat", "no_input")


def _sound(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or set(value) & _NOT_A_PATH:
        raise wrong(f"{shown(value)} is not a sound file", "write its path, without & , | ; $ { }")
    return value


SoundFile = Annotated[str, BeforeValidator(_sound), written("sound file")]


class PromptFile(Strict):
    """Something that is heard."""

    say: TemplateText | None = None
    """What is said, places filled in."""
    play: SoundFile | None = None
    """A sound file, in place of say."""


class StepFile(Strict):
    """One step."""

    say: TemplateText | None = None
    """What is said, places filled in."""
    play: SoundFile | None = None
    """A sound file, in place of say."""
    keys: Annotated[dict[Key, Name], Field(min_length=1)] | None = None
    """Which key leads to which step; pressing key k is the response pressed_k."""
    wait: Annotated[Duration, lasting(0.5, 60)] | None = filled_in("5s")
    """How long a key is waited for."""
    repeat: Annotated[Positive, at_least(1, 10)] | None = filled_in(1)
    """How often the step is heard in all when no key comes."""
    no_input: Name | None = filled_in(HANGUP)
    """The step that follows when no key came."""
    then: Name | None = filled_in(HANGUP)
    """The step that follows; of a step without keys."""
    transfer: Name | None = None
    """agents: the person is connected to an agent, and the script ends."""


class ScriptFile(Strict):
    """A script."""

    script: Name
    """Its name."""
    language: Annotated[str, Field(pattern=f"^{_LANGUAGE}$")] = "en"
    """The language it is spoken in."""
    start: Name
    """The step it begins with."""
    steps: Annotated[dict[Attribute, StepFile], Field(min_length=1)]
    """The steps by name; `hangup` is the end of every script."""
    machine: PromptFile | None = None
    """The message that is left on a machine."""


def script(document: Document) -> tuple[Script | None, Problems]:
    """The document as a script, and every mistake in it; None where there is one."""
    file, problems = checked(document, ScriptFile)
    if file is not None:
        _check(file, problems)
    if file is None or problems.errors:
        return None, problems
    steps = {name: _step(step) for name, step in file.steps.items()}
    machine = Prompt(file.machine.say, file.machine.play) if file.machine else None
    return Script(file.script, file.start, steps, file.language, machine), problems


def _step(step: StepFile) -> Step:
    heard = step.say is not None or step.play is not None
    return Step(
        prompt=Prompt(step.say, step.play) if heard else None,
        keys=dict(step.keys or {}),
        wait=5.0 if step.wait is None else step.wait,
        repeat=step.repeat or 1,
        no_input=step.no_input,
        then=step.then or HANGUP,
        transfer=step.transfer is not None,
    )


def _check(file: ScriptFile, problems: Problems) -> None:
    if HANGUP in file.steps:
        problems.add(("steps", HANGUP), f"{HANGUP} is the end of every script, not a step", "rename the step")
    if file.machine is not None:
        _check_prompt(("machine",), file.machine, problems, needed=True)
    for name, step in file.steps.items():
        _check_step(("steps", name), step, problems)
    _check_targets(file, problems)
    if not problems.errors:
        _check_reachable(file, problems)
        _check_ends(file, problems)


def _check_prompt(path: Path_, prompt: PromptFile | StepFile, problems: Problems, *, needed: bool) -> None:
    if prompt.say is not None and prompt.play is not None:
        problems.add((*path, "play"), "say and play are both given", "keep one of the two")
    elif needed and prompt.say is None and prompt.play is None:
        problems.add(path, "nothing is heard here", "add say: or play:")


def _check_step(path: Path_, step: StepFile, problems: Problems) -> None:
    _check_prompt(path, step, problems, needed=step.transfer is None)
    foreign: tuple[str, ...] = ()
    if step.transfer is not None:
        foreign, why = ("keys", "then", *_WITH_KEYS), "a transfer ends the script"
        if step.transfer != "agents":
            problems.add(
                (*path, "transfer"), f"{shown(step.transfer)} cannot be reached", "write transfer: agents"
            )
    elif step.keys is not None:
        foreign, why = ("then",), "a step with keys goes on by a key or by no_input"
    else:
        foreign, why = _WITH_KEYS, "a step without keys waits for nothing"
    for key in foreign:
        if getattr(step, key) is not None:
            problems.add((*path, key), f"can never be reached: {why}", "remove it")


def _targets(step: StepFile) -> list[tuple[Path_, str]]:
    found: list[tuple[Path_, str]] = [(("keys", key), target) for key, target in (step.keys or {}).items()]
    single: list[tuple[Path_, str | None]] = [(("no_input",), step.no_input), (("then",), step.then)]
    return found + [(path, target) for path, target in single if target is not None]


def _check_targets(file: ScriptFile, problems: Problems) -> None:
    known = [*file.steps, HANGUP]
    if file.start not in file.steps:
        problems.add(
            ("start",), f"there is no step {shown(file.start)}", nearest(file.start, list(file.steps))
        )
    for name, step in file.steps.items():
        for path, target in _targets(step):
            if target not in known:
                mend = f"{nearest(target, known)} Otherwise add the step"
                problems.add(("steps", name, *path), f"there is no step {shown(target)}", mend)


def _check_reachable(file: ScriptFile, problems: Problems) -> None:
    reached: set[str] = set()
    ahead = [file.start]
    while ahead:
        name = ahead.pop()
        if name not in reached and name in file.steps:
            reached.add(name)
            ahead += [target for _, target in _targets(file.steps[name])]
    for name in file.steps:
        if name not in reached:
            problems.add(
                ("steps", name), "no step leads here", "let a key, then or no_input do, or remove it"
            )


def _check_ends(file: ScriptFile, problems: Problems) -> None:
    """Somebody who presses nothing must come to the end: silence never leads round in a circle."""
    for start in file.steps:
        seen: list[str] = []
        name: str | None = start
        while name in file.steps and name not in seen:
            seen.append(name)
            step = file.steps[name]
            name = step.no_input if step.keys else step.then
        if name == start:
            path: Path_ = ("steps", start, "no_input" if file.steps[start].keys else "then")
            circle = " -> ".join([*seen, start])
            problems.add(
                path, f"without a key this never ends: {circle}", "let one of these steps lead to hangup"
            )
            return
