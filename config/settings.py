"""Where things are: Asterisk, Redis, trunks, gateways, the console; what can be guessed has a default.

Secrets are named by environment variables and read only where they are used.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlsplit

from pydantic import BeforeValidator, Field

from config.addresses import FILE, Host, Port, secret_of, url_with
from config.checking import Problems, checked
from config.errors import ConfigError, ConfigErrors, shown
from config.gateways import Gateways
from config.scalars import (
    Country,
    Duration,
    EnvironmentName,
    Name,
    Positive,
    Rate,
    Strict,
    lasting,
    wrong,
)
from config.yaml_reader import Document
from config.zones import zones_of

DAY = 86_400.0  # seconds
_EXPANDED = frozenset("${}[],&;|()\\\"'")


def _network(value: object) -> IPv4Network | IPv6Network:
    try:
        return ip_network(value if isinstance(value, str) else "")
    except ValueError:
        raise wrong(
            f"{shown(value)} is not a network", "write an address or a network such as 127.0.0.1/32"
        ) from None


def _dial(value: object) -> str:
    dial = value if isinstance(value, str) else ""
    rest = dial.replace("{number}", "")
    if dial.count("{number}") != 1 or "/" not in rest or set(rest) & _EXPANDED or not rest.isprintable():
        raise wrong(f"{shown(value)} is not a dial string", 'write one such as "PJSIP/{number}@carrier"')
    return dial


def _speech(value: object) -> str:
    command = value if isinstance(value, str) else ""
    if command.count("{wav}") != 1 or not command.isprintable():
        raise wrong(
            f"{shown(value)} names no sound file",
            'write {wav} where its path goes: "espeak-ng --stdin -w {wav}"',
        )
    return command


def _directory(value: object) -> Path:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise wrong(f"{shown(value)} is not a directory", "write its path, such as var")
    return Path(value)


Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]


class Ami(Strict):
    """The manager interface of Asterisk."""

    host: Host = "127.0.0.1"
    port: Port = 5038
    username: Name = "secondpass"
    secret_env: EnvironmentName = "SECONDPASS_AMI_SECRET"  # noqa: S105 - a variable's name

    def secret(self) -> str:
        """The password. Raises ConfigErrors where the environment lacks it."""
        return secret_of(self.secret_env, "asterisk.ami.secret_env")


class FastAgi(Strict):
    """Where we serve AGI and to whom; the variable holds the dialplan's token (unset: none is asked)."""

    host: Host = "127.0.0.1"
    port: Port = 4573
    allow: tuple[Network, ...] = (IPv4Network("127.0.0.1/32"),)
    token_env: EnvironmentName = "SECONDPASS_TOKEN"  # noqa: S105 - a variable's name


class Trunk(Strict):
    """How a number is dialled, and what the trunk may carry at most; None is no cap of its own."""

    dial: Annotated[str, BeforeValidator(_dial)]
    channels: Positive | None = None
    calls_per_second: Rate | None = None


class Asterisk(Strict):
    """One Asterisk server."""

    ami: Ami = Ami()
    fastagi: FastAgi = FastAgi()
    trunks: dict[Name, Trunk] = Field(default_factory=dict)


class Redis(Strict):
    """The store's server; `url` None: the embedded one, in the data directory. It never holds a password."""

    url: Annotated[str, url_with(("redis", "rediss", "unix"))] | None = None
    secret_env: EnvironmentName | None = None

    def address(self) -> str | None:
        """The URL, with the password if one is named. Raises ConfigErrors where the environment lacks it."""
        if self.url is None or self.secret_env is None:
            return self.url
        split = urlsplit(self.url)
        login = f"{split.username or ''}:{quote(secret_of(self.secret_env, 'redis.secret_env'), safe='')}"
        return split._replace(netloc=f"{login}@{split.netloc.rpartition('@')[2]}").geturl()


class Numbers(Strict):
    """The countries that may be called. Not written: those of the campaigns; an empty list: none at all."""

    countries: tuple[Country, ...] = ()


class Speech(Strict):
    """The command that turns text on its standard input into the sound file {wav}."""

    command: Annotated[str, BeforeValidator(_speech)] = "espeak-ng --stdin -w {wav}"


class Console(Strict):
    """Where the page is served."""

    host: Host = "127.0.0.1"
    port: Port = 8080


class Ledger(Strict):
    """How long closed days are kept as files; five years, as the rules on telemarketing records ask."""

    retention: Annotated[Duration, lasting(DAY, 36_525 * DAY)] = 1826 * DAY


class Settings(Strict):
    """All of settings.yaml."""

    tenant: Name = "main"
    asterisk: Asterisk = Asterisk()
    redis: Redis = Redis()
    data_dir: Annotated[Path, BeforeValidator(_directory)] = Path("var")
    numbers: Numbers = Numbers()
    speech: Speech = Speech()
    gateways: Gateways = Gateways()
    console: Console = Console()
    ledger: Ledger = Ledger()

    def trunk(self) -> Trunk:
        """The trunk calls go out by: the first. Raises ConfigErrors where there is none."""
        if not self.asterisk.trunks:
            mend = 'add one to settings.yaml, such as carrier: {dial: "PJSIP/{number}@carrier", channels: 10}'
            raise ConfigErrors([ConfigError(FILE, None, None, "asterisk.trunks", "no trunk is there", mend)])
        return next(iter(self.asterisk.trunks.values()))


def settings(document: Document) -> tuple[Settings | None, Problems]:
    """The document as settings, and every mistake in it; None where there is one."""
    found, problems = checked(document, Settings)
    if found is None:
        return None, problems
    for index, country in enumerate(found.numbers.countries):
        if not zones_of(country):
            mend = "write its two letters (ISO 3166)"
            problems.add(("numbers", "countries", index), f"{shown(country)} is no country", mend)
    if not found.asterisk.fastagi.allow:
        problems.add(("asterisk", "fastagi", "allow"), "nobody may connect", "name Asterisk's address")
    return (None if problems.errors else found), problems
