"""Recounts every figure of a sub-campaign from its ledger alone; keeping the ledger is left to the store.

A figure is a sum kept under a name and a path of words (`results`, pass/list/result): one line of the ledger
changes one or two of them, and all that is shown is added up from those.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from strategies.abandonment import is_abandoned, is_live
from strategies.vocabulary import Kind, RecoveryEnd, Result

Line = Mapping[str, object]
Sums = Mapping[str, int]
Nested = Mapping[str, Sums]
LOST = "lost"  # beside the ways a recovery ends: that it was triggered


@dataclass(frozen=True, slots=True)
class Counters:
    """The figures of one sub-campaign (or of all lines given). Mappings leave zeros out.

    `attempts` are placed or may have been: a released one is none. `in_progress` have started and not ended.
    `attempted`: contacts with at least one attempt. `triggered`, `reached`: recoveries by trigger;
    `recovery_ended`: by how; `recoveries`: `DAY/PASS/TRIGGER` of the loss -> `lost` and how they ended.
    `live`, `abandoned`: people who answered for an agent, and those of them abandoned, by day. `by_list`,
    `by_pass`, `by_medium`: attempts. What no list or pass was told of stands under "".
    """

    contacts: int = 0
    attempts: int = 0
    in_progress: int = 0
    connected_to_agent: int = 0
    ended: int = 0
    attempted: int = 0
    by_result: Sums = field(default_factory=dict)
    by_medium: Sums = field(default_factory=dict)
    by_pass: Sums = field(default_factory=dict)
    by_list: Sums = field(default_factory=dict)
    by_response: Sums = field(default_factory=dict)
    ended_by: Sums = field(default_factory=dict)
    skipped: Sums = field(default_factory=dict)
    triggered: Sums = field(default_factory=dict)
    reached: Sums = field(default_factory=dict)
    recovery_ended: Sums = field(default_factory=dict)
    list_contacts: Sums = field(default_factory=dict)
    list_ended: Sums = field(default_factory=dict)
    list_results: Nested = field(default_factory=dict)
    pass_results: Nested = field(default_factory=dict)
    pass_skipped: Nested = field(default_factory=dict)
    recoveries: Nested = field(default_factory=dict)
    live: Sums = field(default_factory=dict)
    abandoned: Sums = field(default_factory=dict)


def recount(lines: Iterable[Line]) -> Counters:
    """Every figure, from ledger lines in any order; lines of other kinds are passed over."""
    figures: Counter[tuple[str, str]] = Counter()
    for line in lines:
        for figure, key, step in changes(line):
            figures[figure, key] += step
    return from_figures(figures)


def changes(line: Line) -> list[tuple[str, str, int]]:
    """What one ledger line changes, as (figure, path within it, step). Here alone stands what counts."""
    kind = _word(line, "kind")
    if kind == Kind.ATTEMPT_STARTED:
        return _attempt(line, 1)
    if kind == Kind.ATTEMPT_RELEASED:
        return _attempt(line, -1)
    if kind == Kind.ATTEMPT_ENDED:
        return [_result(line, "result", 1), *_responses(line), *_answered(line)]
    if kind == Kind.ATTEMPT_REPORTED:
        return [_result(line, "was", -1), _result(line, "result", 1)]
    if kind == Kind.RESPONDED:
        return _responses(line)
    if kind == Kind.CONTACT_ENDED:
        return [("ended", _path(line, "list", "reason"), 1)]
    if kind == Kind.ENROLLED:
        return [("contacts", _word(line, "list"), int(str(line.get("contacts", 0))))]
    if kind == Kind.SKIPPED:
        return [("skipped", _path(line, "pass", "reason"), 1)]
    if kind == Kind.RECOVERY_TRIGGERED:
        return [("recoveries", _path(line, "day", "pass", "trigger") + "/" + LOST, 1)]
    if kind == Kind.RECOVERY_ENDED:
        return [("recoveries", _path(line, "day", "pass", "trigger", "result"), 1)]
    if kind == Kind.CHANGED:
        return _relisted(line)
    return []


def from_figures(figures: Mapping[tuple[str, str], int]) -> Counters:
    """Counters from sums of `changes`, as the store keeps them."""
    kept: dict[str, dict[str, int]] = {}
    for (figure, key), count in figures.items():
        if count:
            kept.setdefault(figure, {})[key] = count
    attempts, results = kept.get("attempts", {}), kept.get("results", {})
    ended, skipped = kept.get("ended", {}), kept.get("skipped", {})
    recoveries = nested(kept.get("recoveries", {}))
    by_result = _by(results, 2)
    return Counters(
        contacts=sum(kept.get("contacts", {}).values()),
        attempts=sum(attempts.values()),
        in_progress=sum(attempts.values()) - sum(results.values()),
        connected_to_agent=by_result.get(Result.CONNECTED_AGENT, 0),
        ended=sum(ended.values()),
        attempted=kept.get("attempted", {}).get("", 0),
        by_result=by_result,
        by_medium=_by(attempts, 2),
        by_pass=_by(attempts, 0),
        by_list=_by(attempts, 1),
        by_response=kept.get("responses", {}),
        ended_by=_by(ended, 1),
        skipped=_by(skipped, 1),
        triggered=_recovered(recoveries, LOST),
        reached=_recovered(recoveries, RecoveryEnd.REACHED),
        recovery_ended=_ends(recoveries),
        list_contacts=kept.get("contacts", {}),
        list_ended=_by(ended, 0),
        list_results=_pairs(results, 1),
        pass_results=_pairs(results, 0),
        pass_skipped=nested(skipped),
        recoveries=recoveries,
        live=kept.get("live", {}),
        abandoned=kept.get("abandoned", {}),
    )


def _answered(line: Line) -> list[tuple[str, str, int]]:
    """A person who answered a call that was for an agent, on the day of it."""
    if not is_live(line):
        return []
    day = _word(line, "day")
    return [("live", day, 1), *([("abandoned", day, 1)] if is_abandoned(line) else [])]


def nested(paths: Sums) -> dict[str, dict[str, int]]:
    """Sums under `.../last` as a mapping of what stands before the last slash to last word and sum."""
    found: dict[str, dict[str, int]] = {}
    for path, count in paths.items():
        before, _, last = path.rpartition("/")
        found.setdefault(before, {})[last] = count
    return found


def _word(line: Line, name: str) -> str:
    value = line.get(name)
    return "" if value is None else str(value)


def _path(line: Line, *names: str) -> str:
    return "/".join(_word(line, name) for name in names)


def _attempt(line: Line, step: int) -> list[tuple[str, str, int]]:
    attempt = ("attempts", _path(line, "pass", "list", "medium"), step)
    return [attempt, ("attempted", "", step)] if line.get("nth") == 1 else [attempt]


def _relisted(line: Line) -> list[tuple[str, str, int]]:
    """Contacts that went from one list to another, `contacts_moved`, or one of them with its attempt in
    progress; or that are in again after they had ended for that reason, `contacts_reopened`."""
    what, count = _word(line, "what"), int(str(line.get("contacts", 0)))
    if what not in {"contacts_moved", "contacts_reopened"}:
        return []
    old_list = _word(line, "old" if "old" in line else "list")
    moved = [("contacts", old_list, -count), ("contacts", _word(line, "list"), count)]
    if "attempt" in line:
        old = ("attempts", f"{_word(line, 'pass')}/{old_list}/{_word(line, 'medium')}", -1)
        return [*moved, old, ("attempts", _path(line, "pass", "list", "medium"), 1)]
    if what == "contacts_moved":
        return moved
    return [*moved, ("ended", f"{old_list}/{_word(line, 'reason')}", -count)]


def _result(line: Line, name: str, step: int) -> tuple[str, str, int]:
    return "results", _path(line, "pass", "list", name), step


def _responses(line: Line) -> list[tuple[str, str, int]]:
    told = line.get("responses", ())
    return [("responses", str(said), 1) for said in told] if isinstance(told, list | tuple) else []


def _summed(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for key, count in pairs:
        sums[key] += count
    return {key: count for key, count in sums.items() if count}


def _by(paths: Sums, place: int) -> dict[str, int]:
    """Sums by the word at this place of their path."""
    return _summed((path.split("/")[place], count) for path, count in paths.items())


def _pairs(paths: Sums, place: int) -> dict[str, dict[str, int]]:
    """Sums by the word at this place, and by the last one."""
    split = ((path.split("/"), count) for path, count in paths.items())
    return nested(_summed((f"{words[place]}/{words[-1]}", count) for words, count in split))


def _recovered(recoveries: Nested, how: str) -> dict[str, int]:
    """Recoveries of this kind by trigger."""
    return _summed((path.rpartition("/")[2], ends.get(how, 0)) for path, ends in recoveries.items())


def _ends(recoveries: Nested) -> dict[str, int]:
    return _summed((how, n) for ends in recoveries.values() for how, n in ends.items() if how != LOST)
