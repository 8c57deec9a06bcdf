"""Makes the values of the factors that are known of every interaction from what the store knows of it; what a
model does with them is left to `models.features`.

A recorded call goes through the same functions, with what was known when it came in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from models.features import WAITED_SO_FAR, Surroundings
from strategies.past_calls import PastCalls, calls_lately
from strategies.store.callers import History, QueueFigures

DAY = 86_400.0

INBOUND, OUTBOUND, CALLBACK = "inbound", "outbound", "callback"
"""The values of the factor `channel`."""


def history_factors(history: History, past: PastCalls, now: float) -> dict[str, object]:
    """What earlier attempts and calls came to, at `now` in epoch seconds. `campaign` counts the present
    attempt too, as the records do that models are trained on."""
    return {
        "campaign": history.attempts + 1,
        "attempts": history.attempts,
        "conversations": history.conversations,
        "last_result": history.last_result,
        "last_response": history.last_responses[-1] if history.last_responses else None,
        "days_since_attempt": _days(history.last_at, now),
        "recovery_open": "yes" if history.recovery_open else "no",
        **call_factors(past, now),
    }


def call_factors(past: PastCalls, now: float) -> dict[str, object]:
    """What the customer's own calls came to; nothing of the last one where there was none."""
    known: dict[str, object] = {"calls": past.calls, "calls_abandoned": past.abandoned}
    if past.calls:
        known |= {
            "calls_waited": past.waited,
            "days_since_call": _days(past.last_at, now),
            "last_call": past.last_result,
            "last_call_waited": past.last_waited,
            "last_call_talked": past.last_talked,
            "calls_abandoned_share": past.abandoned / past.calls,
            "calls_lately": calls_lately(past, now),
            "calls_lately_abandoned": past.lately_abandoned,
            "calls_abandoned_in_a_row": past.in_a_row,
            "calls_patience": past.patience,
            "days_between_calls": None if past.gap is None else round(past.gap / DAY, 4),
        }
    return known


def surroundings(
    figures: QueueFigures | None, intent: Mapping[str, object], now: float, waited: float = 0.0
) -> Surroundings:
    """The queue they would enter, as it was told last, and what they chose on the way to us; `waited`:
    seconds since they came in."""
    own: dict[str, object] = {WAITED_SO_FAR: waited}
    if figures is None:
        return Surroundings(own, intent=intent)
    queue = {
        **figures.lately,
        "queue_waiting": figures.waiting,
        "queue_agents_free": figures.agents_free,
        "queue_longest_wait": figures.longest_wait,
        **own,
    }
    return Surroundings(queue, max(0.0, now - figures.at), intent)


def without_one(figures: QueueFigures) -> QueueFigures:
    """The figures as who waits there sees them: beside themselves, as somebody does who comes in."""
    lately = {
        name: value - 1 if name == "centre_waiting" and value >= 1 else value
        for name, value in figures.lately.items()
    }
    return replace(figures, waiting=max(0, figures.waiting - 1), lately=lately)


def _days(at: float | None, now: float) -> float | None:
    return None if at is None else round(max(0.0, now - at) / DAY, 4)
