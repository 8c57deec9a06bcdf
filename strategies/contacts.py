"""Who is reached: a contact, its devices and what its list said about it."""

from __future__ import annotations

from collections.abc import Mapping

from strategies.frozen import Record

DEVICE_KINDS = ("mobile", "home", "work", "other", "text", "email")
VOICE_KINDS = ("mobile", "home", "work", "other")
LINE_TYPES = ("mobile", "landline")
_LINE_WORDS = {
    **dict.fromkeys(("mobile", "cell", "cellular", "wireless"), "mobile"),
    **dict.fromkeys(("landline", "fixed", "fixed_line", "wireline"), "landline"),
}


class Device(Record, frozen=True):
    """One address of a contact: `kind` of DEVICE_KINDS, `address` an E.164 number (`+1...`) or an email
    address."""

    kind: str
    address: str


class Contact(Record, frozen=True):
    """A person as a list described them; `devices` in the contact's own order of preference.

    `attributes` are the list's remaining columns, values as text, missing ones left out.
    `consent` has the keys basis, date and source where the list gave them.
    """

    id: str
    devices: tuple[Device, ...]
    zone: str | None = None
    postal_code: str | None = None
    segment: str | None = None
    attributes: Mapping[str, str] = {}
    consent: Mapping[str, str] = {}

    def device(self, kind: str) -> Device | None:
        """The first device of this kind."""
        return next((d for d in self.devices if d.kind == kind), None)

    def line_type(self, device: Device) -> str | None:
        """The kind of line a number of theirs is on, one of LINE_TYPES: by the attribute `KIND_line_type`,
        else `line_type`, else by the device's kind. None where an attribute has a word for it that is
        neither."""
        for name in (f"{device.kind}_line_type", "line_type"):
            if (said := self.attributes.get(name)) is not None:
                return _LINE_WORDS.get(said.strip().lower())
        return "mobile" if device.kind == "mobile" else "landline"

    def numbers(self) -> tuple[str, ...]:
        """Every telephone number of the contact, once each: what locks and caps are kept on."""
        return tuple(dict.fromkeys(d.address for d in self.devices if d.kind != "email"))
