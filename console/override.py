"""`secondpass override`: changes a running strategy for today only, lists, ends and promotes such changes."""

from __future__ import annotations

import json as json_
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import options, output, overriding
from console.audit import me
from console.campaigns import named
from console.moments import local_moment
from console.override_effect import next_steps
from console.overriding import Laid, Wish
from console.refusal import Reason, RefusedError
from strategies.overrides import Override, standing

if TYPE_CHECKING:
    from config.project import Project
    from config.yaml_reader import Document
    from strategies.campaign import Campaign
    from strategies.state import SubCampaign
    from strategies.store import Store

Id = Annotated[str, typer.Argument(metavar="ID", help="As `override list` shows it, such as spring/1.2.")]

app = typer.Typer(no_args_is_help=True, help="Overrides: change a running strategy for today only.")


@app.command("set")
def set_(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME[/N]", help="A sub-campaign that is not over.")],
    patch: Annotated[
        str, typer.Option(metavar="FILE", help="Pass name to keys, as YAML; - reads standard input.")
    ],
    at: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="When it begins, such as 14:00; now if not said.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="When it ends, such as 17:00; else at midnight.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for the audit.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what it would change, and change nothing.")
    ] = False,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Lay a patch over a running strategy until a moment today; then it is again as it was.

    A patch is such as `{reminder: {devices: [work]}, letter: null}`: each key is replaced whole, null takes a
    pass out, and `campaign` has filter, window and order. Times are of the campaign's own zone.
    """
    loaded = options.project(context, config)
    wish = Wish(_patch(patch), at, until, me(), reason)
    laid, steps = options.with_store(loaded, lambda store: _judged(store, loaded, name, wish, dry_run))
    if json:
        told = told_of(laid.override, laid.sub)
        output.document({**told, "kept": not dry_run, "changes": changes_of(laid), **steps})
        return
    verb = "would hold" if dry_run else "holds"
    what = "the override" if dry_run else laid.override.id
    output.line(f"{what} {verb} from {_span(laid.override, laid.sub)}")
    for change in changes_of(laid):
        output.line(f"  {change['pass']}, which {change['contacts']} contacts are not through with:")
        for sentence in change["no_more"]:
            output.line(f"    - {sentence}")
        for sentence in change["instead"]:
            output.line(f"    + {sentence}")
    if steps:
        found = steps["next_steps"]
        output.line(f"  {found['others']} of {found['looked_at']} contacts would have another next step")
        for step in found["steps"]:
            output.line(f"    {step['contacts']}: {step['after']}; else {step['before']}")


async def _judged(
    store: Store, loaded: Project, name: str, wish: Wish, dry_run: bool
) -> tuple[Laid, dict[str, Any]]:
    """The override laid, or only tried and with whom it would concern."""
    if not dry_run:
        return await overriding.lay(store, loaded, name, wish), {}
    laid = await overriding.tried(store, loaded, name, wish)
    return laid, {"next_steps": await next_steps(store, laid)}


@app.command("list")
def list_(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME[/N]]", help="All, if not said.")] = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Every override ever set, with what became of it."""
    rows = options.with_store(options.project(context, config), lambda store: overrides_of(store, name))
    if json:
        output.document(rows)
        return
    columns = ("id", "state", "at", "until", "by", "reason")
    cells = [(*(row[column] for column in columns), ", ".join(row["patch"])) for row in rows]
    output.show(output.table("Overrides", (*columns, "changes"), cells))


@app.command("show")
def show(
    context: typer.Context, identity: Id, config: options.ConfigDir = None, json: options.Json = False
) -> None:
    """One override with its patch."""
    loaded = options.project(context, config)
    sub, override = options.with_store(loaded, lambda store: overriding.found(store, identity))
    told = told_of(override, sub)
    if json:
        output.document(told)
        return
    patch = told.pop("patch")
    output.show(output.pairs("", {key: value for key, value in told.items() if value not in (None, "")}))
    for name, keys in patch.items():
        output.line(f"{name}: {json_.dumps(keys, ensure_ascii=False)}")


@app.command("cancel")
def cancel(
    context: typer.Context, identity: Id, config: options.ConfigDir = None, json: options.Json = False
) -> None:
    """End an override now, or keep it from beginning; attempts that have started finish as they began."""
    loaded = options.project(context, config)
    override = options.with_store(loaded, lambda store: overriding.cancel(store, loaded, identity, by=me()))
    if json:
        output.document({"override": override.id, "state": standing(override, time.time())})
    else:
        output.line(f"{override.id} is cancelled: the strategy is as if it had ended")


@app.command("promote")
def promote(
    context: typer.Context, identity: Id, config: options.ConfigDir = None, json: options.Json = False
) -> None:
    """Write an override's patch into the campaign's file: a new version of the strategy, for starts to come.

    Comments in the file are kept. What runs is not changed by it: sub-campaigns keep what they were launched
    with, and the override ends as it would have.
    """
    loaded = options.project(context, config)
    told = options.with_store(loaded, lambda store: promote_one(store, loaded, identity, by=me()))
    if json:
        output.document(told)
    else:
        output.line(f"{told['file']} has it now, as version {told['version']}, for the next start")


async def promote_one(store: Store, loaded: Project, identity: str, *, by: str) -> dict[str, str]:
    """Write an override's patch into the campaign's file; which file, and the version it then has. Raises
    RefusedError and ConfigErrors."""
    from config.promotion import promoted
    from config.yaml_reader import Document

    sub, override = await overriding.found(store, identity)
    document = loaded.documents.get(sub.campaign.name)
    if document is None:
        reason = Reason(f"{loaded.directory} has no campaign {sub.campaign.name}", "name the right --config")
        raise RefusedError("there is no file to write it into; nothing was changed", [reason])
    text = document.file.read_text(encoding="utf-8")
    patch = Document(Path(f"override {identity}"), override.patch, {})
    written, campaign = promoted(document, text, patch, loaded.known_scripts())
    _replace(document.file, written)
    await store.note_promoted(override, campaign.version, by=by)
    return {"override": identity, "file": str(document.file), "version": campaign.version}


def _patch(file: str) -> Document:
    """The patch in a file or on standard input. Raises ConfigErrors."""
    from config.overrides_file import read_patch
    from config.yaml_reader import read

    return read_patch(sys.stdin.buffer.read(), Path("-")) if file == "-" else read(Path(file))


def _replace(file: Path, text: str) -> None:
    """The whole new file or the whole old one, whatever happens meanwhile."""
    beside = file.with_name(f".{file.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.chmod(file.stat().st_mode)
    os.replace(beside, file)


async def overrides_of(store: Store, name: str | None) -> list[dict[str, Any]]:
    """Every override ever set in the sub-campaigns of that name, in all for None."""
    subs = await named(store, name)
    return [told_of(one, sub) for sub in subs for one in await store.overrides(sub.name)]


def told_of(override: Override, sub: SubCampaign) -> dict[str, Any]:
    """An override as it is shown."""
    zone = sub.campaign.zone
    return {
        "id": override.id,
        "sub_campaign": sub.name,
        "state": standing(override, time.time()).value,
        "at": local_moment(override.at, zone),
        "until": local_moment(override.until, zone),
        "cancelled_at": local_moment(override.cancelled_at, zone),
        "by": override.by,
        "reason": override.reason,
        "patch": override.patch,
    }


def _span(override: Override, sub: SubCampaign) -> str:
    zone = sub.campaign.zone
    return f"{local_moment(override.at, zone)} until {local_moment(override.until, zone)}"


def changes_of(laid: Laid) -> list[dict[str, Any]]:
    """Pass by pass, what is no more done while the override holds, and what is done instead."""
    before, after = _sentences(laid.before), _sentences(laid.after)
    return [
        {
            "pass": name,
            "contacts": laid.concerned[name],
            "no_more": [one for one in before[name] if one not in after[name]],
            "instead": [one for one in after[name] if one not in before[name]],
        }
        for name in after
        if before[name] != after[name]
    ]


def _sentences(campaign: Campaign) -> dict[str, list[str]]:
    """What a campaign does as a whole, and in each pass."""
    from config.campaign_words import describe_campaign

    told = describe_campaign(campaign)
    out = {one.name for one in campaign.passes if one.out}
    passes = {one["name"]: ["is taken out"] if one["name"] in out else one["does"] for one in told["passes"]}
    return {"campaign": told["does"], **passes}
