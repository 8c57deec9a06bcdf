"""The hours of the states of a country that have hours of their own: which of them a person may live in, and
what that leaves of a pass's window. The states, their hours and numbers are a preset's data.

Where somebody is, is not known for sure: who moves keeps the number. Unless the list says the state (a column
`state`, such as FL), the hours of every state that the postal code or the number points to hold, together.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from strategies.campaign import DAYS, Campaign, Pass, StateHours, Window
from strategies.contacts import Contact, Device
from strategies.windows import END_OF_DAY, pass_window

STATE = "state"  # the attribute that says where somebody lives
_CODE_DIGITS = 3  # of a postal code, and of an area code: what tells the state


def hours_of(campaign: Campaign, going: Pass, contact: Contact, device: Device) -> Window:
    """When this person may be reached by this pass: the pass's window, inside the hours of their state."""
    window = pass_window(campaign, going)
    for hours in _states_of(campaign, contact, device):
        window = _inside(window, hours)
    return window


def _states_of(campaign: Campaign, contact: Contact, device: Device) -> Iterator[Window]:
    if not campaign.states:
        return
    said = contact.attributes.get(STATE, "").strip().upper()
    if said:
        if (known := campaign.states.get(said)) is not None:
            yield known.window
        return
    area, postal = _area_code(device, contact), (contact.postal_code or "").strip()[:_CODE_DIGITS]
    for state in campaign.states.values():
        if area in state.area_codes or _has(state, postal):
            yield state.window


def _area_code(device: Device, contact: Contact) -> str:
    """Of the number, or for a letter of the contact's first one."""
    number = device.address if device.kind != "email" else next(iter(contact.numbers()), "")
    return number[2 : 2 + _CODE_DIGITS] if number.startswith("+1") else ""


def _has(state: StateHours, postal: str) -> bool:
    if len(postal) != _CODE_DIGITS or not (postal.isascii() and postal.isdigit()):
        return False
    return any(first <= int(postal) <= last for first, last in state.postal_codes)


@lru_cache(maxsize=1024)
def _inside(window: Window, hours: Window) -> Window:
    closes = [each.closes for each in (window, hours) if each.closes != END_OF_DAY]
    return Window(
        max(window.opens, hours.opens),
        min(closes, default=END_OF_DAY),
        tuple(day for day in DAYS if day in window.days and day in hours.days),
        tuple(dict.fromkeys((*window.holidays, *hours.holidays))),
    )
