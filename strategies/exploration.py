"""Leaves a little of the choice among segments to chance and says with which: without that nobody can tell
from the log what the segments not taken would have come to."""

from collections.abc import Mapping, Sequence

from strategies.segments import Control


def propensities(open_to: Sequence[str], chosen: str, control: Control | None) -> dict[str, float]:
    """The chance of each segment, the chosen one having all that exploring leaves; in the order given,
    `chosen` at the end if it is not among them."""
    every = list(dict.fromkeys([*open_to, chosen]))
    floor = control.explore if control is not None else 0.0
    floor = min(floor, 1 / len(every))
    return {name: 1 - floor * (len(every) - 1) if name == chosen else floor for name in every}


def explored(chances: Mapping[str, float], drawn: float) -> str:
    """The segment that a number from 0 up to 1 falls upon."""
    upto = 0.0
    for name, chance in chances.items():
        upto += chance
        if drawn < upto:
            return name
    return list(chances)[-1]
