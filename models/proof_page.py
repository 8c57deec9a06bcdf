"""The report as one HTML page that needs nothing else: no scripts, nothing loaded; its figures are
`models.proof_report`'s."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from models.charts import band, calibration, histogram, intervals
from models.proof_report import DECIDED, Calibrated, Compared, Report
from models.switchback import FEWEST, Pair, effect
from strategies.control import Arm

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1d2733}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem;border-top:1px solid #d8dee6;padding-top:1rem}
table{border-collapse:collapse;margin:.6rem 0}td,th{padding:.2rem .7rem .2rem 0;text-align:left}
td.n{text-align:right;font-variant-numeric:tabular-nums}th{font-weight:600;border-bottom:1px solid #d8dee6}
.verdict{font-size:1.15rem;background:#eef3f8;padding:.7rem 1rem;border-left:4px solid #33628f}
.note{color:#4c5b6b}svg{max-width:100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:#4c5b6b}
.name{text-anchor:end}.below{text-anchor:middle}.zero{stroke:#8795a5;stroke-dasharray:4 3}
.interval{stroke:#33628f;stroke-width:3}.dot{fill:#33628f}.curve{fill:none;stroke:#33628f;stroke-width:2}
.band{fill:#33628f22}.bar{fill:#33628f99}
@media print{details{display:block}}
"""
ARMS = {
    Arm.TREATED: "decisions carried out",
    Arm.CONTROL: "nothing changed",
    Arm.CONSTANT: "one segment for all",
    Arm.LOGGED: "single calls left alone",
}
MOST_PAIRS = 5_000  # rows of the table of pairs; all of them are in the CSV file


def page(report: Report) -> str:
    """The page, as text in UTF-8."""
    body = [
        f"<h1>What the decisions changed: {escape(report.metric)}</h1>",
        _heading(report),
        _effects(report),
        _constant(report),
        _guardrails(report),
        _policies(report),
        *(_calibrated(one) for one in report.calibrated),
        _decisions(report),
        _method(report),
        _pairs(report),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(report.tenant)}: {escape(report.metric)}</title><style>{STYLE}</style></head>"
        f"<body>{''.join(body)}</body></html>\n"
    )


def pair_rows(found: Sequence[Pair]) -> list[tuple[object, ...]]:
    """The pairs as rows: name, calls and mean of the treated slice, of the other one, difference, weight."""
    return [
        (
            pair.name,
            pair.treated.calls,
            pair.treated.mean,
            pair.other.calls,
            pair.other.mean,
            pair.difference,
            pair.weight,
        )
        for pair in found
    ]


PAIR_COLUMNS = ("pair", "calls_treated", "mean_treated", "calls_other", "mean_other", "difference", "weight")


def _heading(report: Report) -> str:
    if report.since is None or report.until is None:
        return "<p>There are no calls to tell of.</p>"
    span = f"{report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M}"
    text = f"{report.calls} calls of {report.tenant}, {span}; {report.over} of them are over and count."
    wrong = (
        f" {report.misdrawn} calls are in another arm than the seed draws today, because the experiment was "
        "changed meanwhile or the clock was: they count nowhere."
        if report.misdrawn
        else " Each of them is in the arm that the seed draws."
    )
    return f"<p>{escape(text + wrong)}</p>"


def _effects(report: Report) -> str:
    compared = report.of(report.metric)
    if compared is None:
        return (
            '<p class="verdict">No effect can be told: there is no slice in which nothing was changed beside '
            "one in which decisions were carried out. Write control: {slices: 30m, share: 20%} into "
            "segments.yaml and wait some weeks.</p>"
        )
    one = compared.effect
    parts = [
        f'<p class="verdict">{escape(report.metric)}: {escape(one.verdict)}.</p>',
        _compared_table([compared]),
    ]
    if one.low is not None and one.high is not None:
        shown = [
            (_title(each), each.effect.effect, each.effect.low, each.effect.high)
            for each in report.compared
            if each.metric == report.metric and each.effect.low is not None and each.effect.high is not None
        ]
        parts += [
            intervals(shown, "The effects with their intervals"),
            "<h2>As the pairs came in</h2>",
            band(_so_far(compared.pairs), "Effect over the first pairs", "pairs so far"),
            '<p class="note">The interval is for the end of a period that was set before. Who looks every '
            "day and stops when it pleases sees effects that are none.</p>",
            "<h2>The differences of the pairs</h2>",
            histogram([pair.difference for pair in compared.pairs], "Differences of the pairs"),
        ]
    return "".join(parts)


def _constant(report: Report) -> str:
    compared = report.of(report.metric, Arm.CONSTANT)
    if compared is None:
        return ""
    text = (
        "The decisions against a policy without any model: everybody handled by the one segment that "
        f"control.constant names. {compared.effect.verdict.capitalize()}."
    )
    return f"<h2>Against one segment for all</h2><p>{escape(text)}</p>{_compared_table([compared])}"


def _guardrails(report: Report) -> str:
    others = [one for one in report.compared if one.metric != report.metric]
    rows = [
        (metric, ARMS[arm], calls, _figure(mean))
        for metric, by_arm in report.by_arm.items()
        for arm, (calls, mean) in by_arm.items()
    ]
    return (
        "<h2>What else it changed</h2>"
        + _compared_table(others)
        + "<p>The plain means of all slices, paired or not: they prove nothing, arms have other hours.</p>"
        + _table(("metric", "slices with", "calls", "mean"), rows)
    )


def _policies(report: Report) -> str:
    if report.policy_note:
        return f"<h2>What other policies would have come to</h2><p>{escape(report.policy_note)}.</p>"
    rows = []
    for title, one in report.policies.items():
        interval = "" if one.refused else f"{_figure(one.low)} to {_figure(one.high)}"
        robust = one.refused or _figure(one.doubly_robust)
        weights = f"{one.mean_weight:.3f}, at most {one.largest_weight:.1f}"
        rows.append(
            (title, robust, interval, _figure(one.ips), _figure(one.snips), round(one.effective), weights)
        )
    columns = ("policy", "doubly robust", "95 %", "IPS", "self-normalised", "worth calls", "weights")
    note = (
        f'"{DECIDED}" is what the decisions would have come to without exploring. A policy that one of the '
        "others beats is not the best. Whatever a policy does to the queues is outside of these estimates."
    )
    return (
        "<h2>What other policies would have come to</h2>"
        + _table(columns, rows)
        + f'<p class="note">{escape(note)}</p>'
    )


def _calibrated(one: Calibrated) -> str:
    row = (one.outcome, one.calls, *(_figure(x) for x in (one.base, one.auc, one.log_loss, one.ece)))
    return (
        f"<h2>How the predictions came true: {escape(one.outcome)}</h2>"
        + _table(("outcome", "calls", "rate", "AUC", "log loss", "calibration error"), [row])
        + calibration(one.bins, f"What was foretold and what happened: {one.outcome}")
        + '<p class="note">Across: the mean prediction of a fifteenth of the calls. Up: how many of them it '
        "came true for.</p>"
    )


def _decisions(report: Report) -> str:
    moves = [(first, then, count) for (first, then), count in sorted(report.moves.items())]
    reasons = sorted(report.reasons.items(), key=lambda one: -one[1])
    again = f"{report.raised} callers were decided about anew while they waited."
    return (
        "<h2>The decisions</h2>"
        + _table(("first segment", "handled by", "calls"), moves)
        + _table(("reason", "calls"), reasons)
        + f"<p>{escape(again)} Each decision was made again from the ledger alone:</p>"
        + _table(("the outcome is", "decisions"), sorted(report.replays.items()))
    )


def _method(report: Report) -> str:
    shares = ", ".join(f"{ARMS[arm]} {share:.0%}" for arm, share in report.shares.items() if share)
    drawn = (
        f"Slices of {report.slice_seconds:g} s ({shares}; the rest: {ARMS[Arm.TREATED]}) are drawn by the "
        f"hash of the tenant's name, {report.tenant!r}, and the slice's pair (two consecutive weeks, the "
        "weekday, the slot): a coin says which slice of a pair is which. "
        if report.slice_seconds
        else ""
    )
    text = (
        f"{drawn}A call counts by when it came in, whatever became of it: for an outcome, who hung up has "
        f"failed. Calls of the first {report.burn_in:.0f} s of a slice are left out: the queue is then still "
        "what the slice before made of it. The effect is the mean of the pairs' differences, each weighted "
        "by n1 n2 / (n1 + n2); its variance is that between the pairs (sandwich), never that between calls, "
        "which share agents. Where there are predictions, what they say the difference would have been "
        "anyway is taken out of it first. The chance is "
        f"that of a difference as large if the signs were drawn at random. With fewer than {FEWEST} pairs "
        "nothing is said. The arms, the pairs and the effect can be computed anew from the ledger, or from "
        "the table below."
    )
    return (
        f'<h2>How this was found</h2><p>{escape(text)}</p><p class="note">Catalogue {report.catalogue}.</p>'
    )


def _pairs(report: Report) -> str:
    compared = report.of(report.metric)
    if compared is None:
        return ""
    shown = [
        (name, *(_figure(one) if isinstance(one, float) else one for one in rest))
        for name, *rest in pair_rows(compared.pairs[:MOST_PAIRS])
    ]
    count = len(compared.pairs)
    return f"<h2>Pairs</h2><details><summary>All {count}</summary>{_table(PAIR_COLUMNS, shown)}</details>"


def _compared_table(found: Sequence[Compared]) -> str:
    rows = []
    for compared in found:
        one = compared.effect
        interval = "" if one.low is None or one.high is None else f"{_figure(one.low)} to {_figure(one.high)}"
        chance = "" if one.chance is None else _chance(one.chance)
        means = f"{_figure(one.mean_treated)} / {_figure(one.mean_other)}"
        calls = f"{one.calls_treated} / {one.calls_other}"
        rows.append((_title(compared), _figure(one.effect), interval, chance, one.pairs, calls, means))
    return _table(("metric", "effect", "95 %", "chance", "pairs", "calls", "means"), rows) if rows else ""


def _title(compared: Compared) -> str:
    return f"{compared.metric}, against {ARMS[compared.against]}"


def _so_far(found: Sequence[Pair]) -> list[tuple[float, float, float]]:
    """The effect over the first pairs, at about eighty points."""
    step = max(1, len(found) // 80)
    counts = [*range(FEWEST, len(found), step), len(found)]
    told = [effect(found[:count]) for count in counts]
    return [
        (one.effect, one.low, one.high)
        for one in told
        if one is not None and one.low is not None and one.high is not None
    ]


def _chance(chance: float) -> str:
    return "under 0.001" if chance < 0.001 else f"{chance:.3f}"


def _figure(value: float) -> str:
    return f"{value:.4g}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: object) -> str:
    kind = ' class="n"' if isinstance(value, int | float) else ""
    return f"<td{kind}>{escape(str(value))}</td>"
