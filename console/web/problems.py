"""Errors as problem documents (RFC 9457) that name the mend; which errors a person can mend is
`console.errors`' to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiohttp import web
from pydantic import BaseModel, ValidationError

from console import errors
from console.refusal import RefusedError

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "not understood",
    401: "not known",
    403: "not allowed",
    404: "not found",
    405: "not a method of this path",
    409: "refused",
    413: "too large",
    415: "not JSON",
    422: "not valid",
    429: "too many requests",
    500: "an error of ours",
    503: "not now",
}


class ReasonTold(BaseModel):
    """One thing that stands in the way, where in the request, and what to do about it."""

    what: str
    mend: str
    where: str = ""


class ProblemTold(BaseModel):
    """A problem document; nothing was changed."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    mend: str = ""
    reasons: list[ReasonTold] = []


class Problem(Exception):
    """What a request is answered with instead."""

    def __init__(
        self,
        status: int,
        detail: str,
        mend: str = "",
        *,
        reasons: Sequence[ReasonTold] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.told = ProblemTold(
            title=TITLES.get(status, "error"), status=status, detail=detail, mend=mend, reasons=list(reasons)
        )
        self.headers = {**({"WWW-Authenticate": "Bearer"} if status == 401 else {}), **(headers or {})}

    def response(self) -> web.Response:
        """The document."""
        return web.Response(
            text=self.told.model_dump_json(),
            status=self.told.status,
            content_type=MEDIA_TYPE,
            headers=self.headers,
        )


def known(error: Exception) -> Problem | None:
    """The problem that an error is; None for one that nobody foresaw."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, ValidationError):
        return invalid(error)
    if isinstance(error, web.HTTPException):
        return of_http(error)
    return refused(error) if isinstance(error, errors.expected()) else None


def ours() -> Problem:
    """What nobody foresaw."""
    return Problem(500, "an error of ours", "its details are in the log of the console")


def invalid(error: ValidationError) -> Problem:
    """A request that is not as the document says, each mistake with its place."""
    reasons = [
        ReasonTold(what=one["msg"], mend="see /api/openapi.json", where=".".join(map(str, one["loc"])))
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return Problem(422, "the request is not valid; nothing was changed", reasons=reasons)


def refused(error: Exception) -> Problem:
    """One of `console.errors.expected()`."""
    from strategies.store.errors import StoreUnavailable

    if isinstance(error, StoreUnavailable):
        return Problem(503, "the store does not answer", errors.STORE_MEND, headers={"Retry-After": "5"})
    told: RefusedError = errors.told(error)
    reasons = [ReasonTold(what=one.what, mend=one.mend) for one in told.reasons]
    missing = told.message.startswith(("there is no ", "nothing is known of "))
    return Problem(404 if missing else 409, told.message, reasons=reasons)


def of_http(error: web.HTTPException) -> Problem:
    """What the server itself refuses: no such path, no such method, a body that is too large."""
    allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
    return Problem(error.status, error.reason.lower(), "see /api/openapi.json", headers=allow)
