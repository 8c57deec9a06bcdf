"""What each simulated attempt comes to, and when: by the carrier's file, by chance where it says so."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from config.carrier import Carrier, Entry, Model
from strategies.attempts import Intent
from strategies.campaign import Campaign
from strategies.frozen import Record, replace
from strategies.vocabulary import SUCCESS, VOICE, Medium, Result

KeyT = TypeVar("KeyT", bound=str)

UNANSWERED = frozenset(
    {Result.BUSY, Result.NO_ANSWER, Result.CONGESTION, Result.BAD_DEVICE, Result.FAILED, Result.UNKNOWN}
)
MESSAGES = frozenset({Result.SENT, Result.DELIVERED, Result.REPLIED, Result.UNDELIVERED})
AT_ONCE = 1.0  # seconds of what takes no time worth telling: a busy tone, a message handed over
TALK: Mapping[Result, float] = {  # seconds from the answer to the end, where the file does not say
    Result.FAX: 4.0,
    Result.MACHINE_HANGUP: 4.0,
    Result.MACHINE_MESSAGE: 20.0,
    Result.HANGUP_IN_SCRIPT: 5.0,
    Result.DELIVERED_PERSON: 30.0,
    Result.DELIVERED_NO_SUCCESS: 30.0,
    Result.ABANDONED_IN_QUEUE: 20.0,
    Result.ABANDONED_NO_AGENT: 10.0,
    Result.CONNECTED_AGENT: 60.0,
}


class Fate(Record, frozen=True):
    """What an attempt comes to. `ring`: seconds until it is answered or given up; `talk`: from there to its
    end. `hung_up`: the person left before the end. `otherwise`: what it comes to instead if no agent is free
    when one is asked for, at the end of `ring`."""

    result: Result
    responses: tuple[str, ...] = ()
    ring: float = 0.0
    talk: float = 0.0
    hung_up: bool = False
    otherwise: Fate | None = None


class Fates:
    """One per simulation. Chance depends on the seed, the address and how often it was tried, on nothing
    else: the same people behave alike whatever the strategy does to the others."""

    def __init__(self, carrier: Carrier, seed: int) -> None:
        self._carrier, self._seed = carrier, seed
        self._tries = Counter[str]()

    def draw(self, intent: Intent, campaign: Campaign, zone: str) -> Fate:
        """The fate of an attempt that starts now; `zone` is that of the person. Counts it for its address."""
        address = intent.device.address
        before = self._tries[address]
        self._tries[address] += 1
        entry = self._carrier.scripted(address, before)
        model = self._carrier.model
        if entry is None and model is not None:
            dice = random.Random(f"{self._seed} {before} {address}")  # noqa: S311 - chance, not secrecy
            return _drawn(model, intent, zone, dice, campaign.group(SUCCESS))
        return _written(entry or self._carrier.default, intent)


def _written(entry: Entry, intent: Intent) -> Fate:
    """An entry as it stands. One that cannot befall this medium gives a message delivered, a call not
    answered."""
    if intent.medium not in VOICE:
        result = entry.result if entry.result in MESSAGES else Result.DELIVERED
        responses = entry.responses if entry.result in MESSAGES else ()
        return Fate(result, responses, entry.ring or AT_ONCE)
    if entry.result in MESSAGES:
        entry = Entry(Result.NO_ANSWER)
    if entry.result is Result.NO_ANSWER:
        return Fate(entry.result, entry.responses, intent.ring if entry.ring is None else entry.ring)
    if entry.result in UNANSWERED:
        return Fate(entry.result, entry.responses, AT_ONCE if entry.ring is None else entry.ring)
    talk = next((t for t in (entry.after, entry.talk, TALK[entry.result]) if t is not None), 0.0)
    return Fate(entry.result, entry.responses, entry.ring or 0.0, talk, hung_up=entry.after is not None)


def _drawn(model: Model, intent: Intent, zone: str, dice: random.Random, success: frozenset[str]) -> Fate:
    if intent.medium not in VOICE:
        return _message(model, intent.medium, dice)
    local = datetime.fromtimestamp(intent.at, ZoneInfo(zone))
    if dice.random() >= model.answered(intent.device.kind, local.hour + local.minute / 60):
        return _not_answered(model, intent.ring, dice)
    ring = min(dice.expovariate(1 / model.answer_after) if model.answer_after else 0.0, intent.ring)
    what = _pick({Result.MACHINE_HANGUP: model.machine, Result.FAX: model.fax}, dice)
    if what is None:
        dialer = intent.medium is Medium.DIALER
        return replace(_spoken_to(model, dice) if dialer else _played_to(model, dice, success), ring=ring)
    if what is Result.MACHINE_HANGUP and intent.machine == "leave_message":
        what = Result.MACHINE_MESSAGE
    return Fate(what, (), ring, TALK[what])


def _not_answered(model: Model, ring: float, dice: random.Random) -> Fate:
    shares = {
        Result.BUSY: model.busy,
        Result.CONGESTION: model.congestion,
        Result.BAD_DEVICE: model.bad_device,
    }
    what = _pick(shares, dice)
    return Fate(Result.NO_ANSWER, ring=ring) if what is None else Fate(what, ring=AT_ONCE)


def _played_to(model: Model, dice: random.Random, success: frozenset[str]) -> Fate:
    """A person who hears a script."""
    what = _pick({"hang_up": model.hang_up, "agent": model.asks_for_agent}, dice)
    if what == "hang_up":
        return Fate(Result.HANGUP_IN_SCRIPT, talk=dice.uniform(0, model.script), hung_up=True)
    if what == "agent":
        heard = dice.uniform(0, model.script)
        lost = Fate(Result.ABANDONED_IN_QUEUE, talk=heard + model.patience)
        spoken = _spoken_to(model, dice)
        return replace(spoken, talk=heard + spoken.talk, otherwise=lost)
    said = _pick(model.responses, dice)
    if said is None:
        return Fate(Result.DELIVERED_PERSON, talk=model.script)
    result = Result.DELIVERED_PERSON if said in success else Result.DELIVERED_NO_SUCCESS
    return Fate(result, (said,), talk=model.script)


def _spoken_to(model: Model, dice: random.Random) -> Fate:
    """A person whom an agent speaks to."""
    said = _pick(model.agent_responses, dice)
    talk = dice.expovariate(1 / model.talk) if model.talk else 0.0
    return Fate(Result.CONNECTED_AGENT, (said,) if said else (), talk=talk)


def _message(model: Model, medium: Medium, dice: random.Random) -> Fate:
    if dice.random() < model.undelivered:
        return Fate(Result.UNDELIVERED, ring=AT_ONCE)
    mine = {said: share for said, share in model.replies.items() if said.startswith(f"{medium}_")}
    said = _pick(mine, dice)
    return Fate(Result.REPLIED, (said,), AT_ONCE) if said else Fate(Result.DELIVERED, ring=AT_ONCE)


def _pick(shares: Mapping[KeyT, float], dice: random.Random) -> KeyT | None:
    """One of the keys by its share, None by what is left of the whole."""
    at = dice.random()
    for what, share in shares.items():
        at -= share
        if at < 0:
            return what
    return None
