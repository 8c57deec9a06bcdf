"""Where things are: Asterisk, Redis, trunks, gateways, the console; what can be guessed has a default.

Secrets are named by environment variables and read only where they are used.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit

from pydantic import BeforeValidator, Field

from config.addresses import FILE, Host, Port, secret_of, url_with
from config.checking import Problems, checked
from config.errors import ConfigError, ConfigErrors, shown
from config.gateways import Gateways
from config.lookup import Lookup
from config.scalars import (
    Count,
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
from config.schema_hints import written
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


def _file(value: object) -> Path:
    if not isinstance(value, str) or not value.startswith("/") or not value.isprintable():
        raise wrong(f"{shown(value)} is not the path of a file", "write it whole, from / on")
    return Path(value)


LogFile = Annotated[Path, BeforeValidator(_file), written("path")]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]


class Ami(Strict):
    """The manager interface of Asterisk."""

    host: Host = "127.0.0.1"
    """Its address."""
    port: Port = 5038
    """Its port."""
    username: Name = "secondpass"
    """The manager user."""
    secret_env: EnvironmentName = "SECONDPASS_AMI_SECRET"  # noqa: S105 - a variable's name
    """The environment variable that holds its password."""

    def secret(self) -> str:
        """The password. Raises ConfigErrors where the environment lacks it."""
        return secret_of(self.secret_env, "asterisk.ami.secret_env")


class FastAgi(Strict):
    """Where we serve AGI and to whom; the variable holds the dialplan's token (unset: none is asked)."""

    host: Host = "127.0.0.1"
    """The address the server listens on."""
    port: Port = 4573
    """Its port."""
    allow: tuple[Network, ...] = (IPv4Network("127.0.0.1/32"),)
    """The networks that may connect."""
    token_env: EnvironmentName = "SECONDPASS_TOKEN"  # noqa: S105 - a variable's name
    """The environment variable that holds the dialplan's token; unset, none is asked."""


class Trunk(Strict):
    """How a number is dialled, and what the trunk may carry at most; None is no cap of its own."""

    dial: Annotated[str, BeforeValidator(_dial), written("dial string")]
    """How a number is dialled: an Asterisk dial string with {number} in it."""
    channels: Positive | None = None
    """Calls up at once."""
    calls_per_second: Rate | None = None
    """Calls begun in a second."""
    keep_free: Count = 0
    """Channels of these that are left to the people who call in."""

    def outbound(self) -> int | None:
        """How many calls of ours may be up at once."""
        return None if self.channels is None else max(0, self.channels - self.keep_free)


class Asterisk(Strict):
    """One Asterisk server."""

    ami: Ami = Ami()
    """The manager interface."""
    fastagi: FastAgi = FastAgi()
    """Where AGI is served."""
    trunks: dict[Name, Trunk] = Field(default_factory=dict)
    """The ways out; the first is taken."""
    queue_log: LogFile | None = None
    """Asterisk's queue log, such as /var/log/asterisk/queue_log, where it can be read here: what became of
    calls and callers while no events were heard is read there."""
    cdr: LogFile | None = None
    """Its call records as dialplan/cdr_secondpass.conf has them written, such as
    /var/log/asterisk/cdr-custom/secondpass.csv; the two are only of use together."""


class Redis(Strict):
    """The store's server; `url` None: the embedded one, in the data directory. It never holds a password."""

    url: Annotated[str, url_with(("redis", "rediss", "unix"))] | None = None
    """A Redis or Valkey of your own; null: an embedded one, in the data directory."""
    secret_env: EnvironmentName | None = None
    """The environment variable that holds its password."""

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
    """Two letters each; those of the campaigns if not written, and an empty list means no calls at all."""

    def of(self, campaign_country: str) -> tuple[str, ...]:
        """The countries a campaign may call: where the settings say none, its own, whatever other campaigns
        there are and however late it was written."""
        return self.countries if "countries" in self.model_fields_set else (campaign_country,)


class Speech(Strict):
    """The command that turns text on its standard input into the sound file {wav}."""

    command: Annotated[str, BeforeValidator(_speech), written("command")] = "espeak-ng --stdin -w {wav}"
    """It gets the text on its standard input, and writes the sound file {wav}."""


class Console(Strict):
    """Where the page and the API are served; `secondpass up` serves them where this is written."""

    host: Host = "127.0.0.1"
    """The address it listens on."""
    port: Port = 8080
    """Its port."""


Event = Literal[
    "attempt_ended",
    "attempt_reported",
    "contact_ended",
    "re_associated",
    "decision",
    "rule_fired",
    "rule_ended",
    "run_state",
    "override_began",
    "override_ended",
    "do_not_call",
    "call_over",
    "noted",
]
"""What a webhook can tell of: kinds of lines of the ledger. A campaign or list that is through is a
`run_state` that says `completed`."""


class Hook(Strict):
    """Who is told of what happens, an HTTP POST for each event, signed and tried again until it is taken.

    The body is the ledger's line with its `id`. X-Secondpass-Signature is `sha256=` and the hexadecimal
    HMAC-SHA256, under the secret, of X-Secondpass-Timestamp, a full stop and the body. After a crash an event
    may come twice, with the same `id`.
    """

    url: Annotated[str, url_with(("https", "http"))]
    """Where to."""
    secret_env: EnvironmentName
    """The environment variable that holds the secret of the signature."""
    events: Annotated[tuple[Event, ...], Field(min_length=1)] = (
        "attempt_ended",
        "re_associated",
        "rule_fired",
    )
    """What of."""
    give_up_after: Annotated[Duration, lasting(60, 30 * DAY)] = DAY
    """An event that nobody takes for so long is passed over, and the log tells of it."""

    def secret(self, name: str) -> str:
        """What is signed with. Raises ConfigErrors where the environment lacks it."""
        return secret_of(self.secret_env, f"webhooks.{name}.secret_env")


class Ledger(Strict):
    """How long closed days are kept as files; five years, as the rules on telemarketing records ask."""

    retention: Annotated[Duration, lasting(DAY, 36_525 * DAY)] = 1826 * DAY
    """From the day on which a line was written."""


class Settings(Strict):
    """All of settings.yaml."""

    tenant: Name = "main"
    """Whose campaigns, lists and agents these are: nothing is shared between tenants."""
    asterisk: Asterisk = Asterisk()
    """The Asterisk server."""
    redis: Redis = Redis()
    """The store."""
    data_dir: Annotated[Path, BeforeValidator(_directory), written("directory")] = Path("var")
    """Where files are kept, beside the settings unless it is absolute."""
    numbers: Numbers = Numbers()
    """The countries that may be called."""
    speech: Speech = Speech()
    """How text is spoken."""
    gateways: Gateways = Gateways()
    """Who sends messages for us."""
    console: Console = Console()
    """The page and the API, served by `secondpass up` where this is written: `console: {}` will do."""
    webhooks: dict[Name, Hook] = Field(default_factory=dict)
    """Who is told of what happens; sent by the process that serves the page, so `console` must be written."""
    ledger: Ledger = Ledger()
    """The record of everything that happened."""
    lookup: Lookup | None = None
    """A service that knows callers, asked beside the store."""

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
    if (found.asterisk.queue_log is None) != (found.asterisk.cdr is None):
        missing = "cdr" if found.asterisk.cdr is None else "queue_log"
        mend = "name both files, or neither (see dialplan/cdr_secondpass.conf)"
        problems.add(("asterisk", missing), "is missing: the two are only of use together", mend)
    if found.webhooks and "console" not in found.model_fields_set:
        problems.add(("webhooks",), "nobody would send them", "write console: {} beside it")
    for name, trunk in found.asterisk.trunks.items():
        if trunk.keep_free and (trunk.channels is None or trunk.keep_free >= trunk.channels):
            mend = "write fewer than channels, which must be there"
            problems.add(("asterisk", "trunks", name, "keep_free"), "leaves no channel for our calls", mend)
    if not found.asterisk.fastagi.allow:
        problems.add(("asterisk", "fastagi", "allow"), "nobody may connect", "name Asterisk's address")
    return (None if problems.errors else found), problems
