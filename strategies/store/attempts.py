"""An attempt's way through the store: claimed, placed, recorded or released, each in one step that
re-checks what must hold; which attempts to make is left to the engine and the dialer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.asyncio.client import Pipeline

from strategies.attempts import Intent, Outcome, Stage
from strategies.state import Move
from strategies.store import lines
from strategies.store.attachments import Attachments
from strategies.store.claims import Claim, keys_of, wanted
from strategies.store.codec import read_body, read_intent, text, unpack
from strategies.store.connection import function_call
from strategies.store.errors import NotDurable, StaleState
from strategies.store.turns import lane_of, turn
from strategies.vocabulary import OPT_OUT, SAID_NOTHING, Refusal, Result

DURABLE_WITHIN = 3.0  # seconds for the disk to confirm a batch of claims


class Attempts(Attachments):
    """The only place where an attempt begins or ends."""

    async def claim(self, claims: Sequence[Claim], now: float) -> list[Refusal | None]:
        """Take persons for attempts, all in one step; an answer per claim: None, or why not. Refused
        changes nothing.

        Checked in that step: the stop switch, the run state, the state's version, the allow list, do-not-call
        over all addresses, the window, the lock on every number of the person, and the campaign's caps per
        contact and per day of the campaign's zone, counted over everyone who shares a number and, per day,
        over all campaigns. Returns when the disk has confirmed the whole batch. Raises NotDurable if it does
        not in time and StoreUnavailable if the answer is lost: then nothing may be dialled, though `live()`
        may show what was written.
        """
        if not claims:
            return []
        subs = [await self._snapshot(claim.intent.sub) for claim in claims]
        keys = [*self._keys.common]
        for claim in claims:
            keys += keys_of(self._keys, claim)
        arguments = [wanted(claim, sub, now) for claim, sub in zip(claims, subs, strict=True)]
        answers = await self._durably("claim", keys, arguments)
        return [Refusal(answer.decode()) if answer else None for answer in answers]

    async def _durably(self, function: str, keys: Sequence[str], arguments: object) -> Any:
        """Call a function and wait, on the same connection, until its writes are on the disk."""
        words = function_call(function, keys, arguments)

        async def call() -> Any:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.execute_command(*words)
                pipe.execute_command("WAITAOF", 1, 0, int(DURABLE_WITHIN * 1000))
                answer, confirmed = await pipe.execute(raise_on_error=False)
            if isinstance(answer, Exception):
                raise answer
            return answer, confirmed

        answer, confirmed = await self._with_library(call)
        if isinstance(confirmed, Exception):
            raise NotDurable(f"the store keeps no journal any more: set `appendonly yes` ({confirmed})")
        if confirmed[0] < 1:
            raise NotDurable(
                f"the disk of the store did not confirm within {DURABLE_WITHIN} s: is it full or slow?"
            )
        return answer

    async def placed(self, attempt: str) -> bool:
        """Asterisk took the Originate; False if the attempt is no mere intent any more."""
        return bool(await self._call("placed", (self._keys.attempt(attempt),)))

    async def record(
        self, intent: Intent, outcome: Outcome, move: Move, due_at: float | None, expected_version: int
    ) -> bool:
        """End an attempt with its one result: state, turn, locks, ledger, figures and history in one step.
        A response in the campaign's `opt_out` puts all addresses of the contact on do-not-call in that same
        step.

        False if it had ended before. Raises StaleState if `expected_version` is not the state's.
        """
        campaign = await self._in_force(intent.sub)
        said = [r for r in outcome.responses if r in campaign.group(OPT_OUT)]
        note = {"reason": said[0], "by": intent.attempt, "at": outcome.at} if said else None
        answer = await self._call(
            "record",
            self._keys_of_end(intent, move.state.list),
            {
                "attempt": intent.attempt,
                "sub": intent.sub,
                "contact": intent.contact,
                "version": expected_version,
                "opt_out": text(note) if note else None,
                "ended": _ended(outcome),
                "lines": lines.packed(
                    [lines.ended(intent, outcome), *move.lines],
                    at=outcome.at,
                    campaign=intent.sub,
                    contact=intent.contact,
                ),
                **turn(move, campaign, due_at, outcome.at),
            },
        )
        if answer == b"stale":
            raise StaleState(
                f"the state of contact {intent.contact} in {intent.sub} has changed: read it again"
            )
        return bool(answer == b"recorded")

    async def release(self, attempt: str, reason: str) -> bool:
        """Undo the claim of an attempt that was certainly never placed; the contact is due again now.

        False if the attempt is unknown or has ended.
        """
        names = ("intent", "before", "numbers")
        raw, before, numbers = await self._command("HMGET", self._keys.attempt(attempt), *names)
        if raw is None:
            return False
        intent, state, now = read_intent(raw), read_body(before), self._clock()
        answer = await self._call(
            "release",
            (*self._keys_of_end(intent, state.list), *self._keys.calls_of(unpack(numbers))),
            {
                "attempt": attempt,
                "sub": intent.sub,
                "contact": intent.contact,
                "due": now,
                "lane": lane_of(state, intent.medium),
                "recovery": state.recovery.expires if state.recovery else None,
                "lines": lines.packed([lines.released(intent, reason)], at=now),
            },
        )
        return bool(answer)

    async def live(self) -> list[tuple[Intent, Stage]]:
        """Every attempt that has not ended, by the moment of its intent: what a restart has to settle."""
        names = [raw.decode() for raw in await self._command("SMEMBERS", self._keys.live)]

        def fill(pipe: Pipeline) -> None:
            for name in names:
                pipe.execute_command("HMGET", self._keys.attempt(name), "intent", "stage")

        found = await self._pipeline(fill) if names else []
        pairs = [(read_intent(raw), Stage(stage.decode())) for raw, stage in found if raw]
        return sorted(
            (pair for pair in pairs if pair[1] is not Stage.ENDED),
            key=lambda pair: (pair[0].at, pair[0].attempt),
        )

    async def intent(self, attempt: str) -> Intent | None:
        """The intent of an attempt; known for a day after its end."""
        raw = await self._command("HGET", self._keys.attempt(attempt), "intent")
        return read_intent(raw) if raw else None

    def _keys_of_end(self, intent: Intent, list_index: int) -> tuple[str, ...]:
        attempt = (self._keys.attempt(intent.attempt), self._keys.facts_of(intent.attempt))
        return (*self._keys.common, *attempt, *self._keys.of_sub(intent.sub, list_index))


def _ended(outcome: Outcome) -> dict[str, object]:
    return {
        "result": outcome.result,
        "responses": ",".join(outcome.responses),
        "at": outcome.at,
        "conversation": outcome.result is Result.CONNECTED_AGENT
        or any(r != SAID_NOTHING for r in outcome.responses),
    }
