"""What an editor is told about single values: bounds, closed lists of words, how text is written; checking
them is left to `config.scalars`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


@dataclass(frozen=True)
class Bounds(AfterValidator):
    """Bounds of a number, which the schema tells too."""

    low: float = 0.0
    high: float = 1e9

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        found = handler(core)
        if found.get("type") in ("integer", "number"):
            found = {**found, "minimum": self.low}
            if self.high < 1e9:
                found["maximum"] = self.high
        return found


@dataclass(frozen=True)
class Words(BeforeValidator):
    """A closed list of words, which the schema tells too."""

    words: tuple[str, ...] = ()

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "enum": list(self.words)}


def written(kind: str, pattern: re.Pattern[str] | str | None = None, **more: object) -> WithJsonSchema:
    """How a value that is text in the files looks to an editor; `kind` is its name in the reference."""
    told: JsonSchemaValue = {"type": "string", "x-kind": kind, **more}
    if pattern is not None:
        told["pattern"] = f"^(?:{pattern.pattern if isinstance(pattern, re.Pattern) else pattern})$"
    return WithJsonSchema(told)


def filled_in(default: str | int, *, alias: str | None = None) -> Any:
    """A key that may be left out and then counts as `default`, filled in where it is known what the key goes
    with."""
    return Field(None, alias=alias, json_schema_extra={"default": default})
