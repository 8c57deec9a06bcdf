"""After a crash or a lost link: what the store holds for live is compared with the channels Asterisk
has up."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from strategies.attempts import Fact, FactName, Intent, Stage


def lost_attempts(
    live: Iterable[tuple[Intent, Stage]], up: Collection[str], asked_now: Collection[str], now: float
) -> list[tuple[str, Fact]]:
    """The live attempts that Asterisk has no channel for, each with the fact that it is gone.

    `up` are the uniqueids of Asterisk's channels, `asked_now` the attempts whose Originate this process
    is still
    waiting on: their channel may be there a moment later. What the facts already tell decides each one's
    result;
    where they tell nothing, it is unknown, and is not dialled again before its cool-down.
    """
    return [
        (intent.attempt, Fact(FactName.GONE, now, stage.value))
        for intent, stage in live
        if intent.attempt not in up and intent.attempt not in asked_now
    ]


def adopted(live: Iterable[tuple[Intent, Stage]], up: Collection[str]) -> list[str]:
    """Attempts known only as intents whose channel is up: Asterisk was asked after all."""
    return [intent.attempt for intent, stage in live if stage is Stage.INTENT and intent.attempt in up]
