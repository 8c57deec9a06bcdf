"""Says in plain words what a campaign would do, pass by pass, and what its author may look at again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import time
from typing import TypedDict

from config.presets import Preset, preset_for
from config.scalars import duration_text
from strategies.campaign import DAYS, Accept, Campaign, Pacing, Pass, Recovery, Window
from strategies.vocabulary import CONSENT_BASES, VOICE, Medium
from strategies.windows import END_OF_DAY, pass_window

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
        "notes": list(_notes(campaign, preset_for(campaign.purpose, campaign.country))),
    }


def _campaign(campaign: Campaign) -> Iterator[str]:
    lists = ", ".join(campaign.lists) or "the lists named at its start"
    kept = f", those with {campaign.filter}" if campaign.filter else ""
    order = f", ordered by {', '.join(campaign.order)}" if campaign.order else ""
    yield f"reaches the people of {lists}{kept}{order}"
    yield f"within {_hours(campaign.window)} of their own time, its own day being {campaign.zone}'s"
    if campaign.caller_id:
        yield f"shows {campaign.caller_id}, rings {duration_text(campaign.ring)}"
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
    yield f"open {_hours(pass_window(campaign, one))}"
    yield _devices(one, campaign)
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
    wait = f", {one.wait_days} allowed day{'s' if one.wait_days > 1 else ''} later" if one.wait_days else ""
    if one.beside:
        return f"beside {one.beside}{wait}"
    if one is next((p for p in campaign.passes if p.recovery is None), None):
        return f"first{wait}"
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


def _pacing(pacing: Pacing) -> str:
    match pacing.method:
        case "rate":
            return f"{pacing.rate:g} a minute"
        case "finish_by":
            return f"as fast as it takes to be done by {pacing.finish_by:%H:%M}"
        case "power":
            return f"{pacing.ratio:g} calls for each free agent"
        case "predictive":
            return f"predictive, at most {pacing.abandon_rate or 0:.1%} of those who answer finding no agent"
        case "progressive":
            return "one call for each free agent"
        case "preview":
            return "an agent sees each contact first"
    return "as fast as the caps allow"


def _hours(window: Window) -> str:
    closes = f"{window.closes:%H:%M}"
    return f"{window.opens:%H:%M} to {'24:00' if closes == '00:00' else closes} {_days(window.days)}"


def _days(days: Sequence[str]) -> str:
    if len(days) == len(DAYS):
        return "every day"
    first = DAYS.index(days[0])
    together = tuple(days) == DAYS[first : first + len(days)]
    return f"{days[0]} to {days[-1]}" if together and len(days) > 2 else ", ".join(days)


def _notes(campaign: Campaign, preset: Preset) -> Iterator[str]:
    law, window = preset.window, campaign.window
    if window.opens < law.opens or law.closes < (time.max if window.closes == END_OF_DAY else window.closes):
        yield f"the window is cut to {_hours(law)}: {preset.sources[0]}"
    if not preset.country:
        yield f"there is no preset for {campaign.country}; the general one is used: {preset.sources[0]}"
    given = campaign.consent.get("basis", "none")
    for medium in dict.fromkeys(one.medium for one in campaign.passes):
        asked = preset.consent.get(medium, "none")
        if CONSENT_BASES.index(given) < CONSENT_BASES.index(asked):
            yield f"{medium} asks for {asked} consent, the lists gave {given}: only contacts with their own"
    if preset.debt_cap:
        calls, days = preset.debt_cap.calls, duration_text(preset.debt_cap.within)
        yield f"{calls} calls in {days} about one debt is the law's cap, and not counted in this version"
    if campaign.abandon_message:
        yield "the abandon_message is not played in this version: who waits too long stays in the queue"
    if preset.debt_cap and campaign.debt is None:
        yield "no debt: attribute is named, so each contact counts as one debt"
    limits = campaign.limits
    for one in campaign.passes:
        if one.medium is Medium.AVM and one.script is None:
            yield f"{one.name}: its script is not in this directory; it can be simulated, not started"
        endless = any(retry.then == "same_device" for retry in one.retry.values())
        if endless and limits.attempts_per_contact is None:
            yield f"{one.name}: same_device repeats without end; write limits: {{attempts_per_contact: 8}}"
    if campaign.rules:
        yield "rules are checked, and not acted upon in this version"
    if any(one.medium not in VOICE for one in campaign.passes):
        yield "text and email passes need a gateway in settings.yaml"
