"""Reads from a call who is at its other end and what they chose on the way to us; looking them up is left to
the store."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agi.channel import Channel
from models.live_factors import INBOUND
from strategies.numbers import normalise

_TOLD = re.compile(r"(account|intent|ivr|ivr_seconds|channel)=([A-Za-z0-9_.+*#\-]{1,40})")


@dataclass(frozen=True, slots=True)
class Asked:
    """The call that is asked about: Asterisk's id of it, its number in E.164 if it has one, the attempt it
    is, the account that was keyed in; `intent`: what the caller chose, by factor name."""

    interaction: str
    number: str | None
    attempt: str | None = None
    account: str | None = None
    intent: Mapping[str, object] = field(default_factory=dict)


def asked(channel: Channel, country: str) -> Asked:
    """`channel.arguments` may tell `account=`, `intent=`, `ivr=`, `ivr_seconds=` and `channel=`, each a word;
    anything else is passed over, for a dialplan that tells nothing tells an empty value."""
    environment = channel.environment
    told = words(channel.arguments)
    account = told.pop("account", None)
    intent = {"channel": INBOUND, "dialled": _dialled(environment), **told}
    number = normalise(environment.get("agi_callerid", ""), country)
    return Asked(environment.get("agi_uniqueid", ""), number, account=account, intent=intent)


def read_plans(country: str) -> None:
    """Have the plans that numbers are read by at hand: reading them takes a third of a second, which is more
    than the first caller would be held for."""
    for written in ("2025550100", "+12025550100"):
        normalise(written, country)


def _dialled(environment: Mapping[str, str]) -> str:
    """The number the network says was dialled; the dialplan's extension, which may be any by now, else."""
    told = environment.get("agi_dnid", "")
    return environment.get("agi_extension", "") if told in {"", "unknown"} else told


def words(arguments: Sequence[str]) -> dict[str, str]:
    """What the arguments of a call tell, by name; of two of one name the first."""
    found = [(match[1], match[2]) for argument in arguments if (match := _TOLD.fullmatch(argument))]
    return dict(reversed(found))
