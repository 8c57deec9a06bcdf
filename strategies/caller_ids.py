"""Which of its own numbers a campaign shows to whom: by the area that is called, and in turn; whether a
number may be shown is checked when the campaign's file is read."""

from __future__ import annotations

from zlib import crc32

from strategies.campaign import Campaign
from strategies.numbers import country_of

_LONGEST = 15  # digits of a number in E.164


def caller_id_for(campaign: Campaign, number: str, nth: int) -> str:
    """What the nth attempt at a contact (from 0) shows to `number` (E.164).

    The longest prefix of `caller_ids` that the number begins with decides, and without one `caller_id`. Where
    a prefix has several, the next attempt shows the next one, and where a person begins depends on their
    number alone: all are shown equally often, and the same call is planned alike however often it is.
    """
    for end in range(len(number) if campaign.caller_ids else 0, 0, -1):
        own = campaign.caller_ids.get(number[:end])
        if own:
            return own[(crc32(number.encode()) + nth) % len(own)]
    return campaign.caller_id


def is_prefix(prefix: str) -> bool:
    """Whether any number that may be called begins so (`+1212`)."""
    short = 8 - len(prefix)  # no number has fewer digits than seven
    return any(
        country_of(prefix + digit * more) is not None
        for more in range(max(0, short), _LONGEST + 2 - len(prefix))
        for digit in "0123456789"
    )
