"""Operations on overrides: see the effect first, set, list, cancel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from config.yaml_reader import Document
from console import override, override_effect, overriding
from console.web.access import Role
from console.web.operations import Body, Call, Operation, Told
from console.web.subs import SUB, of


class Wish(Body):
    """A patch of passes by their names, as in a campaign's file. `at`, `until`: 17:00 or an ISO moment;
    now, and the end of the day in the campaign's zone, if not said."""

    patch: dict[str, Any]
    at: str | None = None
    until: str | None = None
    reason: str = Field("", max_length=500)


class OverrideTold(Told):
    """An override, whatever became of it."""

    id: str
    sub_campaign: str
    state: str
    at: str
    until: str
    cancelled_at: str | None
    by: str
    reason: str
    patch: dict[str, Any]


class ChangeTold(Told):
    """What a pass (or the campaign) does no more while it holds, and what instead; `contacts` it concerns."""

    pass_name: str
    contacts: int
    no_more: list[str]
    instead: list[str]


class StepTold(Told):
    """How many contacts would have the one next step instead of the other."""

    before: str
    after: str
    contacts: int


class NextSteps(Told):
    """Whom it concerns, as they stand now: `others` of `looked_at` contacts (of `contacts` not through yet)
    would have another next step."""

    contacts: int
    looked_at: int
    others: int
    steps: list[StepTold]


class Effect(Told):
    """An override and what it changes."""

    override: OverrideTold
    changes: list[ChangeTold]


class Preview(Effect):
    """The same, and what it would change for those who are to be called."""

    next_steps: NextSteps


class Promoted(Told):
    """The campaign's file, and the version that it is now, for the next start."""

    override: str
    file: str
    version: str


async def tried(call: Call) -> dict[str, Any]:
    laid = await overriding.tried(call.store, call.project, of(call), _wish(call))
    return {**_effect(laid), "next_steps": await override_effect.next_steps(call.store, laid)}


async def lay(call: Call) -> dict[str, Any]:
    return _effect(await overriding.lay(call.store, call.project, of(call), _wish(call)))


def _wish(call: Call) -> overriding.Wish:
    asked = call.brought(Wish)
    patch = Document(Path("patch"), asked.patch, {})
    return overriding.Wish(patch, asked.at, asked.until, call.who.name, asked.reason)


def _effect(laid: overriding.Laid) -> dict[str, Any]:
    changes = [
        {"pass_name": row["pass"], **{key: row[key] for key in ("contacts", "no_more", "instead")}}
        for row in override.changes_of(laid)
    ]
    return {"override": override.told_of(laid.override, laid.sub), "changes": changes}


async def listed(call: Call) -> list[dict[str, Any]]:
    return await override.overrides_of(call.store, of(call))


async def cancel(call: Call) -> dict[str, Any]:
    identity = f"{of(call)}.{call.path['override_number']}"
    cancelled = await overriding.cancel(call.store, call.project, identity, by=call.who.name)
    sub, _ = await overriding.found(call.store, identity)
    return override.told_of(cancelled, sub)


async def promote(call: Call) -> dict[str, Any]:
    identity = f"{of(call)}.{call.path['override_number']}"
    told = await override.promote_one(call.store, call.project, identity, by=call.who.name)
    return {**told, "file": Path(told["file"]).name}


ALL = f"{SUB}/overrides"
OPERATIONS = (
    Operation("GET", ALL, "Every override ever set", listed, list[OverrideTold]),
    Operation("POST", ALL, "Set one", lay, Effect, Role.SUPERVISOR, body=Wish, status=201),
    Operation(
        "POST",
        f"{ALL}/preview",
        "What one would change; nothing is kept",
        tried,
        Preview,
        Role.SUPERVISOR,
        body=Wish,
    ),
    Operation("DELETE", f"{ALL}/{{override_number}}", "End it now", cancel, OverrideTold, Role.SUPERVISOR),
    Operation(
        "POST",
        f"{ALL}/{{override_number}}/promote",
        "Write it into the campaign's file, for every start to come",
        promote,
        Promoted,
        Role.ADMIN,
    ),
)
