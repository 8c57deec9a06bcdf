"""Which time slices change nothing, so that the gain of segmentation can be measured; the clock and the
seed are the caller's.

Slices, not calls, are drawn because single calls share agents; they are drawn in matched pairs (the same
weekday and slot of two consecutive weeks) so that no schedule can line up with the draw.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from strategies.segments import Control


class Arm(StrEnum):
    """What is done with a decision: it is carried out, or only recorded."""

    TREATED = "treated"
    CONTROL = "control"  # the whole slice stays as it was
    CONSTANT = "constant"  # the whole slice is handled by one segment
    LOGGED = "logged"  # this one call stays as it was


def draw(seed: str, interaction: str) -> float:
    """A number from 0 up to 1 for one interaction, the same each time: what is left to chance can be done
    over."""
    return int.from_bytes(sha256(f"{seed}|{interaction}".encode()).digest()[:7]) / 2**56


def call_arm(control: Control | None, arm: Arm, drawn: float) -> Arm:
    """The arm of a call in a slice of this arm, by a draw of its own."""
    left_alone = control is not None and arm is Arm.TREATED and drawn < control.calls
    return Arm.LOGGED if left_alone else arm


@dataclass(frozen=True, slots=True)
class Slice:
    """A slice of time. `pair` names it and its partner; `against` is the arm that one of the two has, None
    where both are treated and tell nothing of an effect."""

    pair: str
    arm: Arm
    against: Arm | None = None


def control_arm(control: Control | None, seed: str, at: datetime) -> Arm:
    """The arm of the slice that `at`, an aware time in the centre's own zone, falls into."""
    return slice_at(control, seed, at).arm


def slice_at(control: Control | None, seed: str, at: datetime) -> Slice:
    """The slice that `at`, an aware time in the centre's own zone, falls into.

    A pair takes part with twice the share's probability and then one of its two slices, by a coin, is
    control: so the share of control slices is `control.share` on average, and never both slices of a pair
    are. The slices of the constant arm are drawn in the same way from the pairs that are left.
    """
    if at.tzinfo is None:
        raise ValueError("the time must be aware; give it in the centre's zone")
    if control is None:
        return Slice("", Arm.TREATED)
    week, weekday = divmod(at.toordinal(), 7)
    slot = int((at.hour * 3600 + at.minute * 60 + at.second) // control.slices)
    pair = f"{week // 2}|{weekday}|{slot}"
    digest = sha256(f"{seed}|{pair}".encode()).digest()
    drawn = int.from_bytes(digest[:7]) / 2**56
    constant = control.constant.share if control.constant else 0.0
    if drawn >= 2 * (control.share + constant):
        return Slice(pair, Arm.TREATED)
    against = Arm.CONTROL if drawn < 2 * control.share else Arm.CONSTANT
    return Slice(pair, against if digest[7] % 2 == week % 2 else Arm.TREATED, against)
