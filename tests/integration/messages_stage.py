"""A stage for the messenger: the store is real, the gateways are real servers, the clock a test's."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from store_people import NOON, Clock, campaign

from config.settings import Numbers, Settings, settings
from config.yaml_reader import parse
from messaging.carrier import Carrier
from messaging.inbox import Inbox
from messaging.messenger import Messenger
from messaging.process import carriers_of, listening
from messaging.tokens import Tokens, kept_secret
from strategies.campaign import Pass
from strategies.contacts import Contact, Device
from strategies.engine import advance, enter
from strategies.state import ContactState, SubCampaign, due_at
from strategies.store import Store
from strategies.vocabulary import Medium, RunState

LETTER = Pass(
    "letter", Medium.EMAIL, devices=("email",), subject="Your account", message="Dear {first_name}, call us."
)
TEXT = Pass("last_word", Medium.TEXT, devices=("text",), message="{first_name}, please call us.")
_attempts = count(1)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def reader(identity: str, **more: Any) -> Contact:
    """A contact with a number for texts and an email address."""
    devices = (
        Device("text", f"+1212555{1000 + int(identity):04}"),
        Device("email", f"p{identity}@example.org"),
    )
    return replace(Contact(identity, devices, attributes={"first_name": f"Ada{identity}"}), **more)


async def launched(
    store: Store, contacts: Sequence[Contact], *passes: Pass, name: str = "spring", **more: Any
) -> SubCampaign:
    """A running sub-campaign of these passes."""
    await store.import_contacts(f"{name}_list", contacts)
    defined = replace(campaign(name), passes=passes, lists=(f"{name}_list",), **more)
    sub = SubCampaign(await store.next_sub_name(name), defined, defined.lists, RunState.RUNNING, created=NOON)
    await store.create_sub(sub)
    await store.enrol(sub, [contact.id for contact in contacts], enter())
    return sub


def settings_of(text: str, data_dir: Path) -> Settings:
    """Settings with these gateways, calls and texts within the US."""
    found, problems = settings(parse(f"gateways:\n{text}".encode(), Path("settings.yaml")))
    assert problems.errors == []
    assert found is not None
    return found.model_copy(update={"data_dir": data_dir, "numbers": Numbers(countries=("US",))})


@dataclass(slots=True)
class Stage:
    """Store, messenger and gateways; `leased` and the clock are the test's."""

    store: Store
    clock: Clock
    carriers: dict[Medium, Carrier[Any]]
    messenger: Messenger
    inbox: Inbox
    ports: dict[str, int]
    tokens: Tokens
    leased: bool = True

    async def look(self, after: float = 0.2) -> None:
        """What the bridge does first, so that who is to be written to comes where the messenger looks; then
        one look of the messenger, until its messages have their answers."""
        self.clock.now += after
        await self.route()
        async with asyncio.TaskGroup() as offers:
            await self.messenger.look(offers)

    async def hears(self, how_many: int = 1) -> None:
        """Wait until so many notices came in, then deal with all that is there."""
        async with asyncio.timeout(30):
            while len(await self.store.inbox(self.clock() + 1e6, 100)) < how_many:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await self.inbox.look()

    async def route(self) -> None:
        """Every contact that is due is put where its next step belongs, as the bridge does."""
        for sub in await self.store.subs():
            for contact, state in await self.store.due(sub.name, self.clock(), 1000):
                move = advance(contact, state, sub, self.clock())
                due = due_at(move.step, self.clock())
                assert await self.store.put(sub.name, contact.id, state.version, move, due)
            waiting = await self.store.pass_waiting(sub.name)
            for name, left in waiting.items():
                if left == 0:
                    await self.store.pass_ended(sub.name, name, self.clock())

    async def state(self, sub: SubCampaign, contact: Contact) -> ContactState:
        found = await self.store.state(sub.name, contact.id)
        assert found is not None
        return found

    async def told(self, kind: str) -> list[dict[str, Any]]:
        """The ledger's lines of one kind."""
        return [line for _, line in await self.store.ledger() if line["kind"] == kind]

    async def results(self) -> list[str]:
        """The results of all attempts that ended, in order."""
        return [line["result"] for line in await self.told("attempt_ended")]


@asynccontextmanager
async def staged(store: Store, clock: Clock, gateways: str, data_dir: Path) -> AsyncIterator[Stage]:
    """A stage with these gateways; nothing may be left of it."""
    before = asyncio.all_tasks()
    stage: Stage
    found = settings_of(gateways, data_dir)
    async with (
        carriers_of(found, store, clock) as carriers,
        listening(found, store, carriers, clock) as ports,
    ):
        messenger = Messenger(
            store,
            carriers,
            countries=("US",),
            clock=clock,
            new_id=lambda: f"sp-{next(_attempts):026}",
            leased=lambda: stage.leased,
        )
        inbox, tokens = Inbox(store, messenger, clock), Tokens(kept_secret(data_dir))
        stage = Stage(store, clock, carriers, messenger, inbox, ports, tokens)
        yield stage
    assert not asyncio.all_tasks() - before - {asyncio.current_task()}
