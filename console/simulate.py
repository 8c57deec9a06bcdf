"""`secondpass simulate`: days of a campaign in seconds, over a virtual clock and a carrier that acts so."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from console import list_options, options, output
from console.launch import attributes_of, expressions
from console.moments import moment_option
from console.refusal import Reason, RefusedError
from strategies.campaign import Campaign
from strategies.contacts import Contact

if TYPE_CHECKING:
    from config.project import Project
    from console.simulator.run import Scenario
    from strategies.overrides import Override, Phase

SHOWN = 5  # rejects of the list told one by one


class ListAsGiven(NamedTuple):
    """The file that stands for the lists, and how it is to be read."""

    file: Path
    mapping: Mapping[str, str]
    separator: str


def simulate(
    context: typer.Context,
    campaign: Annotated[str, typer.Option(metavar="NAME", help="A campaign of the configuration.")],
    list_: Annotated[
        Path, typer.Option("--list", metavar="FILE.csv", help="Stands for the campaign's lists.")
    ],
    carrier: Annotated[Path, typer.Option(metavar="FILE.yaml", help="What calls and messages come to.")],
    from_: Annotated[str, typer.Option("--from", metavar="MOMENT", help="Such as 2030-01-31T08:00-05:00.")],
    until: Annotated[str, typer.Option(metavar="MOMENT", help="The end, work left or not.")],
    ledger: Annotated[Path, typer.Option(metavar="FILE.jsonl", help="Where everything that happens goes.")],
    agents: Annotated[
        int | None, typer.Option(min=0, help="How many take calls; enough of them if not said.")
    ] = None,
    overrides: Annotated[
        Path | None, typer.Option(metavar="FILE.yaml", help="A list of {at, until, by, reason, patch}.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of all that is left to chance.")] = 0,
    mapping: list_options.Columns = None,
    separator: list_options.Separator = ",",
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Run a campaign over a list as it would run, in a private store, and write its ledger.

    The engine and the store's functions are those of real calls; clock and carrier are not. The same seed
    gives the same ledger, byte for byte. Moments without an offset are local to the campaign's zone.
    """
    loaded = options.project(context, config)
    people = ListAsGiven(list_, list_options.mapping(mapping), list_options.separator(separator))
    scenario = _scenario(loaded, campaign, people, carrier, (from_, until), agents, overrides, seed)
    from console.simulator.run import simulate as run

    began = time.monotonic()
    with _opened(ledger) as file:
        summary = asyncio.run(run(scenario, file))
    summary["ledger"] = str(ledger)
    took = time.monotonic() - began
    summary["seconds"] = round(took, 3)
    summary["attempts_per_second"] = round(summary["attempts"] / took)
    if json:
        output.document(summary)
    else:
        _show(summary)


def _scenario(  # the options of the command, one by one
    loaded: Project,
    name: str,
    list_: ListAsGiven,
    carrier: Path,
    moments: tuple[str, str],
    agents: int | None,
    overrides: Path | None,
    seed: int,
) -> Scenario:
    from config.carrier_file import read_carrier
    from console.simulator.run import Scenario

    campaign = loaded.campaigns.get(name)
    if campaign is None:
        known = ", ".join(sorted(loaded.campaigns)) or "none"
        raise RefusedError(
            f'there is no campaign "{name}"', [Reason(f"there are: {known}", "name one of them")]
        )
    begins, ends = (_moment(campaign, *one) for one in zip(moments, ("--from", "--until"), strict=True))
    if ends <= begins:
        raise typer.BadParameter("is not after --from", param_hint="--until")
    contacts = _contacts(campaign, list_)
    for note in (*_unlike_the_dialer(campaign), *_unknown_attributes(campaign, contacts)):
        sys.stderr.write(output.clean(f"secondpass: {note}") + "\n")
    laid = _overrides(loaded, campaign, overrides, begins) if overrides else ((), ())
    return Scenario(
        campaign=campaign,
        contacts=contacts,
        carrier=read_carrier(carrier),
        begins=begins,
        until=ends,
        countries=tuple(loaded.settings.numbers.countries),
        agents=agents,
        trunk=next(iter(loaded.settings.asterisk.trunks.values()), None),
        seed=seed,
        source=loaded.source(name),
        overrides=laid[0],
        phases=laid[1],
    )


def _overrides(
    loaded: Project, campaign: Campaign, file: Path, begins: float
) -> tuple[Sequence[Override], Sequence[Phase]]:
    """The overrides of a file, and what the campaign is while they hold. Raises ConfigErrors."""
    from config.overrides_file import read_overrides
    from config.patching import phases
    from console.simulator.run import launched

    sub = launched(campaign, loaded.source(campaign.name), begins)
    listed, written = read_overrides(file, sub.name, campaign.zone)
    return listed, phases(sub, listed, loaded.known_scripts(), now=begins, written=written)


def _moment(campaign: Campaign, text: str, option: str) -> float:
    """Whole epoch seconds: a simulation has no smaller ones."""
    return float(ceil(moment_option(text, campaign.zone, option)))


def _contacts(campaign: Campaign, given: ListAsGiven) -> list[Contact]:
    """Who is on the list; what is refused of it is told and left out."""
    from console.list_file import ListFileError, Reject, read

    file, rejects, contacts = given.file, list[Reject](), list[Contact]()
    try:
        for row in read(
            file,
            given.mapping,
            country=campaign.country,
            debt=campaign.debt,
            separator=given.separator,
        ):
            rejects += row.rejects
            if row.contact is not None:
                contacts.append(row.contact)
    except ListFileError as unusable:
        reason = Reason(unusable.message, unusable.mend)
        raise RefusedError(f"{file} cannot be read as a list", [reason]) from None
    for reject in rejects[:SHOWN]:
        where = f"{file}:{reject.row} {reject.column}".rstrip()
        value = f" ({reject.value[:60]})" if reject.column and reject.value else ""
        sys.stderr.write(output.clean(f"secondpass: {where}: {reject.reason}{value}; left out") + "\n")
    if len(rejects) > SHOWN:
        sys.stderr.write(f"secondpass: and {len(rejects) - SHOWN} more were left out\n")
    return contacts


def _unlike_the_dialer(campaign: Campaign) -> Iterator[str]:
    """What the simulation does otherwise than real calls would."""
    for one in campaign.passes:
        if one.pacing.answer_model is not None:
            yield f"pass {one.name}: the model {one.pacing.answer_model} is not asked: contacts count alike"
    if campaign.limits.registry_within is not None:
        yield f"the do-not-call registry of {campaign.country} is not looked at"


def _unknown_attributes(campaign: Campaign, contacts: Sequence[Contact]) -> Iterator[str]:
    """A start would be refused for these; here they are missing values."""
    have = {key for contact in contacts for key in contact.attributes}
    for where, text in expressions(campaign):
        for missing in sorted(attributes_of(campaign, text) - have):
            yield f"{where} uses contact.{missing}, which nobody on the list has"


def _opened(file: Path) -> IO[bytes]:
    try:
        return file.open("wb")
    except OSError as error:
        mend = "name a file in a directory that exists and can be written"
        raise RefusedError(
            f"{file} cannot be written: {error.strerror}", [Reason("no ledger", mend)]
        ) from None


def _show(summary: Mapping[str, Any]) -> None:
    single = {key: value for key, value in summary.items() if not isinstance(value, dict)}
    output.show(output.pairs("Simulated", single))
    for name, sums in summary.items():
        if isinstance(sums, dict) and sums:
            output.show(output.pairs(name.replace("_", " ").capitalize(), sums))
