"""Filling a text with what a list said about a person."""

from strategies.templates import fill, places


def test_places_are_filled_and_missing_ones_leave_no_hole() -> None:
    assert (
        fill("Hello {first_name}. Balance {balance}.", {"first_name": "Ada", "balance": "12"})
        == "Hello Ada. Balance 12."
    )
    assert fill("Hello {first_name}.", {}) == "Hello."


def test_braces_and_control_characters_in_a_value_are_data() -> None:
    assert fill("Hi {a}", {"a": "{b}\r\nX: y", "b": "no"}) == "Hi {b} X: y"


def test_the_places_of_a_text_are_known() -> None:
    assert places("{a} and {b_c} but not {d e}") == {"a", "b_c"}
