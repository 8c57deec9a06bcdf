"""The errors of the outcome model; each message names the mend."""


class ModelError(Exception):
    """Anything wrong with a model, its data or its files."""


class TrainingError(ModelError):
    """The training data cannot be used as they are."""


class ConversionError(ModelError):
    """The fitted pipeline has no ONNX form."""


class ParityError(ModelError):
    """The ONNX file does not reproduce scikit-learn, or too few rows were there to know; nothing is
    published."""


class RegistryError(ModelError):
    """A published model is absent, incomplete, or not the file its card describes."""


class MissingExtraError(ModelError):
    """The libraries for training are not installed."""


class NotBetterError(ModelError):
    """A version is no better on held-out calls than the current one; that stays."""
