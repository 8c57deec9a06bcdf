"""Which digits are surely a number somebody may have, told by one pattern per country instead of a whole
parse; where it is not sure it says so, and `numbers` asks phonenumbers.

The patterns are phonenumbers' own metadata, so that a new release of it is followed here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from phonenumbers.phonemetadata import PhoneMetadata, PhoneNumberDesc

LONGEST = 31  # characters of a number as people write it
COUNTRIES = ("US", "CA", "GB", "DE", "FR", "ES", "PL", "NL", "BE", "PT", "IT")
_KINDS = ("fixed_line", "mobile", "toll_free", "voip", "personal_number", "pager", "uan", "voicemail")
_DEAR = ("premium_rate", "shared_cost")
_PUNCTUATION = str.maketrans("", "", " ().-/")


@dataclass(frozen=True, slots=True)
class Plan:
    """How the numbers of one country read: `code` before them abroad, `prefix` before them at home.

    `valid` matches the national part of a number, `dear` that of one which costs more than others.
    """

    country: str
    code: str
    prefix: str
    valid: re.Pattern[str]
    dear: re.Pattern[str]
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
    if 8 <= len(number) <= 16 and len(written) <= LONGEST:  # E.164: at most 15 digits
        for plan in _plans(number[1:4]):
            if plan.valid.fullmatch(number, plan.skip):
                return number
    return None


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
    return Plan(
        country=main.id,
        code=str(main.country_code),
        prefix=prefix,
        valid=re.compile(never + general + _either(main, (*_KINDS, *_DEAR)), re.ASCII),
        dear=re.compile(never + general + _either(main, _DEAR), re.ASCII),
        skip=1 + len(str(main.country_code)),
    )


def _either(main: PhoneMetadata, kinds: tuple[str, ...]) -> str:
    """One pattern for all kinds, each within the lengths it may have."""
    return "(?:" + "|".join(filter(None, (_kind(getattr(main, kind)) for kind in kinds))) + ")"


def _kind(described: PhoneNumberDesc | None) -> str:
    if described is None or described.national_number_pattern is None:
        return ""
    lengths = "|".join(rf"\d{{{length}}}" for length in described.possible_length)
    within = f"(?=(?:{lengths})$)" if lengths else ""
    return f"{within}(?:{described.national_number_pattern})"
