"""What the author of a campaign without mistakes may want to look at again, before it runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time

from config.hours_words import hours_text
from config.pass_rules import LIVE_TRIGGERS, RESULTS_OF
from config.presets import Preset
from strategies.abandonment import FROM_ANSWER
from strategies.campaign import NO_DETECTION, Campaign, Pass
from strategies.records import pass_before
from strategies.vocabulary import CONSENT_BASES, VOICE, Medium
from strategies.windows import END_OF_DAY


def notes(campaign: Campaign, preset: Preset) -> Iterator[str]:
    """A sentence for each thing; none is an error."""
    yield from _of_the_law(campaign, preset)
    first = next((p for p in campaign.passes if p.recovery is None), None)
    if first is not None and first.wait_days:
        yield f"{first.name}: no pass comes before it, so its wait_days are not waited for"
    for one in campaign.passes:
        yield from _of_pass(one, campaign)
    if any(one.medium not in VOICE for one in campaign.passes):
        yield "text and email passes need a gateway in settings.yaml"


def _of_the_law(campaign: Campaign, preset: Preset) -> Iterator[str]:
    law, window = preset.window, campaign.window
    if window.opens < law.opens or law.closes < (time.max if window.closes == END_OF_DAY else window.closes):
        yield f"the window is cut to {hours_text(law)}: {preset.sources[0]}"
    if not preset.country:
        yield f"there is no preset for {campaign.country}; the general one is used: {preset.sources[0]}"
    given = campaign.consent.get("basis", "none")
    for medium in dict.fromkeys(one.medium for one in campaign.passes):
        asked = preset.consent.get(medium, "none")
        if CONSENT_BASES.index(given) < CONSENT_BASES.index(asked):
            lines = " and ".join(preset.consent_on) if medium in VOICE else ""
            whom = f"only contacts with their own{f', or on other than {lines} lines' if lines else ''}"
            yield f"{medium} asks for {asked} consent, the lists gave {given}: {whom}"
    to_agents = any(one.medium is Medium.DIALER for one in campaign.passes)
    if to_agents and preset.abandon_clock == FROM_ANSWER and campaign.amd != NO_DETECTION:
        yield "the two seconds count from the answer; most go to machine detection: write amd: {use: false}"
    if preset.debt_cap and campaign.debt is None:
        yield "no debt: attribute is named, so each contact counts as one debt"


def _of_pass(one: Pass, campaign: Campaign) -> Iterator[str]:
    if one.recovery is not None and one.recovery.mode == "in_call":
        late = [trigger for trigger in one.recovery.triggers if trigger not in LIVE_TRIGGERS]
        if late:
            yield f"{one.name}: {', '.join(late)} end the call, so in_call recovers nobody after them"
    if one.medium is Medium.AVM and one.script is None:
        yield f"{one.name}: its script is not in this directory; it can be simulated, not started"
    if one.accept is not None and _accepts_nobody(one, campaign):
        before = "the pass before" if one.accept.source == "previous_pass" else "any other pass"
        yield f"{one.name}: {before} comes to none of the results it accepts, so it takes nobody"
    endless = any(retry.then == "same_device" for retry in one.retry.values())
    caps = (campaign.limits.attempts_per_contact, one.limits.attempts_per_contact)
    if endless and caps == (None, None):
        yield f"{one.name}: same_device repeats without end; write limits: {{attempts_per_contact: 8}}"


def _accepts_nobody(one: Pass, campaign: Campaign) -> bool:
    """Whether the passes it looks at are of media that have none of the results."""
    if one.accept is None:
        return False
    if one.accept.source == "all_passes":
        others = [other for other in campaign.passes if other.name != one.name]
    else:
        before = pass_before(campaign, one.name)
        others = [] if before is None else [before]
    return not any(RESULTS_OF[other.medium].intersection(one.accept.results) for other in others)
