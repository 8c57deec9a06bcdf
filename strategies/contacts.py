"""Who is reached: a contact, its devices and what its list said about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DEVICE_KINDS = ("mobile", "home", "work", "other", "text", "email")
VOICE_KINDS = ("mobile", "home", "work", "other")


@dataclass(frozen=True, slots=True)
class Device:
    """One address of a contact: `kind` of DEVICE_KINDS, `address` an E.164 number (`+1...`) or an email
    address."""

    kind: str
    address: str


@dataclass(frozen=True, slots=True)
class Contact:
    """A person as a list described them; `devices` in the contact's own order of preference.

    `attributes` are the list's remaining columns, values as text, missing ones left out.
    `consent` has the keys basis, date and source where the list gave them.
    """

    id: str
    devices: tuple[Device, ...]
    zone: str | None = None
    postal_code: str | None = None
    segment: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    consent: Mapping[str, str] = field(default_factory=dict)

    def device(self, kind: str) -> Device | None:
        """The first device of this kind."""
        return next((d for d in self.devices if d.kind == kind), None)

    def numbers(self) -> tuple[str, ...]:
        """Every telephone number of the contact, once each: what locks and caps are kept on."""
        return tuple(dict.fromkeys(d.address for d in self.devices if d.kind != "email"))
