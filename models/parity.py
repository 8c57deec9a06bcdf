"""The gate before publishing: an ONNX file must reproduce the model it was made from row by row; what happens
to one that passes is left to `models.registry`."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
import pandas as pd
from numpy.typing import NDArray

from models.card import Parity
from models.errors import ParityError
from models.features import Factor, Kind
from models.table import feeds

LEAST_ROWS = 2_000
"""Some wrong conversions differ on fewer than one row in a hundred; a small sample would miss them."""

ALLOWED = 1e-4
"""Exact conversions differ by less than 1e-6, from 32-bit sums; wrong ones by 0.04 and more."""

NEVER_SEEN = "a value no training row had"


Reference = Callable[[pd.DataFrame], NDArray[np.float64]]
"""The fitted model itself: a table in, shape (rows,) of probabilities out."""


def check_parity(onnx: bytes, estimator: Any, factors: Sequence[Factor], held_out: pd.DataFrame) -> Parity:
    """Compare the file with a scikit-learn estimator, as `compare` does. Raises ParityError."""
    mend = (
        "give trees raw numbers (no scaler), OrdinalEncoder with "
        "-1 for the unknown instead of categorical_features=, and sigmoid instead of isotonic calibration"
    )

    def reference(rows: pd.DataFrame) -> NDArray[np.float64]:
        return np.asarray(estimator.predict_proba(rows)[:, 1], dtype=np.float64)

    return compare(onnx, reference, factors, held_out, peer="scikit-learn", mend=mend)


def compare(  # noqa: PLR0913  the two that are compared, on what, and what to say of them
    onnx: bytes,
    reference: Reference,
    factors: Sequence[Factor],
    held_out: pd.DataFrame,
    *,
    peer: str,
    mend: str,
) -> Parity:
    """Compare the file with the model on the held-out rows, as they are and spoilt with unseen categories and
    missing values. Raises ParityError unless every probability agrees within `ALLOWED`."""
    if len(held_out) < LEAST_ROWS:
        raise ParityError(
            f"{len(held_out)} rows to compare the ONNX file with {peer} on, {LEAST_ROWS} are needed: "
            "not published; train on a longer record of calls"
        )
    rows = pd.concat([held_out, _spoilt(held_out, factors)], ignore_index=True)
    try:
        answered = run(onnx, factors, rows)
    except Exception as error:  # onnxruntime's errors have no base of their own
        reason = f"{type(error).__name__}: {str(error)[:200]}"
        raise ParityError(
            f"onnxruntime cannot run the file ({reason}): not published; train again"
        ) from error
    difference = np.abs(answered - reference(rows))
    difference[np.isnan(difference)] = np.inf
    off = int((difference > ALLOWED).sum())
    if off:
        raise ParityError(
            f"the ONNX file differs from {peer} on {off} of {len(rows)} rows, by up to "
            f"{difference.max():.2g}: not published; {mend}"
        )
    unseen, missing = _counts(rows, factors)
    return Parity(len(rows), unseen, missing, float(difference.max()), ALLOWED)


def run(onnx: bytes, factors: Sequence[Factor], rows: pd.DataFrame) -> NDArray[np.float64]:
    """Shape (rows,): the probabilities by the ONNX file."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    (found,) = session.run(
        ["probabilities"], dict(feeds(factors, rows, [one.name for one in session.get_inputs()]))
    )
    return np.asarray(found, dtype=np.float64)[:, 1]


def _spoilt(table: pd.DataFrame, factors: Sequence[Factor]) -> pd.DataFrame:
    """The same rows with every value in turn taken away or made strange, and one row with nothing at all."""
    spoilt = table.reset_index(drop=True)
    places = np.arange(len(table))
    for n, factor in enumerate(factors):
        gone = places % (len(factors) + 1) == n
        strange = places % (len(factors) + 1) == (n + 1) % len(factors)
        spoilt.loc[gone, factor.input] = np.nan if factor.kind is Kind.NUMBER else ""
        if factor.kind is Kind.CATEGORY:
            spoilt.loc[strange, factor.input] = NEVER_SEEN
        spoilt.loc[0, factor.input] = np.nan if factor.kind is Kind.NUMBER else ""
    return spoilt


def _counts(table: pd.DataFrame, factors: Sequence[Factor]) -> tuple[int, int]:
    categories = [f.input for f in factors if f.kind is Kind.CATEGORY]
    unseen = (table[categories] == NEVER_SEEN).any(axis=1)
    missing = table.isna().any(axis=1) | (table[categories] == "").any(axis=1)
    return int(unseen.sum()), int(missing.sum())
