"""A contact's record, short: attribute names stand once per set of columns, not once per contact; keeping the
sets of columns is left to `people`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from strategies.contacts import DEVICE_KINDS, Contact, Device
from strategies.store.keys import number_field

LETTERS = {kind: kind[0] for kind in DEVICE_KINDS}  # mhwote
KINDS = {letter: kind for kind, letter in LETTERS.items()}
_SHORT = [bytes([0xA0 | length]) for length in range(32)]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Any]).decode


class UnknownColumnsError(Exception):
    """The record was written with columns this process has not read yet."""


def packed_record(
    identity: str,
    columns: int,
    devices: Sequence[str],
    values: Sequence[str | None],
    rest: Sequence[object] = (),
) -> bytes:
    """A record of its parts: `devices` as letter and address, `values` in the order of the columns, `rest`
    consent, zone, postal code and segment. What is missing at the end costs nothing."""
    parts: list[object] = [columns, identity, devices, values]
    if any(rest):
        parts += rest
        while parts[-1] is None:
            parts.pop()
    return _encode(parts)


def contact_record(contact: Contact, columns: int, names: Sequence[str]) -> bytes:
    """The record of a contact whose attributes are all among `names`, which are known as `columns`."""
    return packed_record(
        contact.id,
        columns,
        [LETTERS[device.kind] + device.address for device in contact.devices],
        [contact.attributes.get(name) for name in names],
        (
            dict(contact.consent) or None,
            contact.zone,
            contact.postal_code,
            contact.segment,
        ),
    )


def read_record(raw: bytes, names: Mapping[int, Sequence[str]]) -> Contact:
    """The contact of a record. Raises UnknownColumnsError where `names` lacks its columns."""
    columns, identity, devices, values, *rest = _decode(raw)
    if columns not in names:
        raise UnknownColumnsError(columns)
    consent, zone, postal_code, segment = (*rest, None, None, None, None)[:4]
    return Contact(
        id=identity,
        devices=tuple(Device(KINDS[word[0]], word[1:]) for word in devices),
        zone=zone,
        postal_code=postal_code,
        segment=segment,
        attributes={
            name: value for name, value in zip(names[columns], values, strict=True) if value is not None
        },
        consent=consent or {},
    )


def raw_texts(words: Sequence[bytes]) -> list[msgspec.Raw]:
    """Bytes as the server's functions take them among other arguments: their reader knows text alone, and
    takes any."""
    return [msgspec.Raw(_text_head(len(word)) + word) for word in words]


def _text_head(length: int) -> bytes:
    if length < 32:
        return _SHORT[length]
    return b"\xd9" + length.to_bytes(1, "big") if length < 256 else b"\xdb" + length.to_bytes(4, "big")


def with_columns(raw: bytes, columns: int) -> bytes:
    """A record written with columns 0, with these: readers of a file do not know their number yet."""
    return raw if columns == 0 else raw[:1] + _encode(columns) + raw[2:]


def known_as(raw: bytes, identity: str) -> bytes:
    """The record under another id."""
    parts = _decode(raw)
    parts[1] = identity
    return _encode(parts)


def numbers_of(devices: Sequence[str]) -> tuple[str, ...]:
    """The numbers among devices, as letter and address, as the index of numbers has them."""
    return tuple(dict.fromkeys([number_field(word[1:]) for word in devices if word[0] != "e"]))


def numbers_of_record(raw: bytes) -> tuple[str, ...]:
    """The same of a record."""
    return numbers_of(_decode(raw)[2])


def addresses_of(raw: bytes) -> tuple[str, ...]:
    """All addresses of a record."""
    return tuple(dict.fromkeys(word[1:] for word in _decode(raw)[2]))
