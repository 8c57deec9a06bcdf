"""What an operation of the API is: one row from which the route, the check of who asks and the OpenAPI
document are made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from console.web.access import Role, Who

if TYPE_CHECKING:
    from config.project import Project
    from strategies.store import Store

M = TypeVar("M", bound=BaseModel)


class Body(BaseModel):
    """What a request brings: nothing but what is named, nothing taken for something else."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(BaseModel):
    """The words behind the question mark; numbers are read from their text."""

    model_config = ConfigDict(extra="forbid")


class Told(BaseModel):
    """What an answer holds."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Call:
    """One request: who asks, for which path, with what. `now` in epoch seconds."""

    who: Who
    store: Store
    project: Project
    path: dict[str, str]
    now: float
    request: web.Request
    query: BaseModel | None = None
    body: BaseModel | None = None

    def asked(self, model: type[M]) -> M:
        """The query as the operation names it."""
        assert isinstance(self.query, model)  # noqa: S101  the row of the operation says so
        return self.query

    def brought(self, model: type[M]) -> M:
        """The body as the operation names it."""
        assert isinstance(self.body, model)  # noqa: S101  the row of the operation says so
        return self.body


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path, and what it takes and gives. `answer`: a model, or a type such as list[Model];
    None for no content. `least`: the role it needs. `raw`:
    the media type of a body that the handler reads by itself."""

    method: str
    path: str
    summary: str
    handler: Handler
    answer: Any = None
    least: Role = Role.VIEWER
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    status: int = 200
    raw: str = ""

    @property
    def group(self) -> str:
        """What it is about: the first word of its path after `/api`."""
        return self.path.removeprefix("/api/").strip("/").split("/")[0]

    @property
    def identity(self) -> str:
        """Its name in the document."""
        words = [part for part in self.path.removeprefix("/api").split("/") if part and part[0] != "{"]
        return "_".join([self.method.lower(), *words]).replace("-", "_").replace(".", "_")
