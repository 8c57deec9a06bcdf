"""A stage for dialer, keeper and repair: the store is real, Asterisk is a link that does what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count

from store_people import NOON, Clock, campaign, person

from ami_bridge.agents import QueueBoard
from ami_bridge.attempt_keeper import AttemptKeeper
from ami_bridge.dialer import Dialer
from ami_bridge.errors import UnsafeAsterisk
from ami_bridge.events import parse
from ami_bridge.link import LinkState
from ami_bridge.repair import Repair
from ami_bridge.sub_campaigns import SubCampaigns
from ami_bridge.wire import Event
from config.settings import Asterisk, Numbers, Settings, Trunk
from strategies.attempts import Fact, FactName
from strategies.campaign import Pass, Recovery
from strategies.contacts import Contact
from strategies.engine import enter
from strategies.script import Prompt, Script
from strategies.state import ContactState, SubCampaign
from strategies.store import Store
from strategies.vocabulary import Medium, RunState, Trigger

QUEUE = "collections"
CALL = Pass("reminder", Medium.AVM)
RESCUE = Pass("rescue", Medium.DIALER, recovery=Recovery((Trigger.HANGUP_IN_SCRIPT,), "reminder", delay=30.0))
ADA = person("ada", "+12025550101")
BO = person("bo", "+12025550102")
_attempts = count(1)


def event(name: str, **headers: str) -> Event:
    """An event as Asterisk sends it."""
    lines = (f"{header}: {value}" for header, value in {"Event": name, **headers}.items())
    return Event(name, "\r\n".join(lines).encode())


async def takes(_attempt: str) -> None:
    """Asterisk takes every Originate."""


class ScriptedLink:
    """What dialer, repair and bridge use of the AMI link. `answer` is called for each Originate, and may
    raise; `up` maps the uniqueid of each channel that is up to its context."""

    def __init__(
        self,
        _address: object = None,
        *,
        on_event: dict[str, Callable[[Event], None]] | None = None,
        on_state: Callable[[LinkState], None] = lambda state: None,
    ) -> None:
        self.connected, self.generation, self.unsafe = True, 1, ""
        self.answer: Callable[[str], Awaitable[None]] = takes
        self.originated: list[str] = []
        self.hung_up: list[str] = []
        self.redirected: list[dict[str, str]] = []
        self.nudged: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.legs: list[dict[str, str]] = []  # agents who are called before anybody else is
        self.up: dict[str, str] = {}
        self.agents: list[str] = []
        self.listed = 0
        self.during_snapshot: Callable[[], None] = lambda: None
        self.status: dict[str, str] = {}  # what Asterisk itself knows of a channel
        self._on_event, self._on_state = on_event or {}, on_state
        self._holds, self._held_back = 0, list[Event]()

    def check_version(self) -> None:
        if self.unsafe:
            raise UnsafeAsterisk(self.unsafe)

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def call(
        self,
        action: str,
        headers: dict[str, str],
        variables: dict[str, str] | None = None,
        *,
        deadline: float = 5.0,
        action_id: str = "",
    ) -> None:
        if action == "Redirect":
            self.redirected.append(headers)
            return
        if action == "PlayDTMF":
            self.nudged.append(headers["Channel"])
            return
        if action == "Hangup":
            self.hung_up.append(headers["Channel"])
            return
        assert action == "Originate"
        assert variables is not None
        if action_id.startswith("leg-"):
            self.legs.append(headers)
            return
        assert headers["ChannelId"] == action_id == variables["SP_ATTEMPT"]
        assert deadline <= 5
        self.originated.append(action_id)
        self.headers.append(headers)
        await self.answer(action_id)

    async def listing(
        self, action: str, headers: dict[str, str] | None = None, *, deadline: float = 5.0
    ) -> list[Event]:
        if action == "Status":
            return [event("Status", **{"BridgeID": "", "Variable": "SP_SERVED=(null)", **self.status})]
        self.listed += 1
        if action == "CoreShowChannels":
            self.during_snapshot()
            return [event("CoreShowChannel", Uniqueid=one, Context=where) for one, where in self.up.items()]
        members = [
            event("QueueMember", Queue=QUEUE, Name=name, Location=name, Status="1") for name in self.agents
        ]
        return [event("QueueParams", Queue=QUEUE), *members]

    @contextmanager
    def held(self) -> Iterator[None]:
        """As on the real link, held events are handled once the loop comes to it."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
            late, self._held_back = self._held_back, []
            for one in late:
                asyncio.get_running_loop().call_soon(self._on_event[one.name], one)

    def tell(self, name: str, **headers: str) -> None:
        """Asterisk sends an event."""
        one = event(name, **headers)
        if self._holds:
            self._held_back.append(one)
        else:
            self._on_event[name](one)

    def lose(self) -> None:
        """The link is down from now on."""
        self.connected = False
        self._on_state(LinkState(connected=False, generation=self.generation))

    def win(self) -> None:
        """A new login."""
        self.connected = True
        self.generation += 1
        self._on_state(LinkState(connected=True, generation=self.generation))


class SilentSpeech:
    """Speaks nothing, and says so of the texts of whom a test names."""

    def __init__(self) -> None:
        self.fails: Callable[[dict[str, str]], None] = lambda attributes: None

    async def fixed(self, script: Script) -> None:
        return

    async def for_person(self, script: Script, attributes: dict[str, str]) -> dict[str, str]:
        self.fails(attributes)
        return {"greeting": "/sounds/hello"}

    async def sound(self, prompt: Prompt, attributes: dict[str, str]) -> str:
        return "/sounds/nobody_free"


def settings(*, channels: int | None = None, calls_per_second: float | None = None) -> Settings:
    """One trunk, calls within the US."""
    trunk = Trunk(dial="PJSIP/{number}@carrier", channels=channels, calls_per_second=calls_per_second)
    return Settings(
        asterisk=Asterisk(trunks={"carrier": trunk}), numbers=Numbers(countries=("US",)), tenant="test"
    )


@dataclass(slots=True)
class Stage:
    """Everything between store and link, and a clock that a test moves."""

    store: Store
    clock: Clock
    link: ScriptedLink
    board: QueueBoard
    subs: SubCampaigns
    keeper: AttemptKeeper
    dialer: Dialer
    repair: Repair
    speech: SilentSpeech
    leased: Callable[[], bool]

    async def look(self, after: float = 0.2) -> list[str]:
        """One look of the dialer some time later; the attempts it had Asterisk asked for."""
        self.clock.now += after
        before = len(self.link.originated)
        async with asyncio.TaskGroup() as calls:
            await self.dialer.look(calls)
        return self.link.originated[before:]

    async def one_call(self) -> str:
        """A look that is known to call one person."""
        [attempt] = await self.look()
        return attempt

    async def hears(self, attempt: str, *facts: tuple[FactName, *tuple[str, ...]]) -> None:
        """Asterisk's word on an attempt, written down and, if it is over, recorded."""
        for name, *told in facts:
            fact = Fact(name, self.clock(), *told)
            self.keeper.hear(attempt, fact)
            self.dialer.calls.hear(attempt, fact)
        await self.keeper.drained()

    def hears_of(self, message: Event) -> None:
        """An event about an agent who is called before a person is."""
        told = parse(message)
        assert told is not None
        self.dialer.standing_by.hear(told)

    async def answers(self, attempt: str) -> None:
        """A person answered, said their greeting and came to the queue."""
        verdict = Fact(FactName.CLASSIFIED, self.clock(), "HUMAN", "HUMAN-800-800")
        assert await self.store.add_fact(attempt, verdict)
        self.dialer.calls.hear(attempt, verdict)
        self.board.joined(QUEUE, attempt, self.clock())
        await self.hears(attempt, (FactName.QUEUE_JOINED, QUEUE))

    async def passes(self, seconds: float) -> None:
        """So much time goes by, and who has waited too long is led away."""
        self.clock.now += seconds
        async with asyncio.TaskGroup() as leading:
            self.dialer.abandoning.once(leading)
        await self.keeper.drained()

    async def hang_up(self, attempt: str, *before: tuple[FactName, str]) -> None:
        """The call ends, normally, after what is named."""
        await self.hears(attempt, *before, (FactName.HUNG_UP, "16"))

    async def state(self, sub: SubCampaign, contact: Contact) -> ContactState:
        found = await self.store.state(sub.name, contact.id)
        assert found is not None
        return found

    async def results(self) -> dict[str, str]:
        """Attempt to result, of all that ended."""
        lines = [line for _, line in await self.store.ledger()]
        return {line["attempt"]: line["result"] for line in lines if line["kind"] == "attempt_ended"}

    async def told(self, kind: str) -> list[dict[str, object]]:
        """The ledger's lines of one kind."""
        return [line for _, line in await self.store.ledger() if line["kind"] == kind]


@asynccontextmanager
async def staged(
    store: Store,
    clock: Clock,
    *,
    agents: Sequence[str] = (),
    leased: Callable[[], bool] = lambda: True,
    repaired: bool = True,
    limits: Settings | None = None,
) -> AsyncIterator[Stage]:
    """A stage whose keeper runs, and whose dialer may dial (`repaired`); nothing may be left of it."""
    link, board, subs, speech = ScriptedLink(), QueueBoard(clock), SubCampaigns(store), SilentSpeech()
    link.agents = list(agents)
    keeper = AttemptKeeper(store, subs, board, clock)
    dialer = Dialer(
        store,
        link,
        limits or settings(),
        subs=subs,
        board=board,
        keeper=keeper,
        speech=speech,
        clock=clock,
        new_id=lambda: f"sp-{next(_attempts):026}",
        leased=leased,
        on_doubt=lambda: repair.due.set(),  # noqa: PLW0108  there is no repair yet
    )
    repair = Repair(store, link, board, keeper, dialer, clock)
    before = asyncio.all_tasks()
    task = asyncio.create_task(keeper.run())
    try:
        if repaired:
            await repair.once()
        yield Stage(store, clock, link, board, subs, keeper, dialer, repair, speech, leased)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert not asyncio.all_tasks() - before - {asyncio.current_task()}


async def launched(
    store: Store,
    contacts: Sequence[Contact],
    *passes: Pass,
    name: str = "spring",
    until: float | None = None,
    **more: object,
) -> SubCampaign:
    """A running sub-campaign of these passes (default: one that calls), its contacts in this order."""
    await store.import_contacts(f"{name}_list", contacts)
    defined = replace(campaign(name), passes=passes or (CALL,), lists=(f"{name}_list",), **more)
    sub = SubCampaign(
        await store.next_sub_name(name), defined, defined.lists, RunState.RUNNING, created=NOON, ends=until
    )
    await store.create_sub(sub)
    await store.enrol(sub, [contact.id for contact in contacts], enter())
    return sub


async def lost_in_the_script(stage: Stage, contact: Contact, *following: Pass) -> SubCampaign:
    """A sub-campaign in which the contact hung up in the script, and is to be called back after 30 s; the
    passes `following` come after."""
    sub = await launched(stage.store, [contact], CALL, RESCUE, *following)
    await stage.hang_up(await stage.one_call(), (FactName.ANSWERED, ""))
    assert (await stage.state(sub, contact)).recovery is not None
    return sub


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait, one turn of the loop after another, until a condition holds; the test fails after 30 seconds."""
    async with asyncio.timeout(30):
        while True:
            held = condition()
            if held if isinstance(held, bool) else await held:
                return
            await asyncio.sleep(0.002)
