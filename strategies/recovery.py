"""Whom a dialer pass recovers: which loss triggers it, on which device, under which guards, and how it ends.

Settled here, where the language leaves room:

* `not_connected` starts at once, without `delay`; the other triggers wait for it. It needs another device
  than the one given up: without one the pass goes on as if there were no recovery.
* The device after the last one is the first. A person with one device is called on it again.
* While a recovery is open the contact goes into no further pass: who is about to be called is not written to.
* A recovery pass may have `retry` of its own, within its `ttl`; otherwise it makes one attempt.
* `in_call` takes who pressed no key, by the trigger `no_input`, and who heard the script break as well: the
  line is up, and to hang up on them would be our fault. It counts for `per_day` like a call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strategies.attempts import Intent, Outcome, Rescued
from strategies.campaign import Pass, Recovery
from strategies.contacts import Device
from strategies.eligibility import ordered_devices, unfit
from strategies.frozen import replace
from strategies.retries import Again, after
from strategies.state import Case, ContactState, RecoveryTask
from strategies.vocabulary import Kind, RecoveryEnd, Result, Trigger
from strategies.windows import local_date

Line = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Loss:
    """An attempt that ended, and whether its pass gave its first device up with it, all retries used."""

    intent: Intent
    outcome: Outcome
    given_up: bool


@dataclass(frozen=True, slots=True)
class LostCaller:
    """Somebody who hung up while they waited in an inbound queue, `at` (epoch seconds): their call (its
    channel's unique id) and the number it came from. Of it one may learn later."""

    call: str
    queue: str
    number: str
    at: float


def task_for(loss: Loss, state: ContactState, case: Case) -> RecoveryTask | None:
    """The recovery a loss triggers, None if none: the most specific trigger that a pass listens to."""
    for trigger in loss.outcome.triggers:
        if trigger is Trigger.NOT_CONNECTED and not loss.given_up:
            continue
        for candidate in case.campaign.passes:
            recovery = candidate.recovery
            if recovery is None or not _listens(recovery, loss.intent.pass_name, trigger):
                continue
            device = _device_for(trigger, candidate, case, loss.intent.device)
            if device is not None and _may(candidate, recovery, state, case):
                delay = 0.0 if trigger is Trigger.NOT_CONNECTED else recovery.delay
                begins, expires = case.now + delay, case.now + recovery.ttl
                made = loss.outcome.at or case.now
                return RecoveryTask(
                    candidate.name, trigger, loss.intent.attempt, device, begins, expires, made=made
                )
    return None


def task_for_caller(lost: LostCaller, state: ContactState, case: Case) -> RecoveryTask | None:
    """The recovery of a contact who was lost in an inbound queue; None where no pass is for that queue, or a
    guard holds."""
    own = next((d for d in case.contact.devices if d.address == lost.number), None)
    for candidate in case.campaign.passes:
        recovery = candidate.recovery
        if own is None or recovery is None or candidate.out or recovery.queue != lost.queue:
            continue
        trigger = Trigger.ABANDONED_IN_QUEUE
        device = _device_for(trigger, candidate, case, own)
        if device is not None and _may(candidate, recovery, state, case):
            begins, expires = lost.at + recovery.delay, lost.at + recovery.ttl
            if case.now < expires:
                return RecoveryTask(candidate.name, trigger, lost.call, device, begins, expires, made=lost.at)
    return None


def in_call(pass_name: str, state: ContactState, case: Case) -> str | None:
    """The pass that stands by, with an agent, while a script of `pass_name` is played to this contact."""
    for candidate in case.campaign.passes:
        recovery = candidate.recovery
        if recovery is None or recovery.mode != "in_call" or recovery.pass_name != pass_name:
            continue
        if Trigger.NO_INPUT in recovery.triggers and _may(candidate, recovery, state, case, calls=0):
            return candidate.name
    return None


def rescued(
    state: ContactState, case: Case, intent: Intent, outcome: Outcome
) -> tuple[ContactState, list[Line]]:
    """The state after an attempt on whose live line a recovery began, counted for the day, and the two lines
    that tell of it: it is over with the call."""
    saved = outcome.rescued
    if saved is None or intent.in_call is None:
        return state, []
    reached = outcome.result is Result.CONNECTED_AGENT
    told = _in_call_line(intent, saved, case)
    over: dict[str, object] = {
        **told,
        "kind": Kind.RECOVERY_ENDED,
        "at": outcome.at or case.now,
        "result": RecoveryEnd.REACHED if reached else RecoveryEnd.GAVE_UP,
        "reason": RecoveryEnd.REACHED if reached else outcome.result,
    }
    return replace(state, recovered_on=(*state.recovered_on, str(told["day"]))), [told, over]


def _in_call_line(intent: Intent, saved: Rescued, case: Case) -> dict[str, object]:
    return {
        "kind": Kind.RECOVERY_TRIGGERED,
        "at": saved.at,
        "pass": intent.in_call,
        "recovers": intent.attempt,
        "trigger": Trigger.NO_INPUT,
        "mode": "in_call",
        "reason": saved.why,
        "device": intent.device.kind,
        "address": intent.device.address,
        "day": local_date(case.campaign.zone, saved.at).isoformat(),
    }


def begun(task: RecoveryTask, state: ContactState, case: Case) -> tuple[ContactState, Line]:
    """The state with an open recovery, counted for the day, and the line that tells of it."""
    today = local_date(case.campaign.zone, case.now).isoformat()
    line = {
        "kind": Kind.RECOVERY_TRIGGERED,
        "pass": task.pass_name,
        "recovers": task.recovers,
        "trigger": task.trigger,
        "reason": task.trigger,
        "device": task.device.kind,
        "address": task.device.address,
        "day": today,
    }
    return replace(state, recovery=task, recovered_on=(*state.recovered_on, today)), line


def concluded(
    state: ContactState, how: RecoveryEnd, reason: str | None = None
) -> tuple[ContactState, list[Line]]:
    """The state without its recovery, and the line that tells how it ended; none was open: no line."""
    task = state.recovery
    if task is None:
        return state, []
    line = {
        "kind": Kind.RECOVERY_ENDED,
        "pass": task.pass_name,
        "recovers": task.recovers,
        "trigger": task.trigger,
        "result": how,
        "reason": reason or how,
        "day": state.recovered_on[-1] if state.recovered_on else None,  # of the loss
    }
    told = {key: value for key, value in line.items() if value is not None}
    return replace(state, recovery=None), [told]


def after_attempt(
    state: ContactState, case: Case, outcome: Outcome, *, settled: bool
) -> tuple[ContactState, list[Line]]:
    """What becomes of the open recovery after an attempt of it; `settled`: the person is done altogether."""
    task = state.recovery
    if task is None:
        return state, []
    if settled or outcome.result is Result.CONNECTED_AGENT:
        return concluded(state, RecoveryEnd.REACHED)
    candidate = case.campaign.find(task.pass_name)
    again = after(candidate.retry, outcome.result, task.tries)
    devices = _devices(candidate, case)
    place = _place(devices, task.device)
    if again.what is Again.NEXT_DEVICE and place + 1 < len(devices):
        task = replace(task, device=devices[place + 1], tries={})
    elif again.what is Again.SAME_DEVICE:
        task = replace(task, tries=again.used or {})
    else:
        return concluded(state, RecoveryEnd.GAVE_UP, outcome.result)
    if case.now + again.wait >= task.expires:
        return concluded(state, RecoveryEnd.EXPIRED, outcome.result)
    return replace(state, recovery=replace(task, not_before=case.now + again.wait)), []


def _listens(recovery: Recovery, pass_name: str, trigger: Trigger) -> bool:
    return recovery.pass_name == pass_name and recovery.mode == "recall" and trigger in recovery.triggers


def _may(candidate: Pass, recovery: Recovery, state: ContactState, case: Case, *, calls: int = 1) -> bool:
    """Whether the guards let it begin; `calls` are the attempts it takes."""
    today = local_date(case.campaign.zone, case.now).isoformat()
    cap = case.campaign.limits.attempts_per_contact
    if state.recovered_on.count(today) >= recovery.per_day or (
        cap is not None and state.attempts + calls > cap
    ):
        return False
    return unfit(candidate, state, case) is None


def _device_for(trigger: Trigger, candidate: Pass, case: Case, lost: Device) -> Device | None:
    devices = _devices(candidate, case)
    start = _place(devices, lost) + 1
    others = [d for d in (*devices[start:], *devices[:start]) if d.address != lost.address]
    if others:
        return others[0]
    return None if trigger is Trigger.NOT_CONNECTED else lost


def _devices(candidate: Pass, case: Case) -> tuple[Device, ...]:
    recovered = candidate.recovery.pass_name if candidate.recovery is not None else None
    kinds = candidate.devices or (case.campaign.find(recovered).devices if recovered is not None else ())
    return ordered_devices(candidate, kinds, case)


def _place(devices: Sequence[Device], device: Device) -> int:
    """Where a device stands in the order; before the first where it stands nowhere."""
    return next((i for i, d in enumerate(devices) if d.address == device.address), -1)
