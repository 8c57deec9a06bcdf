"""`secondpass do-not-call`: who is never called again, by anybody, by one campaign, or because a number
begins or is registered so; that a call heeds it is the store's part."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console import options, output
from console.audit import me
from console.refusal import Reason, RefusedError
from console.registry_file import Rejected, numbers
from strategies.numbers import normalise

if TYPE_CHECKING:
    from config.project import Project
    from strategies.store import Store

app = typer.Typer(no_args_is_help=True, help="Who is never called again.")
registry_app = typer.Typer(no_args_is_help=True, help="The registry of a country.")
app.add_typer(registry_app, name="registry")

Addresses = Annotated[
    list[str],
    typer.Argument(metavar="ADDRESS...", help="+1..., a number of the one country allowed, or an email."),
]
Why = Annotated[str, typer.Option("--reason", help="Why, for the record.")]
Remove = Annotated[bool, typer.Option("--remove", help="Take them back.")]


@app.command("add")
def add(
    context: typer.Context,
    addresses: Addresses,
    reason: Why = "asked by hand",
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Take people off every campaign at once, by number or email; calls that are up finish.

    Who has one of these addresses is not reached at any other of theirs either.
    """
    _change(context, config, json, addresses, reason=reason)


@app.command("remove")
def remove(
    context: typer.Context,
    addresses: Addresses,
    reason: Why = "asked by hand",
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Allow calls again; the audit keeps who did it, and why."""
    _change(context, config, json, addresses, reason=reason, remove=True)


@app.command("campaign")
def campaign(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="CAMPAIGN")],
    addresses: Addresses,
    reason: Why = "asked by hand",
    remove: Remove = False,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """As add, for all runs of one campaign and no other."""
    _change(context, config, json, addresses, reason=reason, campaign=name, remove=remove)


@app.command("prefix")
def prefix(
    context: typer.Context,
    prefixes: Annotated[list[str], typer.Argument(metavar="PREFIX...", help="Such as +1900.")],
    reason: Why = "asked by hand",
    remove: Remove = False,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """No calls and no texts to numbers that begin so; people are reached at their other numbers."""
    for one in prefixes:
        if not (one.startswith("+") and one[1:].isascii() and one[1:].isdigit() and len(one) <= 16):
            raise RefusedError(
                f'"{one}" is no beginning of a number; nothing was changed',
                [Reason("a prefix is needed with its country", "write it like +1900")],
            )
    by = me()

    async def work(store: Store) -> list[str]:
        if remove:
            return await store.allow_prefixes(prefixes, reason=reason, by=by)
        await store.forbid_prefixes(prefixes, reason=reason, by=by)
        return list(prefixes)

    changed = options.with_store(options.project(context, config), work)
    _told(json, changed, removed=remove, what="numbers that begin with ")


@app.command("show")
def show(
    context: typer.Context,
    addresses: Annotated[
        list[str] | None, typer.Argument(metavar="[ADDRESS...]", help="What stands against these.")
    ] = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """How many are on do-not-call, the prefixes and registries; or why an address is not called."""
    loaded = options.project(context, config)
    if addresses:
        clean = [address_of(loaded, address) for address in addresses]
        found = options.with_store(loaded, lambda store: against(store, clean, sorted(loaded.campaigns)))
        _shown(json, found)
        return
    summary = options.with_store(loaded, lambda store: _summary(store, sorted(loaded.campaigns)))
    if json:
        output.document(summary)
    else:
        output.show(output.pairs("do-not-call", {name: _plain(value) for name, value in summary.items()}))


@registry_app.command("load")
def load(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A number a line, or CSV with --column.")],
    as_of: Annotated[
        datetime, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The day the file was obtained.")
    ],
    country: Annotated[str | None, typer.Option(help="Two letters, such as US.")] = None,
    column: Annotated[str | None, typer.Option(help="The column with the numbers.")] = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Put a file in the place of a country's registry; it is read as it goes, and used once it is whole."""
    loaded = options.project(context, config)
    of, rejected, day = _country(loaded, country), Rejected(), as_of.replace(tzinfo=UTC).timestamp()
    if day > time.time():
        raise RefusedError("--as-of is a day to come; nothing was changed")
    rows = output.progress(f"registry {of}", numbers(file, of, column, rejected))
    count = options.with_store(
        loaded,
        lambda store: store.load_registry(of, rows, as_of=day, source=file.name, by=me()),
    )
    if json:
        output.document(
            {"country": of, "numbers": count, "rejected": rejected.count, "lines": rejected.first}
        )
        return
    output.line(f"registry {of}: {count} numbers as of {as_of:%Y-%m-%d}")
    if rejected.count:
        lines = ", ".join(map(str, rejected.first))
        output.line(f"{rejected.count} lines are no numbers of {of} and were passed over, first line {lines}")


def _change(
    context: typer.Context,
    config: Path | None,
    json: bool,
    addresses: Sequence[str],
    *,
    reason: str,
    campaign: str | None = None,
    remove: bool = False,
) -> None:
    loaded = options.project(context, config)
    if campaign is not None and campaign not in loaded.campaigns:
        raise RefusedError(
            f'there is no campaign "{campaign}"; nothing was changed',
            [Reason(f"there are {', '.join(sorted(loaded.campaigns)) or 'none'}", "name one of these")],
        )
    clean, by = [address_of(loaded, address) for address in addresses], me()

    async def work(store: Store) -> list[str]:
        if remove:
            return await store.call_again(clean, reason=reason, by=by, campaign=campaign)
        await store.do_not_call(clean, reason=reason, by=by, campaign=campaign)
        return clean

    _told(json, options.with_store(loaded, work), removed=remove, what="", campaign=campaign)


def _told(
    json: bool, changed: Sequence[str], *, removed: bool, what: str, campaign: str | None = None
) -> None:
    if json:
        output.document({"removed" if removed else "do_not_call": list(changed)})
        return
    whose = f" by {campaign}" if campaign else ""
    if not changed:
        output.line("none of them was on it")
    else:
        done = "may be called again" if removed else "never called again"
        output.line(f"{done}{whose}: {what}{', '.join(changed)}")


def address_of(loaded: Project, given: str) -> str:
    """An email as it stands, a number in E.164. Raises RefusedError."""
    if "@" in given:
        return given.strip()
    countries = loaded.settings.numbers.countries
    number = normalise(given, countries[0] if len(countries) == 1 else "")
    if number is None:
        raise RefusedError(
            f'"{given}" is no phone number; nothing was changed',
            [Reason("a number is needed with its country", "write it like +12025550123")],
        )
    return number


def _country(loaded: Project, given: str | None) -> str:
    countries = loaded.settings.numbers.countries
    country = given.upper() if given else (countries[0] if len(countries) == 1 else "")
    if len(country) != 2 or not country.isascii() or not country.isalpha():
        raise RefusedError(
            "which country's registry is not clear; nothing was changed",
            [Reason("a country is needed", "name it by two letters, such as --country US")],
        )
    return country


async def against(
    store: Store, addresses: Sequence[str], campaigns: Sequence[str]
) -> list[dict[str, object]]:
    """Everything that stands against each address: `address`, `by_rule`, `reason`, and for what was set by
    hand `by` and `at`."""
    found: list[dict[str, object]] = []
    for of in (None, *campaigns):
        for address, note in (await store.notes(addresses, of)).items():
            found.append({"address": address, "by_rule": f"campaign {of}" if of else "everybody", **note})
    prefixes, registries = await store.prefixes(), await store.registries()
    for address in addresses:
        found += [
            {"address": address, "by_rule": f"prefix {start}", "reason": reason}
            for start, reason in prefixes.items()
            if address.startswith(start)
        ]
        for country in registries:
            if await store.registered(country, address):
                found.append({"address": address, "by_rule": f"registry {country}", "reason": "registered"})
    return found


def _shown(json: bool, found: Sequence[Mapping[str, object]]) -> None:
    if json:
        output.document({"found": list(found)})
    elif not found:
        output.line("nothing stands against these addresses")
    else:
        names = ("address", "by_rule", "reason", "by", "at")
        rows = [
            [_when(row.get(name, "")) if name == "at" else row.get(name, "") for name in names]
            for row in found
        ]
        output.show(output.table("do-not-call", ("address", "rule", "reason", "by", "since"), rows))


async def _summary(store: Store, campaigns: Sequence[str]) -> dict[str, object]:
    sizes = {name: await store.suppressed_count(name) for name in campaigns}
    registries = await store.registries()
    return {
        "addresses": await store.suppressed_count(),
        "of campaigns": {name: size for name, size in sizes.items() if size},
        "prefixes": sorted(await store.prefixes()),
        "registries": {
            country: {"numbers": one.numbers, "as_of": _when(one.as_of)[:10], "file": one.source}
            for country, one in registries.items()
        },
    }


def _when(at: object) -> str:
    return (
        datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") if isinstance(at, int | float) else ""
    )


def _plain(value: object) -> object:
    """One cell for what the document tells as a list or an object."""
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_plain(inner)}" for name, inner in value.items()) or "none"
    return (", ".join(map(str, value)) or "none") if isinstance(value, list) else value
