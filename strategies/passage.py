"""How a contact moves through the passes: which is open for it, on which device, from when.

Recovery is left to `recovery`, what holds a contact back altogether to the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf

from strategies.campaign import Pass, Window
from strategies.contacts import Device
from strategies.eligibility import attempts_today, devices_of, missing_values, unfit
from strategies.records import (
    is_main,
    is_through,
    main_index,
    pass_before,
    record_of,
    through,
    with_record,
)
from strategies.retries import Again, after
from strategies.state import Case, ContactState, Dial, PassRecord, Step, Track, Wait
from strategies.vocabulary import Kind, Refusal, Result
from strategies.windows import (
    contact_zones,
    day_after_waiting,
    local_date,
    next_midnight,
    next_opening,
    pass_window,
    start_of,
)

Line = Mapping[str, object]
Passage = tuple[ContactState, Step | None, list[Line]]


def traverse(state: ContactState, case: Case) -> Passage:
    """The next step over all passes open for the contact: a dial before any wait; None when no pass is
    left."""
    state, step, lines = _row(state, case)
    for candidate in case.campaign.passes:
        if isinstance(step, Dial):
            break
        if candidate.start == "with" and not is_through(state, candidate.name):
            state, other, more = _beside(candidate, state, case)
            step, lines = _sooner(step, other), [*lines, *more]
    return state, step, lines


def after_result(state: ContactState, case: Case, name: str, result: Result) -> tuple[ContactState, bool]:
    """The state after a result in a pass, by its retries; and whether that gave the pass's first device
    up."""
    candidate = case.campaign.find(name)
    track = _track(state, candidate)
    again = after(candidate.retry, result, track.tries)
    if again.what is Again.SAME_DEVICE and not _spent(state, candidate):
        waiting = replace(track, tries=again.used or {}, not_before=case.now + again.wait)
        return _with_track(state, candidate, waiting), False
    first = track.device_index == 0
    if _spent(state, candidate):
        return leave_pass(state, case, name, "cap_pass"), first
    if again.what is Again.NEXT_DEVICE:
        return leave_device(state, case, name), first
    return leave_pass(state, case, name), first


def leave_device(state: ContactState, case: Case, name: str, reason: str | None = None) -> ContactState:
    """The state of a contact whose pass goes on at once with the next device; through with it if none is
    left."""
    candidate = case.campaign.find(name)
    index = _track(state, candidate).device_index + 1
    if index < len(devices_of(candidate, case)):
        return _with_track(state, candidate, Track(name, index, {}, case.now))
    return leave_pass(state, case, name, reason)


def leave_pass(state: ContactState, case: Case, name: str, reason: str | None = None) -> ContactState:
    """The state of a contact that is through with a pass; `reason` where the pass did not end by its own
    rules."""
    state, candidate = through(state, name, case.now, reason), case.campaign.find(name)
    if not is_main(candidate):
        return replace(state, beside=tuple(t for t in state.beside if t.pass_name != name))
    index = main_index(case.campaign, case.campaign.passes.index(candidate) + 1)
    return replace(state, pass_index=index, device_index=0, tries={}, not_before=0.0)


def _row(state: ContactState, case: Case) -> Passage:
    """The step of the pass the contact is in; passes that do not take it are passed over, each with its
    line."""
    passes, lines = case.campaign.passes, list[Line]()
    while (index := main_index(case.campaign, state.pass_index)) < len(passes):
        candidate = passes[index]
        state = replace(state, pass_index=index) if index != state.pass_index else state
        if record_of(state, candidate.name) is None:
            opens = _opens(candidate, state, case)
            if opens is None:
                return state, Wait(None, "pass_not_open"), lines
            if case.now < opens:
                return state, _until_open(candidate, case, opens), lines
        state, step, more = _in_pass(candidate, state, case)
        lines.extend(more)
        if step is not None:
            return state, step, lines
    return replace(state, pass_index=len(passes)), None, lines


def _beside(candidate: Pass, state: ContactState, case: Case) -> Passage:
    """The step of a pass that runs `with` another, None when it is closed for the contact."""
    host, record = candidate.beside or "", record_of(state, candidate.name)
    if host in case.sub.passes_ended:
        if record is None:
            return _passed_over(candidate, state, case, Refusal.NOT_ELIGIBLE_NOW)
        return leave_pass(state, case, candidate.name, "closed"), None, []
    if record_of(state, host) is None:
        return state, Wait(None, "pass_not_open"), []
    if record is None:
        refusal = _refusal(candidate, state, case)
        if refusal is not None:
            return state, Wait(None, refusal), []
    return _in_pass(candidate, state, case)


def _in_pass(candidate: Pass, state: ContactState, case: Case) -> Passage:
    """The step of a pass open for the contact, which is judged when taken up and again before each
    attempt."""
    fresh = record_of(state, candidate.name) is None
    refusal = _refusal(candidate, state, case) if fresh else None
    if refusal is not None:
        return _passed_over(candidate, state, case, refusal)
    if fresh:
        state = with_record(state, PassRecord(candidate.name))
    track, devices = _track(state, candidate), devices_of(candidate, case)
    if track.device_index >= len(devices):  # the list was imported anew meanwhile
        return _passed_over(candidate, state, case, Refusal.NO_DEVICE)
    if _spent(state, candidate):  # an override has lowered the cap meanwhile
        return _passed_over(candidate, state, case, Refusal.CAP_PERSON)
    device = devices[track.device_index]
    start = max(case.now, track.not_before, day_cap(state, case), _pass_day_cap(candidate, state, case))
    opening = next_opening(*_hours(candidate, device, case), start)
    if opening is None:
        return _passed_over(candidate, state, case, Refusal.OUTSIDE_WINDOW)
    if opening > case.now:
        return state, Wait(opening, Refusal.OUTSIDE_WINDOW if opening > start else "retry"), []
    refusal = None if fresh else unfit(candidate, state, case)
    if refusal is not None:
        return _passed_over(candidate, state, case, refusal)
    return state, Dial(candidate.name, device), []


def day_cap(state: ContactState, case: Case) -> float:
    """The moment from which the cap of the day leaves room; 0 when it does now."""
    cap = case.campaign.limits.attempts_per_day
    if cap is None or attempts_today(state, case.campaign, case.now) < cap:
        return 0.0
    return next_midnight(case.campaign.zone, case.now)


def _pass_day_cap(candidate: Pass, state: ContactState, case: Case) -> float:
    """The moment from which the pass's own cap of the day leaves room; 0 when it does now."""
    cap, record = candidate.limits.attempts_per_day, record_of(state, candidate.name)
    today = local_date(case.campaign.zone, case.now).isoformat()
    if cap is None or record is None or record.day != today or record.today < cap:
        return 0.0
    return next_midnight(case.campaign.zone, case.now)


def _spent(state: ContactState, candidate: Pass) -> bool:
    """Whether the contact has had all the attempts the pass allows it."""
    cap, record = candidate.limits.attempts_per_contact, record_of(state, candidate.name)
    return cap is not None and record is not None and len(record.results) >= cap


def _hours(candidate: Pass, device: Device, case: Case) -> tuple[Window, tuple[str, ...]]:
    """The window of a pass and the zones it holds in for a device."""
    return pass_window(case.campaign, candidate), contact_zones(case.contact, device, case.campaign)


def _refusal(candidate: Pass, state: ContactState, case: Case) -> Refusal | None:
    return unfit(candidate, state, case) if devices_of(candidate, case) else Refusal.NO_DEVICE


def _opens(candidate: Pass, state: ContactState, case: Case) -> float | None:
    """The moment a pass of the row opens for the contact, its days to wait over; None while it is not
    known."""
    before = pass_before(case.campaign, candidate.name)
    if before is None:
        return 0.0
    if candidate.start == "contact":
        record = record_of(state, before.name)
        ended_at = record.through_at if record is not None else None
    else:
        ended_at = case.sub.passes_ended.get(before.name)
    if ended_at is None or candidate.wait_days == 0:
        return ended_at
    return _after_days(candidate, case, ended_at)


def _after_days(candidate: Pass, case: Case, ended_at: float) -> float:
    """The start of the allowed day after `wait_days` of them, where that day has begun for pass and
    contact."""
    zone, devices = case.campaign.zone, devices_of(candidate, case)
    window = pass_window(case.campaign, candidate)
    day = day_after_waiting(local_date(zone, ended_at), candidate.wait_days, window)
    zones = contact_zones(case.contact, devices[0], case.campaign) if devices else ()
    return ended_at if day is None else start_of(day, (zone, *zones))


def _until_open(candidate: Pass, case: Case, opens: float) -> Wait:
    devices = devices_of(candidate, case)
    first = next_opening(*_hours(candidate, devices[0], case), opens) if devices else None
    return Wait(opens if first is None else first, "wait_days")


def _passed_over(candidate: Pass, state: ContactState, case: Case, refusal: Refusal) -> Passage:
    """The contact is through with a pass that does not take it, or takes it no more; no attempt is made."""
    line: dict[str, object] = {"kind": Kind.SKIPPED, "pass": candidate.name, "reason": refusal}
    if refusal is Refusal.NOT_ELIGIBLE_NOW and (missing := missing_values(candidate, state, case)):
        line["missing"] = missing
    return leave_pass(state, case, candidate.name, refusal), None, [line]


def _track(state: ContactState, candidate: Pass) -> Track:
    if is_main(candidate):
        return Track(candidate.name, state.device_index, state.tries, state.not_before)
    return next((t for t in state.beside if t.pass_name == candidate.name), Track(candidate.name))


def _with_track(state: ContactState, candidate: Pass, track: Track) -> ContactState:
    if is_main(candidate):
        return replace(state, device_index=track.device_index, tries=track.tries, not_before=track.not_before)
    others = tuple(t for t in state.beside if t.pass_name != track.pass_name)
    return replace(state, beside=(*others, track))


def _sooner(a: Step | None, b: Step | None) -> Step | None:
    """A dial before any wait, the shorter wait before the longer one."""
    if a is None or isinstance(b, Dial):
        return b
    if b is None or isinstance(a, Dial) or not (isinstance(a, Wait) and isinstance(b, Wait)):
        return a
    return a if _until(a) <= _until(b) else b


def _until(wait: Wait) -> float:
    return inf if wait.until is None else wait.until
