"""`secondpass campaign`: starts a campaign over its lists, and pauses, resumes, stops and shows what runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import options, output
from console.audit import me
from console.enrolling import entering
from console.launch import Ground, Timeframe, obstacles
from console.moments import moment_option
from console.refusal import Reason, RefusedError
from strategies.campaign import Campaign
from strategies.ledger import Counters
from strategies.state import ContactState, SubCampaign
from strategies.vocabulary import RunState

if TYPE_CHECKING:
    from config.project import Project
    from strategies.store import Store
    from strategies.store.configuration import ConfigurationStatus

Name = Annotated[str, typer.Argument(metavar="NAME[/N]", help="A campaign, or one of its sub-campaigns.")]
FRESH = 60.0  # seconds; the bridge writes the queues' figures several times a second
BRIDGE_PATIENCE = 10.0  # seconds a bridge that was started just now may take to log in
FINAL = frozenset({RunState.STOPPED, RunState.COMPLETED})

app = typer.Typer(no_args_is_help=True, help="Campaigns: start one over its lists, pause, resume, stop it.")


@app.command("start")
def start(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A campaign of the configuration.")],
    lists: Annotated[str | None, typer.Option(help="Comma-separated; else the campaign's own.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="MOMENT", help="Not before, such as 2030-01-31T09:00.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="MOMENT", help="No new attempts from then on.")] = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Make and start the sub-campaign NAME/N over the lists, as the strategy stands now.

    Moments without an offset are local to the campaign's zone. Where it cannot be started, every reason is
    told and nothing is changed.
    """
    loaded = options.project(context, config)
    campaign = loaded.campaigns.get(name)
    if campaign is None:
        raise RefusedError(
            f'there is no campaign "{name}"; nothing was changed',
            [Reason(f"there are: {', '.join(sorted(loaded.campaigns)) or 'none'}", "name one of them")],
        )
    chosen = tuple(part.strip() for part in lists.split(",") if part.strip()) if lists else campaign.lists
    starts, ends = _moment(campaign, from_, "--from"), _moment(campaign, until, "--until")
    sub, enrolled = options.with_store(
        loaded, lambda store: launch(store, loaded, campaign, chosen, (starts, ends), by=me())
    )
    if json:
        told = {"sub_campaign": sub.name, "state": sub.run_state, "lists": sub.lists, "contacts": enrolled}
        output.document(told)
    else:
        output.line(f"{sub.name} is {sub.run_state}: {enrolled} contacts of {', '.join(sub.lists)}")


@app.command("pause")
def pause(
    context: typer.Context, name: Name, config: options.ConfigDir = None, json: options.Json = False
) -> None:
    """No new attempts until it is resumed; calls that are up finish."""
    _change(context, name, RunState.PAUSED, config, json)


@app.command("resume")
def resume(
    context: typer.Context, name: Name, config: options.ConfigDir = None, json: options.Json = False
) -> None:
    """Go on where it was paused."""
    _change(context, name, RunState.RUNNING, config, json)


@app.command("stop")
def stop(
    context: typer.Context,
    name: Name,
    hang_up_ringing: Annotated[
        bool, typer.Option("--hang-up-ringing", help="Cancel calls that nobody has answered yet.")
    ] = False,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """End it for good, with everybody in it; calls that are answered finish."""
    _change(context, name, RunState.STOPPED, config, json, hang_up_ringing=hang_up_ringing)


@app.command("halt")
def halt(context: typer.Context, config: options.ConfigDir = None, json: options.Json = False) -> None:
    """Stop everything: no campaign dials anybody until `campaign unhalt`; calls that are up finish."""
    by = me()
    options.with_store(options.as_it_runs(context, config), lambda store: store.halt(by=by))
    _tell_halted(by, json=json)


@app.command("unhalt")
def unhalt(context: typer.Context, config: options.ConfigDir = None, json: options.Json = False) -> None:
    """Release the stop switch; what was running goes on."""
    running = options.as_it_runs(context, config)
    options.with_store(running, lambda store: store.unhalt(by=me()))
    _tell_halted(None, json=json)


@app.command("status")
def status(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME[/N]]", help="All, if not said.")] = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Which sub-campaigns there are, and how they stand."""
    loaded = options.as_it_runs(context, config)
    rows, halted_by, files = options.with_store(loaded, lambda store: status_of(store, name))
    if json:
        output.document(rows)
        return
    figures = ("contacts", "ended", "attempts", "in_progress")
    output.show(
        output.table(
            "Sub-campaigns",
            ("sub-campaign", "state", *figures),
            [(row["sub_campaign"], row["state"], *(row[figure] for figure in figures)) for row in rows],
        )
    )
    if halted_by is not None:
        _tell_halted(halted_by, json=False)
    for process, status in files.items():
        for error in status.errors:
            output.line(f"{process} goes by the files before the last edit, which is wrong: {error}")
        if status.waiting:
            output.line(f"{process} takes new settings at its next start: {', '.join(status.waiting)}")


def _tell_halted(by: str | None, *, json: bool) -> None:
    if json:
        output.document({"halted_by": by})
    elif by is None:
        output.line("the stop switch is released")
    else:
        output.line(f"halted by {by}: nobody is dialled until secondpass campaign unhalt")


def _moment(campaign: Campaign, text: str | None, option: str) -> float | None:
    return None if text is None else moment_option(text, campaign.zone, option)


async def launch(
    store: Store,
    loaded: Project,
    campaign: Campaign,
    lists: Sequence[str],
    timeframe: Timeframe,
    *,
    by: str,
) -> tuple[SubCampaign, int]:
    """Start a campaign over these lists; the sub-campaign, and how many contacts it has. Raises RefusedError
    with every reason why it cannot run.

    Judge first, then write: the sub-campaign exists before the first contact is due.
    """
    now = time.time()
    known = await store.lists()
    brought = {name: await entering(store, campaign, name) for name in lists if known.get(name)}
    ground = Ground(
        lists=known,
        attributes={name: each.attributes for name, each in brought.items()},
        queues=await _queues(store),
        gateways=loaded.settings.gateways.media(),
        trunk=bool(loaded.settings.asterisk.trunks),
        registries={country: one.as_of for country, one in (await store.registries()).items()},
    )
    reasons = obstacles(campaign, lists, ground, now=now, timeframe=timeframe)
    if reasons:
        raise RefusedError(f"{campaign.name} was not started; nothing was changed", reasons)
    sub = SubCampaign(
        name=await store.next_sub_name(campaign.name),
        campaign=campaign,
        lists=tuple(lists),
        run_state=RunState.RUNNING if timeframe[0] is None or timeframe[0] <= now else RunState.SCHEDULED,
        created=now,
        starts=timeframe[0],
        ends=timeframe[1],
        source=loaded.source(campaign.name),
    )
    await store.create_sub(sub, by=by)
    await store.changed("launched", by=by, campaign=sub.name, lists=sub.lists, new=campaign.version)
    enrolled = 0
    for index, each in enumerate(brought.values()):
        enrolled += await store.enrol(sub, each.contacts, ContactState(list=index))
    return sub, enrolled


async def _queues(store: Store) -> frozenset[str] | None:
    """Asterisk's queues as the bridge tells them; None where it is silent. One just started gets a moment."""
    patience = time.monotonic() + BRIDGE_PATIENCE
    while True:
        told = (await store.caller(None)).queues.items()
        known = frozenset(name for name, figures in told if time.time() - figures.at < FRESH)
        if known or time.monotonic() > patience:
            return known or None
        await asyncio.sleep(0.25)


def _change(
    context: typer.Context,
    name: str,
    wanted: RunState,
    config: Path | None,
    json: bool,
    *,
    hang_up_ringing: bool = False,
) -> None:
    loaded = options.as_it_runs(context, config)
    changed = options.with_store(
        loaded, lambda store: set_state(store, name, wanted, by=me(), hang_up_ringing=hang_up_ringing)
    )
    if json:
        output.document({"sub_campaigns": changed, "state": wanted})
    else:
        output.line(f"{wanted}: {', '.join(changed)}")


async def set_state(
    store: Store, name: str, wanted: RunState, *, by: str, hang_up_ringing: bool = False
) -> list[str]:
    """Pause, resume or stop what is meant by the name; which sub-campaigns changed. Raises RefusedError
    where all of them are over."""
    chosen = [sub for sub in await named(store, name) if sub.run_state not in FINAL]
    if not chosen:
        reason = Reason("all of its sub-campaigns have ended, which is final", f"start {name} anew")
        raise RefusedError(f"{name} cannot be {wanted}; nothing was changed", [reason])
    changed = [sub.name for sub in chosen if await store.set_run_state(sub.name, wanted, by=by)]
    for each in changed if hang_up_ringing else ():
        await store.hang_up_ringing(each)
    return changed


async def named(store: Store, name: str | None) -> list[SubCampaign]:
    """The sub-campaign of that name, or all of that campaign, or all. Raises RefusedError where none is."""
    subs = await store.subs()
    found = [sub for sub in subs if name is None or name in {sub.name, sub.campaign.name}]
    if name is not None and not found:
        known = ", ".join(sorted(sub.name for sub in subs)) or "none"
        reason = Reason(f"there are: {known}", f"start one: secondpass campaign start {name.split('/')[0]}")
        raise RefusedError(f'there is no sub-campaign "{name}"', [reason])
    return found


async def status_of(
    store: Store, name: str | None
) -> tuple[list[dict[str, Any]], str | None, dict[str, ConfigurationStatus]]:
    """A row for each sub-campaign, who threw the stop switch, and which files the processes go by."""
    halted_by = await store.halted_by()
    subs = await named(store, name)
    found = await store.figures_of(subs)
    rows = [_row(sub, counters, halted_by) for sub, (counters, _) in zip(subs, found, strict=True)]
    return rows, halted_by, await store.configurations()


def _row(sub: SubCampaign, counters: Counters, halted_by: str | None) -> dict[str, Any]:
    return {
        "sub_campaign": sub.name,
        "state": sub.run_state.value,
        "lists": [name for name, each in sub.attached.items() if not each.detached],
        "contacts": counters.contacts,
        "ended": counters.ended,
        "attempts": counters.attempts,
        "in_progress": counters.in_progress,
        "passes_ended": sorted(sub.passes_ended),
        "halted_by": halted_by,
    }
