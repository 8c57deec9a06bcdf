"""Makes a published version of what the learner has come to: the file, through the gate, with its card; when
that is due is left to `models.keeping_up`. Needs the `train` extra."""

from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from models.card import Card
from models.errors import TrainingError
from models.graph import logistic_graph
from models.online import Fitted, Learner
from models.parity import LEAST_ROWS, compare
from models.registry import publish

MEND = "the logistic graph and numpy no longer mean the same; go back to the libraries of the last version"


@dataclass(frozen=True, slots=True)
class Origin:
    """What the card of a renewed model says of its data."""

    name: str
    label: str
    positive: str
    source: str = ""


def publish_renewal(root: Path, learner: Learner, origin: Origin, *, beside: bool = False) -> Path:
    """Publish the learner's model and make it the current version, or `beside` whatever is; the version's
    folder.

    The gate looks at the newest rows, as they are and spoilt. Raises ParityError or RegistryError; the
    version before then stays current. Raises TrainingError for a learner that has learned nothing yet.
    """
    fitted = learner.fitted
    if fitted is None:
        raise TrainingError(f"{origin.name}: no outcomes yet; renew the learner before publishing it")
    onnx = logistic_graph(learner.factors, fitted.encoding, fitted.mixed, origin.name)
    newest = learner.table[-LEAST_ROWS:]
    parity = compare(onnx, fitted.probabilities, learner.factors, newest, peer="numpy", mend=MEND)
    digest = sha256(onnx).hexdigest()
    card = Card(
        name=origin.name,
        version=digest[:12],
        sha256=digest,
        label=origin.label,
        positive=origin.positive,
        factors=learner.factors,
        left_out={},
        rows=len(learner.labels),
        window=f"the newest {len(learner.labels)} outcomes, the newer the more",
        metrics={},
        parity=parity,
        libraries={each: version(each) for each in ("numpy", "onnx", "onnxruntime")},
        seed=0,
        source=origin.source,
        notes=_notes(learner, fitted),
    )
    return publish(root, onnx, card, beside=beside)


def _notes(learner: Learner, fitted: Fitted) -> tuple[str, ...]:
    """How much each candidate counts, the one that foretold best first."""
    order = sorted(zip(fitted.shares, learner.candidates, strict=True), key=lambda pair: -pair[0])
    return tuple(
        f"{share:.0%} half-life {candidate.half_life:g} outcomes, ridge {candidate.ridge:g}"
        for share, candidate in order
    )
