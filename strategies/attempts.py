"""An attempt from its intent to its one result; the states a call goes through stand in `call_states`.

Settled here, where the language leaves room:

* Who hung up in the script after pressing a key has given a response: `delivered_no_success` unless one was
  in `success`. Recovery still takes it for `hangup_in_script`.
* Who hung up before the machine detection spoke, or before the script, hung up in the script. In a dialer
  pass, who was known for a person and never came to the queue was abandoned.
* A script that asks for a key and ends without one adds the response `said_nothing`, which makes no
  `delivered_no_success`; a script that asks for none has no such response and no trigger `no_input`.
* A caller whose queue ends without an abandon event was left by the queue: `abandoned_no_agent`.
* Who comes to the queue though the script did not lead there was sent by the recovery that stood by: the
  script said that it got no key, or broke, or said nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from strategies.abandonment import FROM_GREETING, greeting_over
from strategies.call_states import INCONCLUSIVE, RESULTS, TRANSITIONS, Event, Phase, unanswered
from strategies.campaign import Campaign
from strategies.contacts import Device
from strategies.detection import Heard, heard
from strategies.frozen import Record
from strategies.vocabulary import CALL_AGAIN, CALL_STOP, SAID_NOTHING, SUCCESS, Medium, Result, Trigger


class Intent(Record, frozen=True):
    """What is durable in the store before Asterisk is asked.

    `attempt` is Asterisk's ChannelId; `at` in epoch seconds, `ring` in seconds. `prompts` maps a script's
    step name to the path (no extension) of its sound; `machine_message` likewise.
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
    prompts: Mapping[str, str] = {}
    machine_message: str | None = None
    recovers: str | None = None
    trigger: Trigger | None = None
    strategy: str = ""
    overrides: tuple[str, ...] = ()  # in force when it was claimed
    debt: str | None = None  # which of the person's debts it is about, where the campaign counts by debt
    abandon_message: str | None = None  # sound (no extension) for whom no agent is there in time
    opt_out_key: str = ""  # the key that ends all calls, in that message
    in_call: str | None = None  # the pass that recovers on the live line who says nothing or hears it break
    callback: bool = False  # the person was promised this call
    agent: str = ""  # the one agent it goes to, as long as that one is there; empty for any of the queue
    leg: str = ""  # the channel of that agent, who is on the line already
    clock: str = FROM_GREETING  # what the seconds until an agent count from
    amd: str = ""  # how machines are told from people, and what is taken for which: as of a Campaign
    not_sure: str = "person"


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
    OPTED_OUT = "opted_out"  # pressed the key of the abandon message
    DISPOSITION = (
        "disposition"  # value: what the agent noted, without `agent_`; cause: `EPOCH AGENT` of a callback
    )
    ORIGINATE_FAILED = "originate_failed"  # value: Reason
    HUNG_UP = "hung_up"  # value: hangup cause (Q.850 number as text)
    GONE = "gone"  # after a restart: the channel is no longer there, its end was not seen


class Fact(Record, frozen=True):
    """One thing that happened to an attempt at `at` (epoch seconds); `cause` explains the value
    (AMDCAUSE)."""

    name: FactName
    at: float
    value: str = ""
    cause: str = ""


class Rescue(StrEnum):
    """Why a person was sent to an agent while the line was up: what the script did."""

    NO_INPUT = "no_input"
    SCRIPT_FAILED = "script_failed"


@dataclass(frozen=True, slots=True)
class Rescued:
    """A recovery on the live line, at `at` (epoch seconds)."""

    why: Rescue
    at: float


@dataclass(frozen=True, slots=True)
class CallAgain:
    """What an agent promised: a call at a moment (epoch seconds), by one agent or by anyone."""

    at: float
    agent: str = ""


class Outcome(Record, frozen=True):
    """How an attempt ended. `triggers`: every recovery trigger its facts fit, most specific first."""

    attempt: str
    result: Result
    responses: tuple[str, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    at: float = 0.0
    reason: str = ""  # of a message: what the gateway said
    rescued: Rescued | None = None  # sent to an agent while the line was up
    call_again: CallAgain | None = None
    live_at: float | None = None  # the end of a person's greeting, who was to reach an agent
    heard: Heard | None = None  # who or what answered, by the machine detection
    waited: float | None = None  # seconds from then to agent or abandon message; None where neither came


def is_machine(status: str, cause: str) -> bool:
    """Whether app_amd's verdict means a machine.

    Only MACHINE does, and not for INITIALSILENCE: people who answer and wait are silent too. NOTSURE is a
    person: a person taken for a machine is lost, a machine taken for a person wastes a prompt.
    """
    return status == "MACHINE" and not cause.startswith("INITIALSILENCE")


def is_unsure(status: str, cause: str) -> bool:
    """Whether app_amd did not know, or heard nothing at all."""
    return status == "NOTSURE" or (status == "MACHINE" and cause.startswith("INITIALSILENCE"))


def outcome(intent: Intent, facts: Sequence[Fact], campaign: Campaign) -> Outcome | None:
    """What the attempt came to; None while it is not over (no HUNG_UP, ORIGINATE_FAILED or GONE among the
    facts).

    Facts in the order they were learnt; duplicates are harmless, facts after the end count too, but for what
    an agent noted then.
    """
    over = [fact for fact in facts if fact.name in _OVER]
    if not over:
        return None
    phase = phase_of(facts)
    seen = any(fact.name is not FactName.GONE for fact in over)
    rescued, live_at = _rescued(intent, facts), live_since(intent, facts)
    silent = phase is Phase.HEARD or (rescued is not None and rescued.why is Rescue.NO_INPUT)
    responses = _responses(intent, _noted_before_the_end(facts), campaign, silent=silent)
    success = not campaign.group(SUCCESS).isdisjoint(responses)
    if not seen and phase in INCONCLUSIVE and not success:
        return Outcome(
            intent.attempt,
            Result.UNKNOWN,
            responses,
            at=over[-1].at,
            rescued=rescued,
            live_at=live_at,
            heard=_heard(facts),
        )
    result = RESULTS[phase] or _by_more(phase, facts, responses, success)
    if phase is Phase.PERSON and intent.medium is Medium.DIALER:
        result = Result.ABANDONED_NO_AGENT
    triggers = _triggers(result, phase, facts, responses, success)
    waited = None if live_at is None else _waited(facts, phase, live_at)
    return Outcome(
        intent.attempt,
        result,
        responses,
        triggers,
        over[-1].at,
        rescued=rescued,
        call_again=promised(_noted_before_the_end(facts)),
        live_at=live_at,
        heard=_heard(facts),
        waited=waited,
    )


def _heard(facts: Sequence[Fact]) -> Heard | None:
    """The machine detection's first verdict."""
    verdict = next((fact for fact in facts if fact.name is FactName.CLASSIFIED), None)
    return None if verdict is None else heard(verdict.value, verdict.cause)


def is_afterthought(fact: Fact, facts: Sequence[Fact]) -> bool:
    """Whether an agent noted this after the call had ended, by the order in which `facts` were learnt: it is
    no part of the result, which may have been written by then."""
    return fact.name is FactName.DISPOSITION and fact not in _noted_before_the_end(facts)


def _noted_before_the_end(facts: Sequence[Fact]) -> Sequence[Fact]:
    end = next((place for place, fact in enumerate(facts) if fact.name in _OVER), len(facts))
    return [fact for place, fact in enumerate(facts) if place < end or fact.name is not FactName.DISPOSITION]


def promised(facts: Sequence[Fact]) -> CallAgain | None:
    """The last moment an agent noted with `call_again`; None where they noted none, or no number."""
    noted = [
        fact.cause
        for fact in facts
        if fact.name is FactName.DISPOSITION and f"agent_{fact.value}" == CALL_AGAIN and fact.cause
    ]
    moment, _, agent = (noted[-1] if noted else "").partition(" ")
    return CallAgain(float(moment), agent) if moment.isascii() and moment.isdigit() else None


def _rescued(intent: Intent, facts: Sequence[Fact]) -> Rescued | None:
    """How the person came from the script to the queue without asking for it; None where they did not."""
    joined = next((fact.at for fact in facts if fact.name is FactName.QUEUE_JOINED), None)
    if intent.in_call is None or joined is None:
        return None
    said = next((fact.value for fact in facts if fact.name is FactName.SCRIPT_ENDED), "failed")
    why = {"no_input": Rescue.NO_INPUT, "failed": Rescue.SCRIPT_FAILED}.get(said)
    return Rescued(why, joined) if why is not None else None


def live_since(intent: Intent, facts: Sequence[Fact]) -> float | None:
    """From when on a person waits whom a dialer pass calls for an agent (epoch seconds): since the end of
    their greeting, or since they answered where the clock is so; None where no person is known to have
    answered. Who came to the queue was one."""
    if intent.medium is not Medium.DIALER:
        return None
    since = next((at for at in map(_person_since, facts) if at is not None), None)
    if since is None or intent.clock == FROM_GREETING:
        return since
    return min([since, *(fact.at for fact in facts if _event(fact) is Event.ANSWERED)])


def _person_since(fact: Fact) -> float | None:
    if fact.name is FactName.CLASSIFIED and _event(fact) is Event.HEARD_PERSON:
        return greeting_over(fact.at, fact.cause)
    return fact.at if fact.name in (FactName.QUEUE_JOINED, FactName.AGENT_CONNECTED) else None


def _waited(facts: Sequence[Fact], phase: Phase, since: float) -> float | None:
    """Seconds from `since` until the agent, or the abandon message, was there; None where neither was."""
    name = {Phase.CONNECTED: FactName.AGENT_CONNECTED, Phase.NO_AGENT: FactName.NO_AGENT}.get(phase)
    at = next((fact.at for fact in facts if fact.name is name), None)
    return None if at is None else round(max(0.0, at - since), 3)


def is_picked_up(fact: Fact) -> bool:
    """Whether somebody or something answers, by this fact."""
    return fact.name is FactName.ANSWERED or (fact.name is FactName.DIAL_ENDED and fact.value == "ANSWER")


def phase_of(facts: Sequence[Fact]) -> Phase:
    """How far the call has come by these facts."""
    phase = Phase.DIALLED
    for fact in facts:
        event = _event(fact)
        if event is not None:
            phase = TRANSITIONS.get((phase, event), phase)
    return phase


_OVER = frozenset({FactName.HUNG_UP, FactName.ORIGINATE_FAILED, FactName.GONE})
_EVENTS: Mapping[FactName, Event] = {
    FactName.ANSWERED: Event.ANSWERED,
    FactName.SCRIPT_STARTED: Event.SCRIPT_STARTED,
    FactName.PRESSED: Event.PRESSED,
    FactName.MACHINE_MESSAGE: Event.MACHINE_MESSAGE,
    FactName.QUEUE_JOINED: Event.QUEUE_JOINED,
    FactName.AGENT_CONNECTED: Event.AGENT_CONNECTED,
    FactName.QUEUE_ABANDONED: Event.QUEUE_ABANDONED,
    FactName.NO_AGENT: Event.NO_AGENT,
}
_SCRIPT_ENDS: Mapping[str, Event] = {
    "completed": Event.SCRIPT_COMPLETED,
    "no_input": Event.SCRIPT_COMPLETED,
    "hung_up": Event.SCRIPT_LEFT,
    "agent": Event.SCRIPT_TO_AGENT,
    "failed": Event.SCRIPT_BROKE,
}


def _event(fact: Fact) -> Event | None:
    if fact.name is FactName.DIAL_ENDED:
        return Event.ANSWERED if fact.value == "ANSWER" else Event.DIAL_FAILED
    if fact.name is FactName.SCRIPT_ENDED:
        return _SCRIPT_ENDS.get(fact.value)
    if fact.name is not FactName.CLASSIFIED:
        return _EVENTS.get(fact.name)
    if fact.value == "FAX":
        return Event.HEARD_FAX
    if fact.value == "HANGUP":
        return None
    return Event.HEARD_MACHINE if is_machine(fact.value, fact.cause) else Event.HEARD_PERSON


def _responses(intent: Intent, facts: Sequence[Fact], campaign: Campaign, *, silent: bool) -> tuple[str, ...]:
    """What was pressed and noted, in order, once each; `silent`: the script got to its end, or gave up."""
    told: dict[str, None] = {}
    for fact in facts:
        if fact.name is FactName.PRESSED:
            told[f"pressed_{fact.value}"] = None
        elif fact.name is FactName.DISPOSITION:
            told[f"agent_{fact.value}"] = None
        elif fact.name is FactName.OPTED_OUT:
            told[CALL_STOP] = None
    if not told and silent and _asks(intent, campaign):
        return (SAID_NOTHING,)
    return tuple(told)


def _asks(intent: Intent, campaign: Campaign) -> bool:
    """Whether the pass's script asks for a key."""
    script = next((p.script for p in campaign.passes if p.name == intent.pass_name), None)
    return script is not None and any(step.keys for step in script.steps.values())


def _by_more(phase: Phase, facts: Sequence[Fact], responses: tuple[str, ...], success: bool) -> Result:
    """The result where the state alone does not tell: of an unanswered call, and of a script."""
    if phase in (Phase.DIALLED, Phase.NOT_ANSWERED):
        said = {fact.name: fact.value for fact in facts}
        cause = said.get(FactName.HUNG_UP, "")
        return unanswered(
            said.get(FactName.DIAL_ENDED, ""),
            int(cause) if cause.isascii() and cause.isdigit() else 0,
            said.get(FactName.ORIGINATE_FAILED, ""),
        )
    if success:
        return Result.DELIVERED_PERSON
    if set(responses) - {SAID_NOTHING}:
        return Result.DELIVERED_NO_SUCCESS
    return Result.DELIVERED_PERSON if phase is Phase.HEARD else Result.HANGUP_IN_SCRIPT


def triggers_of_result(
    intent: Intent, result: Result, responses: Sequence[str], campaign: Campaign, *, hung_up: bool = False
) -> tuple[Trigger, ...]:
    """Every recovery trigger of a result of which no facts are known, as of a simulated call; the most
    specific first.

    Who came from a script to a queue had asked for it, as had who left after a key that leads to an agent.
    Who said nothing was asked, unless the script is known to ask nothing. `hung_up`: the person left before
    the end, whatever they had said.
    """
    if not campaign.group(SUCCESS).isdisjoint(responses):
        return ()
    script = intent.medium is Medium.AVM
    asked = script and (_asks(intent, campaign) or campaign.find(intent.pass_name).script is None)
    silent = result is Result.DELIVERED_PERSON and not set(responses) - {SAID_NOTHING}
    heard = result in (Result.DELIVERED_PERSON, Result.DELIVERED_NO_SUCCESS)
    left = result is Result.HANGUP_IN_SCRIPT or (hung_up and heard)
    lost = script and (result in _LOST or (left and _asked_for_agent(intent, responses, campaign)))
    fits = (
        (Trigger.ASKED_FOR_AGENT_BUT_LOST, lost),
        (Trigger.ABANDONED_IN_QUEUE, result is Result.ABANDONED_IN_QUEUE),
        (Trigger.ABANDONED_NO_AGENT, result is Result.ABANDONED_NO_AGENT),
        (Trigger.HANGUP_IN_SCRIPT, left),
        (Trigger.NO_INPUT, asked and silent and not left),
        (Trigger.NOT_CONNECTED, result in _NOT_CONNECTED),
    )
    return tuple(trigger for trigger, fit in fits if fit)


def _asked_for_agent(intent: Intent, responses: Sequence[str], campaign: Campaign) -> bool:
    """Whether a key that was pressed leads to an agent in the pass's script, as far as it is known."""
    script = campaign.find(intent.pass_name).script
    if script is None:
        return False
    agents = {name for name, step in script.steps.items() if step.transfer}
    leads = {
        f"pressed_{key}" for step in script.steps.values() for key, to in step.keys.items() if to in agents
    }
    return not leads.isdisjoint(responses)


_LOST = frozenset({Result.ABANDONED_IN_QUEUE, Result.ABANDONED_NO_AGENT})
_NOT_CONNECTED = frozenset({Result.BUSY, Result.NO_ANSWER, Result.CONGESTION, Result.BAD_DEVICE})
_HUNG_UP_EARLY = frozenset({Phase.ANSWERED, Phase.PERSON, Phase.IN_SCRIPT, Phase.LEFT_SCRIPT})


def _triggers(
    result: Result, phase: Phase, facts: Sequence[Fact], responses: tuple[str, ...], success: bool
) -> tuple[Trigger, ...]:
    """Every recovery trigger the facts fit, in the order of `Trigger`: most specific first."""
    asked = any(f.name is FactName.SCRIPT_ENDED and f.value == "agent" for f in facts)
    lost = result in _LOST
    fits = {
        Trigger.ASKED_FOR_AGENT_BUT_LOST: asked and lost,
        Trigger.ABANDONED_IN_QUEUE: phase is Phase.LEFT_QUEUE,
        Trigger.ABANDONED_NO_AGENT: result is Result.ABANDONED_NO_AGENT,
        Trigger.HANGUP_IN_SCRIPT: phase in _HUNG_UP_EARLY and not lost,
        Trigger.NO_INPUT: SAID_NOTHING in responses and result is not Result.CONNECTED_AGENT,
        Trigger.NOT_CONNECTED: result in _NOT_CONNECTED,
    }
    return () if success else tuple(trigger for trigger in Trigger if fits[trigger])
