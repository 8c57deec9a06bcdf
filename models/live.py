"""The model in use for one outcome: swapped while calls go on, not acted on while it is not trusted, with
shadows beside it that are computed and never acted on; loading is left to `models.outcome`."""

from collections.abc import Mapping, Sequence

from models.features import Factor
from models.outcome import NullModel, OutcomeModel
from strategies.segments import Prediction

NOT_TRUSTED = "its probabilities no longer come true: not acted on until they do again"


class LiveModel:
    """A `Predictor` that outlives its models. Each prediction is wholly by the one model that was there when
    it began."""

    def __init__(
        self, model: OutcomeModel | NullModel, shadows: Mapping[str, OutcomeModel] | None = None
    ) -> None:
        self._model = model
        self._shadows = dict(shadows or {})
        self.trusted = True
        self._factors = self._joined()

    @property
    def model(self) -> OutcomeModel | NullModel:
        """The one in use."""
        return self._model

    @property
    def takes(self) -> float:
        """Seconds of one prediction, at the warm-up of the model in use."""
        return self._model.takes

    @property
    def shadows_take(self) -> float:
        """The same of all shadows together."""
        return sum(shadow.takes for shadow in self._shadows.values())

    @property
    def factors(self) -> Sequence[Factor]:
        """What to put into a row: what the model needs and what its shadows need besides."""
        return self._factors

    def predict(self, row: Mapping[str, float | str]) -> Prediction:
        """The model's prediction; none, with the reason, while it is not trusted. Never raises."""
        model = self._model
        if not self.trusted and isinstance(model, OutcomeModel):
            return Prediction(None, model.card.name, model.card.version, NOT_TRUSTED)
        return model.predict(row)

    def foretold(self, row: Mapping[str, float | str]) -> float | None:
        """What the model says, trusted or not, for whoever watches it: else trust could never be regained."""
        return self._model.predict(row).probability

    def shadowed(self, row: Mapping[str, float | str]) -> Mapping[str, Prediction]:
        """What the shadows say, by their name: for the log, once the caller has gone on. Never raises."""
        return {name: shadow.predict(row) for name, shadow in self._shadows.items()}

    def swap(self, model: OutcomeModel | NullModel) -> None:
        """Use another model from the next prediction on. A row made before lacks nothing: a factor that only
        the new model has counts as missing in it."""
        self._model = model
        self._factors = self._joined()

    def set_shadows(self, shadows: Mapping[str, OutcomeModel]) -> None:
        """Replace the shadows."""
        self._shadows = dict(shadows)
        self._factors = self._joined()

    def _joined(self) -> tuple[Factor, ...]:
        every = [*self._model.factors, *(f for shadow in self._shadows.values() for f in shadow.factors)]
        return tuple({factor.name: factor for factor in reversed(every)}.values())[::-1]
