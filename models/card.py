"""What is written down about a published model: where it comes from, how good it is, what it needs; the files
themselves are left to `models.registry`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from models.errors import RegistryError, TrainingError
from models.features import Factor, Kind, Source

NUMBERS, TEXTS = "numbers", "texts"
"""The inputs of a file that takes all numbers and all categories at once, in the order of its factors, shape
(rows, how many); any other has one input a factor. Each input costs onnxruntime some ten microseconds."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How the ONNX file compared with scikit-learn: rows seen, how many of them had an unseen category or a
    missing value, the largest difference of a probability, and the difference allowed."""

    rows: int
    unseen: int
    missing: int
    largest: float
    allowed: float


@dataclass(frozen=True, slots=True)
class Card:
    """A published model's card, `card.json` beside `model.onnx`.

    `version` is the start of `sha256`, the digest of the ONNX file. `window` says in words which rows it
    learned from. `metrics` by protocol: `later` (fitted on the first rows, scored on the last, which is
    what counts) and `same_time` (held-out rows between the fitted ones, which flatters any model when the
    base rate drifts). `left_out` gives the reason for each column that is no factor; `libraries` the
    versions that made the file.
    """

    name: str
    version: str
    sha256: str
    label: str
    positive: str
    factors: tuple[Factor, ...]
    left_out: Mapping[str, str]
    rows: int
    window: str
    metrics: Mapping[str, Mapping[str, float]]
    parity: Parity
    libraries: Mapping[str, str]
    seed: int
    source: str = ""
    notes: tuple[str, ...] = ()

    def as_json(self) -> str:
        """The card as text, keys in a fixed order so that the same training writes the same file."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def card_from(text: str) -> Card:
    """Read a card. Raises RegistryError when it is not one, or declares a feature no model may have."""
    try:
        read = json.loads(text)
        read["factors"] = tuple(_factor(declared) for declared in read["factors"])
        read["parity"] = Parity(**read["parity"])
        read["notes"] = tuple(read["notes"])
        return Card(**read)
    except (ValueError, KeyError, TypeError, TrainingError) as error:
        raise RegistryError(f"not a model's card ({error}); train the model again") from error


def _factor(declared: Mapping[str, Any]) -> Factor:
    kind, source = Kind(declared["kind"]), Source(declared["source"])
    missing = tuple(declared["missing"])
    return Factor(
        declared["name"], kind, source, missing, declared.get("default", ""), declared.get("within")
    )
