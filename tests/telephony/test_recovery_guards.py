"""Real calls for each way of being lost that is not shown elsewhere, and for each guard that keeps somebody
lost from being called again."""

from __future__ import annotations

import asyncio

from accounts import Ledger, check_accounts, compare_one_by_one, of_kind, settle
from harness import Harness
from secondpass_server import Server, Site, make_site, person, until
from telephony_wire import Ami
from test_agents_paced import paced
from test_agents_paced import people as called_people
from test_recoveries import ASKS_AND_LEAVES, PERSON, SUB, TRIGGERS, an_agent, dialled_through, results, told

DELAY = 3.0
HANGS_UP, BUSY, MACHINE, FAX = "214", "203", "213", "226"
SUCCESS, OPTS_OUT, WRONG = "215", "216", "217"
# Who is lost how, with where they are called again; and who is not lost, or is never to be called again.
LOST = {
    (HANGS_UP, PERSON): ("hangup_in_script", "home"),
    (BUSY, PERSON): ("not_connected", "home"),
    (PERSON, ""): ("no_input", "mobile"),
}
NEVER = (SUCCESS, OPTS_OUT, WRONG, MACHINE, FAX)
ALL_TRIGGERS = TRIGGERS.replace("]", ", abandoned_no_agent]")

BACK = """\
    - {name: back, medium: dialer, recovers: live, triggers: [abandoned_no_agent], delay: 2s, ttl: 2m}
"""
TWICE_LOST = """\
    - {name: again, medium: avm, script: reminder, devices: [mobile]}
    - {name: second_rescue, medium: dialer, recovers: again, triggers: [hangup_in_script], delay: 1s}
"""


async def test_who_is_lost_in_the_script_is_called_again_and_nobody_who_settled_the_matter(
    harness: Harness,
) -> None:
    site = make_site(harness, "ways")
    site.change("campaigns/demo.yaml", TRIGGERS, ALL_TRIGGERS)
    site.change("campaigns/demo.yaml", "delay: 1s", f"delay: {DELAY:g}s")
    rows = await site.imports([*(person(*areas) for areas in LOST), *map(person, NEVER)])
    lines = await dialled_through(site, rows, within=120)
    begun = {line["contact"]: line for line in of_kind(lines, "recovery_triggered")}
    assert {contact: (line["trigger"], line["device"]) for contact, line in begun.items()} == {
        f"P{nth}": way for nth, way in enumerate(LOST.values())
    }
    assert {line["contact"]: line["result"] for line in of_kind(lines, "recovery_ended")} == dict.fromkeys(
        begun, "reached"
    )
    ended = {line["attempt"]: line for line in of_kind(lines, "attempt_ended")}
    recalls = [line for line in of_kind(lines, "attempt_started") if line["pass"] == "rescue"]
    assert sorted(line["contact"] for line in recalls) == sorted(begun)
    for recall in recalls:
        lost = ended[begun[recall["contact"]]["recovers"]]
        assert ended[recall["attempt"]]["result"] == "connected_agent"
        assert recall["at"] >= lost["at"] + (DELAY if lost["result"] != "busy" else 0)
    compare_one_by_one(lines, site.carrier())


async def test_who_answered_to_nobody_is_called_again_by_an_agent_who_is_free(
    harness: Harness, ami: Ami
) -> None:
    """Two lines for the one agent, and both are answered."""
    site = paced(harness, "nobodyfree", "service", "{method: power, ratio: 2}")
    site.change("campaigns/demo.yaml", "agents: collections", "agents: nobody")
    _append(site, BACK)
    rows = await site.imports(called_people(PERSON, PERSON))
    async with site.store() as store, an_agent(ami, "nobody"):
        with Server(site) as server:
            await server.ready()
            await site.does("campaign", "start", "demo")
            await settle(site, store, SUB, rows, within=60)
            lines = await check_accounts(site, store, SUB)
    assert sorted(results(lines)) == [
        ("back", "connected_agent"),
        ("live", "abandoned_no_agent"),
        ("live", "connected_agent"),
    ]
    came_to = {(line["pass"], line["result"]): line for line in of_kind(lines, "attempt_ended")}
    lost, served = came_to["live", "abandoned_no_agent"], came_to["live", "connected_agent"]
    [begun], [over] = of_kind(lines, "recovery_triggered"), of_kind(lines, "recovery_ended")
    assert (begun["recovers"], begun["trigger"], over["result"]) == (
        lost["attempt"],
        "abandoned_no_agent",
        "reached",
    )
    recall = of_kind(lines, "attempt_started")[-1]
    assert recall["contact"] == lost["contact"]
    assert recall["at"] >= max(lost["at"] + 2, served["at"] - 0.5)  # the one agent talks until then
    compare_one_by_one(lines, site.carrier())


async def lost_in_the_queue(harness: Harness, name: str, ttl: str) -> tuple[Site, list[dict[str, str]]]:
    """A site where nobody works, and somebody who asks for an agent and gives up."""
    site = make_site(harness, name)
    site.change("campaigns/demo.yaml", TRIGGERS, "triggers: [abandoned_in_queue]")
    site.change("campaigns/demo.yaml", "agents: collections", "agents: nobody")
    site.change("campaigns/demo.yaml", "ttl: 2m", f"ttl: {ttl}")
    return site, await site.imports([person(ASKS_AND_LEAVES)])


def check_never_called_again(site: Site, lines: Ledger, how: str, reason: str) -> None:
    assert results(lines) == [("reminder", "abandoned_in_queue")]
    [over] = of_kind(lines, "recovery_ended")
    assert (over["result"], over["reason"]) == (how, reason)
    compare_one_by_one(lines, site.carrier())


async def test_without_an_agent_a_recovery_ends_with_its_time_to_live(harness: Harness, ami: Ami) -> None:
    site, rows = await lost_in_the_queue(harness, "ttl", "5s")
    async with site.store() as store:
        with Server(site) as server:
            await server.ready()
            await site.does("campaign", "start", "demo")
            await settle(site, store, SUB, rows, within=60)
            async with an_agent(ami, "nobody"):
                await asyncio.sleep(2)  # in which an agent who is free now would be given the call
            lines = await check_accounts(site, store, SUB)
    check_never_called_again(site, lines, "expired", "expired")
    [begun], [over] = of_kind(lines, "recovery_triggered"), of_kind(lines, "recovery_ended")
    assert 5 <= over["at"] - begun["at"] < 8


async def test_who_is_on_do_not_call_by_then_is_not_called_again(harness: Harness, ami: Ami) -> None:
    site, rows = await lost_in_the_queue(harness, "barred", "2m")
    async with site.store() as store:
        with Server(site) as server:
            await server.ready()
            await site.does("campaign", "start", "demo")
            await until(told(store, "recovery_triggered"), 40, "the person is lost")
            await site.does("do-not-call", "add", rows[0]["mobile"], "--reason", "asked by letter")
            async with an_agent(ami, "nobody"):
                await settle(site, store, SUB, rows, within=40)
            lines = await check_accounts(site, store, SUB)
    check_never_called_again(site, lines, "called_off", "do_not_call")


async def test_who_is_lost_twice_a_day_is_recovered_once(harness: Harness) -> None:
    site = make_site(harness, "twice")
    _append(site, TWICE_LOST)
    rows = await site.imports([person(HANGS_UP)])
    lines = await dialled_through(site, rows, within=60)
    assert [name for name, _ in results(lines)] == ["reminder", "rescue", "again"]
    lost = [line for line in of_kind(lines, "attempt_ended") if line["pass"] in {"reminder", "again"}]
    assert {line["result"] for line in lost} == {"hangup_in_script"}
    assert [line["recovers"] for line in of_kind(lines, "recovery_triggered")] == [lost[0]["attempt"]]
    compare_one_by_one(lines, site.carrier())


def _append(site: Site, passes: str) -> None:
    file = site.config / "campaigns" / "demo.yaml"
    file.write_text(file.read_text(encoding="utf-8").rstrip("\n") + "\n" + passes, encoding="utf-8")
