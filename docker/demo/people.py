"""The demo's people: sixty contacts whose numbers make the carrier act, and the callers that ring in."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

# area code of the mobile (what the carrier does there), how many, and whether a home number with a person
# exists
MIX = (
    ("215", 8, False),  # presses 1
    ("224", 4, False),  # presses 0: an agent
    ("203", 6, True),  # busy, at home a person
    ("205", 4, True),  # no answer, at home a person
    ("213", 5, False),  # answering machine
    ("214", 4, True),  # hangs up after a second
    ("225", 4, True),  # hangs up after six seconds
    ("216", 4, False),  # presses 8: no more calls
    ("217", 4, False),  # presses 9: wrong person
    ("219", 4, False),  # busy the first time
    ("207", 3, True),  # no such number, at home a person
    ("206", 3, False),  # congestion
    ("218", 3, False),  # silence
    ("202", 4, False),  # listens and presses nothing
)
PERSON = "202"
LIKELY = {
    "age": "70",
    "job": "retired",
    "poutcome": "success",
    "previous": "2",
    "pdays": "3",
    "offer_value": "400",
}
UNLIKELY = {
    "age": "38",
    "job": "blue-collar",
    "poutcome": "failure",
    "previous": "1",
    "pdays": "",
    "offer_value": "400",
}
FIRST_NAMES = ("Ada", "Bo", "Cy", "Di", "Ed", "Flo", "Gus", "Hal", "Ida", "Jo")
COLUMNS = (
    "contact_id", "first_name", "mobile", "home", "zone", "segment", "marital", "education", "default",
    "housing", "loan", "contact", *LIKELY,
)  # fmt: skip


def noon_zone(now: datetime) -> str:
    """A zone where it is between noon and one o'clock at `now` (aware): nobody is called at night by a
    test."""
    ahead = 12 - now.astimezone(UTC).hour
    return "Etc/GMT" if ahead == 0 else f"Etc/GMT{-ahead:+d}"  # the sign of Etc zones is turned round


def people(zone: str) -> list[dict[str, str]]:
    """Sixty rows of a list, in an order that mixes what the carrier does; every third is likely to
    accept the offer."""
    rows: list[dict[str, str]] = []
    for area, count, has_home in MIX:
        for nth in range(count):
            home = f"+1{PERSON}55501{50 + sum(1 for row in rows if row['home']):02d}" if has_home else ""
            rows.append({"mobile": f"+1{area}55501{nth + 1:02d}", "home": home})
    rows.sort(key=lambda row: row["mobile"][-2:])
    common = {
        "zone": zone, "segment": "standard", "marital": "married",
        "education": "university.degree",
        "default": "no", "housing": "no", "loan": "no", "contact": "cellular",
    }  # fmt: skip
    return [
        {
            "contact_id": f"D{nth:03d}", "first_name": FIRST_NAMES[nth % len(FIRST_NAMES)],
            **row, **common, **(LIKELY if nth % 3 == 0 else UNLIKELY),
        }
        for nth, row in enumerate(rows)
    ]  # fmt: skip


def callers(rows: list[dict[str, str]], calls: int) -> list[str]:
    """Caller ids for the inbound calls: half of them people of the list, the others nobody knows."""
    known = [row["mobile"] for row in rows][: calls // 2]
    unknown = [f"+1312555{nth:04d}" for nth in range(100, 100 + calls - len(known))]
    return [number for pair in zip(known, unknown, strict=True) for number in pair]


def write_list(path: Path, rows: list[dict[str, str]]) -> None:
    """The rows as the CSV that `secondpass list import` reads."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
