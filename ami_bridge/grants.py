"""What an attempt holds from before its claim until its end: an agent where it needs one, a channel, its
share of the rates. Who gets them is asked here, in which order is not."""

from __future__ import annotations

from ami_bridge.agents import QueueBoard
from ami_bridge.pace import Held, Pace
from strategies.attempts import Intent
from strategies.campaign import Pass
from strategies.state import SubCampaign
from strategies.vocabulary import VOICE, Medium


class Grants:
    """`pending` are the attempts that hold something and were not yet handed over to be placed."""

    def __init__(self, pace: Pace, board: QueueBoard) -> None:
        self._pace, self._board = pace, board
        self._pending: set[str] = set()
        self._held: dict[tuple[str, str], str] = {}

    def grant(self, attempt: str, sub: SubCampaign, going: Pass, now: float) -> Held | None:
        """An agent first, where the call goes to one; then a place among the calls that may start. None:
        it has both; else it has nothing."""
        if going.medium not in VOICE:
            return Held.PASS
        place = (sub.name, going.name)
        if going.medium is Medium.DIALER and not self._board.reserve(sub.campaign.queue, attempt):
            self._held[place] = "no agent is free"
            return Held.PASS
        held = self._pace.take(attempt, sub, going, now)
        if held is not None:
            self._board.release(attempt)
            self._held[place] = self._pace.full
            return held
        self._held.pop(place, None)
        self._pending.add(attempt)
        return None

    def held(self) -> dict[str, dict[str, str]]:
        """Sub-campaign -> pass -> why the last attempt that was asked for had to wait."""
        found: dict[str, dict[str, str]] = {}
        for (sub, going), why in self._held.items():
            found.setdefault(sub, {})[going] = why
        return found

    def handed_over(self, attempt: str) -> None:
        """It is claimed, and about to be placed."""
        self._pending.discard(attempt)

    def pending(self) -> list[str]:
        """Attempts of a look that is not through."""
        return sorted(self._pending)

    def give_back(self, attempt: str) -> None:
        """It is over, or will not be placed: nothing of it counts any more."""
        self._pending.discard(attempt)
        self._board.release(attempt)
        self._pace.ended(attempt)

    def adopt(self, intent: Intent, *, to_agent: bool) -> None:
        """A call that is up counts against the channels, and against the agents while it is `to_agent`."""
        self._pace.adopt(intent)
        if to_agent:
            self._board.promise(intent.queue, intent.attempt)
        else:
            self._board.release(intent.attempt)
