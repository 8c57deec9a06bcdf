"""People shown to the agents before they are called: the bridge offers, an agent accepts or skips; who is
offered, and what follows, is decided there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from strategies.store.codec import text
from strategies.store.connection import Door


@dataclass(frozen=True, slots=True)
class Offer:
    """Somebody who would be called next, by `pass_name` at `address`, for an agent of `queue`; `at` and
    `until` in epoch seconds."""

    sub: str
    contact: str
    pass_name: str
    address: str
    at: float
    until: float
    queue: str = ""

    @property
    def identity(self) -> str:
        """No other offer's, even of the same person."""
        return f"{self.sub}|{self.at:.3f}|{self.contact}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an agent (the interface of a queue member) said to an offer."""

    agent: str
    accepted: bool
    at: float


def is_shown(answer: Answer | None, agent: str = "") -> bool:
    """Whether an offer with this answer is still shown: unanswered, or accepted by this agent; with no agent
    named, by anybody."""
    return answer is None or (answer.accepted and agent in {"", answer.agent})


_offer = msgspec.json.Decoder(Offer).decode
_answer = msgspec.json.Decoder(Answer).decode


class Offers(Door):
    """An offer has one answer: the first."""

    async def offer(self, offers: Iterable[Offer]) -> None:
        """Show these people to the agents."""
        for one in offers:
            await self._command("HSET", self._keys.offers, one.identity, text(one))

    async def offers(self) -> list[tuple[Offer, Answer | None]]:
        """All there are, the oldest first, each with its answer."""
        kept = await self._command("HGETALL", self._keys.offers)
        said = await self._command("HGETALL", self._keys.offer_answers) if kept else {}
        pairs = [
            (_offer(raw), _answer(said[identity]) if identity in said else None)
            for identity, raw in kept.items()
        ]
        return sorted(pairs, key=lambda pair: (pair[0].at, pair[0].contact))

    async def answer_offer(self, one: Offer, answer: Answer) -> Answer | None:
        """Give the answer; the one that counts, which is another's where another was first. None where the
        offer was taken back meanwhile."""
        said = {"offer": one.identity, "answer": text(answer)}
        raw = await self._call("answer_offer", self._offer_keys, said)
        return _answer(raw) if raw else None

    async def withdraw(self, offers: Iterable[Offer]) -> None:
        """They are answered and dealt with, or nobody answered in time."""
        if names := [one.identity for one in offers]:
            await self._call("withdraw_offers", self._offer_keys, names)

    @property
    def _offer_keys(self) -> tuple[str, str]:
        return self._keys.offers, self._keys.offer_answers
