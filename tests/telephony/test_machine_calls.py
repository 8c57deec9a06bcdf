"""Machines told from people by a campaign's own settings, on real calls, and what agents found wrong."""

from __future__ import annotations

import itertools
from typing import Any

from accounts import Ledger, check_accounts, ledger, of_kind, settle
from harness import Harness
from secondpass_server import Server, Site, make_site, person, until
from telephony_wire import Ami

from strategies.attempts import FactName
from strategies.store import Store

SUB = "demo/1"
PERSON, MACHINE, SILENT = "202", "213", "218"
_notes = itertools.count(1)

CAMPAIGN = """
campaign: demo
purpose: service
country: US
caller_id: "+12125550100"
agents: collections
lists: [demo]
zone: America/New_York
ring: 15s
wrap_up: 0s
consent: {{basis: express, source: the test's people are a dialplan, date: 2026-01-01}}
amd: {amd}
strategy: {{passes: [{{name: live, medium: dialer, devices: [mobile]}}]}}
"""

NOTES = """
[notes-{nth}]
exten => s,1,Answer()
 same => n,UserEvent(SecondpassDisposition,Attempt: {attempt},Disposition: machine)
 same => n,Hangup()
"""


def detecting(harness: Harness, name: str, amd: str) -> Site:
    site = make_site(harness, name)
    (site.config / "campaigns" / "demo.yaml").write_text(CAMPAIGN.format(amd=amd), encoding="utf-8")
    return site


def by_area(lines: Ledger) -> dict[str, dict[str, Any]]:
    return {str(line["address"])[2:5]: line for line in of_kind(lines, "attempt_ended")}


async def test_who_is_not_known_by_the_campaigns_settings_is_hung_up_on_where_it_says_so(
    harness: Harness,
) -> None:
    """Half a second is too short to know a greeting, and to know that there is none."""
    site = detecting(harness, "unsure", "{total_analysis_time: 500ms, not_sure: machine}")
    rows = await site.imports([person(PERSON), person(SILENT)])
    with Server(site) as server:
        await server.ready()
        await site.does("campaign", "start", "demo")
        async with site.store() as store:
            await settle(site, store, SUB, rows, within=40)
            lines = await check_accounts(site, store, SUB)
        assert await server.stop() == 0
    assert {area: (line["heard"], line["result"]) for area, line in by_area(lines).items()} == {
        PERSON: ("not_sure", "machine_hangup"),
        SILENT: ("not_sure", "machine_hangup"),
    }
    assert {line["amd"] for line in by_area(lines).values()} == {"---500-----"}


async def test_a_machine_put_through_is_counted_as_soon_as_its_agent_notes_it(
    harness: Harness, ami: Ami
) -> None:
    site = detecting(harness, "through", "{use: false}")
    rows = await site.imports([person(MACHINE), person(PERSON)])
    with Server(site) as server:
        await server.ready()
        await site.does("campaign", "start", "demo")
        async with site.store() as store:
            await until(lambda: with_agent(store, MACHINE), 40, "the machine talks to an agent")
            attempt = await with_agent(store, MACHINE)
            nth = next(_notes)
            harness.add_dialplan(f"notes-{nth}", NOTES.format(nth=nth, attempt=attempt))
            await ami.originate("Local/s@quiet/n", f"in-notes-{nth}", Context=f"notes-{nth}", Exten="s")
            await settle(site, store, SUB, rows, within=40)
            lines = await check_accounts(site, store, SUB)
        told = await site.does("results", "machines", "demo", "--csv")
        assert await server.stop() == 0
    ended = by_area(lines)
    assert {line["heard"] for line in ended.values()} == {"not_asked"}
    assert {line["result"] for line in ended.values()} == {"connected_agent"}
    assert ended[MACHINE]["responses"] == ["agent_machine"]
    assert told.splitlines()[-1].startswith("demo,off,0,0,0,0,0,2,2,1,1,0.5,")


async def with_agent(store: Store, area: str) -> str:
    """The attempt at a number of this area, once it is with an agent."""
    for line in of_kind(await ledger(store), "attempt_started"):
        facts = [fact.name for fact in await store.facts(str(line["attempt"]))]
        if str(line["address"])[2:5] == area and FactName.AGENT_CONNECTED in facts:
            return str(line["attempt"])
    return ""
