"""What is wrong is told with its mend, ends in a status that is not 0, and changes nothing: not the store,
and nobody is called."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Harness
from secondpass_server import Server, Site, make_site, own_number, person, until

from strategies.vocabulary import Kind


@pytest.fixture
def site(harness: Harness) -> Iterator[Site]:
    made = make_site(harness, "wrong")
    yield made
    assert made.carrier() == []


def csv_file(site: Site, *rows: str) -> Path:
    file = site.folder / "list.csv"
    file.write_text("\n".join(("contact_id,first_name,mobile,zone", *rows)) + "\n", encoding="utf-8")
    return file


async def refused(site: Site, *words: str | Path) -> str:
    """What a command said that must end with status 1 and without a traceback."""
    done = await asyncio.to_thread(site.command, *words)
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    return done.stderr


async def test_a_broken_yaml_is_pointed_at_and_nothing_starts(site: Site) -> None:
    site.change("campaigns/demo.yaml", "medium: avm", "medium: avm: yes")
    lines = (site.config / "campaigns" / "demo.yaml").read_text(encoding="utf-8").splitlines()
    wrong = next(number for number, line in enumerate(lines, 1) if "avm: yes" in line)
    file = csv_file(site, f"1,Ada,{own_number('202')},")
    for command in (("check",), ("list", "import", "demo", file), ("campaign", "start", "demo"), ("up",)):
        said = await refused(site, *command)
        assert "nothing was changed" in said
        assert f"{site.config}/campaigns/demo.yaml:{wrong}:18" in said
    assert site.keys() == []


async def test_a_list_with_bad_numbers_and_duplicates_is_told_row_by_row(site: Site) -> None:
    good, twice = own_number("202"), own_number("202")
    file = csv_file(
        site,
        f"1,Ada,{good},",
        f"2,Bo,{twice},",
        "3,Cy,0049 twelve,",
        f"2,Di,{own_number('202')},",
        "5,Ed,+1202,",
    )
    said = await refused(site, "list", "import", "demo", file)
    assert "nothing was changed" in said
    for row in ("row 4, mobile", "row 5, contact_id", "row 6, mobile"):
        assert row in said
    assert f"mend them in {file}" in said
    assert site.keys() == []

    only_bad = csv_file(site, "3,Cy,0049 twelve,", "5,Ed,+1202,")
    assert "every row was refused; nothing was changed" in await refused(
        site, "list", "import", "demo", only_bad
    )
    assert site.keys() == []

    # Where it is asked for, what is good is taken, and what is not lies in a file of its own.
    file = csv_file(site, f"1,Ada,{good},", "3,Cy,0049 twelve,", f"1,Di,{twice},")
    said = await site.does("list", "import", "demo", file, "--partial")
    assert "1 of 3 rows imported" in said
    rejects = file.with_suffix(".rejects.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[:2] for line in rejects[1:]] == [["3", "mobile"], ["4", "contact_id"]]
    async with site.store() as store:
        assert await store.lists() == {"demo": 1}


async def test_an_asterisk_that_refuses_the_login_is_named_and_nobody_is_called(site: Site) -> None:
    await site.imports([person("202")])
    site.secrets["SECONDPASS_AMI_SECRET"] = "not-the-secret"
    with Server(site) as server:
        await until(lambda: '"reason": "login_refused"' in server.logged(), 30, "the refusal is logged")
        (told,) = (line for line in server.logged().splitlines() if '"reason": "login_refused"' in line)
        assert "manager.conf" in told
        said = await refused(site, "campaign", "start", "demo")
        assert await server.stop() == 0
    assert "demo was not started; nothing was changed" in said
    assert "see that its bridge logs in" in said
    async with site.store() as store:
        assert await store.subs() == []
        assert "attempt_started" not in {line["kind"] for _, line in await store.ledger()}


async def test_a_queue_that_asterisk_does_not_have_is_named_before_anybody_is_called(site: Site) -> None:
    await site.imports([person("202")])
    site.change("campaigns/demo.yaml", "agents: collections", "agents: colections")
    with Server(site) as server:
        await server.ready()
        said = await refused(site, "campaign", "start", "demo")
        async with site.store() as store:
            assert await store.subs() == []
            assert [line for _, line in await store.ledger() if line["kind"] == Kind.RUN_STATE] == []
        assert await server.stop() == 0
    assert 'Asterisk has no queue "colections"' in said
    assert "add it to queues.conf, or name another one as agents: (there are: collections" in said
