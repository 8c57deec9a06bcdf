"""The door of the command line to training and proof: it can be opened without the `train` extra, and says so
where that is missing."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
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
    keep_current: bool = False,
) -> Card:
    """Train on `data` and publish into the registry `out`, where the version becomes the current one, unless
    one is there and is to be kept.

    `source` and `notes` go into the card. Raises MissingExtraError, TrainingError, ConversionError,
    ParityError or RegistryError, all of them ModelError; in each case nothing was published.
    """
    with _needs_the_extra():
        from models.training import Task, train  # noqa: PLC0415  only here is scikit-learn needed
    task = Task(name, label, positive, sep, tuple(exclude), seed, source, tuple(notes))
    trained = train(data, task)
    publish_version(out, trained.onnx, trained.card, keep_current=keep_current)
    return trained.card


def play(  # noqa: PLR0913  the options of the command, one by one
    data: Path,
    *,
    start: int,
    every: int,
    until: int | None,
    delay: int,
    label: str,
    positive: str,
    sep: str,
    exclude: tuple[str, ...],
    progress: Callable[[Iterable[int], int], Iterable[int]] | None = None,
) -> Mapping[str, float | int]:
    """The figures of `data` played through the learner that keeps up, as `models.backtest` has them.

    Raises MissingExtraError, TrainingError, ParityError for the first file.
    """
    with _needs_the_extra():
        from models.backtest import Play, backtest  # noqa: PLC0415
    played = backtest(
        data,
        Play(start, every, until, delay),
        label=label,
        positive=positive,
        sep=sep,
        exclude=exclude,
        progress=progress,
    )
    return played.report()


def play_inbound(  # noqa: PLR0913  the options of the command, one by one
    logs: Sequence[Path],
    *,
    train_until: date,
    until: date | None,
    every: int,
    compare: bool,
    name: str,
    seed: int,
    out: Path | None,
    progress: Callable[[Iterable[int], int], Iterable[int]] | None = None,
) -> dict[str, object]:
    """The figures of logs of inbound calls, as `models.inbound_backtest` has them; published in `out`.

    Raises MissingExtraError, or another ModelError.
    """
    with _needs_the_extra():
        from models.inbound_backtest import InboundPlay, backtest_inbound  # noqa: PLC0415
    play = InboundPlay(train_until, until, every, compare, name, seed)
    return backtest_inbound(logs, play, out, progress)


@contextmanager
def _needs_the_extra() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(
            f"training needs {error.name}, which is not installed: pip install 'secondpass[train]'"
        ) from error


def show(path: Path) -> Card:
    """The card of a model's folder (its current version) or of a version's folder, the file checked against
    it.

    Raises RegistryError.
    """
    return load_version(version_folder(path))[1]


def version_folder(path: Path) -> Path:
    """A version's folder as it is; for a model's folder that of its current version. Raises RegistryError."""
    if not path.is_dir():
        raise RegistryError(f"{path}: no such folder; give a model's folder, or one of its versions")
    return path if (path / "card.json").exists() else current(path.absolute().parent, path.absolute().name)
