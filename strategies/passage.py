"""How a contact moves through the passes: which is open for it, on which device, from when.

Recovery is left to `recovery`, what holds a contact back altogether to the engine.

Settled here, for passes that an override changes while they run: devices are gone through by address, so
that none given up is tried again and new ones are; the row goes on without a pass that is taken out, and who
waits for it or is in it is through with it; who has no other pass left waits for the end of the override.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from strategies.campaign import Pass, Window
from strategies.contacts import Device
from strategies.eligibility import attempts_today, devices_of, missing_values, unfit
from strategies.frozen import replace
from strategies.records import (
    TAKEN_OUT,
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
from strategies.state_hours import hours_of
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


def after_result(
    state: ContactState, case: Case, name: str, device: Device, result: Result
) -> tuple[ContactState, bool]:
    """The state after a result on a device in a pass, by its retries; and whether that gave the pass's first
    device up."""
    candidate = case.campaign.find(name)
    track = _track(state, candidate)
    again = after(candidate.retry, result, track.tries if track.on == device.address else {})
    stays = any(one.address == device.address for one in devices_of(candidate, case))
    if again.what is Again.SAME_DEVICE and stays and not _spent(state, candidate):
        not_before = case.now + again.wait
        waiting = replace(track, on=device.address, tries=again.used or {}, not_before=not_before)
        return _with_track(state, candidate, waiting), False
    first = not track.left
    if _spent(state, candidate):
        return leave_pass(state, case, name, "cap_pass"), first
    if again.what is not Again.THROUGH:
        return leave_device(state, case, name, device), first
    return leave_pass(state, case, name), first


def leave_device(
    state: ContactState, case: Case, name: str, device: Device, reason: str | None = None
) -> ContactState:
    """The state of a contact whose pass gives a device up and goes on at once with the next one; through with
    it if none is left."""
    candidate = case.campaign.find(name)
    following = Track(name, (*_track(state, candidate).left, device.address), not_before=case.now)
    if _device(following, devices_of(candidate, case)) is not None:
        return _with_track(state, candidate, following)
    return leave_pass(state, case, name, reason)


def leave_pass(state: ContactState, case: Case, name: str, reason: str | None = None) -> ContactState:
    """The state of a contact that is through with a pass; `reason` where the pass did not end by its own
    rules."""
    state, candidate = through(state, name, case.now, reason), case.campaign.find(name)
    if not is_main(candidate):
        return replace(state, beside=tuple(t for t in state.beside if t.pass_name != name))
    passes = case.campaign.passes
    following = range(passes.index(candidate) + 1, len(passes))
    return _at(state, next((index for index in following if is_main(passes[index])), len(passes)))


def _row(state: ContactState, case: Case) -> Passage:
    """The step of the pass the contact is in; passes that do not take it are passed over, each with its
    line."""
    passes, lines = case.campaign.passes, list[Line]()
    while (index := main_index(case.campaign, state.pass_index)) < len(passes):
        candidate = passes[index]
        state = _past_those_taken_out(state, index, case)
        if record_of(state, candidate.name) is None:
            opens = _opens(candidate, state, case)
            if opens is None:
                return state, Wait(None, "pass_not_open"), lines
            if case.now < opens:
                return state, _until_open(candidate, state, case, opens), lines
        state, step, more = _in_pass(candidate, state, case)
        lines.extend(more)
        if step is not None:
            return state, step, lines
    if any(_only_out(one, state) for one in passes[state.pass_index :]):
        return state, Wait(case.sub.plan_until, TAKEN_OUT), lines
    return replace(state, pass_index=len(passes)), None, lines


def _only_out(candidate: Pass, state: ContactState) -> bool:
    """Whether a pass of the row would still take the contact had no override taken it out."""
    return candidate.out and is_main(candidate) and not is_through(state, candidate.name)


def _past_those_taken_out(state: ContactState, index: int, case: Case) -> ContactState:
    """The state of a contact that goes on to the pass at `index`, through with those left out before it."""
    for one in case.campaign.passes[state.pass_index : index]:
        if _only_out(one, state):
            state = through(state, one.name, case.now, TAKEN_OUT)
    return state if index == state.pass_index else _at(state, index)


def _at(state: ContactState, index: int) -> ContactState:
    """The state of a contact that begins with the pass at `index`."""
    return replace(state, pass_index=index, left=(), on="", tries={}, not_before=0.0)


def _beside(candidate: Pass, state: ContactState, case: Case) -> Passage:
    """The step of a pass that runs `with` another, None when it is closed for the contact."""
    host, record = candidate.beside or "", record_of(state, candidate.name)
    if host in case.sub.passes_ended:
        if record is None:
            return _passed_over(candidate, state, case, Refusal.NOT_ELIGIBLE_NOW)
        return leave_pass(state, case, candidate.name, "closed"), None, []
    if candidate.out or any(one.out and one.name == host for one in case.campaign.passes):
        return state, Wait(case.sub.plan_until, TAKEN_OUT), []
    if record_of(state, host) is None:
        return state, Wait(None, "pass_not_open"), []
    if record is None:
        refusal = unfit(candidate, state, case)
        if refusal is not None:
            return state, Wait(None, refusal), []
    return _in_pass(candidate, state, case)


def _in_pass(candidate: Pass, state: ContactState, case: Case) -> Passage:
    """The step of a pass open for the contact, which is judged when taken up and again before each
    attempt."""
    fresh = record_of(state, candidate.name) is None
    refusal = unfit(candidate, state, case) if fresh else None
    if refusal is not None:
        return _passed_over(candidate, state, case, refusal)
    if fresh:
        state = with_record(state, PassRecord(candidate.name))
    track = _track(state, candidate)
    device = _device(track, devices_of(candidate, case))
    if device is None:  # the list was imported anew meanwhile, or an override has other devices
        return _passed_over(candidate, state, case, unfit(candidate, state, case) or Refusal.NO_DEVICE)
    if _spent(state, candidate):  # an override has lowered the cap meanwhile
        return _passed_over(candidate, state, case, Refusal.CAP_PERSON)
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
    cap = candidate.limits.attempts_per_day
    record = None if cap is None else record_of(state, candidate.name)
    if cap is None or record is None or record.today < cap:
        return 0.0
    if record.day != local_date(case.campaign.zone, case.now).isoformat():
        return 0.0
    return next_midnight(case.campaign.zone, case.now)


def _spent(state: ContactState, candidate: Pass) -> bool:
    """Whether the contact has had all the attempts the pass allows it."""
    cap = candidate.limits.attempts_per_contact
    record = None if cap is None else record_of(state, candidate.name)
    return cap is not None and record is not None and len(record.results) >= cap


def _hours(candidate: Pass, device: Device, case: Case) -> tuple[Window, tuple[str, ...]]:
    """The window of a pass and the zones it holds in for a device."""
    hours = hours_of(case.campaign, candidate, case.contact, device)
    return hours, contact_zones(case.contact, device, case.campaign)


def _opens(candidate: Pass, state: ContactState, case: Case) -> float | None:
    """The moment a pass of the row opens for the contact, its days to wait over; None while it is not
    known."""
    before = pass_before(case.campaign, candidate.name, state)
    if before is None:
        return 0.0
    if candidate.start == "contact" or before.out:
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


def _until_open(candidate: Pass, state: ContactState, case: Case, opens: float) -> Wait:
    """Until the first hour in which the pass may try the contact; who does not fit is passed over as soon as
    it opens, or the next pass would wait for their hours."""
    fits = unfit(candidate, state, case) is None
    devices = devices_of(candidate, case) if fits else ()
    first = next_opening(*_hours(candidate, devices[0], case), opens) if devices else None
    return Wait(opens if first is None else first, "wait_days")


def _passed_over(candidate: Pass, state: ContactState, case: Case, refusal: Refusal) -> Passage:
    """The contact is through with a pass that does not take it, or takes it no more; no attempt is made."""
    line: dict[str, object] = {"kind": Kind.SKIPPED, "pass": candidate.name, "reason": refusal}
    if refusal is Refusal.NOT_ELIGIBLE_NOW and (missing := missing_values(candidate, state, case)):
        line["missing"] = missing
    return leave_pass(state, case, candidate.name, refusal), None, [line]


def _device(track: Track, devices: Sequence[Device]) -> Device | None:
    """The device the pass is at: the first that was not given up."""
    return next((device for device in devices if device.address not in track.left), None)


def _track(state: ContactState, candidate: Pass) -> Track:
    if is_main(candidate):
        return Track(candidate.name, state.left, state.on, state.tries, state.not_before)
    return next((t for t in state.beside if t.pass_name == candidate.name), Track(candidate.name))


def _with_track(state: ContactState, candidate: Pass, track: Track) -> ContactState:
    if is_main(candidate):
        return replace(state, left=track.left, on=track.on, tries=track.tries, not_before=track.not_before)
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
