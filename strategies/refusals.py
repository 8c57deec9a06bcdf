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
}
