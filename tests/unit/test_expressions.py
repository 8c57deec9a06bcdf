"""The expressions of campaigns, segments and rules: what they mean, and what is refused with its mend."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.expressions import (
    ExpressionError,
    campaign_vocabulary,
    compile_expression,
    rule_vocabulary,
    segment_vocabulary,
)

CAMPAIGN = campaign_vocabulary(frozenset({"promised", "wrong_party"}))
NAMES = {
    "contact": {"balance": "120.50", "state": "NY", "postal_code": "02134", "city": "New York", "odd": "n/a"},
    "last_result": "busy",
    "last_response": "pressed_9",
    "any_response": ("pressed_1", "pressed_9"),
    "attempts": 3,
    "attempts_today": 1,
    "promised": ("pressed_1",),
    "wrong_party": ("pressed_9",),
}


def value(text: str) -> object:
    return compile_expression(text, names=CAMPAIGN).value(NAMES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("contact.balance >= 50", True),
        ("contact.balance == 120.5", True),
        ("contact.balance > 200 and not any_response in wrong_party", False),
        ("100 < contact.balance < 200", True),
        ("contact.postal_code == '02134'", True),
        ("contact.postal_code == 2134", True),
        ("contact.state in ('NY', 'NJ')", True),
        ("contact.state not in ('NY', 'NJ')", False),
        ("contact.balance in (120.50, 3)", True),
        ("'York' in contact.city", True),
        ("last_result == 'busy'", True),
        ("last_response in wrong_party", True),
        ("last_response in promised", False),
        ("any_response in promised", True),
        ("any_response not in promised", False),
        ("'pressed_1' in any_response", True),
        ("like(contact.city, 'New%')", True),
        ("like(contact.city, 'york')", False),
        ("attempts + 1 == 4", True),
        ("attempts * 2 - 1 > 4 or attempts / 0 > 1", True),
        ("min(attempts, 2) == 2 and max(1, attempts) == 3 and abs(-1) == 1", True),
        ("contact.gone is None", True),
        ("contact.balance is not None", True),
        ("not contact.gone", True),
        ("attempts % 2 == 1", True),
        ("-contact.balance < 0", True),
        ("contact.balance + 0.1 == 120.6", True),
        ("True", True),
    ],
)
def test_expressions_mean_what_python_would(text, expected):
    assert value(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "contact.gone > 1",
        "contact.gone < 1",
        "contact.gone == 'x'",
        "contact.gone != 'x'",
        "contact.gone in ('x', 'y')",
        "contact.gone not in ('x', 'y')",
        "contact.odd > 5",
        "contact.gone + 1 > 0",
        "1 / 0 > 0",
        "like(contact.gone, '%')",
    ],
)
def test_a_comparison_with_a_missing_value_is_false_and_counted(text):
    missing: list[str] = []
    assert compile_expression(text, names=CAMPAIGN).holds(NAMES, missing) is False
    assert len(missing) == 1


def test_not_is_two_valued():
    assert value("not contact.gone > 1") is True


def test_no_response_yet_is_in_no_group_and_outside_of_every_one():
    nothing = {**NAMES, "any_response": (), "last_response": None}
    assert not compile_expression("any_response in promised", names=CAMPAIGN).holds(nothing)
    assert compile_expression("any_response not in promised", names=CAMPAIGN).holds(nothing)


def test_two_texts_compare_as_texts_until_one_is_made_a_number():
    names = {"contact": {"paid": "9", "owed": "10"}}
    assert not compile_expression("contact.paid < contact.owed", names=CAMPAIGN).holds(names)
    assert compile_expression("contact.paid + 0 < contact.owed", names=CAMPAIGN).holds(names)


def test_probabilities_are_floats_and_still_equal_what_is_written():
    names = segment_vocabulary(frozenset({"accepts_offer"}))
    enter = compile_expression("p.accepts_offer >= 0.3 and ev.accepts_offer >= 40", names=names)
    assert enter.holds({"p": {"accepts_offer": 0.3}, "ev": {"accepts_offer": 40.0}})
    assert compile_expression("contact.recovery_open", names=names).value(
        {"contact": {"recovery_open": True}}
    )


def test_an_expression_knows_what_it_names():
    found = compile_expression("contact.balance > 5 and any_response in promised", names=CAMPAIGN)
    assert found.references == {"contact.balance", "any_response", "promised"}
    assert found.attributes() == {"balance"}


def test_a_value_may_be_a_number_as_well():
    assert value("contact.balance * 2") == Decimal("241.00")
    assert compile_expression("abandon_rate > 0.025", names=rule_vocabulary()).holds({"abandon_rate": 0.03})


@pytest.mark.parametrize(
    ("text", "column", "mend"),
    [
        ("contact.balance = 5", 17, "write =="),
        ("contact.a && contact.b", 11, "write and"),
        ("contact.a || contact.b", 11, "write or"),
        ("p.x > 1", 1, "p.x is unknown here"),
        ("1 < foo", 5, "foo is unknown here; there are: attempts"),
        ("contact.a ** 2 > 1", 1, "is not in the language"),
        ("__import__('os')", 1, "is not in the language"),
        ("contact.a.b > 1", 1, "is not in the language"),
        ("[x for x in (1, 2)]", 1, "is not in the language"),
        ("lambda: 1", 1, "is not in the language"),
        ("contact.a if 1 else 2", 1, "is not in the language"),
        ("like(contact.a, '[x')", 17, "is not closed"),
        ("like(contact.a, contact.b)", 1, "a pattern in quotes"),
        ("promised", 1, "write last_response in promised"),
        ("any_response == 'x'", 1, "write any_response in GROUP"),
        ("last_response in nobody", 18, "no response group nobody; there are: promised, wrong_party"),
        ("contact.a == None", 14, "write is None"),
        ("contact.a is 5", 14, "write =="),
        ("min(1)", 1, "two or more values"),
        ("abs(1, 2)", 1, "one value"),
        ("  foo > 1", 3, "foo is unknown"),
        ("", 1, "write a comparison"),
        ("1 +", 1, "write a comparison"),
        ("f'{contact.a}'", 1, "is not in the language"),
        ("b'x' == contact.a", 1, "use a text"),
        ("contact.a > 1 # why\n and contact.b > 2", 1, "write it on one line"),
        ("contact.a" + " + 1" * 500 + " > 0", 1, "at most"),
        ("not " * 60 + "contact.a", 165, "nested deeper"),
        ("(" * 300 + "1" + ")" * 300, 1, "write a comparison"),
    ],
)
def test_what_is_foreign_is_refused_with_column_and_mend(text, column, mend):
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, names=CAMPAIGN)
    assert mend in caught.value.message
    if column > 1:
        assert caught.value.column == column


def test_unknown_attributes_are_refused_once_a_list_says_what_there_is():
    names = campaign_vocabulary(frozenset(), frozenset({"balance"}))
    with pytest.raises(ExpressionError, match="contact has no balence; there are: balance"):
        compile_expression("contact.balence > 5", names=names)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("text", ["1in [1]", r"contact.city == '\d'"])
def test_python_gives_the_user_no_advice(text):
    compile_expression(text, names=CAMPAIGN)


def test_several_lines_read_as_one():
    assert value("contact.balance > 5\n  and attempts == 3") is True


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("New%", "New York", True),
        ("%York", "New York", True),
        ("%ew%or%", "New York", True),
        ("N_w%", "New York", True),
        ("[NM]ew%", "New York", True),
        ("[^M]ew%", "New York", True),
        ("[A-M]ew%", "New York", False),
        ("100[%]", "100%", True),
        ("100%", "100 per cent", True),
        ("a.c", "abc", False),
        ("%ab", "aab", True),
        ("%ab%ab", "abxab", True),
        ("%a%a", "a", False),
        ("", "", True),
        ("%", "two\nlines", True),
    ],
)
def test_like_patterns(pattern, text, fits):
    expression = compile_expression(f"like(contact.city, {pattern!r})", names=CAMPAIGN)
    assert expression.holds({"contact": {"city": text}}) is fits


def simple_like(text: str, pattern: str) -> bool:
    """The plain recursive meaning of `%` and `_`."""
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(simple_like(text[i:], pattern[1:]) for i in range(len(text) + 1))
    return bool(text) and pattern[0] in ("_", text[0]) and simple_like(text[1:], pattern[1:])


@given(st.text("ab%_", max_size=7), st.text("ab", max_size=9))
def test_like_agrees_with_its_plain_meaning(pattern, text):
    expression = compile_expression(f"like(contact.city, '{pattern}')", names=CAMPAIGN)
    assert expression.holds({"contact": {"city": text}}) is simple_like(text, pattern)


def test_a_hostile_cell_costs_no_more_than_its_length():
    expression = compile_expression("like(contact.city, '%a%a%a%a%a%a%a%b')", names=CAMPAIGN)
    assert not expression.holds({"contact": {"city": "a" * 20_000}})


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_an_error_with_a_mend(text):
    found = None
    try:
        compile_expression(text, names=CAMPAIGN).value(NAMES)
    except ExpressionError as error:
        found = error
    assert found is None or (found.message and 1 <= found.column <= len(text) + 2)


@pytest.mark.parametrize(
    ("text", "told", "column"),
    [
        ('attempts > "many"', "'many' is no number, where one is wanted", 12),
        ('"many" < attempts_today', "'many' is no number", 1),
        ('attempts in (1, "two")', "'two' is no number", 17),
        ('contact.balance + "ten" > 5', "'ten' is no number", 19),
        ('contact.balance * 2 > "NY"', "'NY' is no number", 23),
        ('min(contact.balance, "x") > 5', "'x' is no number", 22),
        ('last_result == "bussy"', "'bussy' is never the last_result; there are: abandoned_in_queue", 16),
        ('last_result in ("busy", "no-answer")', "'no-answer' is never the last_result", 25),
    ],
)
def test_a_comparison_that_could_never_hold_is_refused_with_its_column(text, told, column):
    with pytest.raises(ExpressionError) as raised:
        compile_expression(text, names=CAMPAIGN)
    assert told in raised.value.message
    assert raised.value.column == column


@pytest.mark.parametrize(
    "text",
    [
        'attempts > "2"',
        'contact.zip == "02134"',
        'last_result == "busy"',
        '"New" in contact.city',
        "attempts == 2.0",
    ],
)
def test_what_may_hold_is_not_refused(text):
    assert compile_expression(text, names=CAMPAIGN)


def test_figures_and_probabilities_are_numbers():
    with pytest.raises(ExpressionError, match="no number"):
        compile_expression('abandon_rate > "high"', names=rule_vocabulary())
    with pytest.raises(ExpressionError, match="no number"):
        compile_expression('p.pays > "likely"', names=segment_vocabulary(frozenset({"pays"})))
