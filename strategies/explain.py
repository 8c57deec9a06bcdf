"""Why nobody is being called now: one reason for each contact, counted, and what holds the dialer as a whole.

Each contact is put to the engine, which decides as it would for the dialer; whom it would call now is put to
the store by the caller, which asks it what a claim would be told. Nothing is decided here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from strategies.contacts import Contact
from strategies.engine import advance
from strategies.passage import day_cap
from strategies.records import TAKEN_OUT
from strategies.state import Case, ContactState, Dial, Ended, Move, SubCampaign, Wait
from strategies.vocabulary import Refusal, Result, RunState

FREE = "free"  # nothing holds the contact back: the next to be called

WORDS: Mapping[str, str] = {
    FREE: "would be called as soon as the dialer has room",
    "in_progress": "is being called now",
    "done": "is done",
    "retry": "waits for a retry",
    "wait_days": "waits for the days between two passes",
    "pass_not_open": "waits for the pass before to end",
    TAKEN_OUT: "waits for the end of an override that took its pass out",
    "recovery": "waits for its moment of recovery",
    "callback": "waits for the moment of a call that was promised",
    "cool_down": "is left alone after an attempt whose fate is unknown",
    "erased": "was erased",
    Refusal.NOT_ELIGIBLE_NOW: "does not fit the pass now",
    Refusal.DO_NOT_CALL: "is on do-not-call",
    Refusal.OUTSIDE_WINDOW: "is outside the hours of its own zone",
    Refusal.CAP_PERSON: "has had the attempts a person may have",
    Refusal.CAP_NUMBER: "has had the attempts a number may have",
    Refusal.CAP_DEBT: "has had the calls a debt may have",
    Refusal.SILENCE_AFTER_CONVERSATION: "was spoken to about the debt and is left in peace",
    Refusal.NO_CONSENT: "did not give the consent that is asked for",
    Refusal.NOT_ALLOWED_NUMBER: "has a number outside the countries allowed",
    Refusal.NO_DEVICE: "has no device the pass may use",
    Refusal.PERSON_BUSY: "is being called by another campaign",
    Refusal.NOT_RUNNING: "waits for the sub-campaign to run",
    Refusal.LIST_PAUSED: "is on a list that is paused",
    Refusal.LIST_DETACHED: "is on a list that was detached",
    Refusal.ABANDONED_LATELY: "answered lately to nobody, and is left alone as long as the rules ask",
    Refusal.REGISTRY_OUTDATED: "waits for a do-not-call registry not older than the rules allow",
    Refusal.GOT_THROUGH: "got through by another way",
    Refusal.PERSON_USED_UP: "has had all attempts of the sub-campaign",
    Refusal.NUMBER_USED_UP: "has a number that had all its attempts",
    Refusal.NUMBER_FORBIDDEN: "has a number that is forbidden by its prefix or the registry",
}
"""Reasons in words, each after "N contacts: who ..."; a reason that is missing here is told as it stands."""

HINDRANCES: Mapping[str, str] = {
    "no_lease": "no bridge holds the tenant's lease: start secondpass up",
    "silent": "the bridge has said nothing for a while: see its log",
    "no_ami": "the bridge has no link to Asterisk: see asterisk.ami in settings.yaml and Asterisk's manager",
    "repair": "the bridge compares its attempts with Asterisk's channels first; a matter of seconds",
    "unsafe_asterisk": "this version of Asterisk has a hole that matters here: the bridge's log names it",
    "stopping": "the bridge is stopping",
}
"""Why the dialer calls nobody at all, each with its mend."""


@dataclass(frozen=True, slots=True)
class Look:
    """One contact at a moment: the engine's move, the reason nobody is called (None where that is for the
    claim to say), and when it is looked at again if that is known (epoch seconds)."""

    move: Move
    reason: str | None
    until: float | None = None


@dataclass(slots=True)
class Tally:
    """Contacts by reason; `soonest`: the first moment at which one of them is looked at again. `done`: those
    the sub-campaign is through with, by how they ended."""

    counts: Counter[str] = field(default_factory=Counter)
    soonest: dict[str, float] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)

    def add(self, reason: str, until: float | None = None) -> None:
        """One more contact."""
        self.counts[reason] += 1
        if until is not None and until < self.soonest.get(reason, float("inf")):
            self.soonest[reason] = until


def look(contact: Contact, state: ContactState, sub: SubCampaign, now: float) -> Look:
    """What the engine would do with a contact at `now`, and why that is no call."""
    move = advance(contact, state, sub, now)
    match move.step:
        case Ended():
            return Look(move, "done")
        case Dial():
            return Look(move, None)
        case Wait(until=until):
            return Look(move, _reason(move, Case(contact, sub, now)), until)


def holds(
    sub: SubCampaign,
    now: float,
    *,
    halted_by: str | None,
    hindrance: str | None,
    all_done: bool = False,
) -> list[str]:
    """Everything that keeps the whole sub-campaign from calling anybody, in words with the mend. `all_done`:
    it has people, and is through with all of them."""
    found = []
    if halted_by is not None:
        found.append(f"the stop switch was thrown by {halted_by}: secondpass campaign unhalt")
    if sub.run_state is not RunState.RUNNING:
        found.append(_run_state(sub))
    elif sub.starts is not None and now < sub.starts:
        found.append("its timeframe has not begun")
    if sub.ends is not None and now >= sub.ends:
        found.append("its timeframe is over")
    queues = [one.recovery.queue for one in sub.campaign.passes if one.recovery and one.recovery.queue]
    if all_done and queues and sub.run_state is RunState.RUNNING:
        found.append(_stays_for(queues, sub))
    if hindrance is not None:
        found.append(HINDRANCES.get(hindrance, hindrance))
    return found


def _stays_for(queues: Sequence[str], sub: SubCampaign) -> str:
    """Why one that is through with its people is not over: nobody knows when a queue loses its last
    caller."""
    ends = (
        "" if sub.ends is not None else f": secondpass campaign stop {sub.name} ends it, or start it --until"
    )
    return f"it is done with its people, and stays for callers lost in {' and '.join(queues)}{ends}"


def _run_state(sub: SubCampaign) -> str:
    match sub.run_state:
        case RunState.PAUSED:
            return f"it is paused: secondpass campaign resume {sub.name}"
        case RunState.SCHEDULED:
            return "it is scheduled, and its moment has not come"
        case state:
            return f"it is {state}, which is final"


def _reason(move: Move, case: Case) -> str:
    """The reason of a wait, told more finely where the state knows more."""
    step, state = move.step, move.state
    reason = str(step.reason) if isinstance(step, Wait) else ""
    if reason == "held":
        refusal = state.skipped.partition(":")[2]
        return "cool_down" if state.last_result is Result.UNKNOWN or not refusal else refusal
    if reason in {"retry", Refusal.OUTSIDE_WINDOW} and day_cap(state, case) > case.now:
        return str(Refusal.CAP_PERSON)
    return reason
