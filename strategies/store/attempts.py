"""An attempt's way through the store: claimed, placed, recorded or released, each in one step that
re-checks what must hold; which attempts to make is left to the engine and the dialer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio.client import Pipeline

from strategies.attempts import Intent, Outcome, Stage
from strategies.campaign import Campaign
from strategies.frozen import Record
from strategies.state import Move, SubCampaign
from strategies.store import lines
from strategies.store.attachments import Attachments
from strategies.store.claims import Claim, Wanted, packed, read_undo
from strategies.store.codec import read_intent, text
from strategies.store.connection import function_call
from strategies.store.errors import NotDurable, StaleState
from strategies.store.limits import LimitBook
from strategies.store.turns import turn
from strategies.vocabulary import OPT_OUT, SAID_NOTHING, SAID_STOP, VOICE, Refusal, Result

DURABLE_WITHIN = 3.0  # seconds for the disk to confirm a batch of claims
NEVER_CONNECTED = frozenset({Result.BUSY, Result.CONGESTION, Result.BAD_DEVICE, Result.FAILED})


class End(Record, frozen=True):
    """An attempt's one result, and what the engine made of it. `due_at`: when the contact is looked at again
    (None: when a pass ends, or never); `expected_version`: of the state it was decided on."""

    intent: Intent
    outcome: Outcome
    move: Move
    due_at: float | None
    expected_version: int


@dataclass(frozen=True, slots=True)
class _Group:
    """What the ends of one sub-campaign and list in a batch share; `place` counts from one."""

    place: int
    campaign: Campaign
    list_name: str | None
    phase: str
    opting_out: frozenset[str]


class Attempts(Attachments, LimitBook):
    """The only place where an attempt begins or ends."""

    async def claim(self, claims: Sequence[Claim], now: float) -> list[Refusal | None]:
        """Take persons for attempts, all in one step; an answer per claim: None, or why not. Refused
        changes nothing.

        Checked in that step: the stop switch, the run state, the state's version, the overrides in force, the
        list, the consent the contact's record tells of, the allow list, do-not-call over all addresses, for
        the campaign, by prefix and by registry, the window, the lock on the person, and the limits of the
        campaign (see `strategies.campaign.Limits`). Those per contact count for everyone who shares a number,
        those per day and about debts over all campaigns. Returns when the disk has confirmed the whole batch.
        Raises NotDurable if it does not in time and StoreUnavailable if the answer is lost: then nothing may
        be dialled, though `live()` may show what was written.
        """
        if not claims:
            return []
        keys, arguments = packed(await self._wanted(claims), self._keys, now)
        answers = await self._durably("claim", (*self._keys.common, *self._keys.limits, *keys), arguments)
        return [Refusal(answer.decode()) if answer else None for answer in answers]

    async def judge(self, claims: Sequence[Claim], now: float) -> list[Refusal | None]:
        """What `claim` would answer to each of these if it came alone; nobody is taken."""
        if not claims:
            return []
        keys, arguments = packed(await self._wanted(claims), self._keys, now)
        answers = await self._call("judge", (*self._keys.common, *self._keys.limits, *keys), arguments)
        return [Refusal(answer.decode()) if answer else None for answer in answers]

    async def _wanted(self, claims: Sequence[Claim]) -> list[Wanted]:
        """Each claim with the sub-campaign it was decided by and the name of its contact's list."""
        known: dict[tuple[str, int], tuple[SubCampaign, str | None]] = {}
        for claim in claims:
            name, index = claim.intent.sub, claim.state.list
            if (name, index) not in known:
                sub = self._told.get(name) or await self._snapshot(name)
                known[name, index] = sub, await self._list_name(name, index)
        return [(claim, *known[claim.intent.sub, claim.state.list]) for claim in claims]

    async def _durably(self, function: str, keys: Sequence[str], arguments: object) -> Any:
        """Call a function and wait, on the same connection, until its writes are on the disk."""
        if not self._durable:
            return await self._call(function, keys, arguments)
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
        return (await self.placed_many([attempt]))[0]

    async def placed_many(self, attempts: Sequence[str]) -> list[bool]:
        """As `placed`, for each of them, in one step."""
        answers = await self._call("placed", [self._keys.attempt(attempt) for attempt in attempts])
        return [bool(answer) for answer in answers]

    async def record(
        self, intent: Intent, outcome: Outcome, move: Move, due_at: float | None, expected_version: int
    ) -> bool:
        """End an attempt with its one result: state, turn, locks, ledger, figures and history in one step.
        A response in the campaign's `opt_out` puts all addresses of the person on do-not-call in that same
        step: the contact's, and those of contacts who share a number.

        False if it had ended before. Raises StaleState if `expected_version` is not the state's.
        """
        (answer,) = await self.record_many([End(intent, outcome, move, due_at, expected_version)])
        if answer is None:
            raise StaleState(
                f"the state of contact {intent.contact} in {intent.sub} has changed: read it again"
            )
        return answer

    async def record_many(self, ends: Sequence[End]) -> list[bool | None]:
        """Many ends in one step, as `record`; an answer for each: True, False if it had ended before, None if
        its state has changed and is to be read again."""
        if not ends:
            return []
        groups: dict[tuple[str, int], _Group] = {}
        told = [await self._ending(end, await self._group(end, groups)) for end in ends]
        keys = [*self._keys.common, *self._keys.limits]
        for sub, index in groups:
            keys += self._keys.of_sub(sub, index)
        for end in ends:
            attempt = end.intent.attempt
            keys += (self._keys.attempt(attempt), self._keys.facts_of(attempt))
        answers = await self._call(
            "record", keys, {"groups": [{"sub": sub} for sub, _ in groups], "ends": told}
        )
        return [_RECORDED[answer] for answer in answers]

    async def _group(self, end: End, groups: dict[tuple[str, int], _Group]) -> _Group:
        """What this end shares with others of its sub-campaign and list; noted if it is the first of them."""
        known = end.intent.sub, end.move.state.list
        if known not in groups:
            campaign, list_name = await self._in_force(known[0]), await self._list_name(*known)
            opting_out = campaign.group(OPT_OUT) | SAID_STOP
            groups[known] = _Group(len(groups) + 1, campaign, list_name, self._phase(known[0]), opting_out)
        return groups[known]

    async def _ending(self, end: End, group: _Group) -> dict[str, object]:
        """One end as the server takes it."""
        intent, outcome, move, campaign = end.intent, end.outcome, end.move, group.campaign
        said = [response for response in outcome.responses if response in group.opting_out]
        note = {"reason": said[0], "by": intent.attempt, "at": outcome.at} if said else None
        told = {
            "group": group.place,
            "attempt": intent.attempt,
            "contact": intent.contact,
            "version": end.expected_version,
            "connected": outcome.result not in NEVER_CONNECTED,
            **_ended(intent, outcome),
            "lines": [
                lines.ended(intent, outcome, group.list_name, campaign.zone).packed(),
                *lines.packed(
                    move.lines,
                    at=outcome.at,
                    campaign=intent.sub,
                    contact=intent.contact,
                    list=group.list_name,
                ),
            ],
            "turn": {
                **turn(move, campaign, end.due_at, outcome.at),
                "sub": intent.sub,
                "phase": group.phase,
            },
        }
        if note is not None:
            told["opt_out"], told["suppress"] = text(note), await self.addresses_of_person(intent.contact)
        return told

    async def release(self, attempt: str, reason: str) -> bool:
        """Undo the claim of an attempt that was certainly never placed; the contact is due again now.

        False if the attempt is unknown or has ended.
        """
        raw, told = await self._command("HMGET", self._keys.attempt(attempt), "intent", "undo")
        if raw is None:
            return False
        intent, now, undo = read_intent(raw), self._clock(), read_undo(told)
        answer = await self._call(
            "release",
            (*self._keys.common, *self._keys.limits, *self._keys_of_end(intent, undo.list)),
            {
                "attempt": attempt,
                "sub": intent.sub,
                "contact": intent.contact,
                "due": now,
                "lines": lines.packed([lines.released(intent, reason, undo.list_name, undo.nth)], at=now),
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
        return (*attempt, *self._keys.of_sub(intent.sub, list_index))


_RECORDED = {b"recorded": True, b"ended": False, b"stale": None}


def _ended(intent: Intent, outcome: Outcome) -> dict[str, object]:
    """What the history keeps of an attempt; a reply to a message is no conversation."""
    said = intent.medium in VOICE and any(r != SAID_NOTHING for r in outcome.responses)
    with_agent = outcome.result is Result.CONNECTED_AGENT
    return {
        "result": outcome.result,
        "responses": ",".join(outcome.responses),
        "at": outcome.at,
        "conversation": "c" if with_agent else said and "s",
    }
