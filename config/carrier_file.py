"""The shape of a carrier's file, which says what a simulated carrier does; `config.carrier` is what it comes
to.

    default: no_answer                  # what calls come to that nothing else is written for
    devices:                            # the nth attempt at an address gets the nth entry, the last repeats
      "+12125550101": [busy, {result: delivered_person, responses: [pressed_1], talk: 40s}]
      "+12125550102": [{result: hangup_in_script, after: 6s}]

An entry is a result, or a mapping of `result` with `responses`, `ring` (until it was answered, or given up;
else answered at once, and otherwise the pass's own ring), `talk` (from the answer to the end) and `after`
(from the answer until the person hung up). Attempts are counted by address, calls and messages alike.

Instead of `default`, a `model` may say by which shares calls come out; what it leaves out has the default
of `config.carrier.Model`:

    model:
      answer: {mobile: 35%, home: {"09:00": 15%, "18:00": 45%}, other: 20%}   # or one share, or hours for all
      answer_after: 12s                 # mean time to an answer
      machine: 20%                      # of the answered; fax likewise
      busy: 15%                         # of the rest; congestion, bad_device likewise; others ring out
      hang_up: 20%                      # of people who hear a script; asks_for_agent likewise
      script: 30s                       # how long a script takes
      talk: 120s                        # mean time with an agent
      patience: 20s                     # how long a person waits for an agent
      looks: 15s                        # how long an agent looks at somebody first, where a pass is paced so
      skips: 5%                         # of those: whom the agent does not call
      responses: {pressed_1: 20%, pressed_8: 2%}             # of people who hear a script to its end
      agent_responses: {agent_promise_to_pay: 30%}           # of people an agent speaks to
      undelivered: 2%                   # of messages
      replies: {text_stop: 1%}          # of messages that arrive, by those who can say it
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from config.carrier import Carrier, Entry, Hourly, Model
from config.checking import Problems, checked
from config.errors import ConfigErrors, shown
from config.scalars import (
    Duration,
    LocalTime,
    Response,
    ResultName,
    Share,
    Strict,
    lasting,
    nearest,
    wrong,
)
from config.schema_hints import written
from config.yaml_reader import Document, read
from strategies.contacts import VOICE_KINDS
from strategies.vocabulary import Result

MESSAGE_RESULTS = frozenset({Result.SENT, Result.DELIVERED, Result.REPLIED, Result.UNDELIVERED})

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)

Seconds = Annotated[Duration, lasting(0, 86_400)]
Shares = dict[Response, Share]
ByHour = Annotated[dict[LocalTime, Share], Field(min_length=1)]


def _entry(value: object) -> object:
    return {"result": value} if isinstance(value, str) else value


def _entries(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _address(value: object) -> str:
    text = str(value).strip()
    if "@" not in text and _NUMBER.fullmatch(text) is None:
        mend = 'write a number as the ledger does, "+12125550101", or an email address'
        raise wrong(f"{shown(value)} is no address", mend)
    return text


def _rate(value: object) -> object:
    """A share, or shares by the hour: both as a mapping by the hour."""
    return value if isinstance(value, dict) else {"00:00": value}


def _answer(value: object) -> object:
    """By device, by hour, or one share for all: always as a mapping by device."""
    if isinstance(value, dict) and all(key in (*VOICE_KINDS, "default") for key in value):
        return value
    if isinstance(value, dict) and not all(":" in str(key) for key in value):
        unknown = next(str(key) for key in value if key not in VOICE_KINDS)
        raise wrong(
            f"{shown(unknown)} is neither a device nor an hour", nearest(unknown, [*VOICE_KINDS, "default"])
        )
    return {"default": value}


class EntryFile(Strict):
    """What one attempt comes to."""

    result: ResultName
    """The result, as it stands in the ledger."""
    responses: tuple[Response, ...] = ()
    """What was pressed, noted or replied."""
    ring: Seconds | None = None
    """Until it was answered, or given up."""
    talk: Seconds | None = None
    """From the answer to the end."""
    after: Seconds | None = None
    """From the answer until the person hung up."""


AnEntry = Annotated[EntryFile, BeforeValidator(_entry, json_schema_input_type=ResultName | EntryFile)]
Entries = Annotated[
    list[AnEntry],
    Field(min_length=1),
    BeforeValidator(_entries, json_schema_input_type=AnEntry | list[AnEntry]),
]
Address = Annotated[str, BeforeValidator(_address), written("number or email address")]
ARate = Annotated[ByHour, BeforeValidator(_rate, json_schema_input_type=Share | ByHour)]
Answer = Annotated[
    dict[str, ARate], BeforeValidator(_answer, json_schema_input_type=ARate | dict[str, ARate])
]


class ModelFile(Strict):
    """A carrier by shares."""

    answer: Answer | None = None
    """One share, shares by hour of the day, or either by device."""
    answer_after: Seconds | None = None
    """The mean time to an answer."""
    machine: Share | None = None
    """Of the answered: answering machines."""
    fax: Share | None = None
    """Of the answered: fax machines."""
    busy: Share | None = None
    """Of the rest: busy."""
    congestion: Share | None = None
    """Of the rest: refused by the network."""
    bad_device: Share | None = None
    """Of the rest: numbers that do not exist."""
    hang_up: Share | None = None
    """Of people who hear a script: who hang up in it."""
    asks_for_agent: Share | None = None
    """Of people who hear a script: who take its branch to an agent."""
    script: Seconds | None = None
    """How long a script takes."""
    talk: Seconds | None = None
    """The mean time with an agent."""
    patience: Seconds | None = None
    """How long a person waits for an agent."""
    looks: Seconds | None = None
    """Preview pacing: how long an agent looks at somebody before accepting or skipping."""
    skips: Share | None = None
    """Of people an agent looks at: who are skipped."""
    responses: Shares | None = None
    """Of people who hear a script to its end: what they press."""
    agent_responses: Shares | None = None
    """Of people an agent speaks to: what is noted."""
    undelivered: Share | None = None
    """Of messages: those refused."""
    replies: Shares | None = None
    """Of messages that arrive: what is answered."""


class CarrierFile(Strict):
    """A carrier."""

    default: AnEntry | None = None
    """What attempts come to that nothing else is written for."""
    devices: dict[Address, Entries] = Field(default_factory=dict)
    """By address: the nth attempt gets the nth entry, the last repeats."""
    model: ModelFile | None = None
    """In place of default: shares of how attempts come out."""


def carrier(document: Document) -> tuple[Carrier | None, Problems]:
    """The document as a carrier, and every mistake in it; None where there is one."""
    file, problems = checked(document, CarrierFile)
    if file is not None:
        _check(file, problems)
    if file is None or problems.errors:
        return None, problems
    devices = {address: tuple(_built(entry) for entry in given) for address, given in file.devices.items()}
    default = _built(file.default) if file.default else Entry(Result.NO_ANSWER)
    return Carrier(devices, default, _model(file.model) if file.model else None), problems


def read_carrier(file: Path) -> Carrier:
    """The carrier of a file. Raises ConfigErrors with every mistake in it."""
    found, problems = carrier(read(file))
    if found is None:
        raise ConfigErrors(problems.errors)
    return found


def _check(file: CarrierFile, problems: Problems) -> None:
    if file.model is not None and file.default is not None:
        message = "default and model both say what calls come to that are not written out"
        problems.add(("default",), message, "keep one of the two")
    if file.model is not None:
        _check_model(file.model, problems)


def _check_model(file: ModelFile, problems: Problems) -> None:
    exclusive: tuple[tuple[str, ...], ...] = (
        ("machine", "fax"),
        ("busy", "congestion", "bad_device"),
        ("hang_up", "asks_for_agent"),
    )
    for names in exclusive:
        defaults = Model()
        given = [getattr(file, name) for name in names]
        total = sum(
            getattr(defaults, n) if share is None else share for n, share in zip(names, given, strict=True)
        )
        _check_sum(("model", names[0]), ", ".join(names), total, problems)
    for name in ("responses", "agent_responses", "replies"):
        shares: Mapping[str, float] | None = getattr(file, name)
        _check_sum(("model", name), "these", sum((shares or {}).values()), problems)


def _check_sum(path: tuple[str, ...], what: str, total: float, problems: Problems) -> None:
    if total > 1 + 1e-9:
        problems.add(path, f"{what} come to {total:.0%} together", "let them come to 100% at most")


def _built(entry: EntryFile) -> Entry:
    return Entry(entry.result, entry.responses, entry.ring, entry.talk, entry.after)


def _model(file: ModelFile) -> Model:
    given = {name: value for name in ModelFile.model_fields if (value := getattr(file, name)) is not None}
    if file.answer is not None:
        given["answer"] = {
            "" if kind == "default" else kind: Hourly(
                tuple(sorted((at.hour + at.minute / 60, share) for at, share in by_hour.items()))
            )
            for kind, by_hour in file.answer.items()
        }
    return Model(**given)
