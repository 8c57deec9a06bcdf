"""What each pass came to for a contact: reading and extending a state's records; what follows is the
engine's."""

from __future__ import annotations

from strategies.campaign import Campaign, Pass
from strategies.frozen import replace
from strategies.state import ContactState, PassRecord
from strategies.vocabulary import Result

TAKEN_OUT = "taken_out"  # why a contact is through with a pass that an override has taken out


def record_of(state: ContactState, name: str) -> PassRecord | None:
    """The record of one pass, None while the pass has not taken the contact up."""
    for record in state.records:
        if record.name == name:
            return record
    return None


def is_through(state: ContactState, name: str) -> bool:
    """Whether the contact is through with a pass."""
    record = record_of(state, name)
    return record is not None and record.through_at is not None


def with_record(state: ContactState, record: PassRecord) -> ContactState:
    """The state with this record in the place of the one of the same name, or added."""
    others = tuple(r for r in state.records if r.name != record.name)
    if len(others) == len(state.records):
        return replace(state, records=(*state.records, record))
    return replace(state, records=tuple(record if r.name == record.name else r for r in state.records))


def with_result(state: ContactState, name: str, result: Result) -> ContactState:
    """The state with one more attempt's result in the record of a pass."""
    record = record_of(state, name) or PassRecord(name)
    return with_record(state, replace(record, results=(*record.results, result)))


def with_amended(state: ContactState, name: str, was: Result, result: Result) -> ContactState:
    """The state with the last result `was` in the record of a pass replaced by `result`; as it was without
    one."""
    record = record_of(state, name)
    if record is None or was not in record.results:
        return state
    place = len(record.results) - 1 - record.results[::-1].index(was)
    results = (*record.results[:place], result, *record.results[place + 1 :])
    return with_record(state, replace(record, results=results))


def through(state: ContactState, name: str, at: float, reason: str | None = None) -> ContactState:
    """The state of a contact that is through with a pass."""
    record = record_of(state, name) or PassRecord(name)
    return with_record(state, replace(record, through_at=at, reason=reason))


def is_main(candidate: Pass) -> bool:
    """Whether a pass is one of the row that contacts go through, not one beside another (`with`,
    `recovers`)."""
    return candidate.recovery is None and candidate.start != "with"


def main_index(campaign: Campaign, index: int) -> int:
    """The index of the first pass of the row from `index` on that no override has taken out; the number of
    passes when there is none left."""
    passes = campaign.passes
    while index < len(passes) and (passes[index].out or not is_main(passes[index])):
        index += 1
    return index


def pass_before(campaign: Campaign, name: str, state: ContactState | None = None) -> Pass | None:
    """The pass of the row before this one; None for the first.

    Passes that an override has taken out are passed by, unless they had tried the contact of `state` before.
    """
    before = None
    for candidate in campaign.passes:
        if candidate.name == name:
            return before
        if is_main(candidate) and not _left_out(candidate, state):
            before = candidate
    return before


def _left_out(candidate: Pass, state: ContactState | None) -> bool:
    record = None if state is None else record_of(state, candidate.name)
    if record is None:
        return candidate.out
    return not record.results and (candidate.out or record.reason == TAKEN_OUT)
