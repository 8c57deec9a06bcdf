"""The shapes of the files as JSON Schema (draft 2020-12), for editors and for the reference; what keys mean
together is not in it, and is checked by the rules of each file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from config.campaign_file import CampaignFile
from config.carrier_file import CarrierFile
from config.overrides_file import OverrideFile
from config.scalars import duration_text
from config.script_file import ScriptFile
from config.segments_words import SegmentsFile
from config.settings import Settings

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
MODELS: Mapping[str, tuple[Any, str]] = {
    "campaign": (CampaignFile, "campaigns/NAME.yaml"),
    "script": (ScriptFile, "scripts/NAME.yaml"),
    "segments": (SegmentsFile, "segments.yaml"),
    "settings": (Settings, "settings.yaml"),
    "overrides": (list[OverrideFile], "a file of overrides"),
    "carrier": (CarrierFile, "a carrier to simulate with"),
}
"""Kind of file: the type of what is in it, and where it stands."""


def schema_of(kind: str) -> Schema:
    """The schema of one kind of file. KeyError for a kind there is not."""
    model, place = MODELS[kind]
    found = _cleaned(TypeAdapter(model).json_schema(by_alias=True))
    return {"$schema": DRAFT, **found, "title": f"secondpass: {place}"}


def _cleaned(value: Any) -> Any:
    """The schema as people wrote the files: no titles made of Python's names, defaults as text, and a key
    that may be left out has no default `null`."""
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: item for key, item in value.items() if key != "title" or not isinstance(item, str)}
    if (kept.get("default", ...) is None and "anyOf" in kept) or (
        "$ref" in kept and isinstance(kept.get("default"), dict)
    ):
        del kept["default"]  # a mapping's defaults stand with its keys
    if _is_duration(kept) and isinstance(kept.get("default"), (int, float)):
        kept["default"] = duration_text(kept["default"])
    if isinstance(kept.get("description"), str):
        kept["description"] = " ".join(kept["description"].split())
    return {key: _cleaned(item) for key, item in kept.items()}


def _is_duration(schema: Schema) -> bool:
    return schema.get("x-kind") == "duration" or any(map(_is_duration, schema.get("anyOf", ())))


def reference() -> str:
    """Every key of every file as Markdown: kind, default, meaning."""
    return "\n".join(line for part in (_opening(), *map(_file, MODELS)) for line in part) + "\n"


def _opening() -> Iterator[str]:
    yield "# The files, key by key"
    yield ""
    yield "Made by `secondpass schema --markdown`; do not edit it. Keys in bold must be there; unknown"
    yield "ones are refused. What keys mean together is told by `secondpass check`, with file, line, column"
    yield "and mend."
    yield ""
    yield "An editor checks as you type if the file begins with"
    yield "`# yaml-language-server: $schema=campaign.schema.json`, where that file is what"
    yield "`secondpass schema campaign` printed."


def _file(kind: str) -> Iterator[str]:
    schema = schema_of(kind)
    yield ""
    yield f"## {MODELS[kind][1]}"
    if "properties" in schema:
        yield from _model(kind, "", schema)
    else:
        yield from ("", f"A {_kind(kind, schema)}.")
    for name, inner in schema.get("$defs", {}).items():
        if "properties" in inner:
            yield from _model(kind, _plain(name), inner)
        elif "enum" in inner:
            yield from ("", f"### {kind}: {_plain(name)}", "")
            yield f"{inner.get('description', '')} {_words(inner['enum'])}".strip()


def _model(kind: str, name: str, schema: Schema) -> Iterator[str]:
    if name:
        yield from ("", f"### {kind}: {name}")
    if "description" in schema:
        yield from ("", schema["description"])
    yield from ("", "| key | kind | default | meaning |", "|---|---|---|---|")
    needed = schema.get("required", ())
    for key, one in schema.get("properties", {}).items():
        shown = f"**{key}**" if key in needed else key
        default = f"`{_written(one['default'])}`" if "default" in one else ""
        meaning = one.get("description", "")
        yield f"| {shown} | {_cell(_kind(kind, one))} | {_cell(default)} | {_cell(meaning)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _plain(name: str) -> str:
    """A model's name as words: `PassLimitsFile` is pass limits."""
    spaced = "".join(f" {c.lower()}" if c.isupper() else c for c in name.removesuffix("File"))
    return spaced.strip()


def _kind(file: str, schema: Schema) -> str:
    """What may stand there, in words."""
    if "x-kind" in schema:
        return str(schema["x-kind"])
    if "$ref" in schema:
        name = _plain(schema["$ref"].rpartition("/")[2])
        return f"[{name}](#{file}-{name.replace(' ', '-')})"
    if "anyOf" in schema:
        parts = [part for part in schema["anyOf"] if part.get("type") != "null"]
        return " or ".join(dict.fromkeys(_kind(file, part) for part in parts))
    if "enum" in schema:
        return _words(schema["enum"])
    return _BY_TYPE.get(str(schema.get("type")), _other)(file, schema)


def _array(file: str, schema: Schema) -> str:
    return f"list of {_kind(file, schema['items'])}" if "items" in schema else "list"


def _mapping(file: str, schema: Schema) -> str:
    inner = next(iter(schema.get("patternProperties", {}).values()), schema.get("additionalProperties"))
    if not isinstance(inner, dict) or not inner:
        return "mapping"
    keys = schema.get("propertyNames")
    return f"mapping of {_kind(file, keys) if keys else 'name'} to {_kind(file, inner)}"


def _count(_file: str, schema: Schema) -> str:
    what = "whole number" if schema["type"] == "integer" else "number"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None:
        return what
    return f"{what} from {low:g}" + (f" to {high:g}" if high is not None else "")


def _other(_file: str, schema: Schema) -> str:
    known = {"boolean": "true or false", "string": "text"}
    return known.get(str(schema.get("type")), "anything")


_BY_TYPE: Mapping[str, Callable[[str, Schema], str]] = {
    "array": _array,
    "object": _mapping,
    "integer": _count,
    "number": _count,
}


def _words(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _written(value: object) -> str:
    """A default as it would stand in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_written(item) for item in value) + "]"
    return "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
