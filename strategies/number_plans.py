"""Which digits are surely a number somebody may have, told by one pattern per country instead of a whole
parse; where it is not sure it says so, and `numbers` asks phonenumbers.

The patterns are phonenumbers' own metadata, so that a new release of it is followed here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from phonenumbers.phonemetadata import PhoneMetadata, PhoneNumberDesc

COUNTRIES = ("US", "CA", "GB", "DE", "FR", "ES", "PL", "NL", "BE", "PT", "IT")
_KINDS = ("fixed_line", "mobile", "toll_free", "voip", "personal_number", "pager", "uan", "voicemail")
_DEAR = ("premium_rate", "shared_cost")
_PUNCTUATION = str.maketrans("", "", " ().-/")


@dataclass(frozen=True, slots=True)
class Plan:
    """How the numbers of one country read: `code` before them abroad, `prefix` before them at home; `plain`
    matches national numbers that are no dear ones, `dear` those."""

    country: str
    code: str
    prefix: str
    plain: re.Pattern[str]
    dear: re.Pattern[str]

    @property
    def skip(self) -> int:
        """How many characters of a number in E.164 are not national."""
        return 1 + len(self.code)

    def sure(self, national: str) -> bool:
        """Whether these digits after the country's code are a valid number. False says nothing."""
        return bool(self.plain.fullmatch(national) or self.dear.fullmatch(national))


def sure_number(written: str, country: str) -> str | None:
    """A number as people write it in E.164; None where only a whole parse can tell.

    `written`: digits and ` ().-/`, a `+` before them or none.
    """
    digits = written.translate(_PUNCTUATION)
    if digits.startswith("+"):
        national = digits
    elif (home := _plan(country)) is None:
        return None
    else:
        rest = digits.removeprefix(home.prefix)
        if rest == digits and digits.startswith(home.code):
            return None  # with or without the code: both may be meant
        national = f"+{home.code}{rest}"
    return national if any(plan.sure(national[plan.skip :]) for plan in _plans(national[1:4])) else None


def sure_country(number: str) -> str | None:
    """The country of an E.164 number that is valid and costs no more than others; None where only a whole
    parse can tell."""
    for plan in _plans(number[1:4]):
        national = number[plan.skip :]
        if plan.sure(national):
            return None if plan.dear.fullmatch(national) else plan.country
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
    plain = _either(main, _KINDS)
    dear = _either(main, _DEAR)
    described = main.general_desc
    if described is None or described.national_number_pattern is None:
        return None
    general = f"(?=(?:{described.national_number_pattern})$)"
    return Plan(
        country=main.id,
        code=str(main.country_code),
        prefix=prefix,
        plain=re.compile(never + general + plain, re.ASCII),
        dear=re.compile(never + general + dear, re.ASCII),
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
