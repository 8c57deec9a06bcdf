"""After a crash or a gap: what the store holds for live is compared with the channels Asterisk has up."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from strategies.attempts import Fact, FactName, Intent, Stage


@dataclass(frozen=True, slots=True)
class Findings:
    """Live attempts, each in one place: their channel is up, is gone, or may still be to come.

    `adopted`: those of `up` that were known only as intents, so that Asterisk was asked after all.
    """

    up: tuple[Intent, ...]
    adopted: tuple[str, ...]
    gone: tuple[tuple[str, Fact], ...]
    undecided: tuple[str, ...]


def compare(
    live: Iterable[tuple[Intent, Stage]], up: Collection[str], awaited: Collection[str], now: float
) -> Findings:
    """What became of the live attempts, by the uniqueids `up` of Asterisk's channels.

    `awaited` are those whose Originate was so recent that their channel may be there a moment later. Of a
    gone one, what the facts already tell decides the result; where they tell nothing it is unknown, and is
    not dialled again before its cool-down.
    """
    found, adopted, gone, undecided = [], [], [], []
    for intent, stage in live:
        attempt = intent.attempt
        if attempt in up:
            found.append(intent)
            if stage is Stage.INTENT:
                adopted.append(attempt)
        elif attempt in awaited:
            undecided.append(attempt)
        else:
            gone.append((attempt, Fact(FactName.GONE, now, stage.value)))
    return Findings(tuple(found), tuple(adopted), tuple(gone), tuple(undecided))
