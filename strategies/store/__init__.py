"""State in Redis: every campaign's contacts, turns, locks, attempts, figures and ledger, behind one class;
what is to be done with them is left to the rules of `strategies`."""

from strategies.store.attachments import Entered
from strategies.store.callers import Caller, Counted, History, QueueFigures
from strategies.store.claims import Claim, decided
from strategies.store.errors import NotDurable, StaleState, StoreError, StoreUnavailable, StoreUnfit
from strategies.store.lanes import Put
from strategies.store.store import Store

__all__ = [
    "Caller",
    "Claim",
    "Counted",
    "Entered",
    "History",
    "NotDurable",
    "Put",
    "QueueFigures",
    "StaleState",
    "Store",
    "StoreError",
    "StoreUnavailable",
    "StoreUnfit",
    "decided",
]
