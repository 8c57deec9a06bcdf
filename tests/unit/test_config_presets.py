"""The law's presets: dated data with their sources, and a general one for other countries."""

from __future__ import annotations

from datetime import time

import pytest
from config_files import EXAMPLES

from config.campaign_file import PURPOSES
from config.presets import DebtCap, preset_for
from config.project import load_project
from strategies.vocabulary import Medium


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("country", ["US", "GB", "FR"])
def test_every_purpose_has_a_dated_preset_with_its_sources(purpose: str, country: str) -> None:
    preset = preset_for(purpose, country)
    assert preset.sources
    assert preset.checked.year >= 2026
    assert time(8) <= preset.window.opens < preset.window.closes <= time(21)


def test_us_debt_collection_knows_seven_calls_in_seven_days_and_seven_days_of_silence() -> None:
    week = 7 * 86_400.0
    assert preset_for("debt_collection", "US").debt_cap == DebtCap(7, week, week)


def test_us_telemarketing_needs_a_registry_of_at_most_31_days_and_nothing_else_does() -> None:
    ages = {purpose: preset_for(purpose, "US").registry_within for purpose in PURPOSES}
    assert ages.pop("telemarketing") == 31 * 86_400
    assert set(ages.values()) == {None}


def test_us_asks_written_consent_where_something_is_sold_and_express_otherwise() -> None:
    assert preset_for("telemarketing", "US").consent[Medium.AVM] == "written"
    assert preset_for("service", "US").consent[Medium.AVM] == "express"
    (called,) = load_project(EXAMPLES).campaigns.values()
    assert [(one.name, one.asks) for one in called.passes] == [
        ("reminder", "express"),
        ("rescue", "none"),
        ("by_agent", "none"),
    ]
    assert called.passes[0].asks_on == ("mobile",)
    assert preset_for("telemarketing", "US").consent_on == ()


def test_service_runs_from_8_to_21_without_caps_of_the_law() -> None:
    preset = preset_for("service", "DE")
    assert (preset.window.opens, preset.window.closes) == (time(8), time(21))
    assert (preset.abandon_rate, preset.debt_cap) == (None, None)


def test_abandonment_is_counted_over_30_days_in_the_us_and_by_the_day_in_great_britain() -> None:
    us, britain = preset_for("telemarketing", "US"), preset_for("telemarketing", "GB")
    assert (us.abandon_rate, us.abandon_days, us.abandon_lockout) == (0.03, 30, 0.0)
    assert (britain.abandon_rate, britain.abandon_days, britain.abandon_lockout) == (0.03, 1, 72 * 3600.0)
