"""What a call will need, made ready before its intent is written: prompts spoken, the claim put together;
whether it may be made is the store's to say."""

from __future__ import annotations

from ami_bridge.speech import Speech
from ami_bridge.standing_by import Leg
from strategies.attempts import Intent
from strategies.caller_ids import caller_id_for
from strategies.campaign import Campaign, Pass
from strategies.contacts import Contact
from strategies.debts import debt_of
from strategies.frozen import Record
from strategies.recovery import in_call
from strategies.script import Prompt
from strategies.state import Case, ContactState, Dial, SubCampaign
from strategies.store import Claim, decided
from strategies.vocabulary import Medium

MESSAGES = frozenset({"machine", "abandon"})


class Candidate(Record, frozen=True):
    """A contact whom the rules let call at `at` (epoch seconds), and the id its attempt will have.

    `state`: what the claim builds on, with the version the store has of it; `agent`: who accepted them;
    `leg`: the agent who is on the line for them already.
    """

    attempt: str
    contact: Contact
    state: ContactState
    dial: Dial
    going: Pass
    at: float
    agent: str = ""
    leg: Leg | None = None


async def prompts_of(one: Candidate, campaign: Campaign, speech: Speech) -> dict[str, str]:
    """Step to sound path for the script's prompts as this person hears them; `machine` and `abandon` are the
    messages of those names. Raises SpeechError."""
    prompts: dict[str, str] = {}
    if one.going.script is not None:
        prompts = dict(await speech.for_person(one.going.script, one.contact.attributes))
    if one.going.medium is Medium.DIALER and campaign.abandon_message is not None:
        said = Prompt(say=campaign.abandon_message)
        prompts["abandon"] = await speech.sound(said, one.contact.attributes)
    return prompts


def claim_of(
    one: Candidate, prompts: dict[str, str], sub: SubCampaign, countries: tuple[str, ...], now: float
) -> Claim:
    """The wish to dial as it stands at `now`; the window is that of the moment the rules judged."""
    return decided(
        _intent(one, prompts, sub, now), Case(one.contact, sub, one.at), one.state, one.dial, countries
    )


def _intent(one: Candidate, prompts: dict[str, str], sub: SubCampaign, now: float) -> Intent:
    recovery, callback = one.dial.recovery, one.dial.callback
    return Intent(
        attempt=one.attempt,
        sub=sub.name,
        contact=one.contact.id,
        pass_name=one.going.name,
        medium=one.going.medium,
        device=one.dial.device,
        queue=sub.campaign.queue,
        caller_id=caller_id_for(sub.campaign, one.dial.device.address, one.state.attempts),
        at=now,
        ring=one.going.ring,
        machine=one.going.machine,
        script=one.going.script.name if one.going.script else None,
        prompts={step: path for step, path in prompts.items() if step not in MESSAGES},
        machine_message=prompts.get("machine"),
        abandon_message=prompts.get("abandon") if callback is None else None,
        opt_out_key=sub.campaign.opt_out_key or "",
        recovers=recovery.recovers if recovery else None,
        trigger=recovery.trigger if recovery else None,
        strategy=sub.campaign.version,
        overrides=sub.overrides,
        debt=debt_of(one.contact, sub.campaign),
        in_call=in_call(one.going.name, one.state, Case(one.contact, sub, now)),
        callback=callback is not None,
        clock=sub.campaign.limits.abandon_clock,
        amd=sub.campaign.amd,
        not_sure=sub.campaign.not_sure,
        agent=one.leg.agent if one.leg is not None else one.agent,
        leg=one.leg.identity if one.leg is not None else "",
    )
