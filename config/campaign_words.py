"""Says in plain words what a campaign would do, pass by pass; what its author may look at again stands in
`config.campaign_notes`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

from config.campaign_notes import notes
from config.hours_words import hours_text
from config.machine_detection import detection_text
from config.presets import preset_for
from config.scalars import duration_text
from strategies.campaign import Accept, Campaign, Pacing, Pass, Recovery
from strategies.vocabulary import Medium
from strategies.windows import pass_window

_MEDIA = {
    Medium.AVM: "calls and plays a script",
    Medium.DIALER: "calls and connects an agent",
    Medium.TEXT: "sends a text message",
    Medium.EMAIL: "sends an email",
}
_THEN = {
    "next_device": "then the next device",
    "same_device": "then again and again at the last wait",
    "end_pass": "then no more in this pass",
}


class PassTold(TypedDict):
    """One pass: a sentence per thing it does."""

    name: str
    medium: str
    does: list[str]


class CampaignTold(TypedDict):
    """One campaign; `notes` are what its author may want to look at again, none is an error."""

    name: str
    purpose: str
    country: str
    version: str
    does: list[str]
    passes: list[PassTold]
    notes: list[str]


def describe_campaign(campaign: Campaign) -> CampaignTold:
    """What one campaign would do."""
    return {
        "name": campaign.name,
        "purpose": campaign.purpose,
        "country": campaign.country,
        "version": campaign.version,
        "does": list(_campaign(campaign)),
        "passes": [_pass(one, campaign) for one in campaign.passes],
        "notes": list(notes(campaign, preset_for(campaign.purpose, campaign.country))),
    }


def _campaign(campaign: Campaign) -> Iterator[str]:
    lists = ", ".join(campaign.lists) or "the lists named at its start"
    kept = f", those with {campaign.filter}" if campaign.filter else ""
    order = f", ordered by {', '.join(campaign.order)}" if campaign.order else ""
    yield f"reaches the people of {lists}{kept}{order}"
    yield f"within {hours_text(campaign.window)} of their own time, its own day being {campaign.zone}'s"
    if campaign.states:
        yield f"in {', '.join(sorted(campaign.states))} inside those states' own hours as well"
    if campaign.caller_id:
        yield f"shows {campaign.caller_id}, rings {duration_text(campaign.ring)}"
    for prefix, numbers in campaign.caller_ids.items():
        yield f"to {prefix}... shows {', '.join(numbers)}{' in turn' if len(numbers) > 1 else ''}"
    if campaign.amd:
        yield detection_text(campaign.amd)
    if campaign.not_sure == "machine":
        yield "takes for a machine whoever it is not sure of, and who says nothing"
    if campaign.queue:
        yield f"agents are those of the queue {campaign.queue}, wrap-up {duration_text(campaign.wrap_up)}"
    limits, caps = campaign.limits, []
    if limits.attempts_per_contact is not None:
        caps.append(f"{limits.attempts_per_contact} attempts a contact")
    if limits.attempts_per_day is not None:
        caps.append(f"{limits.attempts_per_day} a day")
    if campaign.channels is not None:
        caps.append(f"{campaign.channels} channels")
    if campaign.calls_per_second is not None:
        caps.append(f"{campaign.calls_per_second:g} calls a second")
    if caps:
        yield f"at most {', '.join(caps)}"
    for rule in campaign.rules:
        yield f"{rule['do']} when {rule['when']} for {duration_text(float(rule['for']))}"


def _pass(one: Pass, campaign: Campaign) -> PassTold:
    return {"name": one.name, "medium": str(one.medium), "does": list(_sentences(one, campaign))}


def _sentences(one: Pass, campaign: Campaign) -> Iterator[str]:
    yield _action(one)
    yield _recovery(one.recovery) if one.recovery else _turn(one, campaign)
    if one.accept:
        yield _accept(one.accept)
    if one.where:
        yield f"takes those with {one.where}"
    yield f"open {hours_text(pass_window(campaign, one))}"
    yield _devices(one, campaign)
    yield from _pass_caps(one)
    for result, retry in one.retry.items():
        waits = ", ".join(duration_text(wait) for wait in retry.after) or "no wait"
        yield f"{result}: again after {waits}, {_THEN[retry.then]}"
    if not one.recovery:
        yield _pacing(one.pacing)


def _action(one: Pass) -> str:
    text = _MEDIA[one.medium]
    if one.medium is Medium.AVM:
        text += f" ({one.script.name})" if one.script else " (not in this directory)"
        text += "; leaves machines a message" if one.machine == "leave_message" else "; hangs up on machines"
    return text


def _turn(one: Pass, campaign: Campaign) -> str:
    if one is next((p for p in campaign.passes if p.recovery is None), None):
        return "first"
    wait = f", {one.wait_days} allowed day{'s' if one.wait_days > 1 else ''} later" if one.wait_days else ""
    if one.beside:
        return f"beside {one.beside}{wait}"
    if one.start == "contact":
        return f"for each contact as soon as it is through with the pass before{wait}"
    return f"when all are through with the pass before{wait}"


def _recovery(recovery: Recovery) -> str:
    lost = (
        f"callers lost in the queue {recovery.queue}"
        if recovery.queue
        else f"people lost in {recovery.pass_name}"
    )
    how = (
        "on the line that is still up"
        if recovery.mode == "in_call"
        else "by a new call, an agent reserved first"
    )
    return (
        f"recovers {lost} by {', '.join(recovery.triggers)}: after {duration_text(recovery.delay)}, {how}, "
        f"for {duration_text(recovery.ttl)}, {recovery.per_day} a day each"
    )


def _accept(accept: Accept) -> str:
    where = "the pass before" if accept.source == "previous_pass" else "any earlier pass"
    if accept.match == "all":
        where = where.replace("any", "every")
    return f"takes those with {' or '.join(accept.results)} in {where}"


def _devices(one: Pass, campaign: Campaign) -> str:
    if campaign.escalation == "none" or len(one.devices) == 1:
        return f"device {one.devices[0]}"
    order = "in the contact's own order" if campaign.escalation == "per_contact" else "in this order"
    return f"devices {', '.join(one.devices)}, {order}"


def _pass_caps(one: Pass) -> Iterator[str]:
    if one.line_types:
        yield f"only lines of the kind {' or '.join(one.line_types)}"
    limits = one.limits
    if limits.attempts_per_contact is not None:
        yield f"at most {limits.attempts_per_contact} attempts a contact in this pass"
    if limits.attempts_per_day is not None:
        yield f"at most {limits.attempts_per_day} a day in this pass"


def _hard(pacing: Pacing) -> str:
    return ", never more at any instant" if pacing.hard else ""


def _pacing(pacing: Pacing) -> str:
    match pacing.method:
        case "rate":
            return f"{pacing.rate:g} a minute"
        case "finish_by":
            return f"as fast as it takes to be done by {pacing.finish_by:%H:%M}"
        case "power":
            return f"{pacing.ratio:g} calls for each free agent{_hard(pacing)}"
        case "predictive":
            share = f"at most {pacing.abandon_rate or 0:.1%} of those who answer finding no agent"
            model = f", each call's chance by the model {pacing.answer_model}" if pacing.answer_model else ""
            most = f", at most {pacing.lines_per_agent:g} lines an agent" if pacing.lines_per_agent else ""
            return f"predictive, {share}{_hard(pacing)}{model}{most}"
        case "progressive":
            return "one call for each free agent"
        case "preview":
            return "an agent sees each contact first"
    return "as fast as the caps allow"
