"""What follows when the store refuses a claim, one line for each refusal; carrying it out is left to the
engine."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from strategies.vocabulary import Refusal


class Action(StrEnum):
    """What the engine does about a refusal."""

    AT_ONCE = "at_once"  # read the contact again and decide anew
    PARK = "park"  # nothing until the sub-campaign runs
    LATER = "later"  # the same call, when it may be allowed
    NEXT_DEVICE = "next_device"  # this device is out of the question
    NEXT_MEDIUM = "next_medium"  # this medium is out of the question
    END = "end"  # the person is
    NOT_NEEDED = "not_needed"  # what the call was for has come about


ACTIONS: Mapping[Refusal, Action] = {
    Refusal.STALE: Action.AT_ONCE,
    Refusal.NOT_ELIGIBLE_NOW: Action.AT_ONCE,
    Refusal.NOT_RUNNING: Action.PARK,
    Refusal.PERSON_BUSY: Action.LATER,
    Refusal.OUTSIDE_WINDOW: Action.LATER,
    Refusal.CAP_PERSON: Action.LATER,
    Refusal.CAP_NUMBER: Action.LATER,
    Refusal.CAP_DEBT: Action.LATER,
    Refusal.SILENCE_AFTER_CONVERSATION: Action.LATER,
    Refusal.NOT_ALLOWED_NUMBER: Action.NEXT_DEVICE,
    Refusal.NO_DEVICE: Action.NEXT_DEVICE,
    Refusal.NO_CONSENT: Action.NEXT_MEDIUM,
    Refusal.DO_NOT_CALL: Action.END,
    Refusal.LIST_PAUSED: Action.PARK,
    Refusal.LIST_DETACHED: Action.END,
    Refusal.ABANDONED_LATELY: Action.LATER,
    Refusal.REGISTRY_OUTDATED: Action.LATER,
    Refusal.GOT_THROUGH: Action.NOT_NEEDED,
    Refusal.PERSON_USED_UP: Action.END,
    Refusal.NUMBER_USED_UP: Action.NEXT_DEVICE,
    Refusal.NUMBER_FORBIDDEN: Action.NEXT_DEVICE,
}

TOLD: Mapping[Refusal, Refusal] = {
    Refusal.PERSON_USED_UP: Refusal.CAP_PERSON,  # for good: the cap of the sub-campaign, not that of a day
    Refusal.NUMBER_USED_UP: Refusal.CAP_NUMBER,
    Refusal.NUMBER_FORBIDDEN: Refusal.DO_NOT_CALL,  # by its prefix, or by the registry: the person is not
}
"""What the ledger and a contact's end call a refusal that a claim tells more finely."""
