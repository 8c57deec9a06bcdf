"""Where callers are looked up besides the store: a service of the centre's own, asked over HTTP."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from config.addresses import secret_of, url_with
from config.errors import shown
from config.scalars import Duration, EnvironmentName, Strict, lasting, wrong
from config.schema_hints import written

PLACES = ("{number}", "{account}")


def _with_a_place(value: object) -> object:
    if isinstance(value, str) and not any(place in value for place in PLACES):
        raise wrong(
            f"{shown(value)} asks for nobody",
            'write {number} or {account} in it: "http://crm/who?n={number}"',
        )
    return value


class Lookup(Strict):
    """A service that knows callers: asked with GET while the store is, for a JSON object that may have
    customer, segment and attributes."""

    url: Annotated[
        str, url_with(("http", "https")), BeforeValidator(_with_a_place), written("URL with {number}")
    ]
    """Its address, with {number} (E.164) or {account} where they go."""
    within: Annotated[Duration, lasting(0.005, 1)] = 0.06
    """Past it the call is decided without it; below the deadline of segments.yaml."""
    secret_env: EnvironmentName | None = None
    """The environment variable that holds its token, sent as Authorization: Bearer."""

    def secret(self) -> str | None:
        """The token, if one is named. Raises ConfigErrors where the environment lacks it."""
        return secret_of(self.secret_env, "lookup.secret_env") if self.secret_env else None
