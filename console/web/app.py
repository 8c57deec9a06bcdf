"""The API as an application: each operation behind the check of who asks, every error a problem document; how
a write is done to its end, and once, is `console.web.writes`' part."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from console import output
from console.web import problems
from console.web.access import Gate, Role
from console.web.openapi import NAME, PARTS, PATTERNS, document
from console.web.operations import Call, Operation
from console.web.problems import Problem
from console.web.writes import KEY, Writes

if TYPE_CHECKING:
    from config.project import Project
    from strategies.store import Store

log = structlog.get_logger(__name__)

LONGEST = 1_048_576  # bytes of a body; a list is uploaded in a way of its own
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}

STORE: web.AppKey[Store] = web.AppKey("store")
CLOCK: web.AppKey[Callable[[], float]] = web.AppKey("clock")
GATE: web.AppKey[Gate] = web.AppKey("gate")
WRITES: web.AppKey[Writes] = web.AppKey("writes")


class Files:
    """The project as the files stand now; the console's process renews it."""

    def __init__(self, project: Project) -> None:
        self.project = project


FILES: web.AppKey[Files] = web.AppKey("files")


def build_app(
    files: Files, store: Store, operations: Sequence[Operation], clock: Callable[[], float]
) -> web.Application:
    """The application that serves these operations, and their document at `/api/openapi.json`."""
    app = web.Application(client_max_size=LONGEST, middlewares=[_guarded])
    app[STORE], app[CLOCK], app[FILES] = store, clock, files
    app[GATE], app[WRITES] = Gate(store, clock), Writes(store)
    app.on_cleanup.append(_ended)
    described: list[Operation] = [*operations]
    text = ""

    async def openapi(_call: Call) -> web.Response:
        return web.Response(text=text, content_type="application/json")

    described.append(
        Operation(
            "GET", "/api/openapi.json", "This document", openapi, answer=dict[str, Any], least=Role.NOBODY
        )
    )
    text = json.dumps(document(described))
    for one in described:
        app.router.add_route(one.method, _pattern(one.path), _answered(one))
    app.on_response_prepare.append(_with_headers)
    return app


def _pattern(path: str) -> str:
    """The path as the router reads it: a name holds only what a name may."""
    return PARTS.sub(lambda found: f"{{{found[1]}:{PATTERNS.get(found[1], NAME).strip('^$')}}}", path)


async def _ended(app: web.Application) -> None:
    """What is being written is written: the store is closed after this."""
    await app[WRITES].close()


async def _with_headers(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


@web.middleware
async def _guarded(request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
    """Whatever goes wrong, the answer is a problem document."""
    try:
        answer: web.StreamResponse = await handler(request)
    except Exception as error:
        if isinstance(error, web.HTTPException) and error.status < 400:
            raise
        problem = problems.known(error)
        if problem is not None:
            return problem.response()
        # The pattern and not the path, which may name a person.
        resource = request.match_info.route.resource
        path = resource.canonical if resource is not None else "unknown"
        log.exception("web.failed", path=path, method=output.clean(request.method))
        return problems.ours().response()
    return answer


def _answered(one: Operation) -> Callable[[web.Request], Any]:
    """The route of an operation."""
    adapter = TypeAdapter(one.answer) if one.answer is not None and not isinstance(one.answer, str) else None

    async def answer(request: web.Request) -> web.StreamResponse:
        who = await request.app[GATE].let_in(request, one.least)
        body = await _json(request) if one.body is not None else None
        call = Call(
            who=who,
            store=request.app[STORE],
            project=request.app[FILES].project,
            path=dict(request.match_info),
            now=request.app[CLOCK](),
            request=request,
            query=_query(one.query, request) if one.query is not None else None,
            body=one.body.model_validate(body) if one.body is not None else None,
        )
        if one.method == "GET":
            return await _done(one, adapter, call)
        return await _written(one, adapter, call, json.dumps(body, sort_keys=True))

    return answer


async def _done(one: Operation, adapter: TypeAdapter[Any] | None, call: Call) -> web.StreamResponse:
    told = await one.handler(call)
    if isinstance(told, web.StreamResponse):
        return told
    if adapter is None:
        return web.Response(status=204)
    return _document(adapter.dump_json(adapter.validate_python(told)).decode(), one.status)


def _document(text: str, status: int) -> web.Response:
    return web.Response(text=text, status=status, content_type="application/json")


async def _written(
    one: Operation, adapter: TypeAdapter[Any] | None, call: Call, body: str
) -> web.StreamResponse:
    """A write. A body that its handler reads by itself ends with whoever sends it, and has no key: it is not
    known before it was read."""
    if not one.raw:
        words = f"{one.method} {call.request.path_qs} {body}"
        return await call.request.app[WRITES].do(call, words, lambda: _done(one, adapter, call))
    if KEY in call.request.headers:
        raise Problem(
            422, "an upload takes no idempotency key", "leave it out: the same file changes nothing"
        )
    return await _done(one, adapter, call)


async def _json(request: web.Request) -> Any:
    if request.content_type != "application/json":
        raise Problem(415, f"the body is {output.clean(request.content_type)}", "send application/json")
    try:
        return json.loads(await request.text())
    except (ValueError, RecursionError, LookupError):
        raise Problem(400, "the body is no JSON document", "see /api/openapi.json") from None


def _query(model: type[BaseModel], request: web.Request) -> BaseModel:
    if len(request.query) != len(set(request.query)):
        raise Problem(422, "a word of the query stands twice", "say each once")
    return model.model_validate(dict(request.query))
