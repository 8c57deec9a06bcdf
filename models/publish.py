"""Trains and publishes a model in one go, and shows what is published: what the command line calls. It can be
imported without the `train` extra."""

from collections.abc import Sequence
from pathlib import Path

from models.card import Card
from models.errors import MissingExtraError, RegistryError
from models.registry import current, load_version
from models.registry import publish as publish_version


def train_and_publish(  # noqa: PLR0913  the options of the command, one by one
    data: Path,
    out: Path,
    *,
    name: str,
    label: str,
    positive: str = "yes",
    sep: str = ",",
    exclude: Sequence[str] = (),
    seed: int = 0,
    source: str = "",
    notes: Sequence[str] = (),
) -> Card:
    """Train on `data` and publish into the registry `out`, where the version becomes the current one.

    `source` and `notes` go into the card. Raises MissingExtraError, TrainingError, ConversionError,
    ParityError or RegistryError, all of them ModelError; in each case nothing was published.
    """
    try:
        from models.training import Task, train  # noqa: PLC0415  only here is scikit-learn needed
    except ImportError as error:
        raise MissingExtraError(
            f"training needs {error.name}, which is not installed: pip install 'secondpass[train]'"
        ) from error
    task = Task(name, label, positive, sep, tuple(exclude), seed, source, tuple(notes))
    trained = train(data, task)
    publish_version(out, trained.onnx, trained.card)
    return trained.card


def show(path: Path) -> Card:
    """The card of a model's folder (its current version) or of a version's folder, the file checked against
    it.

    Raises RegistryError.
    """
    if not path.is_dir():
        raise RegistryError(f"{path}: no such folder; give a model's folder, or one of its versions")
    folder = path if (path / "card.json").exists() else current(path.parent, path.name)
    return load_version(folder)[1]
