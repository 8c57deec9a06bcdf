"""An answer that many ask for, checked and encoded once while what it is made of stays as it is."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter

KEPT = 64  # answers to different questions


class Once:
    """The answers of one operation, by question."""

    def __init__(self, answer: Any) -> None:
        self._adapter: TypeAdapter[Any] = TypeAdapter(answer)
        self._kept: OrderedDict[Hashable, tuple[Hashable, bytes]] = OrderedDict()

    def response(self, question: Hashable, version: Hashable, make: Callable[[], Any]) -> web.Response:
        """The answer to a question; `make` gives it anew where it was made of another version."""
        known = self._kept.get(question)
        if known is None or known[0] != version:
            body = self._adapter.dump_json(self._adapter.validate_python(make()))
            self._kept[question] = known = version, body
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return web.Response(body=known[1], content_type="application/json")
