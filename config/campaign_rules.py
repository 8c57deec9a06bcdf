"""What a campaign's keys must not say together, each with its mend; single values were checked by the shape
of the file, and each pass is left to `config.pass_rules`."""

from __future__ import annotations

from keyword import iskeyword

from config.campaign_file import CampaignFile
from config.checking import Problems
from config.errors import Path_, shown
from config.machine_detection import check_detection
from config.pacing_rules import check_pacing
from config.pass_rules import Scripts, check_pass
from config.window_rules import check_both_ends
from config.zones import zones_of
from strategies.caller_ids import is_prefix
from strategies.expressions import (
    ExpressionError,
    Vocabulary,
    campaign_vocabulary,
    compile_expression,
    rule_vocabulary,
)
from strategies.numbers import normalise
from strategies.vocabulary import OPT_OUT, SUCCESS, VOICE, WRONG_PARTY, Medium

RESERVED_PASS = "campaign"  # noqa: S105 - an override's name for the campaign itself
RESERVED_NAMES = ("contact", "abandonment", "machines")  # words of commands where they take a campaign
RESERVED_GROUPS = frozenset({SUCCESS, OPT_OUT, WRONG_PARTY})


def check(file: CampaignFile, problems: Problems, scripts: Scripts) -> None:
    """Notes every mistake the campaign's keys make together."""
    _check_place(file, problems)
    if file.campaign in RESERVED_NAMES:
        problems.add(("campaign",), f"{shown(file.campaign)} is a word of the commands", "name it otherwise")
    _check_groups(file, problems)
    _check_expressions(file, problems)
    _check_names(file, problems)
    for index, one in enumerate(file.strategy.passes):
        path: Path_ = ("strategy", "passes", index)
        check_pass(path, index, file, problems, scripts)
        check_pacing(path, one, file, problems)
    _check_circles(file, problems)
    _check_caller(file, problems, scripts)
    check_detection(file.amd, problems)


def vocabulary(file: CampaignFile) -> Vocabulary:
    """The names the campaign's expressions may use."""
    return campaign_vocabulary(frozenset(file.response_groups) | RESERVED_GROUPS)


def _check_place(file: CampaignFile, problems: Problems) -> None:
    zones = zones_of(file.country)
    if not zones:
        problems.add(("country",), f"{shown(file.country)} is no country", "write its two letters (ISO 3166)")
    elif file.zone is None and len(zones) > 1:
        mend = f"add the campaign's own zone, such as zone: {zones[0]}"
        problems.add(("zone",), f"is missing, and {file.country} has {len(zones)} zones", mend)
    else:
        _check_caller_ids(file, problems)
    check_both_ends(("window",), file.window, problems)


def _check_caller_ids(file: CampaignFile, problems: Problems) -> None:
    shown_by: dict[Path_, tuple[str, ...]] = {
        ("caller_ids", name): own for name, own in file.caller_ids.items()
    }
    if file.caller_id is not None:
        shown_by["caller_id",] = (file.caller_id,)
    for path, numbers in shown_by.items():
        for number in numbers:
            if normalise(number, file.country) is None:
                message = f"{shown(number)} is no number of {file.country} that could be called back"
                problems.add(path, message, 'write it with its country, such as "+12125550100"')
    for prefix in file.caller_ids:
        if not is_prefix(prefix):
            message = f"no number that may be called begins with {shown(prefix)}"
            problems.add(("caller_ids", prefix), message, "correct it, or remove it")


def _check_groups(file: CampaignFile, problems: Problems) -> None:
    for name in file.response_groups:
        if iskeyword(name) or name in ("contact", "p", "ev", "queue"):
            problems.add(("response_groups", name), "is a word of the expressions", "choose another name")


def _check_expressions(file: CampaignFile, problems: Problems) -> None:
    names = vocabulary(file)
    groups: tuple[Path_, ...] = (("response_groups",),)
    if file.filter is not None:
        check_expression(("filter",), file.filter, names, problems, unless=groups)
    for index, key in enumerate(file.order):
        check_expression(("order", index), key.removeprefix("-"), names, problems, unless=groups)
    for index, one in enumerate(file.strategy.passes):
        if one.where is not None:
            path: Path_ = ("strategy", "passes", index, "where")
            check_expression(path, one.where, names, problems, unless=groups)
    for index, rule in enumerate(file.rules):
        check_expression(("rules", index, "when"), rule.when, rule_vocabulary(), problems)


def check_expression(
    path: Path_, text: str, names: Vocabulary, problems: Problems, *, unless: tuple[Path_, ...] = ()
) -> None:
    """Notes what is wrong with an expression and in which of its characters."""
    try:
        compile_expression(text, names=names)
    except ExpressionError as error:
        problems.add(path, f"{shown(text)}, character {error.column}: {error.message}", unless=unless)


def _check_names(file: CampaignFile, problems: Problems) -> None:
    seen: dict[str, int] = {}
    for index, one in enumerate(file.strategy.passes):
        path: Path_ = ("strategy", "passes", index, "name")
        if one.name == RESERVED_PASS:
            problems.add(
                path, f"{shown(one.name)} stands for the campaign in overrides", "name the pass otherwise"
            )
        if one.name in seen:
            problems.add(
                path, f"{shown(one.name)} is pass {seen[one.name] + 1} already", "give each its own name"
            )
        seen.setdefault(one.name, index)


def _check_circles(file: CampaignFile, problems: Problems) -> None:
    beside = {one.name: one.beside for one in file.strategy.passes}
    for index, one in enumerate(file.strategy.passes):
        seen = {one.name}
        name = one.beside
        while name is not None and name not in seen:
            seen.add(name)
            name = beside.get(name)
        if name == one.name and one.beside != one.name:
            message = "these passes wait for each other to open"
            problems.add(("strategy", "passes", index, "with"), message, "let one of them open by itself")
            return


def _check_caller(file: CampaignFile, problems: Problems, scripts: Scripts) -> None:
    voice = [one for one in file.strategy.passes if one.medium in VOICE]
    if voice and file.caller_id is None:
        problems.add(
            ("caller_id",), f"is missing: the pass {voice[0].name} places calls", "add the number they show"
        )
    for one in voice:
        script = scripts.found.get(one.script or "")
        transfers = script is not None and any(step.transfer for step in script.steps.values())
        if file.agents is None and (one.medium is Medium.DIALER or transfers):
            message = f"is missing: the pass {one.name} leads to agents"
            problems.add(("agents",), message, "add the Asterisk queue whose members take the calls")
