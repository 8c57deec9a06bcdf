"""Writes a patch into a campaign's file, comments kept: a new version of the strategy; whether the file then
makes sense is checked here, putting it into place is the command line's."""

from __future__ import annotations

import io
import re
from copy import deepcopy
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from config.campaign_build import campaign
from config.errors import ConfigError, ConfigErrors
from config.pass_rules import Scripts
from config.patching import apply, misplaced
from config.yaml_reader import Document, parse
from strategies.campaign import Campaign
from strategies.overrides import Patch

_PASSES = re.compile(r"^( *)passes:[^\n]*\n(?:[ ]*(?:#[^\n]*)?\n)*( *)- ", re.MULTILINE)
WIDTH = 110


def promoted(document: Document, text: str, patch: Document, scripts: Scripts) -> tuple[str, Campaign]:
    """The text of a campaign's file with a patch written into it, and the campaign it then says.

    `document`: the file as it was read from `text`. A pass that the patch takes out is removed. Raises
    ConfigErrors where there is nothing to lay the patch over, or the file would make no sense.
    """
    before = document.data
    assert isinstance(before, dict)  # noqa: S101 - no campaign was ever made of anything else
    if errors := misplaced(patch, before):
        raise ConfigErrors(errors)
    assert isinstance(patch.data, dict)  # noqa: S101 - as just checked
    written = _written(document, text, patch.data)
    after = parse(written.encode(), document.file)
    wanted = _without(apply(patch.data, deepcopy(before)), patch.data)
    if after.data != wanted:
        raise ConfigErrors([_by_hand(document)])
    found, problems = campaign(after, scripts)
    if found is None:
        raise ConfigErrors(problems.errors)
    return written, found


def _written(document: Document, text: str, changes: Patch) -> str:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = WIDTH
    indent = _PASSES.search(text)
    offset = len(indent[2]) - len(indent[1]) if indent else 2
    yaml.indent(mapping=2, sequence=offset + 2, offset=offset)
    out = io.StringIO()
    try:
        kept = yaml.load(text)
        yaml.dump(_without(apply(changes, kept), changes), out)
    except YAMLError:
        raise ConfigErrors([_by_hand(document)]) from None
    return out.getvalue()


def _by_hand(document: Document) -> ConfigError:
    message = "cannot be written anew without changing more than the patch does"
    return document.error((), message, "write the patch into it by hand")


def _without(source: dict[str, Any], changes: Patch) -> dict[str, Any]:
    """The campaign's file without the passes the patch takes out."""
    passes = source["strategy"]["passes"]
    for index in reversed(range(len(passes))):
        if changes.get(passes[index]["name"], ...) is None:
            del passes[index]
    return source
