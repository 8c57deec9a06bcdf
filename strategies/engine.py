"""Where a contact stands in a sub-campaign and what comes next: state, event and time in, new state and step out.

The shells claim, dial and write; pacing says how many at once. What is settled here beyond the language:

* A pass judges a contact as soon as it opens for it, not only within its hours, so that nobody who does not fit
  keeps a pass from ending; it judges again immediately before each attempt.
* A contact waits, without a ledger line, for hours, retries, its cap of the day, and passes to end. A line `skipped`
  says that a pass gave it up, or that a claim was refused; the same refusal is told once, not at every look.
* After an attempt whose fate is unknown nothing is tried for the campaign's `unknown_cool_down`.
* A pass `with` another opens for a contact when that one has taken it up or passed it over, and closes when that
  one is over for all. Until then a contact that does not fit it yet is looked at again after each of its attempts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from strategies import recovery
from strategies.attempts import Intent, Outcome
from strategies.campaign import Campaign
from strategies.contacts import Contact
from strategies.eligibility import unfit
from strategies.passage import after_result, day_cap, through_pass, traverse
from strategies.records import record_of, with_record, with_result
from strategies.refusals import ACTIONS, Action
from strategies.state import ContactState, Dial, Ended, Move, PassRecord, Step, SubCampaign, Wait
from strategies.vocabulary import (
    CALL_AGAIN,
    OPT_OUT,
    SUCCESS,
    WRONG_PARTY,
    Kind,
    RecoveryEnd,
    Refusal,
    Result,
    RunState,
)
from strategies.windows import contact_zones, local_date, next_midnight, next_opening, pass_window

Line = Mapping[str, object]

PERSON_BUSY_AGAIN = 30.0  # seconds until a person another campaign is calling is asked for again
OUTSIDE_WINDOW_AGAIN = 60.0  # seconds; the claim's clock and ours differ by less


def enter() -> ContactState:
    """A contact newly attached to a sub-campaign."""
    return ContactState()


def advance(contact: Contact, state: ContactState, sub: SubCampaign, now: float) -> Move:
    """What to do with this contact at `now` (epoch seconds).

    Idempotent: advancing the state it returns, at the same moment, returns that state, the same step and no lines.
    """
    if state.ended is not None:
        return Move(state, Ended(state.ended))
    if state.live is not None:
        return Move(state, Wait(None, "in_progress"))
    reason = _exhausted(state, sub, now)
    if reason is not None:
        return _finished(state, reason, RecoveryEnd.CALLED_OFF)
    held = _held(state, sub, now)
    if held is not None:
        return Move(state, held)
    state, step, lines = _recover(contact, state, sub, now)
    if step is None:
        state, step, more = traverse(contact, state, sub, now)
        lines = [*lines, *more]
    if step is None:
        return _finished(state, "no_pass_left", RecoveryEnd.CALLED_OFF, lines)
    return Move(state, step, tuple(lines))


def claimed(state: ContactState, dial: Dial, attempt: str, now: float, sub: SubCampaign) -> ContactState:
    """The state as the claim of this dial writes it: the attempt is live and counted."""
    today = local_date(sub.campaign.zone, now).isoformat()
    counted = state.attempts_today if state.day == today else 0
    state = replace(
        state, live=attempt, attempts=state.attempts + 1, day=today, attempts_today=counted + 1, skipped=""
    )
    if record_of(state, dial.pass_name) is None:
        return with_record(state, PassRecord(dial.pass_name))
    return state


def released(state: ContactState, attempt: str) -> ContactState:
    """The state before the claim of an attempt that was certainly never placed: it counts for nothing."""
    if state.live != attempt:
        return state
    return replace(
        state,
        live=None,
        attempts=max(0, state.attempts - 1),
        attempts_today=max(0, state.attempts_today - 1),
    )


def ended(
    contact: Contact, state: ContactState, sub: SubCampaign, intent: Intent, outcome: Outcome, now: float
) -> Move:
    """What follows an attempt's end: retries, the next device or pass, recovery, or the contact's own end.

    Waits count from `outcome.at`, from `now` if that is 0. An attempt that is not the live one changes nothing.
    """
    if state.live != intent.attempt:
        return advance(contact, state, sub, now)
    at = outcome.at or now
    campaign = sub.campaign
    state = _recorded(state, campaign, intent, outcome, at)
    reason = settled(state, outcome, campaign)
    lines: list[Line] = []
    task = state.recovery
    if task is not None and task.pass_name == intent.pass_name:
        state, lines = recovery.after_attempt(
            contact, state, campaign, outcome, settled=reason is not None, at=at
        )
    elif reason is None:
        state, lines = _lost_or_on(contact, state, campaign, intent, outcome, at)
    if reason is not None:
        return _finished(state, reason, RecoveryEnd.CAME_BACK, lines)
    move = advance(contact, state, sub, now)
    return replace(move, lines=(*lines, *move.lines))


def settled(state: ContactState, outcome: Outcome, campaign: Campaign) -> str | None:
    """Why the contact is done after this outcome: `opt_out`, `wrong_party`, `success` or `connected_agent`."""
    said = frozenset(outcome.responses)
    for group in (OPT_OUT, WRONG_PARTY, SUCCESS):
        if said & campaign.group(group):
            return group
    if outcome.result is Result.CONNECTED_AGENT and CALL_AGAIN not in said:
        return str(Result.CONNECTED_AGENT)
    return None


def responded(
    contact: Contact, state: ContactState, sub: SubCampaign, responses: tuple[str, ...], now: float
) -> Move:
    """What follows when a person answers outside an attempt: a reply to a message, an agent's later disposition."""
    if state.ended is not None:
        return Move(state, Ended(state.ended))
    state = replace(state, responses=(*state.responses, *responses))
    reason = settled(state, Outcome("", Result.REPLIED, responses), sub.campaign)
    if reason is not None and state.live is None:
        return _finished(state, reason, RecoveryEnd.CAME_BACK)
    return advance(contact, state, sub, now)


def came_back(contact: Contact, state: ContactState, sub: SubCampaign, now: float) -> Move:
    """What follows when a person got through by another way: an open recovery ends, the passes go on."""
    if state.live is not None:
        return advance(contact, state, sub, now)
    state, lines = recovery.concluded(state, RecoveryEnd.CAME_BACK)
    move = advance(contact, state, sub, now)
    return replace(move, lines=(*lines, *move.lines))


def refused(
    contact: Contact, state: ContactState, sub: SubCampaign, dial: Dial, refusal: Refusal, now: float
) -> Move:
    """What follows when the store refused to claim `dial`: try later, another device, another pass, or the end."""
    action = ACTIONS[refusal]
    if action is Action.AT_ONCE:
        return Move(state, Wait(now, refusal))
    if action is Action.PARK:
        return Move(state, Wait(None, refusal))
    state, lines = _told(state, dial, refusal)
    if action is Action.END:
        return _finished(state, str(refusal), RecoveryEnd.CALLED_OFF, lines)
    if action is Action.LATER:
        state = replace(state, hold_until=_retry_at(refusal, sub, now))
    elif dial.recovery is not None:
        state, more = recovery.concluded(state, RecoveryEnd.CALLED_OFF, str(refusal))
        lines = [*lines, *more]
    else:
        state = through_pass(contact, state, sub.campaign, dial, action is Action.NEXT_DEVICE, refusal, now)
    move = advance(contact, state, sub, now)
    return replace(move, lines=(*lines, *move.lines))


def _exhausted(state: ContactState, sub: SubCampaign, now: float) -> str | None:
    """Why nothing more may be tried: the cap over all passes, or the end of the timeframe."""
    cap = sub.campaign.limits.attempts_per_contact
    if cap is not None and state.attempts >= cap:
        return str(Refusal.CAP_PERSON)
    return "timeframe_over" if sub.ends is not None and now >= sub.ends else None


def _held(state: ContactState, sub: SubCampaign, now: float) -> Wait | None:
    """What holds every attempt of this contact back: the run state, the timeframe, a cool-down."""
    if sub.run_state is not RunState.RUNNING:
        return Wait(None, Refusal.NOT_RUNNING)
    if sub.starts is not None and now < sub.starts:
        return Wait(sub.starts, Refusal.NOT_RUNNING)
    if now < state.hold_until and (state.recovery is None or state.hold_until < state.recovery.expires):
        return Wait(state.hold_until, "held")
    return None


def _recover(
    contact: Contact, state: ContactState, sub: SubCampaign, now: float
) -> tuple[ContactState, Step | None, list[Line]]:
    """The step of the open recovery; None, with its last line, when it is over or there is none."""
    task, campaign = state.recovery, sub.campaign
    if task is None:
        return state, None, []
    if now >= task.expires:
        return _no_step(recovery.concluded(state, RecoveryEnd.EXPIRED))
    candidate = campaign.find(task.pass_name)
    zones = contact_zones(contact, task.device, campaign)
    start = max(now, task.not_before, day_cap(state, campaign, now), state.hold_until)
    opening = next_opening(pass_window(campaign, candidate), zones, start)
    if opening is None or opening > now:
        until = task.expires if opening is None else min(opening, task.expires)
        return state, Wait(until, "recovery"), []
    refusal = unfit(candidate, contact, state, campaign, now)
    if refusal is not None:
        return _no_step(recovery.concluded(state, RecoveryEnd.CALLED_OFF, str(refusal)))
    return state, Dial(task.pass_name, task.device, task), []


def _no_step(
    over: tuple[ContactState, list[Line]],
) -> tuple[ContactState, Step | None, list[Line]]:
    return over[0], None, over[1]


def _recorded(
    state: ContactState, campaign: Campaign, intent: Intent, outcome: Outcome, at: float
) -> ContactState:
    unknown = outcome.result is Result.UNKNOWN
    state = replace(
        state,
        live=None,
        last_result=outcome.result,
        responses=(*state.responses, *outcome.responses),
        hold_until=at + campaign.limits.unknown_cool_down if unknown else state.hold_until,
    )
    return with_result(state, intent.pass_name, outcome.result)


def _lost_or_on(
    contact: Contact, state: ContactState, campaign: Campaign, intent: Intent, outcome: Outcome, at: float
) -> tuple[ContactState, list[Line]]:
    """Recovery if somebody was lost, else what the pass's retries say."""
    onward, given_up = after_result(contact, state, campaign, intent, outcome.result, at)
    task = recovery.task_for(contact, state, campaign, intent, outcome, given_up=given_up, at=at)
    if task is None:
        return onward, []
    today = local_date(campaign.zone, at).isoformat()
    taken = through_pass(
        contact, state, campaign, Dial(intent.pass_name, intent.device), False, "recovered", at
    )
    return replace(taken, recovery=task, recovered_on=(*taken.recovered_on, today)), [
        recovery.triggered(task)
    ]


def _finished(state: ContactState, reason: str, how: RecoveryEnd, lines: list[Line] | None = None) -> Move:
    """The contact is done: an open recovery ends with it, as `how` says."""
    state, closed = recovery.concluded(state, how, reason)
    line = {"kind": Kind.CONTACT_ENDED, "reason": reason}
    if state.last_result is not None:
        line["result"] = state.last_result
    return Move(replace(state, ended=reason), Ended(reason), (*(lines or []), *closed, line))


def _told(state: ContactState, dial: Dial, refusal: Refusal) -> tuple[ContactState, list[Line]]:
    """The ledger line of a refusal, unless it was the last thing told of this contact."""
    mark = f"{dial.pass_name}:{refusal}"
    if state.skipped == mark:
        return state, []
    line = {
        "kind": Kind.SKIPPED,
        "pass": dial.pass_name,
        "device": dial.device.kind,
        "address": dial.device.address,
        "reason": refusal,
    }
    return replace(state, skipped=mark), [line]


def _retry_at(refusal: Refusal, sub: SubCampaign, now: float) -> float:
    if refusal is Refusal.PERSON_BUSY:
        return now + PERSON_BUSY_AGAIN
    if refusal is Refusal.OUTSIDE_WINDOW:
        return now + OUTSIDE_WINDOW_AGAIN
    return next_midnight(sub.campaign.zone, now)
