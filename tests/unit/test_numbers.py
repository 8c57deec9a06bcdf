"""Only plain digits of an allowed country reach Asterisk."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.numbers import allowed, country_of, normalise, zones_of_number


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+12125550101", "+12125550101"),
        ("(212) 555-0101", "+12125550101"),
        ("1 212.555.0101", "+12125550101"),
        ("+44 20 7946 0000", "+442079460000"),
        ("not a number", None),
        ("", None),
        ("+00123456789", None),
        ("555-0101", None),
        ("212-555-0101 x5", None),
        ("1-800-FLOWERS", None),
        ("٢١٢٥٥٥٠١٠١", None),
        ("２１２５５５０１０１", None),
        ("300&Zap/g1/2125550101", None),
        ("+12125550101\r\nAction: Command", None),
        ("+12125550101@other", None),
        ("${EXTEN}", None),
        ("+1212555010" + "1" * 40, None),
    ],
)
def test_numbers_as_people_write_them(written, number):
    assert normalise(written, "US") == number


@pytest.mark.parametrize(
    ("number", "countries", "may"),
    [
        ("+12125550101", ["US"], True),
        ("+12125550101", [], False),
        ("+12125550101", ["DE"], False),
        ("+19005550100", ["US"], False),  # premium rate
        ("+12424561234", ["US"], False),  # the Bahamas look domestic
        ("+16644911234", ["US"], False),  # so does Montserrat
        ("+14165550100", ["US"], False),  # and Canada
        ("+14165550100", ["US", "CA"], True),
        ("2125550101", ["US"], False),
        ("+1212555010a", ["US"], False),
        ("+12125550101\n", ["US"], False),
        ("+٢١٢٥٥٥٠١٠١١", ["US"], False),
    ],
)
def test_the_allow_list_is_of_countries_and_an_empty_one_means_no_calls(number, countries, may):
    assert allowed(number, countries) is may


@given(st.text(max_size=40))
def test_nothing_but_plus_and_digits_ever_comes_out(text):
    number = normalise(text, "US")
    assert number is None or re.fullmatch(r"\+[1-9][0-9]{6,14}", number)
    assert country_of(text) is None or re.fullmatch(r"\+[1-9][0-9]{6,14}", text)


def test_a_number_tells_its_zone_where_it_has_one():
    assert zones_of_number("+12125550101") == ("America/New_York",)
    assert zones_of_number("+18005550100") == ()
    assert zones_of_number("nonsense") == ()
