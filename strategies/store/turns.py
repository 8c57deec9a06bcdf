"""A contact's state and its turn, as the server's functions write them; what the state should be is the
engine's."""

from __future__ import annotations

from strategies.campaign import Campaign
from strategies.records import pass_before
from strategies.state import ContactState, Dial, Move, Wait
from strategies.store.codec import promised, record_text, stand
from strategies.vocabulary import VOICE, Medium, Refusal

LOOK_AGAIN = 30.0  # seconds until a contact is looked at whose wait was over before it was written


def standing(state: ContactState, campaign: Campaign) -> dict[str, object]:
    """A state as the server writes it."""
    return {
        "body": record_text(state),
        "stand": stand(state, campaign),
        "recovery": state.recovery.expires if state.recovery else None,
    }


def turn(move: Move, campaign: Campaign, due_at: float | None, now: float) -> dict[str, object]:
    """A state and when it is looked at again.

    For a contact without a moment: `after` is the pass it may be waiting for, `paused` that it waits for the
    sub-campaign to run, `list_paused` for its list, `again` the next look should either have come already.
    """
    return {
        **standing(move.state, campaign),
        "due": due_at,
        "lane": _lane(move, campaign),
        "after": _awaited(move.state, campaign),
        "list": move.state.list,
        "paused": isinstance(move.step, Wait) and move.step.reason == Refusal.NOT_RUNNING,
        "list_paused": isinstance(move.step, Wait) and move.step.reason == Refusal.LIST_PAUSED,
        "again": now + LOOK_AGAIN,
    }


def lane_of(state: ContactState, medium: Medium) -> str:
    """Where a contact waits for its moment, if its next attempt is by this medium."""
    if medium not in VOICE:
        return "messages"
    return "promised" if promised(state) else "due"


def _lane(move: Move, campaign: Campaign) -> str:
    """Only a message that may be sent is for who sends messages; who waits is looked at by who calls."""
    if isinstance(move.step, Dial):
        return lane_of(move.state, campaign.find(move.step.pass_name).medium)
    return lane_of(move.state, Medium.AVM)


def _awaited(state: ContactState, campaign: Campaign) -> str | None:
    """The pass whose end opens the one the contact stands before."""
    place = stand(state, campaign)
    if not 0 <= place < len(campaign.passes):
        return None
    before = pass_before(campaign, campaign.passes[place].name, state)
    return before.name if before else None
