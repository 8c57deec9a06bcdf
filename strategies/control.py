"""Which time slices change nothing, so that the gain of segmentation can be measured; the clock and the
seed are the caller's.

Slices, not calls, are drawn because single calls share agents; they are drawn in matched pairs (the same
weekday and slot of two consecutive weeks) so that no schedule can line up with the draw.
"""

from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from strategies.segments import Control


class Arm(StrEnum):
    """What a slice does with a decision: carries it out, or only records it."""

    TREATED = "treated"
    CONTROL = "control"


def control_arm(control: Control | None, seed: str, at: datetime) -> Arm:
    """The arm of the slice that `at`, an aware time in the centre's own zone, falls into.

    A pair takes part with twice the share's probability and then one of its two slices, by a coin, is
    control: so the share of control slices is `control.share` on average, and never both slices of a pair
    are.
    """
    if at.tzinfo is None:
        raise ValueError("the time must be aware; give it in the centre's zone")
    if control is None:
        return Arm.TREATED
    week, weekday = divmod(at.toordinal(), 7)
    slot = int((at.hour * 3600 + at.minute * 60 + at.second) // control.slices)
    digest = sha256(f"{seed}|{week // 2}|{weekday}|{slot}".encode()).digest()
    takes_part = int.from_bytes(digest[:7]) / 2**56 < 2 * control.share
    return Arm.CONTROL if takes_part and digest[7] % 2 == week % 2 else Arm.TREATED
