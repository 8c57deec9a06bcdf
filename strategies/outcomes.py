"""Whether an outcome came true in a call that is over, as far as that is known; what was known before the
call is left to the models.

What is told of a call comes in pieces: its end, what its attempt came to, what the agent noted. An outcome's
label is an expression over them, and is known once everything it names is.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from strategies.expressions import compile_expression, outcome_vocabulary
from strategies.past_calls import CallResult
from strategies.segments import Formula, Outcome
from strategies.vocabulary import Kind, Result

ABANDONS = "abandons"
"""The outcome that the network tells; any other is the agent's to tell, unless its label says otherwise."""

ABANDONED = frozenset({CallResult.ABANDONED, Result.ABANDONED_IN_QUEUE, Result.ABANDONED_NO_AGENT})
CONNECTED = frozenset({CallResult.CONNECTED, Result.CONNECTED_AGENT})
TELLING = frozenset({Kind.CALL_OVER, Kind.ATTEMPT_ENDED, Kind.NOTED})
"""Ledger lines that tell what came of a call."""

_NOTED = "agent_"  # before what an agent noted of an attempt, among its responses


def interaction_of(line: Mapping[str, Any]) -> str | None:
    """The call a ledger line tells of; an attempt's is the attempt."""
    return line.get("interaction") or line.get("attempt")


def told_by(line: Mapping[str, Any]) -> dict[str, object]:
    """What a ledger line tells of its call, by the names of labels; nothing for lines of other kinds."""
    kind = line.get("kind")
    if kind == Kind.NOTED:
        names = ("disposition", "pursued", "achieved", "objective")
        return {name: line[name] for name in names if line.get(name) is not None}
    if kind not in TELLING:
        return {}
    result = str(line.get("result", ""))
    told: dict[str, object] = {
        "result": result,
        "connected": result in CONNECTED,
        "abandoned": result in ABANDONED,
    }
    told |= {name: float(line[name]) for name in ("waited", "talked") if line.get(name) is not None}
    noted = [said for said in line.get("responses") or () if str(said).startswith(_NOTED)]
    if noted:
        told["disposition"] = str(noted[-1]).removeprefix(_NOTED)
    return told


def came_true(outcome: Outcome, told: Mapping[str, object]) -> bool | None:
    """Whether the outcome came true by what was told of the call so far; None where that is not known yet."""
    label = outcome.label or default_label(outcome.name)
    if any(told.get(name) is None for name in _names(label.text)):
        return None
    return bool(label.value(told))


@lru_cache
def default_label(name: str) -> Formula:
    """The label of an outcome that has none of its own."""
    text = "abandoned" if name == ABANDONS else "achieved"
    return Formula(text, compile_expression(text, names=outcome_vocabulary()).value)


@lru_cache
def _names(text: str) -> frozenset[str]:
    tree = ast.parse(text.strip(), mode="eval")
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
