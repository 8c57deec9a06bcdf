"""Preview passes: somebody is shown to the agents first, and called once one of them accepts; who skips puts
the person off. Who is due is the rules' to say, and claiming the dialer's."""

from __future__ import annotations

import structlog

from ami_bridge.agents import QueueBoard
from strategies.campaign import Pass
from strategies.contacts import Contact
from strategies.engine import advance
from strategies.state import Dial, Move, SubCampaign, Wait
from strategies.store import Store
from strategies.store.offers import Answer, Offer
from strategies.vocabulary import Kind

log = structlog.get_logger(__name__)

LASTS = 120.0  # seconds in which an offer may be answered; then somebody else may be shown
PUT_OFF = 3600.0  # seconds until a person is shown again whom an agent skipped
SKIPPED = "agent_skipped"


def is_preview(going: Pass, dial: Dial) -> bool:
    """Whether an agent accepts first: recoveries and callbacks were promised already."""
    return going.pacing.method == "preview" and dial.recovery is None and dial.callback is None


def put_off(move: Move, pass_name: str, by: str, now: float) -> Move:
    """What becomes of who was to be called, and skipped by an agent: they wait until `now` + PUT_OFF."""
    line = {"kind": Kind.SKIPPED, "pass": pass_name, "reason": SKIPPED, "by": by}
    return Move(move.state, Wait(now + PUT_OFF, SKIPPED), (*move.lines, line))


class Previews:
    """One per dialer; `look` before anybody of a sub-campaign is asked for."""

    def __init__(self, store: Store, board: QueueBoard) -> None:
        self._store, self._board = store, board
        self._open: dict[tuple[str, str], tuple[Offer, Answer | None]] = {}  # sub-campaign, contact
        self._wanted: list[Offer] = []

    async def look(self, sub: SubCampaign, now: float) -> None:
        """Read the answers; put off who was skipped, and take back what nobody answered."""
        if not any(one.pacing.method == "preview" for one in sub.campaign.passes):
            return
        mine = [pair for pair in await self._store.offers() if pair[0].sub == sub.name]
        self._open = {key: pair for key, pair in self._open.items() if key[0] != sub.name}
        for offer, answer in mine:
            if answer is not None and not answer.accepted:
                await self._put_off(sub, offer, answer, now)
            elif now >= offer.until:
                await self._store.withdraw([offer])
            else:
                self._open[sub.name, offer.contact] = offer, answer

    def agent_for(
        self, sub: SubCampaign, contact: Contact, going: Pass, dial: Dial, now: float
    ) -> str | None:
        """The agent who accepted this person, while free; else None, and the person is shown if an agent is
        there to look."""
        offer, answer = self._open.get((sub.name, contact.id), (None, None))
        if answer is not None:
            return answer.agent if self._board.is_free(sub.campaign.queue, answer.agent) else None
        shown, queue = sum(name == sub.name for name, _ in self._open) + len(self._wanted), sub.campaign.queue
        if offer is None and shown < self._board.free(queue):
            self._wanted.append(
                Offer(sub.name, contact.id, going.name, dial.device.address, now, now + LASTS, queue)
            )
        return None

    async def show(self) -> None:
        """Make the offers that the last choice led to."""
        wanted, self._wanted = self._wanted, []
        await self._store.offer(wanted)

    async def called(self, sub: str, contact: str) -> None:
        """The person was claimed, or may not be called: the offer is dealt with."""
        offer, _ = self._open.pop((sub, contact), (None, None))
        if offer is not None:
            await self._store.withdraw([offer])

    async def _put_off(self, sub: SubCampaign, offer: Offer, answer: Answer, now: float) -> None:
        contact = await self._store.contact(offer.contact)
        state = await self._store.state(sub.name, offer.contact)
        if contact is not None and state is not None:
            waiting = put_off(advance(contact, state, sub, now), offer.pass_name, answer.agent, now)
            await self._store.put(sub.name, contact.id, state.version, waiting, now + PUT_OFF)
        await self._store.withdraw([offer])
