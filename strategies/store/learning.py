"""What the learner keeps: the examples it learns from, how far it has read the ledger, and how each model
stands; what is in an example is left to `models.joining`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from strategies.store.codec import text
from strategies.store.connection import Door, translated, unnested

KEPT = 20_000
"""Examples kept for each model, about: twice what the learner looks back on."""

DRIFTED = 0.25
"""Population stability index from which on the customers are others than those before."""

PAGE = 2_000  # examples read at once


@dataclass(frozen=True, slots=True)
class Example:
    """A call that was decided, and whether the outcome came true.

    `factors`: what was known at the decision, as the ledger has it. `predicted`: the probability then given
    by `version`, None where none was. `at`: of the decision, epoch seconds.
    """

    interaction: str
    at: float
    factors: Mapping[str, float | str]
    label: bool
    predicted: float | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the probabilities of the newest `rows` outcomes came true: what was foretold and what happened on
    the mean, the calibration error, and the standard errors it is off by."""

    rows: int = 0
    predicted: float | None = None
    happened: float | None = None
    error: float | None = None
    off_by: float | None = None


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """How a model stands at `at` (epoch seconds); the learner's to write.

    `learner_loss` and `loss`: log loss of the learner and of the model in use over the same newest outcomes.
    `drift`: how far the newest values of each factor are from the ones before (population stability index).
    `reason`: why the last renewal was not put to use.
    """

    at: float
    version: str = ""
    trusted: bool = True
    outcomes: int = 0
    renewed_at: float | None = None
    renewals: int = 0
    reason: str = ""
    calibration: Calibration = Calibration()
    loss: float | None = None
    learner_loss: float | None = None
    drift: Mapping[str, float] = field(default_factory=dict)


_example = msgspec.json.Decoder(Example).decode
_status = msgspec.json.Decoder(ModelStatus).decode


class LearningRoom(Door):
    """One learner writes, whoever answers calls reads."""

    async def keep_examples(self, found: Sequence[tuple[str, Example]], upto: str) -> None:
        """Add examples, each with its model's name, and note that the ledger was read up to this line: in one
        step, so that none is lost or kept twice."""
        with translated():
            async with self._redis.pipeline(transaction=True) as pipe:
                for model, example in found:
                    key = self._keys.examples(model)
                    pipe.execute_command("XADD", key, "MAXLEN", "~", KEPT, "*", "example", text(example))
                pipe.execute_command("HSET", self._keys.learning, "upto", upto)
                await pipe.execute()

    async def read_upto(self) -> str | None:
        """The line of the ledger up to which examples were made; None if none ever was."""
        raw = await self._command("HGET", self._keys.learning, "upto")
        return raw.decode() if raw else None

    async def examples(self, model: str) -> list[Example]:
        """All that are kept for a model, the oldest first."""
        found: list[Example] = []
        after = "-"
        while True:
            start = "-" if after == "-" else f"({after}"
            page = unnested(
                await self._command("XRANGE", self._keys.examples(model), start, "+", "COUNT", PAGE)
            )
            found += [_example(dict(_pairs(body))[b"example"]) for _, body in page]
            if len(page) < PAGE:
                return found
            after = page[-1][0].decode()

    async def forget_examples(self, interactions: Collection[str]) -> int:
        """Take away what was kept of these calls, for every model; how many examples went."""
        if not interactions:
            return 0
        gone = 0
        for model in await self.model_statuses():
            key = self._keys.examples(model)
            after = "-"
            while page := unnested(await self._command("XRANGE", key, after, "+", "COUNT", PAGE)):
                found = [(identity, _example(dict(_pairs(body))[b"example"])) for identity, body in page]
                mine = [identity for identity, one in found if one.interaction in interactions]
                gone += int(await self._command("XDEL", key, *mine)) if mine else 0
                after = f"({page[-1][0].decode()}"
        return gone

    async def put_model_status(self, model: str, status: ModelStatus) -> None:
        """How a model stands; the learner's to write."""
        await self._command("HSET", self._keys.models, model, text(status))

    async def model_statuses(self) -> dict[str, ModelStatus]:
        """How each model stands that a learner ever told of."""
        raw = await self._command("HGETALL", self._keys.models)
        return {name.decode(): _status(body) for name, body in raw.items()}


def _pairs(body: Mapping[bytes, bytes] | Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    if isinstance(body, Mapping):
        return list(body.items())
    return list(zip(body[::2], body[1::2], strict=True))
