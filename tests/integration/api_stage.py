"""The API over a real store and a real socket, with a token for each role."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import ClientSession, TCPConnector
from secondpass_command import Secondpass

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
