"""What `secondpass init` prints, done to an Asterisk that knows nothing of us: enough to decide about callers
and to call people."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator

import pytest
from accounts import check_accounts, ledger, of_kind, settle
from harness import Harness
from harness_engine import run
from harness_records import CallsIn
from secondpass_server import COMMAND, Server, Site, person
from test_recoveries import RESCUES_CALLERS

from console.init import LINES

EXTENSIONS = """
[general]
static = yes
[globals]
{extensions.conf, under [globals]}
[from-callers]
exten => 5000,1,Goto(secondpass-inbound,s,1)
[nobody-calls-here]
{extensions.conf, at its end}
"""
MANAGER = """
[general]
enabled = yes
bindaddr = NET.1
port = 5038
{manager.conf, at its end}
"""
CALLS = RESCUES_CALLERS[: RESCUES_CALLERS.index("    - ")] + (
    "    - {name: live, medium: dialer, devices: [mobile]}\n"
)
STRANGER = "+13125550199"
WRITE = 'printf %s "$1" > /etc/asterisk/$2'


@pytest.fixture
def site(harness: Harness) -> Iterator[Site]:
    """A new configuration, and an Asterisk of which only what was printed was done; afterwards it is the
    harness's own again."""
    folder = harness.state_dir / "sites" / "init"
    shutil.rmtree(folder, ignore_errors=True)
    printed = run([str(COMMAND), "init", str(folder / "config")]).stdout.splitlines()
    site = Site(harness, folder / "config", "main")
    words = (site.config / "secondpass.env").read_text(encoding="utf-8").split()
    site.secrets.update(word.split("=", 1) for word in words)
    names_the_machines(site)
    try:
        plain_asterisk(harness)
        for begins in ("install -m", "asterisk -rx"):
            inside(harness, the_printed(printed, begins))
        yield site
    finally:
        harness.stop("asterisk")
        harness.start("asterisk")


def the_printed(lines: list[str], begins: str) -> str:
    """The one command among them that begins so, without what is said of it."""
    [command] = [line.strip() for line in lines if line.strip().startswith(begins)]
    return command.partition("    ")[0]


def names_the_machines(site: Site) -> None:
    """What an admin would name: where Asterisk, Redis and the server are."""
    net = site.harness.net
    site.change("settings.yaml", "ami: {host: 127.0.0.1", f"ami: {{host: {net}.1")
    site.change("settings.yaml", "fastagi: {host: 127.0.0.1", f"fastagi: {{host: {net}.4")
    site.change("settings.yaml", "console: {host: 127.0.0.1", f"console: {{host: {net}.4")
    site.change("settings.yaml", "url: null", f'url: "redis://{net}.3:6379"')
    site.change("asterisk/secondpass_globals.conf", "agi://127.0.0.1", f"agi://{net}.4")
    (site.config / "campaigns" / "demo.yaml").write_text(CALLS, encoding="utf-8")


def plain_asterisk(harness: Harness) -> None:
    """Nothing of ours is there but the printed lines, each at its place."""
    inside(harness, "rm /etc/asterisk/*secondpass*.conf; : > /etc/asterisk/cdr_custom.conf")
    for name, text in {"extensions.conf": EXTENSIONS, "manager.conf": MANAGER}.items():
        filled = text.replace("NET", harness.net)
        for where, line in LINES:
            filled = filled.replace(f"{{{where}}}", line)
        run(["docker", "exec", harness.container("asterisk"), "sh", "-c", WRITE, "sh", filled, name])


def inside(harness: Harness, command: str) -> None:
    run(["docker", "exec", harness.container("asterisk"), "sh", "-ec", command])


async def test_the_printed_lines_are_enough(harness: Harness, site: Site) -> None:
    with Server(site) as server:
        await server.ready()
        found = {one["what"]: one["stand"] for one in json_of(site, "doctor")}
        asked = ("Asterisk", "rights", "dialplan", "bridge", "configuration")
        assert {name: found[name] for name in asked} == dict.fromkeys(asked, "good")
        counted = await asyncio.to_thread(harness.call_in, [STRANGER], 1, 20)
        assert counted == CallsIn(1, 1, 0)
        rows = await site.imports([person("202")])
        async with site.store() as store:
            [decision] = of_kind(await ledger(store), "decision")
            assert decision["decision"]["first"] == "standard"
            await site.does("campaign", "start", "demo")
            await settle(site, store, "demo/1", rows, within=60)
            lines = await check_accounts(site, store, "demo/1")
        assert [line["result"] for line in of_kind(lines, "attempt_ended")] == ["connected_agent"]
        assert await server.stop() == 0


def json_of(site: Site, *words: str) -> list[dict[str, str]]:
    """What a command tells, though it finds something to complain of."""
    return json.loads(site.command(*words, "--json").stdout)  # type: ignore[no-any-return]
