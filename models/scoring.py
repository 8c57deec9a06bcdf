"""Foretells an outcome for many contacts at once, each with what is known of them now; what is done with the
scores is the caller's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from models.features import row
from models.live_factors import OUTBOUND, history_factors, surroundings
from models.outcome import OutcomeModel
from strategies.contacts import Contact
from strategies.past_calls import PastCalls
from strategies.store.callers import History

Known = Sequence[tuple[History, PastCalls]]


def scores(model: OutcomeModel, contacts: Sequence[Contact], known: Known, local: datetime) -> list[float]:
    """The probability for each contact if they were called at `local`, an aware time at the centre. Runs for
    milliseconds per thousand: in a thread where calls are waiting."""
    now = local.timestamp()
    around = surroundings(None, {"channel": OUTBOUND}, now)
    rows = [
        row(model.factors, contact.attributes, local, history_factors(history, past, now), around)
        for contact, (history, past) in zip(contacts, known, strict=True)
    ]
    return [float(p) for p in model.probabilities(rows)] if rows else []
