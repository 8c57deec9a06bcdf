"""Texts and emails after they were handed over: whose message it was, what came in about it, and what that
changes; what it means is left to the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from strategies.attempts import Intent, Stage
from strategies.messages import Answer, Notice, SipMessage
from strategies.state import Move
from strategies.store import lines
from strategies.store.campaigns import Campaigns
from strategies.store.codec import read_answer, read_intent, read_notice, read_sip_message, text
from strategies.store.errors import StaleState
from strategies.store.turns import turn
from strategies.vocabulary import Kind, Medium, Result

KEPT = 60 * 86_400  # seconds, as in `messages.lua`
HANDED_OVER = 10_000  # texts and answers kept between messenger and bridge


class Messages(Campaigns):
    """What is remembered of a message for sixty days, and the inbox of what is said about it."""

    async def messenger_lease(self, owner: str, ttl: float) -> bool:
        """Be, or stay, the one messenger for `ttl` seconds; False while somebody else is. 0 gives it back."""
        asked = {"owner": owner, "ttl_ms": int(ttl * 1000)}
        return bool(await self._call("bridge_lease", (self._keys.messenger,), asked))

    async def accepted(self, intent: Intent, gateway_id: str, until: float) -> bool:
        """The gateway took an attempt's message, and calls it `gateway_id` ("" if it told no name); its
        report is waited for until a moment (epoch seconds). False if the attempt is over."""
        done = await self._call(
            "accepted",
            (
                self._keys.attempt(intent.attempt),
                self._keys.message(intent.attempt),
                self._keys.sent_as(intent.medium, gateway_id),
                self._keys.sent_to(intent.medium, intent.device.address),
            ),
            {"attempt": intent.attempt, "by_id": bool(gateway_id), "until": until},
        )
        return bool(done)

    async def reported_until(self, attempt: str) -> float | None:
        """The moment until which the report of an accepted message is waited for; None for any other."""
        raw = await self._command("HGET", self._keys.attempt(attempt), "until")
        return float(raw) if raw else None

    async def message(self, attempt: str) -> tuple[Intent, Result | None] | None:
        """A message that was accepted, and what its attempt came to (None while it is live, or where that is
        not known any more); None for a message nobody remembers."""
        raw, amended = await self._command("HMGET", self._keys.message(attempt), "intent", "result")
        if raw is None:
            raw, amended = await self._command("HMGET", self._keys.attempt(attempt), "intent", "result")
        if raw is None:
            return None
        if amended is None:
            amended = await self._command("HGET", self._keys.attempt(attempt), "result")
        return read_intent(raw), Result(amended.decode()) if amended else None

    async def message_ended(self, attempt: str, result: Result) -> None:
        """Remember what an attempt came to for as long as its message is; where nobody knows whether there is
        one, there may be, and who has it may want no more."""
        message = self._keys.message(attempt)
        if await self._command("EXISTS", message):
            await self._command("HSET", message, "result", str(result))
        elif result is Result.UNKNOWN and (
            intent := await self._command("HGET", self._keys.attempt(attempt), "intent")
        ):
            await self._command("HSET", message, "intent", intent, "result", str(result))
            await self._command("EXPIRE", message, KEPT)

    async def message_called(self, medium: Medium, gateway_id: str) -> str | None:
        """The attempt whose message the gateway calls so."""
        raw = await self._command("GET", self._keys.sent_as(medium, gateway_id))
        return raw.decode() if raw else None

    async def last_message_to(self, medium: Medium, address: str) -> str | None:
        """The attempt that sent the last message to an address."""
        raw = await self._command("GET", self._keys.sent_to(medium, address))
        return raw.decode() if raw else None

    async def stage(self, attempt: str) -> Stage | None:
        """How far an attempt has come."""
        raw = await self._command("HGET", self._keys.attempt(attempt), "stage")
        return Stage(raw.decode()) if raw else None

    async def ask_for(self, message: SipMessage) -> None:
        """Ask the bridge to have Asterisk send a text."""
        await self._hand_over(self._keys.sip_messages, message)

    async def asked_for(self, after: str, block_ms: int) -> list[tuple[str, SipMessage]]:
        """The texts asked for after a stream id, with their ids; waits at most `block_ms` for the first."""
        entries = await self._read_stream(self._keys.sip_messages, after, block_ms)
        return [(identity, read_sip_message(body[b"it"])) for identity, body in entries]

    async def answer(self, attempt: str, answer: Answer) -> None:
        """Tell the messenger what Asterisk said to a text."""
        await self._hand_over(self._keys.sip_answers, {"attempt": attempt, "answer": answer})

    async def answers(self, after: str, block_ms: int) -> list[tuple[str, str, Answer]]:
        """What Asterisk said to texts after a stream id, as (stream id, attempt, answer)."""
        entries = await self._read_stream(self._keys.sip_answers, after, block_ms)
        return [(identity, *read_answer(body[b"it"])) for identity, body in entries]

    async def _hand_over(self, stream: str, what: object) -> None:
        await self._command("XADD", stream, "MAXLEN", "~", HANDED_OVER, "*", "it", text(what))

    async def take_in(self, identity: str, notice: Notice, stopped: Sequence[str] = ()) -> bool:
        """Keep what came in until it is dealt with; False if `identity` was taken in before (two days back).

        `stopped`: addresses that are put on do-not-call in that same step.
        """
        at, reason = self._clock(), next(iter(notice.responses), "")
        line = {
            "kind": Kind.DO_NOT_CALL,
            "addresses": list(stopped),
            "reason": reason,
            "by": str(notice.medium),
        }
        taken = await self._call(
            "take_in",
            (
                self._keys.do_not_call,
                self._keys.ledger,
                self._keys.figures(""),
                *self._inbox,
                self._keys.taken_in(identity),
            ),
            {
                "id": identity,
                "at": at,
                "notice": text(notice),
                "addresses": list(stopped),
                "note": text({"reason": reason, "by": str(notice.medium), "at": at}),
                "lines": lines.packed([line], at=at),
            },
        )
        return bool(taken)

    async def inbox(self, now: float, limit: int) -> list[tuple[str, Notice]]:
        """What is to be dealt with at `now`, the oldest first."""
        found = await self._call("inbox", self._inbox, {"now": now, "limit": limit})
        pairs = zip(found[::2], found[1::2], strict=True)
        return [(identity.decode(), read_notice(raw)) for identity, raw in pairs if raw]

    async def postpone(self, identity: str, until: float) -> None:
        """Deal with a notice later."""
        await self._command("ZADD", self._keys.inbox, "XX", until, identity)

    async def settle(self, identity: str) -> bool:
        """A notice is dealt with; False if it was before."""
        return bool(await self._call("settle", self._inbox, {"notice": identity}))

    async def amend(  # noqa: PLR0913, PLR0917  what came in, about which attempt, and what follows
        self,
        identity: str,
        notice: Notice,
        intent: Intent,
        was: Result | None,
        move: Move,
        due_at: float | None,
        expected_version: int,
        stopped: Sequence[str] = (),
    ) -> bool:
        """Write what a notice changes after its attempt's end: the result (from `was`; None: it stays), the
        responses, the contact's state and turn, do-not-call for `stopped`; and the notice is dealt with.

        False while an attempt of the contact is in progress. Raises StaleState if `expected_version` is not
        the state's. Written once, however often it is asked.
        """
        campaign, at = await self._in_force(intent.sub), self._clock()
        reason = next(iter(notice.responses), "")
        answer = await self._call(
            "amend",
            (
                *self._keys.common,
                self._keys.message(intent.attempt),
                *self._inbox,
                *self._keys.of_sub(intent.sub, move.state.list),
            ),
            {
                "notice": identity,
                "sub": intent.sub,
                "contact": intent.contact,
                "version": expected_version,
                "result": notice.result if was is not None else None,
                "addresses": list(stopped),
                "note": text({"reason": reason, "by": intent.attempt, "at": at}),
                "lines": lines.packed(
                    [*_lines(intent, notice, was), *move.lines],
                    at=at,
                    campaign=intent.sub,
                    contact=intent.contact,
                    list=await self._list_name(intent.sub, move.state.list),
                ),
                "phase": self._phase(intent.sub),
                **turn(move, campaign, due_at, at),
            },
        )
        if answer == b"stale":
            raise StaleState(
                f"the state of contact {intent.contact} in {intent.sub} has changed: read it again"
            )
        return bool(answer != b"live")

    @property
    def _inbox(self) -> tuple[str, str]:
        return self._keys.inbox, self._keys.notices


def _lines(intent: Intent, notice: Notice, was: Result | None) -> list[dict[str, Any]]:
    """What was said of the message, and what the person said."""
    told: list[dict[str, Any]] = []
    if was is not None:
        told.append(dict(lines.reported(intent, was, notice)))
    if notice.responses:
        told.append(dict(lines.responded(intent, notice)))
    return told
