"""Who may start a session, and which handler it gets. The sockets are left to the servers."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Generic, TypeVar

from agi.errors import Refused
from agi.protocol import clean

Network = IPv4Network | IPv6Network
Handler = TypeVar("Handler")


@dataclass(frozen=True, slots=True)
class Opening:
    """What a session asked for. The token stands first among the dialplan's arguments, always: so the
    position of the others does not depend on whether one is required."""

    script: str
    token: str
    arguments: tuple[str, ...]
    environment: dict[str, str]


def opening(headers: Mapping[str, str]) -> Opening:
    """Take the headers of `agi://host/script?query,token,arguments...` apart; what is absent reads empty."""
    arguments: list[str] = []
    while (name := f"agi_arg_{len(arguments) + 1}") in headers:
        arguments.append(headers[name])
    return Opening(
        script=headers.get("agi_network_script", "").partition("?")[0].strip("/"),
        token=arguments[0] if arguments else "",
        arguments=tuple(arguments[1:]),
        environment={name: value for name, value in headers.items() if not name.startswith("agi_arg_")},
    )


@dataclass(slots=True)
class Admission(Generic[Handler]):
    """The table of scripts, which may be replaced as a whole, and the shared token (None: none is asked
    for)."""

    routes: Mapping[str, Handler]
    token: str | None

    def handler(self, script: str, token: str) -> Handler:
        """The handler for `script`. Raises Refused; the token is looked at first and in constant time."""
        if self.token is not None and not hmac.compare_digest(token.encode(), self.token.encode()):
            raise Refused("wrong_token")
        try:
            return self.routes[script]
        except KeyError:
            raise Refused("no_route", clean(script)) from None


def peer_allowed(address: str, allow: Sequence[Network]) -> bool:
    """Whether the peer at `address` lies in one of the networks.

    An IPv4 address inside IPv6 counts as itself. What is no address, as of a peer already gone, is not.
    """
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return any(ip in network for network in allow)
