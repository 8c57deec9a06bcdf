"""Records as the store keeps them: JSON without what equals its default, and a contact's state behind a
short head that the server's functions can read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from strategies.attempts import Fact, Intent
from strategies.campaign import Campaign
from strategies.frozen import Record, replace
from strategies.messages import Answer, Notice, SipMessage
from strategies.overrides import Override
from strategies.state import ContactState, SubCampaign


@dataclass(frozen=True, slots=True)
class _Answered:
    attempt: str
    answer: Answer


_encode = msgspec.json.Encoder().encode
_names = msgspec.json.Decoder(tuple[str, ...]).decode
_state = msgspec.json.Decoder(ContactState).decode
_intent = msgspec.json.Decoder(Intent).decode
_sub = msgspec.json.Decoder(SubCampaign).decode
_fact = msgspec.json.Decoder(Fact).decode
_notice = msgspec.json.Decoder(Notice).decode
_sip_message = msgspec.json.Decoder(SipMessage).decode
_answer = msgspec.json.Decoder(_Answered).decode
_campaign = msgspec.json.Decoder(Campaign).decode
_override = msgspec.json.Decoder(Override).decode
_plain = msgspec.json.Decoder(dict[str, Any]).decode

pack = msgspec.msgpack.Encoder().encode
"""The arguments of a server function. Records go in as text: the server's reader knows no binary type."""

unpack = msgspec.msgpack.Decoder().decode
"""What a server function packed."""


def text(value: object) -> str:
    """Any plain value or record as JSON."""
    return _encode(value).decode()


def record_text(record: Record) -> str:
    """A record as JSON, fields at their default left out: a million fresh contacts are a million short
    strings."""
    if isinstance(record, ContactState) and record.version:
        record = replace(record, version=0)  # that stands in the head
    return _encode(record).decode()


def read_names(raw: bytes) -> tuple[str, ...]:
    """The attribute names of a set of columns."""
    return _names(raw)


def read_intent(raw: bytes) -> Intent:
    """The intent of a record."""
    return _intent(raw)


def read_fact(raw: bytes) -> Fact:
    """The fact of a record."""
    return _fact(raw)


def read_notice(raw: bytes) -> Notice:
    """What came in about a message."""
    return _notice(raw)


def read_sip_message(raw: bytes) -> SipMessage:
    """A text for Asterisk."""
    return _sip_message(raw)


def read_answer(raw: bytes) -> tuple[str, Answer]:
    """An attempt, and what was said to its message."""
    told = _answer(raw)
    return told.attempt, told.answer


def read_sub(raw: bytes) -> SubCampaign:
    """The snapshot of a sub-campaign."""
    return _sub(raw)


def read_campaign(raw: bytes) -> Campaign:
    """A campaign that holds in a phase."""
    return _campaign(raw)


def read_override(raw: bytes) -> Override:
    """An override as it was set."""
    return _override(raw)


def read_plain(raw: bytes) -> dict[str, Any]:
    """A JSON object as it stands."""
    return _plain(raw)


def read_body(raw: bytes) -> ContactState:
    """The state without its head; its version says nothing."""
    return _state(raw)


def read_state(raw: bytes) -> ContactState:
    """The state behind its head `version stand rank live`; the head's version is the one that counts."""
    version, _stand, _rank, _live, body = raw.split(b" ", 4)
    return _state_of(version, body)


@lru_cache(maxsize=4096)
def _state_of(version: bytes, body: bytes) -> ContactState:
    """Most contacts of a list stand where the others do: that is read once."""
    return _state(b'{"version":%b%b%b' % (version, b"," if len(body) > 2 else b"", body[1:]))


def stand(state: ContactState, campaign: Campaign) -> int:
    """Index of the first pass the contact is not through with; -1 when the sub-campaign is done with it."""
    if state.ended is not None:
        return -1
    passes = campaign.passes
    through = {record.name for record in state.records if record.through_at is not None}
    index = state.pass_index
    while index < len(passes) and passes[index].name in through:
        index += 1
    return index


def promised(state: ContactState) -> bool:
    """Whether the contact was promised its moment (a retry, another device, a recovery, a callback) and goes
    before list work."""
    if state.recovery is not None or state.callback is not None:
        return True
    return bool(state.tries or state.left) or any(track.tries or track.left for track in state.beside)
