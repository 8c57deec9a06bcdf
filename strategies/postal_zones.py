"""Which time zones a postal code may lie in, for the United States and Canada; others have a zone of their
own or none that a code would tell.

By state and province, and no finer than is certain: a state that has two zones gives both, and the number
narrows them down. Sources: the three-digit prefixes of the United States Postal Service (Publication 65) and
the first letters of Canada Post, with 49 CFR 71 for where the zones run.
"""

from __future__ import annotations

import re
from functools import lru_cache

_EASTERN, _CENTRAL = ("America/New_York",), ("America/Chicago",)
_MOUNTAIN, _PACIFIC = ("America/Denver",), ("America/Los_Angeles",)

_UNITED_STATES: tuple[tuple[int, int, tuple[str, ...]], ...] = (  # first and last prefix, zones
    (5, 5, _EASTERN),
    (6, 7, ("America/Puerto_Rico",)),
    (8, 8, ("America/St_Thomas",)),
    (9, 9, ("America/Puerto_Rico",)),
    (10, 89, _EASTERN),
    (100, 319, _EASTERN),
    (320, 322, _EASTERN),
    (323, 325, (*_EASTERN, *_CENTRAL)),  # Florida west of the Apalachicola
    (326, 339, _EASTERN),
    (341, 349, _EASTERN),
    (350, 367, _CENTRAL),
    (368, 368, (*_EASTERN, *_CENTRAL)),  # Alabama by the Chattahoochee keeps Georgia's time
    (369, 369, _CENTRAL),
    (370, 385, (*_EASTERN, *_CENTRAL)),  # Tennessee
    (386, 397, _CENTRAL),
    (398, 399, _EASTERN),
    (400, 427, (*_EASTERN, *_CENTRAL)),  # Kentucky
    (430, 459, _EASTERN),
    (460, 479, (*_EASTERN, *_CENTRAL)),  # Indiana
    (480, 497, _EASTERN),
    (498, 499, (*_EASTERN, *_CENTRAL)),  # Michigan's Upper Peninsula
    (500, 567, _CENTRAL),
    (570, 588, (*_CENTRAL, *_MOUNTAIN)),  # the Dakotas
    (590, 599, _MOUNTAIN),
    (600, 658, _CENTRAL),
    (660, 693, (*_CENTRAL, *_MOUNTAIN)),  # Kansas, Nebraska
    (700, 797, _CENTRAL),
    (798, 799, (*_CENTRAL, *_MOUNTAIN)),  # Texas west of the Pecos
    (800, 831, _MOUNTAIN),
    (832, 838, (*_MOUNTAIN, *_PACIFIC)),  # Idaho
    (840, 847, _MOUNTAIN),
    (850, 859, ("America/Phoenix",)),
    (860, 865, ("America/Phoenix", *_MOUNTAIN)),  # the Navajo Nation keeps summer time
    (870, 884, _MOUNTAIN),
    (885, 885, _MOUNTAIN),
    (889, 897, _PACIFIC),
    (898, 898, (*_MOUNTAIN, *_PACIFIC)),  # West Wendover
    (900, 961, _PACIFIC),
    (967, 968, ("Pacific/Honolulu",)),
    (969, 969, ("Pacific/Guam",)),
    (970, 978, _PACIFIC),
    (979, 979, (*_MOUNTAIN, *_PACIFIC)),  # Malheur County
    (980, 994, _PACIFIC),
    (995, 999, ("America/Anchorage", "America/Adak")),
)
_CANADA = {
    "A": ("America/St_Johns", "America/Halifax"),
    **dict.fromkeys("BCE", ("America/Halifax",)),
    "G": ("America/Toronto", "America/Halifax"),
    **dict.fromkeys("HJKLMN", ("America/Toronto",)),
    "P": ("America/Toronto", "America/Winnipeg"),
    "R": ("America/Winnipeg",),
    "S": ("America/Regina", "America/Edmonton"),
    "T": ("America/Edmonton",),
    "V": ("America/Vancouver", "America/Edmonton", "America/Fort_Nelson"),
    "Y": ("America/Whitehorse",),
}
_US_CODE = re.compile(r"([0-9]{3})[0-9]{2}(?:-?[0-9]{4})?", re.ASCII)
_CANADIAN_CODE = re.compile(r"([A-Z])[0-9][A-Z] ?[0-9][A-Z][0-9]", re.ASCII)


@lru_cache(maxsize=65536)
def zones_of_postal_code(code: str, country: str) -> tuple[str, ...]:
    """The IANA zones a postal code may lie in; none where it does not tell, or is none of the country's."""
    written = code.strip().upper()
    if country == "US" and (found := _US_CODE.fullmatch(written)):
        prefix = int(found[1])
        return next((zones for first, last, zones in _UNITED_STATES if first <= prefix <= last), ())
    if country == "CA" and (found := _CANADIAN_CODE.fullmatch(written)):
        return _CANADA.get(found[1], ())
    return ()
