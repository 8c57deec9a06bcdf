"""The built-in server: one per data directory, for as long as anybody uses it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from store_people import people

from strategies.store import Store, StoreUnavailable, StoreUnfit

USER = """
import asyncio, sys
from pathlib import Path
from strategies.store import Store

async def main() -> None:
    store = await Store.open(None, Path(sys.argv[1]), "main")
    print("open", flush=True)
    sys.stdin.readline()
    await store.close()

asyncio.run(main())
"""


def another_process(directory: Path) -> subprocess.Popen[str]:
    """A process that has the store open until it reads a line."""
    words = [sys.executable, "-c", USER, str(directory)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


async def pid_of(store: Store) -> int:
    return int((await store._redis.info("server"))["process_id"])


async def until_it_fails(store: Store) -> None:
    """Ask until the server is gone: a kill takes a moment."""
    while True:
        await store.lists()


def answers(directory: Path) -> bool:
    """Whether a server listens there."""
    return (directory / "store" / "server.sock").exists()


async def test_what_was_written_is_there_the_next_time(short_directory: Path) -> None:
    first = await Store.open(None, short_directory, "main")
    await first.import_contacts("march", people(3))
    await first.close()
    assert not answers(short_directory)

    second = await Store.open(None, short_directory, "main")
    assert await second.lists() == {"march": 3}
    await second.close()


async def test_everybody_in_a_directory_shares_one_server(short_directory: Path) -> None:
    stores = await asyncio.gather(*(Store.open(None, short_directory, "main") for _ in range(5)))
    assert len({await pid_of(store) for store in stores}) == 1
    for store in stores:
        assert answers(short_directory)
        await store.close()
    assert not answers(short_directory)


async def test_the_server_outlives_the_process_that_started_it(short_directory: Path) -> None:
    starter = another_process(short_directory)
    store = await Store.open(None, short_directory, "main")
    before = await pid_of(store)
    starter.communicate("\n")
    assert starter.returncode == 0
    assert await pid_of(store) == before
    await store.close()
    assert not answers(short_directory)


async def test_a_killed_user_is_no_user(short_directory: Path) -> None:
    victim = another_process(short_directory)
    store = await Store.open(None, short_directory, "main")
    victim.kill()
    victim.communicate()
    await store.close()
    assert not answers(short_directory)


async def test_a_ctrl_c_in_the_terminal_is_not_for_the_server(short_directory: Path) -> None:
    store = await Store.open(None, short_directory, "main")
    pid = await pid_of(store)
    assert os.getsid(pid) != os.getsid(0)
    assert os.getpgid(pid) != os.getpgid(0)
    await store.close()


async def test_a_server_left_by_a_crash_is_taken_over(short_directory: Path) -> None:
    crashed = another_process(short_directory)
    crashed.kill()
    crashed.communicate()
    store = await Store.open(None, short_directory, "main")
    await store.close()
    assert not answers(short_directory)


async def test_a_server_that_died_is_started_again_on_the_same_data(short_directory: Path) -> None:
    store = await Store.open(None, short_directory, "main")
    await store.import_contacts("march", people(2))
    os.kill(await pid_of(store), signal.SIGKILL)
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(until_it_fails(store), 10)
    await store.revive()
    assert await store.lists() == {"march": 2}
    await store.close()


async def test_closing_and_opening_at_once_loses_neither(short_directory: Path) -> None:
    store = await Store.open(None, short_directory, "main")
    for _ in range(5):
        _, store = await asyncio.gather(store.close(), Store.open(None, short_directory, "main"))
        await store.halt(by="eve")
    await store.close()


async def test_no_server_is_started_while_its_last_user_stops_one(short_directory: Path) -> None:
    await (await Store.open(None, short_directory, "main")).close()
    directory = short_directory / "store"
    with (directory / "users.lock").open("r+") as users, (directory / "server.lock").open("r+") as server:
        fcntl.flock(users, fcntl.LOCK_EX)
        opening = asyncio.create_task(Store.open(None, short_directory, "main"))
        await asyncio.sleep(0.3)
        fcntl.flock(server, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises where a server lives
        fcntl.flock(server, fcntl.LOCK_UN)
        fcntl.flock(users, fcntl.LOCK_UN)
        await (await opening).close()


async def test_nobody_else_can_reach_it(short_directory: Path) -> None:
    store = await Store.open(None, short_directory, "main")
    directory = short_directory / "store"
    assert directory.stat().st_mode & 0o077 == 0
    assert (directory / "server.sock").stat().st_mode & 0o077 == 0
    assert (await store._redis.config_get("port"))["port"] == "0"
    await store.close()


async def test_tenants_do_not_see_each_other(short_directory: Path) -> None:
    one, two = [await Store.open(None, short_directory, tenant) for tenant in ("one", "two")]
    await one.import_contacts("march", people(2))
    assert await two.lists() == {}
    assert await two.contact("0000") is None
    await one.close()
    await two.close()


async def test_a_path_too_long_for_a_socket_is_said_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(StoreUnfit, match="choose a shorter data_dir"):
        await Store.open(None, tmp_path / ("x" * 100), "main")


async def test_a_journal_that_cannot_be_read_is_said_with_the_place_to_look(
    short_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await Store.open(None, short_directory, "main")
    await store.close()
    [journal] = (short_directory / "store" / "appendonlydir").glob("*.incr.aof")
    journal.write_bytes(b"nonsense" * 100)
    monkeypatch.setattr("strategies.store.embedded.START_WITHIN", 1.0)
    with pytest.raises(StoreUnfit, match=r"server\.log"):
        await Store.open(None, short_directory, "main")
