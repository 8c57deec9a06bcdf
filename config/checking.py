"""Checks a document against its model and tells every mistake with its place; the model says what may be."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.errors import ConfigError, Path_, shown
from config.scalars import nearest
from config.yaml_reader import Document

ModelT = TypeVar("ModelT", bound=BaseModel)
_ROUNDS = 20

_KINDS = {
    "tuple_type": ("is not a list", "put it in brackets: [a, b]"),
    "list_type": ("is not a list", "put it in brackets: [a, b]"),
    "dict_type": ("is not a mapping", "write keys and values"),
    "model_type": ("is not a mapping", "write keys and values"),
    "model_attributes_type": ("is not a mapping", "write keys and values"),
    "bool_type": ("is neither true nor false", "write true or false"),
    "too_short": ("is empty", "name at least one, or remove the key"),
}


class Problems:
    """The mistakes found in one document so far, and which places of it are already known to be wrong."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.errors: list[ConfigError] = []
        self._wrong: set[Path_] = set()

    def add(self, path: Path_, message: str, mend: str = "", *, unless: tuple[Path_, ...] = ()) -> None:
        """Note a mistake, except where it follows from one at `path` or at one of `unless` already noted."""
        if path not in self.document.excused and not any(self._known(place) for place in (path, *unless)):
            self.errors.append(self.document.error(path, message, mend))
            self._wrong.add(path)

    def _known(self, path: Path_) -> bool:
        return any(path == wrong[: len(path)] or wrong == path[: len(wrong)] for wrong in self._wrong)


def checked(document: Document, model: type[ModelT]) -> tuple[ModelT | None, Problems]:
    """The document as its model, and its mistakes.

    Keys with mistakes are left out and the rest is read again, so that what is right can be checked further
    and the user sees all mistakes at once; None where too little is left.
    """
    problems = Problems(document)
    data = deepcopy(document.data) if isinstance(document.data, dict) else document.data
    if data is None:
        problems.add((), "the file is empty", f"write it, beginning with {_required(model)}")
        return None, problems
    for _ in range(_ROUNDS):
        try:
            return model.model_validate(data), problems
        except ValidationError as error:
            if not _without(data, [_noted(problems, model, details) for details in error.errors()]):
                break
    return None, problems


def _required(model: type[BaseModel]) -> str:
    return next((f"{f.alias or name}:" for name, f in model.model_fields.items() if f.is_required()), "a key")


def _noted(problems: Problems, model: type[BaseModel], details: ErrorDetails) -> tuple[Path_, str]:
    path: Path_ = tuple(key for key in details["loc"] if key != "[key]")
    problems.add(path, *_told(model, path, details))
    return path, details["type"]


def _told(model: type[BaseModel], path: Path_, details: ErrorDetails) -> tuple[str, str]:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "config":
        return str(context["message"]), str(context["mend"])
    if kind == "missing":
        return "is missing", "add it"
    if kind == "extra_forbidden":
        return "is not a key here", nearest(str(path[-1]), _keys(model, path[:-1]))
    if kind in _KINDS:
        message, mend = _KINDS[kind]
        return f"{shown(details['input'])} {message}", mend
    return f"{shown(details['input'])}: {details['msg']}", "correct it"


def _without(data: object, found: list[tuple[Path_, str]]) -> bool:
    """Takes each wrong key out of `data`; False where that cannot mend it."""
    removed = False
    for path, kind in found:
        if kind == "missing":
            return False
        removed = _remove(data, path) or removed
    return removed


def _remove(data: object, path: Path_) -> bool:
    """Takes the innermost mapping's key on the path out of `data`."""
    holder: tuple[dict[Any, Any], object] | None = None
    for key in path:
        if isinstance(data, dict) and key in data:
            holder = (data, key)
            data = data[key]
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            break
    if holder is None:
        return False
    holder[0].pop(holder[1])
    return True


def _keys(model: type[BaseModel], path: Path_) -> list[str]:
    """The keys that are allowed in the mapping at `path`."""
    found: object = model
    for key in path:
        fields = _model_in(found)
        if fields is None:
            return []
        names = {field.alias or name: field.annotation for name, field in fields.model_fields.items()}
        found = names.get(str(key), found)
    inner = _model_in(found)
    return [] if inner is None else [field.alias or name for name, field in inner.model_fields.items()]


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The model a field's annotation holds: itself, or inside a list, a mapping or an optional."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in reversed(get_args(annotation)) if (found := _model_in(part))), None)
