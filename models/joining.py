"""Joins what was known when a call was decided with what came of it, line by line of the ledger; keeping the
examples and learning from them is left to `models.learning`."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from strategies.outcomes import came_true, interaction_of, told_by
from strategies.segments import Outcome
from strategies.store.learning import Example
from strategies.vocabulary import Kind

WAITED_FOR = 86_400.0
"""Seconds after its decision for which a call's outcome is waited for."""

_DECIDED = frozenset({Kind.DECISION, Kind.RE_ASSOCIATED})


@dataclass(slots=True)
class _Open:
    """A call whose outcomes are not all known."""

    at: float
    factors: Mapping[str, float | str] | None = None
    predictions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    told: dict[str, object] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)


class Joining:
    """Over one catalogue's outcomes. The same lines in the same order make the same examples, wherever one
    begins to listen, so long as the lines of WAITED_FOR before are folded first."""

    def __init__(self, outcomes: Mapping[str, Outcome]) -> None:
        self._outcomes = outcomes
        # By the moment of their decision; a plain dict is slow to give up its first.
        self._open: OrderedDict[str, _Open] = OrderedDict()

    def fold(self, line: Mapping[str, Any]) -> list[tuple[str, Example]]:
        """The outcomes that became known by this line, by their names."""
        interaction = interaction_of(line)
        kind = line.get("kind")
        if interaction is None:
            return []
        if kind == Kind.CALL_ENTERED or kind in _DECIDED:
            self._began(interaction, line)
            return []
        told = told_by(line)
        call = self._open.get(interaction)
        if not told or call is None:
            return []
        call.told |= told
        return [] if call.factors is None else self._labelled(interaction, call, call.factors)

    def _began(self, interaction: str, line: Mapping[str, Any]) -> None:
        at = float(line["at"])
        call = self._open.setdefault(interaction, _Open(at))
        if line["kind"] == Kind.CALL_ENTERED:
            call.factors = line.get("factors")
        elif "nth" not in line:  # what was foretold later, of who waited, goes with other factors
            call.predictions = line["decision"].get("predictions", {})
        while self._open and next(iter(self._open.values())).at < at - WAITED_FOR:
            self._open.popitem(last=False)

    def _labelled(
        self, interaction: str, call: _Open, factors: Mapping[str, float | str]
    ) -> list[tuple[str, Example]]:
        found: list[tuple[str, Example]] = []
        for name, outcome in self._outcomes.items():
            label = None if name in call.known else came_true(outcome, call.told)
            if label is None:
                continue
            call.known.add(name)
            said = call.predictions.get(name, {})
            predicted, version = said.get("probability"), str(said.get("version", ""))
            found.append((name, Example(interaction, call.at, factors, label, predicted, version)))
        if len(call.known) == len(self._outcomes):
            del self._open[interaction]
        return found
