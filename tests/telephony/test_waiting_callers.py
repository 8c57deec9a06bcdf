"""Callers who wait on a real Asterisk are looked at again: raised when the queue lengthens, moved when they
have waited long, each with the place that is theirs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from accounts import ledger, of_kind
from harness import Harness
from secondpass_server import Server, Site, make_site, own_number, person, until
from telephony_wire import Ami

from models.publish import train_and_publish

QUEUE = "nobody"  # nobody works here until a test adds somebody
AGENT = "Local/agent@callers-who-wait/n"  # not the callers' own extension: that one is in use
SEGMENTS = f"""
objectives:
  serve: {{queue: {QUEUE}, importance: 1}}
  hurry: {{queue: {QUEUE}, importance: 2, priority: 10}}
  hurry_more: {{queue: {QUEUE}, importance: 3, priority: 20, prompt: "They are worth it."}}
  elsewhere: {{queue: sales, importance: 4}}
segments:
  standard: {{rank: 9, objective: serve, default: true}}
  good: {{rank: 5, objective: hurry, enter: "queue.waiting >= 3 and contact.worth >= 100"}}
  best: {{rank: 4, objective: hurry_more, enter: "queue.waiting >= 3 and contact.worth >= 500"}}
  patient: {{rank: 1, objective: elsewhere, enter: "queue.waited >= 6 and contact.worth == 7"}}
"""
FORETOLD = f"""
outcomes: {{gives_up: {{value: 1, model: gives_up}}}}
objectives:
  serve: {{queue: {QUEUE}, importance: 1}}
  hurry: {{queue: {QUEUE}, importance: 2, priority: 10}}
segments:
  standard: {{rank: 9, objective: serve, default: true}}
  weary: {{rank: 5, objective: hurry, enter: "p.gives_up >= 0.5"}}
"""
CALLS = """
[callers-who-wait]
exten => s,1,Set(CALLERID(num)=${NUMBER})
 same => n,Goto(secondpass-inbound,s,1)
exten => place,1,Set(SP_QUEUE=nobody)
 same => n,Set(SP_POSITION=${PLACE})
 same => n,Goto(secondpass-wait,s,1)
exten => agent,1,Answer()
 same => n,Wait(120)
"""


class Callers:
    """Places calls from numbers of the site's people, and hangs up what is left of them."""

    def __init__(self, site: Site, ami: Ami, numbers: dict[str, str]) -> None:
        self.site, self._ami, self.numbers = site, ami, numbers
        self.channels: dict[str, str] = {}

    async def call(self, name: str, queue: str = QUEUE, exten: str = "s", variable: str = "") -> str:
        """Call in and wait in the queue; the call's id."""
        call = f"wait-{self.site.tenant}-{name}"
        told = variable or f"NUMBER={self.numbers[name]}"
        since = len(self._ami.events)
        await self._ami.originate(
            "Local/s@quiet/n", call, Context="callers-who-wait", Exten=exten, Variable=told
        )
        joined = await self._ami.event("QueueCallerJoin", since, Uniqueid=call, Queue=queue)
        self.channels[call] = joined["Channel"]
        return call

    async def shown(self, call: str, variable: str) -> str:
        """What the agent's screen is told."""
        return (await self._ami.send("Getvar", Channel=call, Variable=variable)).get("Value", "")

    async def order(self) -> list[str]:
        """Who waits, first to last."""
        entries = await self._ami.listed("QueueStatus", Queue=QUEUE)
        waiting = [one for one in entries if one["Event"] == "QueueEntry"]
        return [one["Uniqueid"] for one in sorted(waiting, key=lambda one: int(one["Position"]))]

    async def hang_up(self) -> None:
        for call in self.channels:
            await self._ami.send("Hangup", Channel=call)


@pytest.fixture
async def callers(harness: Harness, ami: Ami) -> AsyncIterator[Callers]:
    async with waiting(harness, ami, SEGMENTS) as made:
        yield made


@asynccontextmanager
async def waiting(harness: Harness, ami: Ami, segments: str) -> AsyncIterator[Callers]:
    """People who may call, by what they are worth, and a server with these segments."""
    harness.add_dialplan("waiting", CALLS)
    site = make_site(harness, "waiting")
    (site.config / "segments.yaml").write_text(segments, encoding="utf-8")
    if "gives_up" in segments:
        await asyncio.to_thread(publish_patience, site.data)
    site.change("campaigns/demo.yaml", "lists: [demo]", "lists: [demo]\nfilter: contact.called == 'yes'")
    names = {"plain": "1", "good": "100", "best": "500", "patient": "7"}
    people = [
        {**person("202", worth=worth, called="no"), "mobile": own_number("202")} for worth in names.values()
    ]
    rows = await site.imports(people)
    with Server(site) as server:
        await server.ready()
        made = Callers(site, ami, {name: row["mobile"] for name, row in zip(names, rows, strict=True)})
        yield made
        await made.hang_up()


def publish_patience(data: Path) -> None:
    """A model of who gives up: hardly anybody in the first five seconds, nearly everybody after."""
    rows = [(waited := n * 7 % 40 / 2, "yes" if waited > 5 else "no") for n in range(6_000)]
    data.mkdir(exist_ok=True)
    record = data / "patience.csv"
    record.write_text("\n".join(["waited_so_far,y", *(f"{waited},{y}" for waited, y in rows)]))
    train_and_publish(record, data / "models", name="gives_up", label="y", sep=",", exclude=[], seed=1)


async def test_when_the_queue_lengthens_callers_are_raised_and_answered_by_what_they_are_worth(
    callers: Callers, ami: Ami
) -> None:
    plain, good = await callers.call("plain"), await callers.call("good")
    assert await callers.order() == [plain, good]
    best = await callers.call("best")

    async def raised() -> bool:
        return await callers.order() == [best, good, plain]

    await until(raised, 10, "the best is first, the good second")
    assert await callers.shown(best, "SP_OBJECTIVE") == "hurry_more"
    assert await callers.shown(best, "SP_PROMPT") == "They are worth it."
    assert await callers.shown(plain, "SP_OBJECTIVE") == "serve"

    since = len(ami.events)
    await ami.send("QueueAdd", Queue=QUEUE, Interface=AGENT, MemberName="one agent")
    try:
        answered = []
        for _ in range(3):
            connected = await ami.event("AgentConnect", since, within=30, Queue=QUEUE)
            answered.append(connected["Uniqueid"])
            since = ami.events.index(connected) + 1
            await ami.send("Hangup", Channel=connected["Uniqueid"])
    finally:
        await ami.send("QueueRemove", Queue=QUEUE, Interface=AGENT)
    assert answered == [best, good, plain]

    async with callers.site.store() as store:
        moved = of_kind(await ledger(store), "re_associated")
        assert {(line["interaction"], line["decision"]["objective"], line["nth"]) for line in moved} == {
            (best, "hurry_more", 1),
            (good, "hurry", 1),
        }
        assert (await store.caller(callers.numbers["best"])).segment == "standard", "as before the call"


async def test_who_has_waited_long_is_moved_to_another_queue_and_answered_there(
    callers: Callers, ami: Ami
) -> None:
    patient = await callers.call("patient")
    joined = await ami.event("QueueCallerJoin", within=20, Uniqueid=patient, Queue="sales")
    assert await callers.shown(patient, "SP_QUEUE") == "sales"
    await ami.event("AgentConnect", within=20, Uniqueid=patient, Queue="sales")
    first = ami.seen("QueueCallerJoin", Uniqueid=patient, Queue=QUEUE)[0]
    assert 5 < float(joined["Received"]) - float(first["Received"]) < 10


async def test_a_queue_is_entered_at_the_place_an_age_is_worth(callers: Callers, ami: Ami) -> None:
    first, second = [await callers.call(name, exten="place", variable="PLACE=") for name in ("one", "two")]
    between = await callers.call("between", exten="place", variable="PLACE=2")
    assert await callers.order() == [first, between, second]


async def test_who_is_foretold_to_give_up_only_after_a_wait_is_raised_then(
    harness: Harness, ami: Ami
) -> None:
    async with waiting(harness, ami, FORETOLD) as callers:
        call = await callers.call("plain")
        assert await callers.shown(call, "SP_OBJECTIVE") == "serve"

        async def raised() -> bool:
            return await callers.shown(call, "SP_OBJECTIVE") == "hurry"

        await until(raised, 20, "who has waited is raised")
        async with callers.site.store() as store:
            lines = [line for line in await ledger(store) if line.get("interaction") == call]
        [entered] = of_kind(lines, "call_entered")
        [decided] = of_kind(lines, "decision")
        [moved] = of_kind(lines, "re_associated")
        assert entered["factors"]["waited_so_far"] == 0
        assert decided["decision"]["predictions"]["gives_up"]["probability"] < 0.1
        assert 5 < moved["factors"]["waited_so_far"] < 10
        assert moved["decision"]["predictions"]["gives_up"]["probability"] > 0.9
