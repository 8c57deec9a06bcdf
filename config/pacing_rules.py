"""What a pass's pacing must not say: methods foreign to the medium, more lost calls than is allowed."""

from __future__ import annotations

from collections.abc import Mapping

from config.campaign_file import CampaignFile, PacingFile, PassFile
from config.checking import Problems
from config.errors import Path_
from config.presets import preset_for
from config.scalars import nearest
from strategies.vocabulary import Medium

METHODS: Mapping[Medium, tuple[str, ...]] = {
    Medium.AVM: ("rate", "finish_by"),
    Medium.DIALER: ("progressive", "power", "predictive", "preview"),
    Medium.TEXT: ("per_minute",),
    Medium.EMAIL: ("per_minute",),
}
METHOD_KEYS = {
    "rate": "calls_per_minute",
    "finish_by": "finish_by",
    "per_minute": "per_minute",
    "power": "ratio",
    "predictive": "abandon_rate",
}
AHEAD_KEYS: Mapping[str, tuple[str, ...]] = {
    "hard": ("power", "predictive"),
    "answer_model": ("predictive",),
    "lines_per_agent": ("predictive",),
}


def method_of(pacing: PacingFile) -> str | None:
    """The pacing's method: as written, or the one its only key belongs to."""
    if pacing.method is not None:
        return pacing.method
    return next((method for method, key in METHOD_KEYS.items() if getattr(pacing, key) is not None), None)


def check_pacing(path: Path_, one: PassFile, file: CampaignFile, problems: Problems) -> None:
    """Notes every mistake in the pacing of the pass at `path`."""
    if one.pacing is None:
        return
    here, method = (*path, "pacing"), method_of(one.pacing)
    known = METHODS[one.medium]
    if method is not None and method not in known:
        message = f"{method} is no pacing of {'an' if one.medium is Medium.AVM else 'a'} {one.medium} pass"
        if one.medium is Medium.DIALER and method in ("rate", "finish_by"):
            message += ": an answered person must find a free agent"
        problems.add((*here, "method") if one.pacing.method else here, message, nearest(method, list(known)))
        return
    for other, key in METHOD_KEYS.items():
        given = getattr(one.pacing, key) is not None
        if given and other != method:
            problems.add((*here, key), f"belongs to the method {other}, not to {method}", "remove it")
        elif not given and other == method and method != "predictive":
            problems.add((*here, key), f"is missing: the method {method} needs it", "add it")
    for key, methods in AHEAD_KEYS.items():
        if getattr(one.pacing, key) is not None and method not in methods:
            problems.add((*here, key), f"belongs to {' and '.join(methods)}, not to {method}", "remove it")
    if method in ("power", "predictive"):
        _check_abandonment(here, one.pacing, method, file, problems)


def _check_abandonment(
    here: Path_, pacing: PacingFile, method: str, file: CampaignFile, problems: Problems
) -> None:
    if file.abandon_message is None:
        message = f"{method} pacing without an abandon_message: some who answer will find no agent"
        mend = 'add abandon_message: {say: "...", opt_out_key: 8}, or pace progressive'
        problems.add((*here, "method"), message, mend, unless=(("abandon_message",),))
    rate, cap = pacing.abandon_rate, preset_for(file.purpose, file.country).abandon_rate
    if method == "power" and pacing.hard and cap is None:
        message = f"nothing caps what power may abandon: {file.purpose} has no cap of its own"
        problems.add((*here, "hard"), message, "pace predictive with an abandon_rate, or remove it")
    if method == "predictive" and rate is None and cap is None:
        mend = "add it, such as abandon_rate: 3%"
        problems.add((*here, "abandon_rate"), f"is missing, and {file.purpose} has no cap of its own", mend)
    if rate is not None and cap is not None and rate > cap:
        message = f"{rate:.1%} is above what {file.purpose} in {file.country} allows"
        problems.add((*here, "abandon_rate"), message, f"write {cap:.1%} or less")
