"""Telephone numbers as they may reach Asterisk: plain `+digits` of an allowed country, nothing else ever."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType, timezone

from strategies.number_plans import sure_country, sure_number, sure_numbers

_WRITTEN = re.compile(r"\+?[0-9 ().\-/]{3,30}", re.ASCII)  # no letters, extensions or digits of other scripts
_STRICT = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)  # E.164: at most 15 digits
_DEAR = frozenset({PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST})


def normalise(text: str, country: str) -> str | None:
    """A number as people write it (in a list, in a campaign) as E.164; None if it is no valid number.

    A number without `+` is read as one dialled within `country` (ISO 3166, two letters).
    """
    written = text.strip()
    sure = sure_number(written, country)
    if sure is not None or not _WRITTEN.fullmatch(written):
        return sure
    return parsed_number(written, country)


def normalise_all(written: Sequence[str], country: str) -> list[str | None]:
    """The same of many at once, which have no spaces around them; of an empty one an empty one."""
    sure = sure_numbers(written, country)
    return [
        number or (normalise(one, country) if one else one) for number, one in zip(sure, written, strict=True)
    ]


@lru_cache(maxsize=16384)
def parsed_number(written: str, country: str) -> str | None:
    """The same by a whole parse: the truth that the short way must be equal to."""
    try:
        parsed = phonenumbers.parse(written, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return number if _STRICT.fullmatch(number) else None


def country_of(number: str) -> str | None:
    """The country (ISO 3166) of an E.164 number; None for one nobody may dial: invalid, or premium rate."""
    if not _STRICT.fullmatch(number):
        return None
    return sure_country(number) or parsed_country(number)


@lru_cache(maxsize=16384)
def parsed_country(number: str) -> str | None:
    """The same by a whole parse."""
    parsed = _parsed(number)
    if parsed is None or phonenumbers.number_type(parsed) in _DEAR:
        return None
    return phonenumbers.region_code_for_number(parsed) if phonenumbers.is_valid_number(parsed) else None


def allowed(number: str, countries: Collection[str]) -> bool:
    """Whether an E.164 number may be dialled: it is of one of these countries. An empty list: no calls."""
    country = country_of(number)
    return country is not None and country in countries


@lru_cache(maxsize=65536)
def zones_of_number(number: str) -> tuple[str, ...]:
    """The IANA zones a number's prefix may lie in; none where it does not tell, as a toll-free one."""
    parsed = _parsed(number)
    if parsed is None or not phonenumbers.is_number_geographical(parsed):
        return ()
    zones = timezone.time_zones_for_geographical_number(parsed)
    return tuple(zone for zone in zones if zone != timezone.UNKNOWN_TIMEZONE)


def _parsed(number: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return None
