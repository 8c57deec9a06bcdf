"""Whom a dialer pass recovers: which loss triggers it, on which device, under which guards, and how it ends.

Settled here, where the language leaves room:

* `not_connected` starts at once, without `delay`; the other triggers wait for it. It needs another device than the
  one given up: without one the pass goes on as if there were no recovery.
* The device after the last one is the first. A person with one device is called on it again.
* While a recovery is open the contact goes into no further pass: who is about to be called is not written to.
* A recovery pass may have `retry` of its own, within its `ttl`; otherwise it makes one attempt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from strategies.attempts import Intent, Outcome
from strategies.campaign import Campaign, Pass, Recovery
from strategies.contacts import Contact, Device
from strategies.eligibility import ordered_devices, unfit
from strategies.retries import Again, after
from strategies.state import ContactState, RecoveryTask
from strategies.vocabulary import Kind, RecoveryEnd, Result, Trigger
from strategies.windows import local_date

Line = Mapping[str, object]

GIVEN_UP = frozenset({Result.BUSY, Result.NO_ANSWER, Result.CONGESTION, Result.BAD_DEVICE})


def task_for(
    contact: Contact,
    state: ContactState,
    campaign: Campaign,
    intent: Intent,
    outcome: Outcome,
    *,
    given_up: bool,
    at: float,
) -> RecoveryTask | None:
    """The recovery this attempt's end triggers, None if none: the most specific trigger a pass listens to.

    `given_up`: the attempt was on the pass's first device, whose retries are used; `at` in epoch seconds.
    """
    for trigger in outcome.triggers:
        for candidate in campaign.passes:
            recovery = candidate.recovery
            if recovery is None or not _listens(recovery, intent.pass_name, trigger):
                continue
            if trigger is Trigger.NOT_CONNECTED and not given_up:
                continue
            device = _device_for(trigger, candidate, contact, campaign, intent.device)
            if device is not None and _may(candidate, recovery, contact, state, campaign, at):
                return _task(candidate, recovery, trigger, intent.attempt, device, at)
    return None


def _listens(recovery: Recovery, pass_name: str, trigger: Trigger) -> bool:
    return recovery.pass_name == pass_name and recovery.mode == "recall" and trigger in recovery.triggers


def _may(
    candidate: Pass,
    recovery: Recovery,
    contact: Contact,
    state: ContactState,
    campaign: Campaign,
    at: float,
) -> bool:
    today = local_date(campaign.zone, at).isoformat()
    cap = campaign.limits.attempts_per_contact
    if state.recovered_on.count(today) >= recovery.per_day or (cap is not None and state.attempts >= cap):
        return False
    return unfit(candidate, contact, state, campaign, at) is None


def _task(
    candidate: Pass, recovery: Recovery, trigger: Trigger, attempt: str, device: Device, at: float
) -> RecoveryTask:
    delay = 0.0 if trigger is Trigger.NOT_CONNECTED else recovery.delay
    return RecoveryTask(candidate.name, trigger, attempt, device, at + delay, at + recovery.ttl)


def _device_for(
    trigger: Trigger, candidate: Pass, contact: Contact, campaign: Campaign, lost: Device
) -> Device | None:
    others = [d for d in _after(_devices(candidate, contact, campaign), lost) if d.address != lost.address]
    if others:
        return others[0]
    return None if trigger is Trigger.NOT_CONNECTED else lost


def _devices(candidate: Pass, contact: Contact, campaign: Campaign) -> tuple[Device, ...]:
    recovered = candidate.recovery.pass_name if candidate.recovery is not None else None
    kinds = candidate.devices or (campaign.find(recovered).devices if recovered is not None else ())
    return ordered_devices(candidate.medium, kinds, contact, campaign)


def _after(devices: Sequence[Device], lost: Device) -> Sequence[Device]:
    """The devices in order from the one after `lost`, around to it."""
    places = [i for i, d in enumerate(devices) if d.address == lost.address]
    start = places[0] + 1 if places else 0
    return (*devices[start:], *devices[:start])


def triggered(task: RecoveryTask) -> Line:
    """The ledger line of a recovery that begins."""
    return {
        "kind": Kind.RECOVERY_TRIGGERED,
        "pass": task.pass_name,
        "recovers": task.recovers,
        "trigger": task.trigger,
        "device": task.device.kind,
        "address": task.device.address,
    }


def concluded(
    state: ContactState, how: RecoveryEnd, reason: str | None = None
) -> tuple[ContactState, list[Line]]:
    """The state without its recovery, and the line that tells how it ended; none was open: nothing."""
    task = state.recovery
    if task is None:
        return state, []
    line = {
        "kind": Kind.RECOVERY_ENDED,
        "pass": task.pass_name,
        "recovers": task.recovers,
        "trigger": task.trigger,
        "result": how,
        "reason": reason,
    }
    return replace(state, recovery=None), [{key: value for key, value in line.items() if value is not None}]


def after_attempt(
    contact: Contact, state: ContactState, campaign: Campaign, outcome: Outcome, *, settled: bool, at: float
) -> tuple[ContactState, list[Line]]:
    """What becomes of the open recovery after an attempt of it. `settled`: the person is done with the campaign."""
    task = state.recovery
    if task is None:
        return state, []
    if settled or outcome.result is Result.CONNECTED_AGENT:
        return concluded(state, RecoveryEnd.REACHED)
    candidate = campaign.find(task.pass_name)
    again = after(candidate.retry, outcome.result, task.tries)
    device = task.device
    if again.what is Again.NEXT_DEVICE:
        remaining = _until_end(_devices(candidate, contact, campaign), device)
        device = remaining[0] if remaining else device
    if again.what is Again.THROUGH or (again.what is Again.NEXT_DEVICE and device is task.device):
        return concluded(state, RecoveryEnd.GAVE_UP, outcome.result)
    if at + again.wait >= task.expires:
        return concluded(state, RecoveryEnd.EXPIRED, outcome.result)
    later = replace(task, device=device, tries=again.used or {}, not_before=at + again.wait)
    return replace(state, recovery=later), []


def _until_end(devices: Sequence[Device], last: Device) -> Sequence[Device]:
    places = [i for i, d in enumerate(devices) if d.address == last.address]
    return devices[places[0] + 1 :] if places else ()
