"""What an automated voice message says and understands: a script as data, and the machine that walks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is heard: `say` is text (with `{attribute}` places), or `play` names a sound file; exactly one is set."""

    say: str | None = None
    play: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a prompt, keys that lead on, or a transfer to the campaign's agents. `wait` in seconds."""

    prompt: Prompt | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    wait: float = 5.0
    repeat: int = 1
    no_input: str | None = None
    then: str = "hangup"
    transfer: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """Steps by name from `start`; `machine` is what an answering machine is told."""

    name: str
    start: str
    steps: Mapping[str, Step]
    language: str = "en"
    machine: Prompt | None = None
