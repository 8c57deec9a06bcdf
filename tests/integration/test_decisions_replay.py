"""Every decision of a run of 5,000 calls, through the hook and a real store, is made again from the ledger
alone, to the same outcome."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from store_people import Clock, person

from agi.agents_at_hand import AgentsAtHand
from agi.local_socket import LocalCall
from agi.segment import SegmentHook
from config.segments_file import segments
from config.yaml_reader import parse
from models.features import Factor
from strategies.decisions import Reason
from strategies.replay import replays
from strategies.segments import Catalogue, Prediction
from strategies.store import QueueFigures, Store
from strategies.store.notes import Note
from strategies.store.seats import Seat
from strategies.vocabulary import AgentState, Kind

CALLS = 5_000
AT_ONCE = 25
PEOPLE = 120
CATALOGUE = """\
outcomes:
  buys: {value: contact.offer_value, cost: 2, model: buys}
  pays: {value: contact.balance, model: pays}
objectives:
  serve: {queue: service, importance: 1}
  collect: {queue: service, importance: 2}
  sell:
    {queue: sales, importance: 3, wait_limit: 30s, room: {needs: "queue.agents_free > 0", otherwise: first}}
segments:
  standard: {rank: 9, objective: serve, default: true}
  loyal: {rank: 8, objective: serve}
  debtor: {rank: 5, objective: collect, enter: "p.pays >= 0.3", scope: {ttl: 1h}}
  buyer: {rank: 3, objective: sell, enter: "p.buys >= 0.25 and attempts < 5"}
  praised: {rank: 4, objective: serve, enter: "contact.praised == 'yes'"}
guards: {margin: 5, promoted_share: {limit: 40%, per: 10s}, agent_fit: {prior: 5}}
control: {slices: 30m, share: 20%, constant: {segment: buyer, share: 10%}, calls: 20%, explore: 5%}
"""


class Guessing:
    """A model that says anything, now and then nothing at all."""

    factors: Sequence[Factor] = ()

    def __init__(self, name: str, dice: random.Random) -> None:
        self._name, self._dice = name, dice

    def predict(self, row: Mapping[str, float | str]) -> Prediction:
        if self._dice.random() < 0.02:
            return Prediction(None, self._name, "1", "no such tensor")
        if self._dice.random() < 0.001:
            raise ValueError("a tensor of the wrong shape")
        return Prediction(self._dice.random(), self._name, "1")


def catalogue() -> Catalogue:
    found, problems = segments(parse(CATALOGUE.encode(), Path("segments.yaml")))
    assert found is not None, problems.errors
    return replace(found, deadline=30.0)  # no stall of the machine is to decide here


async def people(store: Store, dice: random.Random) -> list[str]:
    """Numbers of people in the list; their attributes as a list has them, some missing."""
    numbers = [f"+1202555{n:04}" for n in range(PEOPLE)]
    worth = ["", "nan", "0", "12.5", "100", "400"]
    await store.import_contacts(
        "march",
        [
            person(
                f"c{n}",
                number,
                segment=dice.choice(["standard", "loyal", "debtor", "abolished"]),
                attributes={
                    "offer_value": dice.choice(worth),
                    "balance": dice.choice(worth),
                    "praised": dice.choice(["yes", "no"]),
                    "diary": "nobody's business",
                },
            )
            for n, number in enumerate(numbers)
        ],
    )
    return numbers


async def agents(store: Store, at_hand: AgentsAtHand, dice: random.Random, now: float) -> None:
    """Who is at what, and how it goes in the queues, as the bridge tells it."""
    states = [dice.choice([AgentState.READY, AgentState.BUSY]) for _ in range(4)]
    await store.put_seats(
        [
            Seat(f"PJSIP/agent{n}", f"agent {n}", ("service", "sales")[: 1 + n % 2], s)
            for n, s in enumerate(states)
        ],
        now,
    )
    for queue in ("service", "sales"):
        free = dice.randrange(3)
        await store.put_queue_figures(queue, QueueFigures(dice.randrange(5), free, dice.random() * 60, now))
    await at_hand.look(store)


async def note_some(store: Store, calls: Sequence[str], dice: random.Random, now: float) -> None:
    """What agents say of calls: so that the likelier agent changes as it goes."""
    for call in dice.sample(list(calls), 5):
        agent = f"PJSIP/agent{dice.randrange(4)}"
        await store.note(Note(call, now, pursued=True, achieved=dice.random() < 0.4, agent=agent))


async def test_every_decision_of_5000_calls_replays_from_the_ledger(store: Store, clock: Clock) -> None:
    dice = random.Random(11)
    found, at_hand = catalogue(), AgentsAtHand()
    at_hand.hold_to(found)
    numbers = await people(store, dice)
    hook = SegmentHook(
        store,
        found,
        {name: Guessing(name, dice) for name in ("buys", "pays")},
        country="US",
        tenant="test",
        agents=at_hand,
        clock=clock,
    )

    async def calls(interaction: str) -> None:
        number = dice.choice(numbers) if dice.random() < 0.95 else ""
        await hook(LocalCall({"agi_uniqueid": interaction, "agi_callerid": number}, lambda _: None))

    for begun in range(0, CALLS, AT_ONCE):
        clock.now += 451.0  # another slice every fourth time
        await agents(store, at_hand, dice, clock.now)
        batch = [f"178.{n}" for n in range(begun, begun + AT_ONCE)]
        await asyncio.gather(*(calls(one) for one in batch))
        await note_some(store, batch, dice, clock.now)

    lines = await decisions(store)
    assert len({line["interaction"] for line in lines}) == CALLS
    wrong = [line["interaction"] for line in lines if not replays(line["decision"], found)]
    assert wrong == []
    reasons = Counter(line["decision"]["reason"] for line in lines)
    assert set(reasons) >= {
        *(Reason.NO_CANDIDATE, Reason.FIRST_IS_BEST, Reason.BELOW_MARGIN, Reason.AGENT_FIT),
        *(Reason.SHARE_REACHED, Reason.NO_ROOM, Reason.CONTROL, Reason.LOGGED_ONLY, Reason.CONSTANT),
        *(Reason.EXPLORED, Reason.SAME_OBJECTIVE, Reason.BETTER_SEGMENT, Reason.FAULT),
    }
    assert "diary" not in str(lines), "of the contact only what the formulas name"


async def decisions(store: Store) -> list[dict[str, Any]]:
    """Every line of the ledger that holds a decision."""
    found: list[dict[str, Any]] = []
    after = "-"
    while page := await store.ledger(after, 2000):
        found += [line for _, line in page if line["kind"] in (Kind.DECISION, Kind.RE_ASSOCIATED)]
        after = page[-1][0]
    return found
