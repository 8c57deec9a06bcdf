"""How a contact moves through the passes: which is open for it, on which device, from when; recovery is apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf

from strategies.attempts import Intent
from strategies.campaign import Campaign, Pass
from strategies.contacts import Contact
from strategies.eligibility import attempts_today, devices_of, unfit
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
from strategies.state import ContactState, Dial, PassRecord, Step, SubCampaign, Track, Wait
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


def traverse(contact: Contact, state: ContactState, sub: SubCampaign, now: float) -> Passage:
    """The next step over all passes open for the contact: a dial before any wait; None when no pass is left."""
    state, step, lines = _row(contact, state, sub, now)
    for candidate in sub.campaign.passes:
        if isinstance(step, Dial):
            break
        if candidate.start == "with" and not is_through(state, candidate.name):
            state, other, more = _beside(candidate, contact, state, sub, now)
            step, lines = _sooner(step, other), [*lines, *more]
    return state, step, lines


def after_result(
    contact: Contact, state: ContactState, campaign: Campaign, intent: Intent, result: Result, at: float
) -> tuple[ContactState, bool]:
    """The state after a result by the pass's retries, and whether the pass gave its first device up with it."""
    candidate = campaign.find(intent.pass_name)
    track = _track(state, candidate)
    again = after(candidate.retry, result, track.tries)
    if again.what is Again.SAME_DEVICE:
        waiting = replace(track, tries=again.used or {}, not_before=at + again.wait)
        return _with_track(state, candidate, waiting), False
    dial = Dial(intent.pass_name, intent.device)
    onward = through_pass(contact, state, campaign, dial, again.what is Again.NEXT_DEVICE, None, at)
    return onward, track.device_index == 0


def through_pass(
    contact: Contact,
    state: ContactState,
    campaign: Campaign,
    dial: Dial,
    next_device: bool,
    reason: str | None,
    at: float,
) -> ContactState:
    """The state of a contact that is done with a device (`next_device`), or with the whole pass of a dial."""
    candidate = campaign.find(dial.pass_name)
    track = _track(state, candidate)
    if next_device and track.device_index + 1 < len(devices_of(candidate, contact, campaign)):
        return _with_track(state, candidate, Track(candidate.name, track.device_index + 1, {}, at))
    return _left(through(state, candidate.name, at, reason), candidate, campaign)


def _row(contact: Contact, state: ContactState, sub: SubCampaign, now: float) -> Passage:
    """The step of the pass the contact is in; passes that do not take it are passed over, each with its line."""
    campaign, lines = sub.campaign, list[Line]()
    while (index := main_index(campaign, state.pass_index)) < len(campaign.passes):
        candidate = campaign.passes[index]
        state = replace(state, pass_index=index) if index != state.pass_index else state
        if record_of(state, candidate.name) is None:
            opens = _opens(candidate, contact, state, sub)
            if opens is None:
                return state, Wait(None, "pass_not_open"), lines
            if now < opens:
                return state, _until_open(candidate, contact, campaign, opens), lines
        state, step, more = _in_pass(candidate, contact, state, campaign, now)
        lines.extend(more)
        if step is not None:
            return state, step, lines
    return replace(state, pass_index=len(campaign.passes)), None, lines


def _beside(candidate: Pass, contact: Contact, state: ContactState, sub: SubCampaign, now: float) -> Passage:
    """The step of a pass that runs `with` another, None when it is closed for the contact."""
    campaign, host = sub.campaign, candidate.beside or ""
    record = record_of(state, candidate.name)
    if host in sub.passes_ended:
        if record is None:
            return _passed_over(state, candidate, campaign, Refusal.NOT_ELIGIBLE_NOW, now)
        return _left(through(state, candidate.name, now, "closed"), candidate, campaign), None, []
    if record_of(state, host) is None:
        return state, Wait(None, "pass_not_open"), []
    if record is None:
        refusal = _refusal(candidate, contact, state, campaign, now)
        if refusal is not None:
            return state, Wait(None, refusal), []
    return _in_pass(candidate, contact, state, campaign, now)


def _in_pass(
    candidate: Pass, contact: Contact, state: ContactState, campaign: Campaign, now: float
) -> Passage:
    """The step of a pass that is open for the contact: judged when taken up and again before each attempt."""
    if record_of(state, candidate.name) is None:
        refusal = _refusal(candidate, contact, state, campaign, now)
        if refusal is not None:
            return _passed_over(state, candidate, campaign, refusal, now)
        state = with_record(state, PassRecord(candidate.name))
    track = _track(state, candidate)
    devices = devices_of(candidate, contact, campaign)
    if track.device_index >= len(devices):  # the list was imported anew meanwhile
        return _passed_over(state, candidate, campaign, Refusal.NO_DEVICE, now)
    device = devices[track.device_index]
    start = max(now, track.not_before, day_cap(state, campaign, now))
    opening = next_opening(pass_window(campaign, candidate), contact_zones(contact, device, campaign), start)
    if opening is None:
        return _passed_over(state, candidate, campaign, Refusal.OUTSIDE_WINDOW, now)
    if opening > now:
        return state, Wait(opening, Refusal.OUTSIDE_WINDOW if opening > start else "retry"), []
    refusal = unfit(candidate, contact, state, campaign, now)
    if refusal is not None:
        return _passed_over(state, candidate, campaign, refusal, now)
    return state, Dial(candidate.name, device), []


def day_cap(state: ContactState, campaign: Campaign, now: float) -> float:
    """The moment from which the cap of the day leaves room; 0 when it does now."""
    cap = campaign.limits.attempts_per_day
    if cap is None or attempts_today(state, campaign, now) < cap:
        return 0.0
    return next_midnight(campaign.zone, now)


def _refusal(
    candidate: Pass, contact: Contact, state: ContactState, campaign: Campaign, now: float
) -> Refusal | None:
    if not devices_of(candidate, contact, campaign):
        return Refusal.NO_DEVICE
    return unfit(candidate, contact, state, campaign, now)


def _opens(candidate: Pass, contact: Contact, state: ContactState, sub: SubCampaign) -> float | None:
    """The moment from which a pass of the row is open for the contact, its days to wait over; None: not known yet."""
    campaign = sub.campaign
    before = pass_before(campaign, candidate.name)
    if before is None:
        return 0.0
    if candidate.start == "contact":
        record = record_of(state, before.name)
        ended_at = record.through_at if record is not None else None
    else:
        ended_at = sub.passes_ended.get(before.name)
    if ended_at is None or candidate.wait_days == 0:
        return ended_at
    ended_on = local_date(campaign.zone, ended_at)
    day = day_after_waiting(ended_on, candidate.wait_days, pass_window(campaign, candidate).days)
    devices = devices_of(candidate, contact, campaign)
    zones = contact_zones(contact, devices[0], campaign) if devices else ()
    return ended_at if day is None else start_of(day, (campaign.zone, *zones))


def _until_open(candidate: Pass, contact: Contact, campaign: Campaign, opens: float) -> Wait:
    devices = devices_of(candidate, contact, campaign)
    if not devices:
        return Wait(opens, "wait_days")
    zones = contact_zones(contact, devices[0], campaign)
    return Wait(next_opening(pass_window(campaign, candidate), zones, opens) or opens, "wait_days")


def _passed_over(
    state: ContactState, candidate: Pass, campaign: Campaign, refusal: Refusal, now: float
) -> Passage:
    """The contact is through with a pass that does not take it, or takes it no more; no attempt is made."""
    line = {"kind": Kind.SKIPPED, "pass": candidate.name, "reason": refusal}
    return _left(through(state, candidate.name, now, refusal), candidate, campaign), None, [line]


def _left(state: ContactState, candidate: Pass, campaign: Campaign) -> ContactState:
    """The state of a contact that has left a pass: the row goes on to its next pass."""
    if not is_main(candidate):
        return replace(state, beside=tuple(t for t in state.beside if t.pass_name != candidate.name))
    index = main_index(campaign, campaign.passes.index(candidate) + 1)
    return replace(state, pass_index=index, device_index=0, tries={}, not_before=0.0)


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
