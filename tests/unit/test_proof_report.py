"""The report says what the decisions changed, from ledger lines alone; and where nobody can know, that."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from proof_stage import TENANT, TEXT, catalogue, lines

from models.proof_page import PAIR_COLUMNS, page, pair_rows
from models.proof_report import DECIDED, Report, report
from models.proven_calls import OTHER, REPLAYED, ProvenCall, measured, proven_calls
from strategies.control import Arm

FOUND = catalogue()


@pytest.fixture(scope="module")
def calls() -> list[ProvenCall]:
    return proven_calls(lines(26, 0.3, FOUND), FOUND)


@pytest.fixture(scope="module")
def told(calls: list[ProvenCall]) -> Report:
    return report(calls, FOUND, TENANT, "buys")


def test_the_effect_on_the_metric_is_shown_with_its_interval(told: Report) -> None:
    compared = told.of("buys")
    assert compared is not None
    one = compared.effect
    assert one.low is not None
    assert one.high is not None
    # Half of the callers are moved, 90 % of them reach somebody, and exploring takes a little of it.
    assert one.low <= 0.3 * 0.5 * 0.9 * 0.95 <= one.high
    assert one.verdict == "higher with decisions carried out"
    assert one.chance is not None
    assert one.chance < 0.01


def test_decisions_that_change_nothing_are_said_to_change_nothing() -> None:
    nothing = report(proven_calls(lines(26, 0.0, FOUND, seed=4), FOUND), FOUND, TENANT, "buys")
    compared = nothing.of("buys")
    assert compared is not None
    assert compared.effect.verdict == "no effect shown"
    assert "no effect shown" in page(nothing)


def test_the_decisions_are_compared_with_one_segment_for_all(told: Report) -> None:
    compared = told.of("buys", Arm.CONSTANT)
    assert compared is not None
    assert compared.effect.effect < 0, "here everybody buys likelier as a buyer: the model holds some back"


def test_what_hung_up_has_failed_and_single_calls_are_not_left_out(
    told: Report, calls: list[ProvenCall]
) -> None:
    abandoned = next(call for call in calls if call.told["abandoned"])
    assert measured(abandoned, "buys", FOUND) == 0.0
    assert measured(abandoned, "abandoned", FOUND) == 1.0
    assert measured(abandoned, "handle_time", FOUND) is None
    assert (told.calls, told.over, told.misdrawn) == (len(calls), len(calls), 0)


def test_other_policies_are_estimated_where_the_choice_was_left_to_chance(told: Report) -> None:
    assert set(told.policies) == {
        DECIDED,
        "first segment, always",
        "buyer, wherever it fits",
        "standard, wherever it fits",
    }
    decided, first = told.policies[DECIDED], told.policies["first segment, always"]
    assert decided.refused == ""
    assert decided.doubly_robust > first.doubly_robust


def test_without_chance_nothing_is_identified_and_the_mend_is_named() -> None:
    plain = catalogue(TEXT.replace(", explore: 5%", ""))
    found = report(proven_calls(lines(2, 0.1, plain), plain), plain, TENANT, "buys")
    assert found.policies == {}
    assert "not identified" in page(found)
    assert "explore: 3%" in page(found)


def test_without_an_experiment_no_effect_is_told() -> None:
    plain = catalogue(re.sub("control:.*\n", "", TEXT))
    found = report(proven_calls(lines(1, 0.1, plain), plain), plain, TENANT, "buys")
    assert found.compared == []
    assert "No effect can be told" in page(found)


def test_calls_in_another_arm_than_the_seed_draws_count_nowhere(calls: list[ProvenCall]) -> None:
    other = report(calls, FOUND, "another seed", "buys")
    assert other.misdrawn > 1000
    assert f"{other.misdrawn} calls are in another arm" in page(other)


def test_predictions_are_compared_with_what_happened(told: Report) -> None:
    [one] = told.calibrated
    assert (one.outcome, len(one.bins)) == ("buys", 15)
    assert sum(calls for *_, calls in one.bins) == one.calls
    assert 0.6 < one.auc < 0.9


def test_every_decision_is_made_again_and_one_by_another_catalogue_is_told(
    told: Report, calls: list[ProvenCall]
) -> None:
    assert told.replays == {REPLAYED: len(calls)}
    elsewhere = catalogue(TEXT.replace("0.2", "0.21"))
    assert proven_calls(lines(1, 0.1, FOUND), elsewhere)[0].replay == OTHER


def test_the_beginning_of_a_slice_is_left_out_by_waits_and_talks(
    told: Report, calls: list[ProvenCall]
) -> None:
    assert told.burn_in == pytest.approx(9.0 + 120.0)
    assert report(calls, FOUND, TENANT, "buys", burn_in=99_999).burn_in == 1800, "at most half of it"


class Page(HTMLParser):
    """Which tags a page has, and whether all that are opened are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.loads += [
            f"{name}={value}" for name, value in attrs if name in ("src", "href") or name[:2] == "on"
        ]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_runs_nothing_and_loads_nothing(told: Report) -> None:
    read = Page(page(told))
    assert read.open == []
    assert read.loads == []
    assert "script" not in read.tags
    assert {"svg", "table", "polyline"} <= read.tags


def test_what_comes_from_files_is_no_markup(calls: list[ProvenCall]) -> None:
    odd = replace(calls[0], first="<b>x</b>", reason="<script>alert(1)</script>")
    shown = page(report([odd, *calls[1:50]], FOUND, "<i>tenant</i>", "buys"))
    assert not {"b", "i", "script"} & Page(shown).tags


def test_the_pairs_can_be_checked_one_by_one(told: Report) -> None:
    compared = told.of("buys")
    assert compared is not None
    rows = [dict(zip(PAIR_COLUMNS, row, strict=True)) for row in pair_rows(compared.pairs)]
    weight = sum(float(str(row["weight"])) for row in rows)
    plain = sum(float(str(row["weight"])) * float(str(row["difference"])) for row in rows) / weight
    assert plain == pytest.approx(compared.effect.effect, abs=0.02), "but for what was expected anyway"
    weeks = [int(str(row["pair"]).split("|")[0]) for row in rows]
    assert weeks == sorted(weeks)


def test_no_calls_make_a_page_all_the_same() -> None:
    nobody: list[ProvenCall] = []
    assert "There are no calls" in page(report(nobody, FOUND, TENANT, "buys"))
