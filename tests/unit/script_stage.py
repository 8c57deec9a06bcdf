"""A telephone on which a script is played, and the store the player notes it in, for the tests of the player;
what they mean is left to the tests."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import cast

from agi_peer import SHORT_ENVIRONMENT, asterisk_reads
from config_files import EXAMPLES

from agi.admission import opening
from agi.errors import HungUp
from agi.player import ScriptHook
from agi.protocol import AgiReader, Environment
from agi.session import AgiSession
from config.script_file import script
from config.yaml_reader import read
from strategies.attempts import Fact, FactName, Intent
from strategies.campaign import Campaign, Pass
from strategies.contacts import Device
from strategies.script import Script
from strategies.store import Store, StoreUnavailable
from strategies.vocabulary import Medium

AT = 1_784_131_200.0
OK = b"200 result=1\n"
OPENING = SHORT_ENVIRONMENT.replace(b"segment", b"script\nagi_uniqueid: sp-1")
QUIET, GONE, LOST, MISSING = "quiet", "gone", "lost", "missing"
IN_FULL = [QUIET] * 6  # hello, choice, waiting, choice again, waiting, bye
HEARD_IN_FULL = ["hello", "choice", "wait", "choice", "wait", "bye"]


def reminder() -> Script:
    """The reminder that ships as an example: it says hello, then asks for 1, 0, 9 or 8, twice."""
    found, problems = script(read(EXAMPLES / "scripts" / "loan_reminder.yaml"))
    assert found is not None, problems.errors
    return found


REMINDER = reminder()
INTENT = Intent(
    attempt="sp-1",
    sub="spring/1",
    contact="ada",
    pass_name="reminder",
    medium=Medium.AVM,
    device=Device("mobile", "+12025550101"),
    queue="collections",
    caller_id="+12125550100",
    at=AT,
    script="loan_reminder",
    prompts={name: f"/sounds/{name}" for name in REMINDER.steps},
)
CAMPAIGN = Campaign(
    name="spring",
    purpose="service",
    country="US",
    caller_id="+12125550100",
    queue="collections",
    zone="America/New_York",
    passes=(
        Pass("reminder", Medium.AVM, devices=("mobile",), script=REMINDER),
        Pass("rescue", Medium.DIALER, devices=("mobile",)),
    ),
    groups={"success": ("pressed_1",), "opt_out": ("pressed_8",), "wrong_party": ("pressed_9",)},
)


@dataclass
class Notes:
    """The store as the player uses it; it is away for the tries `away` counts down, from the fact `since`
    on."""

    intents: tuple[Intent, ...] = (INTENT,)
    away: int = 0
    since: FactName = FactName.PRESSED
    facts: list[tuple[FactName, str]] = field(default_factory=list)
    campaigns_read: int = 0

    async def intent(self, attempt: str) -> Intent | None:
        return next((known for known in self.intents if known.attempt == attempt), None)

    async def campaign_of(self, intent: Intent) -> Campaign:
        self.campaigns_read += 1
        return CAMPAIGN

    async def add_fact(self, attempt: str, fact: Fact) -> bool:
        if self.away and fact.name is self.since:
            self.away -= 1
            raise StoreUnavailable("the store does not answer")
        self.facts.append((fact.name, fact.value))
        return True

    def keys(self) -> list[str]:
        return [value for name, value in self.facts if name is FactName.PRESSED]

    def ended(self) -> str:
        """How the script ended, which is noted once and last."""
        assert [name for name, _ in self.facts].count(FactName.SCRIPT_ENDED) == 1
        assert self.facts[-1][0] is FactName.SCRIPT_ENDED
        return self.facts[-1][1]


class Telephone:
    """An AGI session; what the person does at each prompt and each wait comes from a list."""

    def __init__(self, *does: str) -> None:
        self.heard: list[str] = []
        self.next = ""
        self._does = list(does)
        self._reader = AgiReader()
        [started] = self._reader.feed(OPENING)
        assert isinstance(started, Environment)
        self.session = AgiSession(
            opening(started.headers), write=self._write, close=lambda: None, abort=lambda: None
        )

    def _write(self, line: bytes) -> None:
        asyncio.get_running_loop().call_soon(self._answer, asterisk_reads(line.decode().rstrip("\n")))

    def _answer(self, words: list[str]) -> None:
        if words[0] == "SET":
            self.next = words[3]
            return self._say(OK)
        if words[0] == "CHANNEL":
            return self._say(b"200 result=6\n")
        self.heard.append("wait" if words[0] == "WAIT" else words[2].removeprefix("/sounds/"))
        return self._do(self._does.pop(0))

    def _do(self, what: str) -> None:
        if what == LOST:
            self.session.lost(HungUp("the connection is gone"))
        elif what == GONE:
            self._say(b"HANGUP\n200 result=-1 endpos=99\n")
        elif what == MISSING:
            self._say(b"200 result=-1 endpos=0\n")
        elif what == QUIET:
            self._say(b"200 result=0 endpos=8000\n")
        elif what:
            self._say(f"200 result={ord(what)} endpos=99\n".encode())

    def _say(self, answer: bytes) -> None:
        for event in self._reader.feed(answer):
            assert not isinstance(event, Environment)
            self.session.deliver(event)


def hook(notes: Notes) -> ScriptHook:
    return ScriptHook(cast(Store, notes), lambda: AT)


async def played(notes: Notes, *does: str) -> Telephone:
    telephone = Telephone(*does)
    await hook(notes)(telephone.session)
    return telephone
