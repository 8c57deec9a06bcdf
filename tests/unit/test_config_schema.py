"""The files' shapes as editors and the reference know them: the examples fit, what is wrong does not, and the
reference tells every key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from config_files import CAMPAIGN, EXAMPLES, REPOSITORY, SCRIPT, SHARED_EXAMPLES, changed
from jsonschema.exceptions import best_match

from config.schema import MODELS, Schema, reference, schema_of
from config.yaml_reader import parse, read

KIND_OF = {"campaigns": "campaign", "scripts": "script", "carriers": "carrier"}


def errors(kind: str, value: object) -> list[str]:
    checker = jsonschema.Draft202012Validator(schema_of(kind))
    return [error.json_path for found in checker.iter_errors(value) for error in _innermost(found)]


def _innermost(error: jsonschema.ValidationError) -> list[jsonschema.ValidationError]:
    """What a mistake in one of several allowed shapes comes down to."""
    return [best_match([error]) or error]


def files(directory: Path) -> list[tuple[str, Path]]:
    found = sorted(directory.rglob("*.yaml"))
    return [(KIND_OF.get(file.parent.name, file.stem), file) for file in found]


@pytest.mark.parametrize("kind", MODELS)
def test_each_schema_is_one_of_the_draft_it_names(kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema_of(kind))


@pytest.mark.parametrize(("kind", "file"), files(EXAMPLES), ids=lambda value: getattr(value, "name", value))
def test_every_example_of_ours_fits_its_schema(kind: str, file: Path) -> None:
    assert not errors(kind, read(file).data)


def test_the_shared_examples_fit_their_schemas() -> None:
    if not SHARED_EXAMPLES.is_dir():
        pytest.skip("not run: no data")
    for kind, file in files(SHARED_EXAMPLES):
        assert not errors(kind, read(file).data), file


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("medium: dialer\n      recovers", "medium: dialler\n      recovers", "$.strategy.passes[1].medium"),
        ("[5m, 30m]", "[5 minutes]", "$.strategy.passes[0].retry.busy.after[0]"),
        ("purpose: debt_collection", "purpose: nagging", "$.purpose"),
        ("country: US\n", "country: US\ncolour: red\n", "$"),
        ("abandon_rate: 3%", "abandon_rate: 3", "$.strategy.passes[2].pacing.abandon_rate"),
    ],
)
def test_what_an_editor_can_see_is_wrong_does_not_fit(old: str, new: str, place: str) -> None:
    file = Path("spring.yaml")
    assert not errors("campaign", parse(CAMPAIGN.encode(), file).data)
    assert errors("campaign", parse(changed(CAMPAIGN, old, new).encode(), file).data) == [place]


def test_a_key_of_a_telephone_may_be_written_bare() -> None:
    assert not errors("script", parse(SCRIPT.encode(), Path("hello.yaml")).data)


def keys(schema: Schema) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, one in schema.get("$defs", {}).items():
        yield from ((f"{name}.{key}", field) for key, field in one.get("properties", {}).items())
    yield from schema.get("properties", {}).items()


@pytest.mark.parametrize("kind", MODELS)
def test_every_key_says_what_it_means(kind: str) -> None:
    silent = [name for name, field in keys(schema_of(kind)) if not field.get("description")]
    assert not silent


def test_defaults_are_told_as_the_files_write_them() -> None:
    one = dict(keys(schema_of("campaign")))
    assert one["ring"]["default"] == "30s"
    assert one["PassFile.ttl"]["default"] == "15m"
    assert one["StrategyFile.escalation"]["default"] == "per_pass"
    assert "default" not in one["filter"]


def test_the_reference_is_up_to_date() -> None:
    told = (REPOSITORY / "docs" / "reference.md").read_text("utf-8")
    assert told == reference(), "make it again: secondpass schema --markdown > docs/reference.md"
