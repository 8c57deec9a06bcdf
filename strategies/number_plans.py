"""Which digits are surely a number somebody may have, told by one pattern per country instead of a whole
parse; where it is not sure it says so, and `numbers` asks phonenumbers.

The patterns are phonenumbers' own metadata, so that a new release of it is followed here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from phonenumbers.phonemetadata import PhoneMetadata, PhoneNumberDesc

LONGEST = 31  # characters of a number as people write it
SHORTEST_SURE, LONGEST_SURE = 8, 16  # characters in E.164, which has at most 15 digits
COUNTRIES = ("US", "CA", "GB", "DE", "FR", "ES", "PL", "NL", "BE", "PT", "IT")
_KINDS = ("fixed_line", "mobile", "toll_free", "voip", "personal_number", "pager", "uan", "voicemail")
_DEAR = ("premium_rate", "shared_cost")
_PUNCTUATION = str.maketrans("", "", " ().-/")


@dataclass(frozen=True, slots=True)
class Plan:
    """How the numbers of one country read: `code` before them abroad, `prefix` before them at home.

    `valid` matches the national part of a number, `dear` that of one which costs more than others. `lines`
    finds in each line of a text that part of a number written abroad or at home, or nothing.
    """

    country: str
    code: str
    prefix: str
    valid: re.Pattern[str]
    dear: re.Pattern[str]
    lines: re.Pattern[str]
    skip: int  # characters of a number in E.164 that are not national


def sure_number(written: str, country: str) -> str | None:
    """A number as people write it in E.164; None where only a whole parse can tell."""
    number = written if written[1:].isdecimal() else written.translate(_PUNCTUATION)
    if number[:1] != "+":
        home = _plan(country)
        if home is None:
            return None
        rest = number.removeprefix(home.prefix)
        if rest == number and number.startswith(home.code):
            return None  # with or without the code: both may be meant
        number = f"+{home.code}{rest}"
    elif written[0] != "+":
        return None
    if SHORTEST_SURE <= len(number) <= LONGEST_SURE and len(written) <= LONGEST:
        for plan in _plans(number[1:4]):
            if plan.valid.fullmatch(number, plan.skip):
                return number
    return None


def sure_numbers(written: Sequence[str], country: str) -> list[str | None]:
    """The same of many at once, in a third of the time."""
    home, text = _plan(country), "\n".join(written)
    marks = text.count("+") != f"\n{text}".count("\n+")  # before the plus: only a whole parse tells
    if home is None or marks or max(map(len, written), default=0) > LONGEST:
        return [sure_number(one, country) for one in written]
    found = home.lines.findall(text.translate(_PUNCTUATION))
    if len(found) != len(written):  # somebody wrote a line break
        return [sure_number(one, country) for one in written]
    begins = f"+{home.code}"
    return [
        begins + national if national else sure_number(one, country)
        for national, one in zip(found, written, strict=True)
    ]


def sure_country(number: str) -> str | None:
    """The country of an E.164 number that is valid and costs no more than others; None where only a whole
    parse can tell."""
    for plan in _plans(number[1:4]):
        if plan.valid.fullmatch(number, plan.skip):
            return None if plan.dear.fullmatch(number, plan.skip) else plan.country
    return None


@lru_cache(maxsize=1024)
def _plans(start: str) -> tuple[Plan, ...]:
    """The plans of the countries whose numbers begin so after the plus, in the order phonenumbers asks."""
    plans = (_plan(country) for country in COUNTRIES)
    return tuple(plan for plan in plans if plan is not None and start.startswith(plan.code))


@lru_cache(maxsize=256)
def _plan(country: str) -> Plan | None:
    if country not in COUNTRIES:
        return None
    main = PhoneMetadata.metadata_for_region(country)
    if main is None or main.leading_digits is not None:
        return None
    prefix = main.national_prefix or ""
    never = f"(?!{main.national_prefix_for_parsing or prefix or '(?!)'}|0)"  # what a parse would take away
    described = main.general_desc
    if described is None or described.national_number_pattern is None:
        return None
    general = f"(?=(?:{described.national_number_pattern})$)"
    valid, code = never + general + _either(main, (*_KINDS, *_DEAR)), str(main.country_code)
    return Plan(
        country=main.id,
        code=code,
        prefix=prefix,
        valid=re.compile(valid, re.ASCII),
        dear=re.compile(never + general + _either(main, _DEAR), re.ASCII),
        lines=_lines(code, prefix, valid),
        skip=1 + len(code),
    )


def _lines(code: str, prefix: str, valid: str) -> re.Pattern[str]:
    """One group for the national part, empty where a line is not surely a number of this country."""
    before = rf"(?:\+{code}|{prefix}|(?!{code}))" if prefix else rf"(?:\+{code}|(?!{code}))"
    length = rf"(?=.{{{SHORTEST_SURE - 1 - len(code)},{LONGEST_SURE - 1 - len(code)}}}$)"
    return re.compile(rf"^(?:{before}{length}({_uncaptured(valid)})$|.*$)", re.ASCII | re.MULTILINE)


def _uncaptured(pattern: str) -> str:
    """The pattern with its groups only holding together."""
    return re.sub(r"(?<!\\)\((?!\?)", "(?:", pattern)


def _either(main: PhoneMetadata, kinds: tuple[str, ...]) -> str:
    """One pattern for all kinds, each within the lengths it may have."""
    return "(?:" + "|".join(filter(None, (_kind(getattr(main, kind)) for kind in kinds))) + ")"


def _kind(described: PhoneNumberDesc | None) -> str:
    if described is None or described.national_number_pattern is None:
        return ""
    lengths = "|".join(rf"\d{{{length}}}" for length in described.possible_length)
    within = f"(?=(?:{lengths})$)" if lengths else ""
    return f"{within}(?:{described.national_number_pattern})"
