"""What the decisions changed, so that a reader can check it: the experiment's effects, what other policies
would have come to, how the predictions came true, whether decisions replay; showing it is left to
`models.proof_page`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from models.evaluation import BINS, auc, ece, log_loss
from models.off_policy import Estimate, Logged, Policy, estimate
from models.proven_calls import ProvenCall, labelled, measured, metrics
from models.switchback import Effect, Measured, Pair, arms, effect, pairs, summed
from strategies.control import Arm, control_arm
from strategies.segments import Catalogue

FLIPS = 2_000
LATE = 0.95  # quantile of waits that the beginning of a slice is left out for, with a mean talk
NOT_IDENTIFIED = (
    "not identified: nothing was left to chance, so nobody can tell what the segments not taken would have "
    "come to; control: {explore: 3%} lets a report say it from then on"
)
DECIDED = "as decided"


@dataclass(frozen=True, slots=True)
class Compared:
    """A metric in treated slices against those of another arm."""

    metric: str
    against: Arm
    effect: Effect
    pairs: Sequence[Pair]


@dataclass(frozen=True, slots=True)
class Effects:
    """What the experiment shows. `over`: the calls that are over; `right`: those of them that were in the arm
    that the seed draws; `burn_in`: as in the report."""

    over: Sequence[ProvenCall]
    right: Sequence[ProvenCall]
    burn_in: float
    compared: Sequence[Compared]
    by_arm: Mapping[str, Mapping[Arm, tuple[int, float]]]


@dataclass(frozen=True, slots=True)
class Calibrated:
    """How an outcome's predictions came true. `bins`: mean prediction, rate, and calls, of equal mass."""

    outcome: str
    calls: int
    base: float
    auc: float
    log_loss: float
    ece: float
    bins: Sequence[tuple[float, float, int]]


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. `misdrawn`: calls in another arm than the seed draws, which count nowhere. `burn_in`:
    seconds at the beginning of each slice whose calls do not count."""

    tenant: str
    catalogue: str
    metric: str
    calls: int
    over: int
    since: datetime | None
    until: datetime | None
    slice_seconds: float | None
    shares: Mapping[Arm, float]
    misdrawn: int
    burn_in: float
    compared: Sequence[Compared]
    by_arm: Mapping[str, Mapping[Arm, tuple[int, float]]]
    policies: Mapping[str, Estimate]
    policy_note: str
    calibrated: Sequence[Calibrated]
    moves: Mapping[tuple[str, str], int]
    reasons: Mapping[str, int]
    replays: Mapping[str, int]
    raised: int

    def of(self, metric: str, against: Arm = Arm.CONTROL) -> Compared | None:
        """The comparison of a metric, if there is one."""
        return next((c for c in self.compared if (c.metric, c.against) == (metric, against)), None)


def report(
    calls: Sequence[ProvenCall], catalogue: Catalogue, tenant: str, metric: str, burn_in: float | None = None
) -> Report:
    """The report of these calls about a metric; `tenant` is the seed of the draw. Of the arms LOGGED and of
    faults the effects take nothing out: who was meant to be treated counts as treated."""
    control = catalogue.control
    found = effects(calls, catalogue, tenant, burn_in)
    over, right = found.over, found.right
    policies = _policies(right, catalogue, metric)
    first, last = (min(c.at for c in calls), max(c.at for c in calls)) if calls else (None, None)
    return Report(
        tenant=tenant,
        catalogue=catalogue.version,
        metric=metric,
        calls=len(calls),
        over=len(over),
        since=None if first is None else _local(first),
        until=None if last is None else _local(last),
        slice_seconds=control.slices if control else None,
        shares=_shares(catalogue),
        misdrawn=len(over) - len(right),
        burn_in=found.burn_in,
        compared=found.compared,
        by_arm=found.by_arm,
        policies=policies,
        policy_note="" if policies else NOT_IDENTIFIED,
        calibrated=[one for name in catalogue.outcomes if (one := _calibrated(calls, name, catalogue))],
        moves=Counter((call.first, call.handled_by) for call in calls),
        reasons=Counter(call.reason for call in calls),
        replays=Counter(call.replay for call in calls),
        raised=sum(call.raised > 0 for call in calls),
    )


def effects(
    calls: Sequence[ProvenCall], catalogue: Catalogue, tenant: str, burn_in: float | None = None
) -> Effects:
    """What the slices of the experiment say of every metric, over the calls that are over."""
    over = [call for call in calls if call.over and call.arm is not Arm.LOGGED]
    control = catalogue.control
    right = [c for c in over if not c.decided or control_arm(control, tenant, _local(c.at)) is c.arm]
    waited = _burn_in(right) if burn_in is None else burn_in
    compared, by_arm = _compared(right, catalogue, tenant, waited)
    return Effects(over, right, min(waited, control.slices / 2) if control else 0.0, compared, by_arm)


def _local(at: float) -> datetime:
    """As the hook draws its slices: by the clock on the wall of the centre's machine."""
    return datetime.fromtimestamp(at, UTC).astimezone()


def _shares(catalogue: Catalogue) -> Mapping[Arm, float]:
    control = catalogue.control
    if control is None:
        return {}
    constant = control.constant.share if control.constant else 0.0
    return {Arm.CONTROL: control.share, Arm.CONSTANT: constant, Arm.LOGGED: control.calls}


def _burn_in(calls: Sequence[ProvenCall]) -> float:
    """So long that what the slice before left in the queues is mostly gone."""
    waits = [float(one) for call in calls if isinstance(one := call.told.get("waited"), float | int)]
    talks = [float(one) for call in calls if isinstance(one := call.told.get("talked"), float | int)]
    late = float(np.quantile(waits, LATE)) if waits else 0.0
    return late + (float(np.mean(talks)) if talks else 0.0)


def _compared(
    calls: Sequence[ProvenCall], catalogue: Catalogue, tenant: str, burn_in: float
) -> tuple[list[Compared], dict[str, Mapping[Arm, tuple[int, float]]]]:
    control = catalogue.control
    found: list[Compared] = []
    by_arm: dict[str, Mapping[Arm, tuple[int, float]]] = {}
    if control is None:
        return found, by_arm
    kept = min(burn_in, control.slices / 2)
    for metric in metrics(catalogue):
        slices = summed(_measured(calls, metric, catalogue), control, tenant, kept)
        if not slices:
            continue
        by_arm[metric] = arms(slices)
        for against in (Arm.CONTROL, Arm.CONSTANT):
            matched = pairs(slices, against)
            one = effect(matched, flips=FLIPS)
            if one is not None:
                found.append(Compared(metric, against, one, matched))
    return found, by_arm


def _measured(calls: Sequence[ProvenCall], metric: str, catalogue: Catalogue) -> list[Measured]:
    values = ((call, measured(call, metric, catalogue)) for call in calls)
    return [
        Measured(_local(call.at), value, call.predicted.get(metric))
        for call, value in values
        if value is not None
    ]


def _policies(calls: Sequence[ProvenCall], catalogue: Catalogue, metric: str) -> dict[str, Estimate]:
    """What the metric would have come to by the decisions alone, by never moving anybody, and by each segment
    wherever it fits."""
    logged = [
        Logged(
            _local(call.at).toordinal(),
            call.handled_by,
            call.propensities,
            value,
            tuple(call.predicted.get(name, 0.0) for name in catalogue.outcomes),
            call.first,
            max(call.propensities, key=lambda name: call.propensities[name] if call.propensities else 0.0),
        )
        for call in calls
        if call.propensities and (value := measured(call, metric, catalogue)) is not None
    ]
    wanted: dict[str, Policy] = {
        DECIDED: lambda one: one.best,
        "first segment, always": lambda one: one.first,
    }
    for name in sorted({segment for one in logged for segment in one.chances}):
        wanted[f"{name}, wherever it fits"] = lambda one, name=name: (
            name if name in one.chances else one.first
        )  # type: ignore[misc]
    found = {title: estimate(logged, policy) for title, policy in wanted.items()}
    return {title: one for title, one in found.items() if one is not None}


def _calibrated(calls: Sequence[ProvenCall], outcome: str, catalogue: Catalogue) -> Calibrated | None:
    known = labelled(calls, outcome, catalogue)
    if len({true for _, true in known}) < 2:
        return None
    predicted = np.array([one for one, _ in known], np.float64)
    true = np.array([one for _, one in known], np.bool_)
    order = np.argsort(predicted, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    return Calibrated(
        outcome=outcome,
        calls=len(known),
        base=float(true.mean()),
        auc=auc(true, predicted),
        log_loss=log_loss(true, predicted),
        ece=ece(true, predicted),
        bins=[(float(predicted[p].mean()), float(true[p].mean()), len(p)) for p in parts],
    )
