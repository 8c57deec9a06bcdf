"""The short way of reading a number says nothing that phonenumbers does not say."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from strategies.number_plans import COUNTRIES, sure_country, sure_number
from strategies.numbers import country_of, normalise, normalise_all, parsed_country, parsed_number

CODES = ("1", "44", "49", "33", "34", "48", "31", "32", "351", "39", "41", "52", "7")
MARKS = st.text("() .-/", max_size=2)


@st.composite
def written(draw: st.DrawFn) -> str:
    """A number as somebody may write it: abroad or at home, with marks between, or only like one."""
    code = draw(st.sampled_from(CODES))
    start = draw(
        st.sampled_from(["", "0", "1", "00", "011", "+", f"+{code}", f"+{code}0", code, f"00{code}"])
    )
    groups = draw(st.lists(st.text("0123456789", min_size=1, max_size=4), min_size=1, max_size=4))
    return start + "".join(draw(MARKS) + group for group in groups) + draw(MARKS)


def probable(country: str) -> st.SearchStrategy[str]:
    """Numbers that are rather valid than not: what the short way has to be sure of."""
    areas = {
        "US": ("212", "305", "800", "900", "242", "416"),
        "GB": ("20", "7700", "800", "909"),
        "DE": ("30", "151"),
    }
    body = st.text("0123456789", min_size=6, max_size=8)
    return st.builds(
        lambda area, rest: area + rest, st.sampled_from(areas.get(country, ("6", "9", "1"))), body
    )


@settings(max_examples=2000, deadline=None)
@given(written(), st.sampled_from((*COUNTRIES, "CH", "BS", "")))
@example("4969527010363", "DE")  # without the code's plus it may be read with or without the code
@example("351 181618385602", "DE")  # valid at home, too long for E.164
@example("+44 (0)20 7946 0000", "GB")
@example("+1 242 456 1234", "US")
def test_a_number_it_is_sure_of_is_the_parsed_one(text: str, country: str) -> None:
    assert sure_number(text.strip(), country) in {None, parsed_number(text.strip(), country)}
    assert normalise(text, country) == (
        parsed_number(text.strip(), country) if normalise(text, country) else None
    )


@settings(max_examples=2000, deadline=None)
@given(st.data(), st.sampled_from(COUNTRIES))
def test_what_is_a_number_for_one_is_a_number_for_the_other(data: st.DataObject, country: str) -> None:
    text = data.draw(st.one_of(probable(country), probable(country).map(lambda body: f"0{body}")))
    parsed = parsed_number(text, country)
    assert normalise(text, country) == parsed
    if parsed is not None:
        assert country_of(parsed) == parsed_country(parsed)
        assert sure_country(parsed) in {None, parsed_country(parsed)}


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from((*COUNTRIES, "CH", "")).flatmap(
        lambda country: st.tuples(
            st.just(country), st.lists(st.one_of(written(), probable(country), st.just("")), max_size=8)
        )
    )
)
@example(("US", ["(+1) 2125550101", "2125550101"]))
@example(("US", ["2125550101\n2125550102", "", "2125550103"]))
@example(("DE", ["4969527010363", "069 527010363", ""]))
def test_many_numbers_at_once_are_what_each_of_them_is(given: tuple[str, list[str]]) -> None:
    country, texts = given[0], [text.strip() for text in given[1]]
    assert normalise_all(texts, country) == [text and normalise(text, country) for text in texts]


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("(212) 555-0101", "US", "+12125550101"),
        ("1 416 555 0100", "CA", "+14165550100"),
        ("020 7946 0000", "GB", "+442079460000"),
        ("0151 12345678", "DE", "+4915112345678"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("612 345 678", "ES", "+34612345678"),
        ("+351 912 345 678", "US", "+351912345678"),
        ("312 345 6789", "IT", "+393123456789"),
    ],
)
def test_common_numbers_go_the_short_way(text: str, country: str, number: str) -> None:
    assert sure_number(text, country) == number == parsed_number(text, country)
