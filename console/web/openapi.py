"""The OpenAPI 3.1 document, made from the rows of the operations and their models: what it says is what is
checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from console.web.access import Role
from console.web.operations import Operation
from console.web.problems import MEDIA_TYPE, TITLES, ProblemTold

PARTS = re.compile(r"\{(\w+)\}")
PATTERNS = {"number": r"^[0-9]{1,9}$", "override_number": r"^[0-9]{1,9}$", "identity": r"^[^/]{1,200}$"}
NAME = r"^[A-Za-z0-9_.-]{1,64}$"
REF = "#/components/schemas/{model}"


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schemas)
    schemas.update(_schemas([ProblemTold]))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "secondpass",
            "version": version("secondpass"),
            "description": "Campaigns, lists, overrides, people and segments of one tenant.",
        },
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(one: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": one.identity,
        "summary": one.summary,
        "description": f"Needs the role {one.least.word}." if one.least else "Open on this machine.",
        "tags": [one.group],
        "parameters": [*_of_path(one), *_of_query(one, schemas), *_of_write(one)],
        "responses": {str(one.status): _answer(one, schemas), **_problems(one)},
    }
    if one.least is Role.NOBODY:
        told["security"] = [{}, {"token": []}]
    if one.body is not None:
        schemas.update(_schemas([one.body]))
        content = {"application/json": {"schema": {"$ref": REF.format(model=one.body.__name__)}}}
        told["requestBody"] = {"required": True, "content": content}
    if one.raw:
        told["requestBody"] = {
            "required": True,
            "content": {one.raw: {}},
        }  # any bytes: what they are is read afterwards
    return told


def _of_path(one: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": PATTERNS.get(name, NAME)},
        }
        for name in PARTS.findall(one.path)
    ]


def _of_query(one: Operation, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    if one.query is None:
        return []
    schema = TypeAdapter(one.query).json_schema(ref_template=REF)
    schemas.update(schema.pop("$defs", {}))
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": each}
        for name, each in schema["properties"].items()
    ]


def _of_write(one: Operation) -> list[dict[str, Any]]:
    if one.method == "GET" or one.raw:
        return []
    schema = {"type": "string", "pattern": r"^[!-~]{1,128}$"}
    words = "The same key again gives the same answer, and does nothing twice; kept for a day."
    return [
        {"name": "Idempotency-Key", "in": "header", "required": False, "schema": schema, "description": words}
    ]


def _answer(one: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    if one.answer is None:
        return {"description": "done"}
    if isinstance(one.answer, str):
        return {"description": "as it stands", "content": {one.answer: {"schema": {"type": "string"}}}}
    schema = TypeAdapter(one.answer).json_schema(ref_template=REF, mode="serialization")
    schemas.update(schema.pop("$defs", {}))
    return {"description": "as asked", "content": {"application/json": {"schema": schema}}}


def _problems(one: Operation) -> dict[str, Any]:
    statuses = [401, 403, 404, 409, 422, 429, 503]
    statuses += [400, 413, 415] if one.body is not None or one.raw else []
    content = {MEDIA_TYPE: {"schema": {"$ref": REF.format(model="ProblemTold")}}}
    return {str(status): {"description": TITLES[status], "content": content} for status in sorted(statuses)}


def _schemas(models: Sequence[type[BaseModel]]) -> dict[str, Any]:
    _, schema = models_json_schema([(one, "validation") for one in models], ref_template=REF)
    found: dict[str, Any] = schema.get("$defs", {})
    return found
