"""A contact's state and its turn, as the server's functions write them; what the state should be is the
engine's."""

from __future__ import annotations

from strategies.campaign import Campaign
from strategies.records import pass_before
from strategies.state import ContactState, Dial, Move, Wait
from strategies.store.codec import promised, record_text, stand
from strategies.vocabulary import VOICE, Medium, Refusal

LOOK_AGAIN = 1.0  # seconds until a contact is looked at whose wait was over before it was written


def turn(move: Move, campaign: Campaign, due_at: float | None, now: float) -> dict[str, object]:
    """A state and when it is looked at again.

    For a contact without a moment: `after` is the pass it may be waiting for, `paused` that it waits for the
    sub-campaign to run, `list_paused` for its list, `again` the next look should either have come already.
    """
    state, wait = move.state, move.step.reason if isinstance(move.step, Wait) else None
    place = stand(state, campaign)
    told: dict[str, object] = {
        "body": record_text(state),
        "stand": place,
        "lane": _lane(move, campaign),
        "list": state.list,
        "again": now + LOOK_AGAIN,
    }
    if state.recovery is not None:
        told["recovery"] = state.recovery.expires
    if due_at is not None:
        return {**told, "due": due_at}
    waits = {"paused": wait == Refusal.NOT_RUNNING, "list_paused": wait == Refusal.LIST_PAUSED}
    after = None if any(waits.values()) else _awaited(state, place, campaign)  # what holds them says it all
    return {**told, "after": after, **waits}


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


def _awaited(state: ContactState, place: int, campaign: Campaign) -> str | None:
    """The pass whose end opens the one the contact stands before."""
    if not 0 <= place < len(campaign.passes):
        return None
    before = pass_before(campaign, campaign.passes[place].name, state)
    return before.name if before else None
