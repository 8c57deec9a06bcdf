"""One simulated attempt from its claim to its outcome; the rules about it are the engine's."""

from __future__ import annotations

from ami_bridge.preparation import Candidate, claim_of
from console.simulator.fates import Fate
from strategies.attempts import Intent, Outcome, triggers_of_result
from strategies.campaign import Campaign
from strategies.contacts import Contact
from strategies.frozen import Record, replace
from strategies.state import ContactState, SubCampaign
from strategies.store import Claim


class Running(Record, frozen=True):
    """An attempt that is up. `state`: the contact's as the store has it while the attempt is live."""

    intent: Intent
    contact: Contact
    state: ContactState
    fate: Fate


def claim_for(one: Candidate, sub: SubCampaign, countries: tuple[str, ...], now: float) -> Claim:
    """The wish to call or to write, as the dialer puts it; no prompts are spoken."""
    return claim_of(one, {}, sub, countries, now)


def running(claim: Claim, fate: Fate) -> Running:
    """A claim that was granted: the store has raised the state's version by one."""
    state = replace(claim.state, version=claim.expected_version + 1)
    return Running(claim.intent, claim.contact, state, fate)


def outcome_of(one: Running, campaign: Campaign, now: float) -> Outcome:
    """What the attempt came to, and what it may be recovered for."""
    fate = one.fate
    triggers = triggers_of_result(one.intent, fate.result, fate.responses, campaign, hung_up=fate.hung_up)
    return Outcome(one.intent.attempt, fate.result, fate.responses, triggers, now)
