"""An attempt made anew from what Asterisk wrote of a live answer, where nothing else knows of it; pure."""

from __future__ import annotations

from ami_bridge.logged.calls import LoggedCall, facts_of
from strategies.attempts import Intent, Outcome, outcome
from strategies.campaign import Campaign
from strategies.contacts import Device
from strategies.vocabulary import Medium

NO_DEVICE = Device("", "")


def sub_of(call: LoggedCall) -> str:
    """The sub-campaign it was dialled for; empty where nothing says so."""
    origin = None if call.record is None else call.record.origin
    return "" if origin is None else origin.sub


def made_anew(call: LoggedCall, campaign: Campaign) -> tuple[Intent, Outcome] | None:
    """The intent, as far as it is known (not whom it was for), and what it came to; None for what was no live
    answer."""
    record = call.record
    if record is None or record.origin is None:
        return None
    intent = Intent(
        attempt=call.call,
        sub=record.origin.sub,
        contact="",
        pass_name=record.origin.pass_name,
        medium=Medium(record.origin.medium),
        device=NO_DEVICE,
        queue=call.entries[0].queue if call.entries else "",
        caller_id="",
        at=record.start,
        clock=campaign.limits.abandon_clock,
    )
    ended = outcome(intent, facts_of(call, intent.medium, intent.ring), campaign)
    return None if ended is None or ended.live_at is None else (intent, ended)
