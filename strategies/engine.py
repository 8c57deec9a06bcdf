"""Where a contact stands in a sub-campaign and what comes next: state, event and time in, state and step out.

The shells claim, dial and write; pacing says how many at once. What is settled here beyond the language:

* A pass judges a contact as soon as it opens for it, not only within its hours, so that nobody who does not
  fit keeps a pass from ending; it judges again immediately before each attempt.
* A contact waits, without a ledger line, for hours, retries, its cap of the day, and passes to end. A line
  `skipped` says that a pass gave the contact up, or that a claim was refused; a refusal is told once, not at
  every look.
* After an attempt whose fate is unknown nothing is tried for the campaign's `unknown_cool_down`.
* A pass `with` another opens for a contact when that one has taken it up or passed it over, and closes when
  that one is over for all. Until then a contact that does not fit it yet is looked at again after each
  attempt.
* Who has no attempt left under `attempts_per_contact` ends with the reason `cap_person`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strategies import callbacks, recovery
from strategies.attempts import CallAgain, Intent, Outcome
from strategies.campaign import Campaign, Pass
from strategies.contacts import Contact
from strategies.eligibility import unfit
from strategies.frozen import replace
from strategies.messages import Notice
from strategies.passage import Passage, after_result, day_cap, leave_device, leave_pass, traverse
from strategies.records import record_of, with_amended, with_record, with_result
from strategies.refusals import ACTIONS, TOLD, Action
from strategies.state import Case, ContactState, Dial, Ended, Move, PassRecord, SubCampaign, Wait
from strategies.state_hours import hours_of
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
from strategies.windows import contact_zones, local_date, next_midnight, next_opening

Line = Mapping[str, object]

NOTHING_LEFT = "no_pass_left"
_CALLS_REOPEN = frozenset({None, NOTHING_LEFT, str(Result.CONNECTED_AGENT)})
OVER = frozenset({RunState.STOPPED, RunState.COMPLETED})
TIMEFRAME_OVER = "timeframe_over"

SOON: Mapping[
    Refusal, float
] = {  # seconds until a refused claim is tried again; the others wait for the next day
    Refusal.PERSON_BUSY: 30.0,
    Refusal.OUTSIDE_WINDOW: 60.0,
    Refusal.REGISTRY_OUTDATED: 900.0,
    Refusal.CAP_DEBT: 900.0,  # seven times 24 hours end at any time of a day
    Refusal.SILENCE_AFTER_CONVERSATION: 900.0,
}


def enter() -> ContactState:
    """A contact newly attached to a sub-campaign."""
    return ContactState()


def advance(contact: Contact, state: ContactState, sub: SubCampaign, now: float) -> Move:
    """What to do with this contact at `now` (epoch seconds).

    Idempotent: the state it returns, advanced at the same moment, gives that state, the same step and no
    lines.
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
    case = Case(contact, sub, now)
    state, step, lines = callbacks.step_of(state, case)
    if step is None:
        state, step, more = _recover(state, case)
        lines = [*lines, *more]
    if step is None:
        state, step, more = traverse(state, case)
        lines = [*lines, *more]
    if step is None:
        return _finished(state, NOTHING_LEFT, RecoveryEnd.CALLED_OFF, lines)
    return Move(state, step, tuple(lines))


def claimed(state: ContactState, dial: Dial, attempt: str, now: float, sub: SubCampaign) -> ContactState:
    """The state as the claim of this dial writes it: the attempt is live and counted."""
    today = local_date(sub.campaign.zone, now).isoformat()
    counted = state.attempts_today if state.day == today else 0
    state = replace(
        state, live=attempt, attempts=state.attempts + 1, day=today, attempts_today=counted + 1, skipped=""
    )
    if dial.callback is not None:
        return replace(state, callback=replace(dial.callback, attempt=attempt))
    return _counted_in_pass(state, sub.campaign.find(dial.pass_name), today)


def _counted_in_pass(state: ContactState, candidate: Pass, today: str) -> ContactState:
    """The state with the pass's record there, and the attempt of the day in it where the pass caps them."""
    record = record_of(state, candidate.name)
    if candidate.limits.attempts_per_day is not None:
        record = record or PassRecord(candidate.name)
        made = record.today if record.day == today else 0
        return with_record(state, replace(record, day=today, today=made + 1))
    return state if record is not None else with_record(state, PassRecord(candidate.name))


def ended(  # noqa: PLR0913, PLR0917 - who, where, what and when of an attempt's end
    contact: Contact, state: ContactState, sub: SubCampaign, intent: Intent, outcome: Outcome, now: float
) -> Move:
    """What follows an attempt's end: retries, the next device or pass, recovery, or the contact's own end.

    Waits count from `outcome.at`, from `now` if that is 0. An attempt that is not the live one changes
    nothing.
    """
    if state.live != intent.attempt:
        return advance(contact, state, sub, now)
    case = Case(contact, sub, outcome.at or now)
    state, lines = recovery.rescued(_recorded(state, case, intent, outcome), case, intent, outcome)
    reason = _settled(state, outcome, sub.campaign)
    more: list[Line] = []
    if state.callback is not None and state.callback.attempt == intent.attempt:
        state, more = callbacks.after_attempt(state, outcome, case.now, settled=reason is not None)
    elif state.recovery is not None and state.recovery.pass_name == intent.pass_name:
        state, more = recovery.after_attempt(state, case, outcome, settled=reason is not None)
    elif reason is None:
        state, more = _lost_or_on(state, case, intent, outcome)
    lines = [*lines, *more]
    if reason is None and outcome.call_again is not None:
        state, more = _promised_by_agent(state, case, intent, outcome.call_again)
        lines = [*lines, *more]
    if reason is not None:
        return _finished(state, reason, RecoveryEnd.CAME_BACK, lines)
    return _then(lines, advance(contact, state, sub, now))


def _promised_by_agent(
    state: ContactState, case: Case, intent: Intent, promise: CallAgain
) -> tuple[ContactState, list[Line]]:
    """The callback an agent noted in the call, on the same telephone; none where it cannot be kept."""
    wish = callbacks.Wish(promise.at, "disposition", promise.agent, intent.device.address)
    callback = callbacks.callback_for(wish, state, case)
    return (state, []) if isinstance(callback, callbacks.Unkept) else callbacks.promised(callback, state)


def _settled(state: ContactState, outcome: Outcome, campaign: Campaign) -> str | None:
    """Why a contact is done after this outcome: `opt_out`, `wrong_party`, `success` or `connected_agent`."""
    reason = _settled_by(state, campaign)
    if reason is None and outcome.result is Result.CONNECTED_AGENT and CALL_AGAIN not in outcome.responses:
        return str(Result.CONNECTED_AGENT)
    return reason


def _settled_by(state: ContactState, campaign: Campaign) -> str | None:
    """The reserved group that something the contact said is in."""
    if not state.responses:
        return None
    said = frozenset(state.responses)
    for group in (OPT_OUT, WRONG_PARTY, SUCCESS):
        if said & campaign.group(group):
            return group
    return None


def refused(contact: Contact, state: ContactState, sub: SubCampaign, refusal: Refusal, now: float) -> Move:
    """What follows when the store refused to claim the dial this state leads to: later, elsewhere, or the
    end."""
    move = advance(contact, state, sub, now)
    action, dial = ACTIONS[refusal], move.step
    if not isinstance(dial, Dial):
        return move
    if action is Action.AT_ONCE or (action is Action.NOT_NEEDED and not dial.owed_since):
        return replace(move, step=Wait(now, refusal))
    if action is Action.PARK:
        return replace(move, step=Wait(None, refusal))
    case = Case(contact, sub, now)
    reason = TOLD.get(refusal, refusal)
    state, told = _told(move.state, dial, reason)
    lines = [*move.lines, *told]
    if action is Action.END:
        return _finished(state, str(reason), RecoveryEnd.CALLED_OFF, lines)
    state, more = _turned_away(state, case, dial, refusal)
    return _then([*lines, *more], advance(contact, state, sub, now))


def came_back(contact: Contact, state: ContactState, sub: SubCampaign, at: float, now: float) -> Move:
    """What follows when a person got through by another way `at` a moment (epoch seconds): an open recovery
    or callback that was made before it ends, the passes go on. Who is being called just now is for the next
    claim to refuse."""
    lines: list[Line] = []
    if state.live is None and state.recovery is not None and state.recovery.made < at:
        state, lines = recovery.concluded(state, RecoveryEnd.CAME_BACK)
    if state.live is None and state.callback is not None and state.callback.made < at:
        state, more = callbacks.concluded(state, RecoveryEnd.CAME_BACK)
        lines = [*lines, *more]
    return _then(lines, advance(contact, state, sub, now))


def responded(
    contact: Contact, state: ContactState, sub: SubCampaign, responses: Sequence[str], now: float
) -> Move:
    """What follows what a person said outside an attempt, by a reply or an unsubscription: their groups
    settle the contact, and an open recovery with it. None of their attempts may be live; who is done stays
    so."""
    state = replace(state, responses=(*state.responses, *responses))
    if state.ended is not None:
        return Move(state, Ended(state.ended))
    reason = _settled_by(state, sub.campaign)
    if reason is not None:
        return _finished(state, reason, RecoveryEnd.CAME_BACK)
    return advance(contact, state, sub, now)


def reported(  # noqa: PLR0913, PLR0917 - who, where, and what was said of which attempt
    contact: Contact,
    state: ContactState,
    sub: SubCampaign,
    intent: Intent,
    was: Result,
    notice: Notice,
    now: float,
) -> Move:
    """What follows a message's result that is told after its attempt ended: later passes judge by it. A pass
    that went on meanwhile is not taken back."""
    result = notice.result or was
    state = with_amended(state, intent.pass_name, was, result)
    if state.last_result is was:
        state = replace(state, last_result=result)
    return responded(contact, state, sub, notice.responses, now)


def lost_caller(
    contact: Contact, state: ContactState, sub: SubCampaign, lost: recovery.LostCaller, now: float
) -> Move | None:
    """What follows when a person hung up in an inbound queue; None where nobody recovers them.

    Who is through with the passes is in the sub-campaign again for it; who settled the matter is not.
    """
    if state.live is not None or state.recovery is not None or _settled_before(state, sub.campaign):
        return None
    if _exhausted(state, sub, now) is not None or sub.run_state is not RunState.RUNNING:
        return None
    case = Case(contact, sub, now)
    task = recovery.task_for_caller(lost, state, case)
    if task is None:
        return None
    again: list[Line] = []
    if state.ended is not None:
        again = [{"kind": Kind.CHANGED, "what": "contacts_reopened", "reason": state.ended, "contacts": 1}]
    state, line = recovery.begun(task, replace(state, ended=None), case)
    return _then([*again, line], advance(contact, state, sub, now))


def call_back(
    contact: Contact, state: ContactState, sub: SubCampaign, wish: callbacks.Wish, now: float
) -> Move | callbacks.Unkept:
    """What follows when a person is promised a call: the callback, or why it cannot be promised.

    Who is through with the passes is in the sub-campaign again for it; who opted out, or was the wrong
    person, is not.
    """
    case = Case(contact, sub, now)
    if sub.run_state in OVER or (sub.ends is not None and wish.at >= sub.ends):
        return callbacks.Unkept.OVER
    if state.live is not None:
        return callbacks.Unkept.IN_PROGRESS
    never = sub.campaign.group(OPT_OUT) | sub.campaign.group(WRONG_PARTY)
    if never & set(state.responses) or _exhausted(replace(state, ended=None), sub, now) is not None:
        return callbacks.Unkept.DONE
    callback = callbacks.callback_for(wish, state, case)
    if isinstance(callback, callbacks.Unkept):
        return callback
    again: list[Line] = []
    if state.ended is not None:
        again = [{"kind": Kind.CHANGED, "what": "contacts_reopened", "reason": state.ended, "contacts": 1}]
    state, lines = callbacks.promised(callback, replace(state, ended=None))
    return _then([*again, *lines], advance(contact, state, sub, now))


def call_off(contact: Contact, state: ContactState, sub: SubCampaign, reason: str, now: float) -> Move | None:
    """What follows when a callback is cancelled; None where none is open, or it is being made."""
    if state.callback is None or state.live is not None:
        return None
    state, lines = callbacks.concluded(state, RecoveryEnd.CALLED_OFF, reason)
    return _then(lines, advance(contact, state, sub, now))


def _settled_before(state: ContactState, campaign: Campaign) -> bool:
    """Whether the person said what settles the matter, or ended for a reason that no call of theirs
    changes."""
    settled = campaign.group(OPT_OUT) | campaign.group(WRONG_PARTY) | campaign.group(SUCCESS)
    return bool(settled & set(state.responses)) or state.ended not in _CALLS_REOPEN


def _exhausted(state: ContactState, sub: SubCampaign, now: float) -> str | None:
    """Why nothing more may be tried: the cap over all passes, the end of the timeframe or of the whole
    sub-campaign, the list taken out of it."""
    if sub.run_state in OVER:
        return str(sub.run_state)
    cap = sub.campaign.limits.attempts_per_contact
    if cap is not None and state.attempts >= cap:
        return str(Refusal.CAP_PERSON)
    if sub.ends is not None and now >= sub.ends:
        return TIMEFRAME_OVER
    attachment = sub.attachment(state.list)
    return str(Refusal.LIST_DETACHED) if attachment is not None and attachment.detached else None


def _held(state: ContactState, sub: SubCampaign, now: float) -> Wait | None:
    """What holds every attempt of this contact back: the run state, its list, the timeframe, a cool-down."""
    if sub.run_state is not RunState.RUNNING:
        return Wait(None, Refusal.NOT_RUNNING)
    attachment = sub.attachment(state.list)
    if attachment is not None and attachment.paused:
        return Wait(None, Refusal.LIST_PAUSED)
    if sub.starts is not None and now < sub.starts:
        return Wait(sub.starts, Refusal.NOT_RUNNING)
    if now < state.hold_until and state.recovery is None:
        return Wait(state.hold_until, "held")
    return None


def _recover(state: ContactState, case: Case) -> Passage:
    """The step of the open recovery; None, with its last line, when it is over or there is none."""
    task = state.recovery
    if task is None:
        return state, None, []
    if case.now >= task.expires:
        return _over(state, RecoveryEnd.EXPIRED)
    candidate = case.campaign.find(task.pass_name)
    start = max(case.now, task.not_before, day_cap(state, case), state.hold_until)
    zones = contact_zones(case.contact, task.device, case.campaign)
    hours = hours_of(case.campaign, candidate, case.contact, task.device)
    opening = next_opening(hours, zones, start)
    if opening is None or opening > case.now:
        until = task.expires if opening is None else min(opening, task.expires)
        return state, Wait(until, "recovery"), []
    refusal = unfit(candidate, state, case)
    if refusal is not None:
        return _over(state, RecoveryEnd.CALLED_OFF, refusal)
    return state, Dial(task.pass_name, task.device, task), []


def _over(state: ContactState, how: RecoveryEnd, reason: str | None = None) -> Passage:
    state, lines = recovery.concluded(state, how, reason)
    return state, None, lines


def _recorded(state: ContactState, case: Case, intent: Intent, outcome: Outcome) -> ContactState:
    """The state with the attempt over and its outcome written down."""
    hold = state.hold_until
    if outcome.result is Result.UNKNOWN:
        hold = case.now + case.campaign.limits.unknown_cool_down
    elif outcome.result is Result.ABANDONED_NO_AGENT:
        hold = max(hold, case.now + case.campaign.limits.abandon_lockout)
    responses = (*state.responses, *outcome.responses)
    state = replace(state, live=None, last_result=outcome.result, responses=responses, hold_until=hold)
    if state.callback is not None and state.callback.attempt == intent.attempt:
        return state
    return with_result(state, intent.pass_name, outcome.result)


def _lost_or_on(
    state: ContactState, case: Case, intent: Intent, outcome: Outcome
) -> tuple[ContactState, list[Line]]:
    """Recovery if somebody was lost, else what the pass's retries say."""
    onward, given_up = after_result(state, case, intent.pass_name, intent.device, outcome.result)
    task = recovery.task_for(recovery.Loss(intent, outcome, given_up), state, case)
    if task is None:
        return onward, []
    taken = leave_pass(state, case, intent.pass_name, "recovered")
    taken, line = recovery.begun(task, taken, case)
    return taken, [line]


def _turned_away(
    state: ContactState, case: Case, dial: Dial, refusal: Refusal
) -> tuple[ContactState, list[Line]]:
    """The state after a refusal that does not end the contact."""
    action, reason = ACTIONS[refusal], TOLD.get(refusal, refusal)
    if action is Action.LATER:
        soon = SOON.get(refusal)
        until = next_midnight(case.campaign.zone, case.now) if soon is None else case.now + soon
        return replace(state, hold_until=until), []
    how = RecoveryEnd.CAME_BACK if action is Action.NOT_NEEDED else RecoveryEnd.CALLED_OFF
    if dial.callback is not None:
        return callbacks.concluded(state, how, reason)
    if dial.recovery is not None:
        return recovery.concluded(state, how, reason)
    if action is Action.NEXT_DEVICE:
        return leave_device(state, case, dial.pass_name, dial.device, reason), []
    return leave_pass(state, case, dial.pass_name, reason), []


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


def _finished(state: ContactState, reason: str, how: RecoveryEnd, lines: Sequence[Line] = ()) -> Move:
    """The contact is done: an open recovery ends with it, as `how` says."""
    state, closed = recovery.concluded(state, how, reason)
    state, unkept = callbacks.concluded(state, how, reason)
    line: dict[str, object] = {"kind": Kind.CONTACT_ENDED, "reason": reason}
    if state.last_result is not None:
        line["result"] = state.last_result
    return Move(replace(state, ended=reason), Ended(reason), (*lines, *closed, *unkept, line))


def _then(lines: Sequence[Line], move: Move) -> Move:
    """A move that tells these lines first."""
    return replace(move, lines=(*lines, *move.lines))
