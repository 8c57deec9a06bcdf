"""The calls that the decisions' effect is told from, packed so that the newest fifty thousand can be kept;
the arithmetic is `models.proof_report`'s."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from console.follow.decision_sums import DECIDED
from strategies.outcomes import TELLING as TOLD
from strategies.outcomes import interaction_of, told_by

if TYPE_CHECKING:
    from models.proven_calls import ProvenCall

KEPT = 50_000  # calls, of some hundred bytes each; the effect of so many takes seconds
OPEN = 5_000  # of them the newest, of which something may still be told

_pack, _unpack = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder().decode
Packed = tuple[float, str, str, dict[str, float], dict[str, object]]


class ProofCalls:
    """The newest decided calls, with what was told of each."""

    kinds = DECIDED | TOLD

    def __init__(self) -> None:
        self._open: OrderedDict[str, Packed] = OrderedDict()
        self._past: deque[bytes] = deque(maxlen=KEPT - OPEN)
        self.changes = 0
        """How often something was added or told."""

    def take(self, line: dict[str, Any]) -> None:
        """One more line."""
        interaction = interaction_of(line)
        if interaction is None:
            return
        if line.get("kind") not in DECIDED:
            if interaction in self._open:
                self._open[interaction][-1].update(told_by(line))
                self.changes += 1
        elif interaction not in self._open and (made := line.get("decision")) and "arm" in made:
            self._open[interaction] = _packed(line, made)
            self.changes += 1
            if len(self._open) > OPEN:
                self._past.append(_pack(self._open.popitem(last=False)[1]))

    def __len__(self) -> int:
        return len(self._open) + len(self._past)

    def snapshot(self) -> Sequence[bytes]:
        """All of them as they are now, the oldest first; `unpacked` reads them."""
        return [*self._past, *map(_pack, self._open.values())]


def unpacked(snapshot: Sequence[bytes]) -> Iterator[ProvenCall]:
    """The calls, as the report takes them; whether a decision replays is not looked at."""
    from models.proven_calls import ProvenCall
    from strategies.control import Arm

    for number, packed in enumerate(snapshot):
        at, arm, reason, predicted, told = _unpack(packed)
        yield ProvenCall(
            interaction=str(number),
            at=at,
            arm=Arm(arm),
            first="",
            handled_by="",
            reason=reason,
            applied=False,
            predicted=predicted,
            propensities=None,
            replay="",
            told=told,
        )


def _packed(line: dict[str, Any], made: dict[str, Any]) -> Packed:
    predicted = {name: one.get("probability") for name, one in (made.get("predictions") or {}).items()}
    return (
        float(line.get("at", 0)),
        str(made["arm"]),
        str(line.get("reason") or made.get("reason", "")),
        {name: one for name, one in predicted.items() if one is not None},
        {},
    )
