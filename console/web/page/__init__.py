"""The live page's files, as they go to the browser; what they show comes from the API alone."""

from __future__ import annotations

import mimetypes
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from console.web.access import Gate, Role

HERE = Path(__file__).parent
KINDS = {".html", ".js", ".css", ".svg"}


def add_page(app: web.Application, gate: Gate) -> None:
    """Serve `/` and the files beside it, read once: they change with a release alone."""
    for file in sorted(HERE.rglob("*")):
        if file.suffix in KINDS:
            name = file.relative_to(HERE).as_posix()
            app.router.add_get("/" if name == "index.html" else f"/page/{name}", _served(file, gate))


def _served(file: Path, gate: Gate) -> Callable[[web.Request], Awaitable[web.Response]]:
    body, kind = file.read_bytes(), mimetypes.guess_type(file.name)[0]

    async def serve(request: web.Request) -> web.Response:
        await gate.let_in(request, Role.NOBODY)
        return web.Response(body=body, content_type=kind, charset="utf-8")

    return serve
