"""What an automated voice message says and understands: a script as data, and the machine that walks it.

Playing prompts and reading keys is left to the player: it carries a walk's `command` out and hands the
event back. Settled here: a key counts in the step that offers it, during its prompt or the wait after it. A
key that is not offered is no response; it costs one of the step's repeats, as silence does. Where a recovery
on the live line stands by, who presses no key at all gets an agent once the first step that asked has given
up, and nothing more is said; so does who hears a script break, unless a key of theirs had settled the matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

HANG_UP = "hangup"  # where `then` ends the call
MAX_STEPS = 200  # a script without keys may lead around in a circle


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is heard: `say` is text (with `{attribute}` places), or `play` names a sound file; exactly one
    is set."""

    say: str | None = None
    play: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a prompt, keys that lead on, or a transfer to the campaign's agents.

    `wait` in seconds for a key after the prompt; `repeat`: how many times the prompt is said in all.
    """

    prompt: Prompt | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    wait: float = 5.0
    repeat: int = 1
    no_input: str | None = None
    then: str = HANG_UP
    transfer: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """Steps by name from `start`; `machine` is what an answering machine is told."""

    name: str
    start: str
    steps: Mapping[str, Step]
    language: str = "en"
    machine: Prompt | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """Play the prompt of this step; any of `keys` interrupts it."""

    step: str
    keys: str = ""


@dataclass(frozen=True, slots=True)
class Listen:
    """Wait this many seconds for any key."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Transfer:
    """Hand the person to an agent."""


@dataclass(frozen=True, slots=True)
class Hangup:
    """The script is over."""


Command = Say | Listen | Transfer | Hangup


@dataclass(frozen=True, slots=True)
class Said:
    """The prompt was heard to its end."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key: `0` to `9`, `*` or `#`."""

    key: str


@dataclass(frozen=True, slots=True)
class Silence:
    """The wait ran out."""


@dataclass(frozen=True, slots=True)
class LineGone:
    """The person hung up."""


@dataclass(frozen=True, slots=True)
class Broke:
    """The player could not carry the command out."""


Event = Said | Pressed | Silence | LineGone | Broke


class ScriptEnd(StrEnum):
    """How a script ended: the value of the fact `script_ended`."""

    COMPLETED = "completed"
    NO_INPUT = "no_input"
    HUNG_UP = "hung_up"
    AGENT = "agent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a person is in a script: the `command` to carry out, the keys pressed, the end if it has come."""

    script: Script
    command: Command
    at: str
    said: int = 0  # times the prompt of this step was said
    steps: int = 1
    keys: tuple[str, ...] = ()
    gave_up: bool = False  # a step that asked got no key
    ended: ScriptEnd | None = None
    rescue_unless: frozenset[str] | None = None  # keys that settle the matter; None: no agent stands by


def begin(script: Script, rescue_unless: frozenset[str] | None = None) -> Walk:
    """The walk at the script's first step. `rescue_unless`: an agent stands by for who says nothing or hears
    the script break, unless they have pressed one of these keys before."""
    walk = Walk(script, Hangup(), script.start, steps=0, rescue_unless=rescue_unless)
    return _rescued(_enter(walk, script.start))


def step(walk: Walk, event: Event) -> Walk:
    """The walk after an event. An ended walk stays as it is; an event that cannot be now changes nothing."""
    return walk if walk.ended is not None else _rescued(_stepped(walk, event))


def _stepped(walk: Walk, event: Event) -> Walk:
    if isinstance(event, LineGone):
        return _end(walk, ScriptEnd.HUNG_UP)
    if isinstance(event, Broke):
        return _end(walk, ScriptEnd.FAILED)
    here = walk.script.steps[walk.at]
    match walk.command, event:
        case ((Say() | Listen()), Pressed(key)) if key in here.keys:
            return _enter(replace(walk, keys=(*walk.keys, key), gave_up=False), here.keys[key])
        case Say(), Said() if here.keys:
            return replace(walk, command=Listen(here.wait))
        case Say(), Said() if here.transfer:
            return _transferred(walk)
        case Say(), Said():
            return _enter(walk, here.then)
        case Listen(), Silence() | Pressed():
            return _unanswered(walk, here)
    return walk


def _unanswered(walk: Walk, here: Step) -> Walk:
    if walk.said < here.repeat and here.prompt is not None:
        return replace(walk, command=Say(walk.at, "".join(here.keys)), said=walk.said + 1)
    return _enter(replace(walk, gave_up=True), here.no_input or here.then)


def _enter(walk: Walk, name: str) -> Walk:
    if name == HANG_UP:
        nothing = walk.gave_up and not walk.keys
        return _end(walk, ScriptEnd.NO_INPUT if nothing else ScriptEnd.COMPLETED)
    if name not in walk.script.steps or walk.steps >= MAX_STEPS:
        return _end(walk, ScriptEnd.FAILED)
    here = walk.script.steps[name]
    walk = replace(walk, at=name, said=0, steps=walk.steps + 1)
    if here.transfer and here.prompt is None:
        return _transferred(walk)
    if here.prompt is not None:
        return replace(walk, command=Say(name, "".join(here.keys)), said=1)
    if here.keys:
        return replace(walk, command=Listen(here.wait), said=1)
    return _enter(walk, here.then)


def _rescued(walk: Walk) -> Walk:
    """The walk to an agent in place of a goodbye to who said nothing, or of a hang-up on who heard the script
    break."""
    if walk.rescue_unless is None or walk.rescue_unless & set(walk.keys):
        return walk
    if walk.ended is ScriptEnd.FAILED:
        return replace(walk, command=Transfer())
    if walk.gave_up and not walk.keys and walk.ended in (None, ScriptEnd.NO_INPUT):
        return replace(walk, command=Transfer(), ended=ScriptEnd.NO_INPUT)
    return walk


def _transferred(walk: Walk) -> Walk:
    return replace(walk, command=Transfer(), ended=ScriptEnd.AGENT)


def _end(walk: Walk, how: ScriptEnd) -> Walk:
    return replace(walk, command=Hangup(), ended=how)
