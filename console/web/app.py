"""The API as an application: each operation behind the check of who asks, writes done once per idempotency
key, every error a problem document."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web
from pydantic import BaseModel, TypeAdapter, ValidationError

from console import errors, output
from console.web import problems
from console.web.access import Gate, Role
from console.web.openapi import NAME, PARTS, PATTERNS, document
from console.web.operations import Call, Operation
from console.web.problems import Problem
from strategies.store.tokens import Given

if TYPE_CHECKING:
    from config.project import Project
    from strategies.store import Store

log = structlog.get_logger(__name__)

LONGEST = 1_048_576  # bytes of a body; a list is uploaded in a way of its own
LONGEST_KEY = 128
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
    app[GATE] = Gate(store, clock)
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


async def _with_headers(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


@web.middleware
async def _guarded(request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
    """Whatever goes wrong, the answer is a problem document."""
    try:
        answer: web.StreamResponse = await handler(request)
    except Problem as problem:
        return problem.response()
    except ValidationError as error:
        return problems.invalid(error).response()
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return problems.of_http(error).response()
    except errors.expected() as error:
        return problems.refused(error).response()
    except Exception:
        log.exception("web.failed", path=output.clean(request.path), method=output.clean(request.method))
        return Problem(500, "an error of ours", "its details are in the log of the console").response()
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
        if one.method == "GET" or "Idempotency-Key" not in request.headers:
            return await _done(one, adapter, call)
        return await _once(one, adapter, call, json.dumps(body, sort_keys=True))

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


async def _once(
    one: Operation, adapter: TypeAdapter[Any] | None, call: Call, body: str
) -> web.StreamResponse:
    """Do a write that was given a key, unless it was done under that key before: then its answer again."""
    key = _key(call)
    fingerprint = sha256(f"{one.method} {call.request.path_qs} {body}".encode()).hexdigest()
    known = await call.store.begin_answer(key, fingerprint)
    if known is not None:
        return _again(known, fingerprint)
    done = False
    try:
        answer = await _done(one, adapter, call)
        text = answer.text if isinstance(answer, web.Response) else None
        await call.store.keep_answer(key, Given(fingerprint, answer.status, text or ""))
        done = True
    finally:
        if not done:  # nothing was changed, or nobody knows: the same may be asked again
            await call.store.keep_answer(key, None)
    return answer


def _key(call: Call) -> str:
    key = call.request.headers["Idempotency-Key"]
    if not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable() or " " in key:
        raise Problem(
            422, "the idempotency key is not valid", f"send up to {LONGEST_KEY} visible ASCII characters"
        )
    return f"{call.who.name}:{key}"


def _again(known: Given, fingerprint: str) -> web.Response:
    if known.fingerprint != fingerprint:
        raise Problem(422, "this idempotency key was used for another request", "send a new one")
    if known.status == 0:
        raise Problem(409, "the same request is under way", "wait a second", headers={"Retry-After": "1"})
    if known.status == 204:
        return web.Response(status=204, headers={"Idempotency-Replayed": "true"})
    answer = _document(known.body, known.status)
    answer.headers["Idempotency-Replayed"] = "true"
    return answer


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
