"""The API over a real store and a real socket, with a token for each role."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, TCPConnector
from secondpass_command import CALLS, Secondpass, imported, tell_queues, where_it_is_noon

from config.project import load_project
from console import options
from console.web.access import digest
from console.web.app import Files
from console.web.process import served
from strategies.store import Store
from strategies.store.tokens import Token

ROLES = {"agent": "PJSIP/agent01", "viewer": "", "supervisor": "", "admin": ""}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str
    document: Any = field(default=None)


@dataclass(frozen=True, slots=True)
class Api:
    """Asks as somebody with a role; None asks without a token."""

    url: str
    store: Store
    session: ClientSession

    async def __call__(self, method: str, path: str, *, as_: str | None = "viewer", **more: Any) -> Answer:
        headers = {**more.pop("headers", {}), **({} if as_ is None else {"Authorization": f"Bearer {as_}"})}
        async with self.session.request(method, f"{self.url}{path}", headers=headers, **more) as answer:
            read = await answer.text()
            parsed = await answer.json(content_type=None) if "json" in answer.content_type else None
            return Answer(answer.status, answer.headers, read, parsed)


@asynccontextmanager
async def api_of(command: Secondpass, store: Store) -> AsyncIterator[Api]:
    """The API of a configuration, on a port of its own."""
    project = options.located(load_project(command.config))
    free = project.settings.console.model_copy(update={"host": "127.0.38.5", "port": 0})
    files = Files(replace(project, settings=project.settings.model_copy(update={"console": free})))
    for role, agent in ROLES.items():
        assert await store.add_token(digest(role), Token(role, role, time.time(), None, agent))
    every = TCPConnector(limit=0)  # as many connections as are asked for
    async with served(files, store) as (host, port), ClientSession(connector=every) as session:
        yield Api(f"http://{host}:{port}", store, session)


@asynccontextmanager
async def running_api(folder: Path) -> AsyncIterator[Api]:
    """The API while `calls/1` runs over the list march, in a zone where it is noon; the list april is
    attached to nothing."""
    command = await asyncio.to_thread(imported, folder)
    (folder / "april.csv").write_text("contact_id,mobile,balance\n9,+12025550109,50\n")
    said = await asyncio.to_thread(command, "list", "import", "april", folder / "april.csv")
    assert said.code == 0, said.err
    here = CALLS.replace("America/New_York", where_it_is_noon())
    (command.config / "campaigns" / "calls.yaml").write_text(here)
    store = await Store.open(None, command.data_dir, "main")
    await tell_queues(store, "collections")
    async with api_of(command, store) as asked:
        begun = await asked("POST", "/api/campaigns/calls/start", as_="supervisor", json={})
        assert begun.status == 201, begun.text
        yield asked
    await store.close()
