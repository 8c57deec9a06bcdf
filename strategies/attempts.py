"""An attempt from its intent to its one result: the record, and the machine that turns what Asterisk and the script told into a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from strategies.contacts import Device
from strategies.vocabulary import Medium, Result, Trigger


@dataclass(frozen=True, slots=True)
class Intent:
    """What is durable in the store before Asterisk is asked. `attempt` is Asterisk's ChannelId; `at` and `ring` in seconds.

    `prompts` maps a script's step name to the path (no extension) of its sound; `machine_message` likewise.
    """

    attempt: str
    sub: str
    contact: str
    pass_name: str
    medium: Medium
    device: Device
    queue: str
    caller_id: str
    at: float
    ring: float = 30.0
    machine: str = "hang_up"
    script: str | None = None
    prompts: Mapping[str, str] = field(default_factory=dict)
    machine_message: str | None = None
    recovers: str | None = None
    trigger: Trigger | None = None
    strategy: str = ""


class Stage(StrEnum):
    """How far the store knows an attempt to have come."""

    INTENT = "intent"  # durable, Asterisk perhaps asked
    PLACED = "placed"  # Asterisk took the Originate
    ENDED = "ended"


class FactName(StrEnum):
    """What is learnt of a call, by the AGI side (through the store) or from Asterisk's events."""

    DIAL_ENDED = "dial_ended"  # value: DialStatus
    ANSWERED = "answered"
    CLASSIFIED = "classified"  # value: AMDSTATUS; cause: AMDCAUSE
    SCRIPT_STARTED = "script_started"
    PRESSED = "pressed"  # value: the key
    SCRIPT_ENDED = "script_ended"  # value: completed, no_input, hung_up, agent, failed
    MACHINE_MESSAGE = "machine_message"
    QUEUE_JOINED = "queue_joined"
    AGENT_CONNECTED = "agent_connected"  # value: member
    QUEUE_ABANDONED = "queue_abandoned"
    NO_AGENT = "no_agent"  # nobody in time: we took the caller out of the queue
    DISPOSITION = "disposition"  # value: what the agent noted, without `agent_`
    ORIGINATE_FAILED = "originate_failed"  # value: Reason
    HUNG_UP = "hung_up"  # value: hangup cause (Q.850 number as text)
    GONE = "gone"  # after a restart: the channel is no longer there, its end was not seen


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened to an attempt, at `at` (epoch seconds); `cause` explains the value (AMDCAUSE)."""

    name: FactName
    at: float
    value: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. `triggers`: every recovery trigger its facts fit, most specific first."""

    attempt: str
    result: Result
    responses: tuple[str, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    reached_person: bool = False
    at: float = 0.0
