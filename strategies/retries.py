"""What a pass does after a result: the same device after a wait, the next one, or nothing more; pure
arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from strategies.campaign import Retry
from strategies.vocabulary import Result


class Again(StrEnum):
    """What follows a result within the pass."""

    SAME_DEVICE = "same_device"
    NEXT_DEVICE = "next_device"
    THROUGH = "through"


@dataclass(frozen=True, slots=True)
class Next:
    """What follows, after `wait` seconds; `used` are the retries used on the device, this one included."""

    what: Again
    wait: float = 0.0
    used: Mapping[str, int] | None = None


def after(retry: Mapping[Result, Retry], result: Result, used: Mapping[str, int]) -> Next:
    """What a pass's retries say to one more `result` on a device on which `used` retries (by result) were
    made.

    The nth wait precedes the nth retry for the same result on the same device. `same_device` repeats its
    last wait until a cap ends it; with no wait to repeat it ends the pass, rather than dial without a
    pause.
    """
    entry = retry.get(result)
    if entry is None:
        return Next(Again.THROUGH)
    made = used.get(result, 0)
    if made < len(entry.after):
        return Next(Again.SAME_DEVICE, entry.after[made], {**used, str(result): made + 1})
    if entry.then == "next_device":
        return Next(Again.NEXT_DEVICE)
    if entry.then == "same_device" and entry.after:
        return Next(Again.SAME_DEVICE, entry.after[-1], {**used, str(result): made + 1})
    return Next(Again.THROUGH)
