"""Callbacks: a person was promised a call by an agent at a moment; when it is made, and how the promise ends.

Settled here, where the language leaves room:

* A callback is made by a pass that leads to agents: the one the contact is in, else the first that recovers,
  else the first at all. It is an attempt of that pass for the ledger, and none for its row: the passes go on
  afterwards as if it had not been.
* Until it is over the contact goes into no pass and no recovery: who is about to be called back is not called
  before that. Hours, caps, consent and do-not-call hold as for any call.
* Not reached, it is tried again TRIES times in all, AGAIN apart, while its time lasts.
* One for one agent waits OWN_AGENT for that agent; then anybody calls, for a late call is better than none.
  That agent, or the next one of a queue in which a place was kept, is on the line before the person is
  called.
* One person has one: asking again changes its moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from strategies.attempts import Outcome
from strategies.campaign import Campaign, Pass
from strategies.contacts import Device
from strategies.passage import day_cap
from strategies.records import TAKEN_OUT
from strategies.state import Callback, Case, ContactState, Dial, Step, Wait
from strategies.state_hours import hours_of
from strategies.vocabulary import Kind, Medium, RecoveryEnd, Result
from strategies.windows import contact_zones, next_opening

Line = Mapping[str, object]
Called = tuple[ContactState, Step | None, list[Line]]

INTERFACE = r"[A-Za-z0-9]+/[A-Za-z0-9_.@-]{1,60}"  # of a queue's member, such as PJSIP/agent01
LASTS = 3600.0  # seconds after its moment in which a callback may be made
OWN_AGENT = 900.0  # seconds after its moment in which it waits for its own agent
TRIES = 3
AGAIN = 300.0  # seconds between two tries


@dataclass(frozen=True, slots=True)
class Wish:
    """That somebody be called back at a moment (epoch seconds): on the device of `address` if it is not
    empty, by one agent if one is named. `place` as of a Callback."""

    at: float
    by: str
    agent: str = ""
    address: str = ""
    place: float = 0.0
    lasts: float = LASTS


class Unkept(StrEnum):
    """Why a callback cannot be promised."""

    OVER = "the sub-campaign is over by then"
    IN_PROGRESS = "the contact is being called this moment"
    DONE = "the contact opted out, was the wrong person or has had all its attempts"
    NO_AGENTS = "no pass of the campaign leads to agents"
    NO_DEVICE = "the contact has no such telephone"
    CLOSED = "nobody may be called at that hour"


def callback_for(wish: Wish, state: ContactState, case: Case) -> Callback | Unkept:
    """The promise that fulfils a wish, or why there is none."""
    going = pass_for(case.campaign, state)
    if going is None:
        return Unkept.NO_AGENTS
    device = device_for(going, case, wish.address)
    if device is None:
        return Unkept.NO_DEVICE
    at = max(wish.at, case.now)
    made = Callback(
        going.name,
        device,
        at,
        at + wish.lasts,
        at,
        by=wish.by,
        agent=wish.agent,
        place=wish.place,
        made=case.now,
    )
    opening = opens(made, case, at)
    return Unkept.CLOSED if opening is None or opening >= made.until else made


def pass_for(campaign: Campaign, state: ContactState) -> Pass | None:
    """The pass that makes a callback; None where no pass leads to agents."""
    leading = [one for one in campaign.passes if one.medium is Medium.DIALER and not one.out]
    own = campaign.passes[state.pass_index : state.pass_index + 1]
    return next(
        (one for one in (*own, *sorted(leading, key=lambda p: p.recovery is None)) if one in leading), None
    )


def device_for(going: Pass, case: Case, address: str = "") -> Device | None:
    """The device a callback goes to: the one of that address, else the pass's first, else any telephone."""
    phones = [device for device in case.contact.devices if device.kind not in {"text", "email"}]
    if address:
        return next((device for device in phones if device.address == address), None)
    preferred = [device for kind in going.devices for device in phones if device.kind == kind]
    return next(iter((*preferred, *phones)), None)


def promised(callback: Callback, state: ContactState) -> tuple[ContactState, list[Line]]:
    """The state with this callback, in the place of one it may have had, and the lines that tell of it."""
    _, ended = concluded(state, RecoveryEnd.CALLED_OFF, "asked_again")
    line = {**_about(callback), "kind": Kind.CALLBACK_SET, "by": callback.by, "due": callback.at}
    return replace(state, callback=callback), [*ended, line]


def step_of(state: ContactState, case: Case) -> Called:
    """The step of the open callback; None, with its last line, when it is over or there is none."""
    callback = state.callback
    if callback is None:
        return state, None, []
    if case.now >= callback.until:
        state, lines = concluded(state, RecoveryEnd.EXPIRED)
        return state, None, lines
    if case.campaign.find(callback.pass_name).out:
        again = callback.until if case.sub.plan_until is None else case.sub.plan_until
        return state, Wait(min(again, callback.until), TAKEN_OUT), []
    start = max(case.now, callback.at, day_cap(state, case), state.hold_until)
    opening = opens(callback, case, start)
    if opening is None or opening > case.now:
        return state, Wait(min(opening or callback.until, callback.until), "callback"), []
    return state, Dial(callback.pass_name, callback.device, callback=callback), []


def opens(callback: Callback, case: Case, start: float) -> float | None:
    """The first moment from `start` on in the hours of its pass and the zones of the person."""
    going = case.campaign.find(callback.pass_name)
    zones = contact_zones(case.contact, callback.device, case.campaign)
    return next_opening(hours_of(case.campaign, going, case.contact, callback.device), zones, start)


def after_attempt(
    state: ContactState, outcome: Outcome, now: float, *, settled: bool
) -> tuple[ContactState, list[Line]]:
    """What becomes of the callback after an attempt of it; `settled`: the person is done altogether."""
    callback = state.callback
    if callback is None:
        return state, []
    if settled or outcome.result is Result.CONNECTED_AGENT:
        return concluded(state, RecoveryEnd.REACHED)
    if callback.tries + 1 >= TRIES or now + AGAIN >= callback.until:
        return concluded(state, RecoveryEnd.GAVE_UP, outcome.result)
    again = replace(callback, at=now + AGAIN, tries=callback.tries + 1, attempt="")
    return replace(state, callback=again), []


def concluded(
    state: ContactState, how: RecoveryEnd, reason: str | None = None
) -> tuple[ContactState, list[Line]]:
    """The state without its callback, and the line that tells how it ended; none was open: no line."""
    callback = state.callback
    if callback is None:
        return state, []
    line: dict[str, object] = {**_about(callback), "kind": Kind.CALLBACK_ENDED, "result": how}
    line |= {"attempt": callback.attempt} if callback.attempt else {}
    line |= {"reason": reason} if reason is not None else {}
    return replace(state, callback=None), [line]


def own_agent(callback: Callback, now: float) -> str | None:
    """The agent who alone may make it now; None where anybody may."""
    return callback.agent if callback.agent and now < callback.first_at + OWN_AGENT else None


def _about(callback: Callback) -> dict[str, object]:
    about: dict[str, object] = {
        "pass": callback.pass_name,
        "device": callback.device.kind,
        "address": callback.device.address,
    }
    return about | ({"agent": callback.agent} if callback.agent else {})
