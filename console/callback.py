"""`secondpass callback`: promises a contact a call by an agent at a moment, lists such promises, and calls
them off; the dialer keeps them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import options, output
from console.audit import me
from console.campaigns import FINAL, named
from console.moments import local_moment, moment_option
from console.refusal import Reason, RefusedError
from strategies.callbacks import Unkept, Wish
from strategies.state import Callback, SubCampaign

if TYPE_CHECKING:
    from strategies.store import Store

Campaign = Annotated[
    str, typer.Option("--campaign", metavar="NAME[/N]", help="The sub-campaign the contact is in.")
]
MENDS = {
    Unkept.OVER: "name an earlier moment, or a sub-campaign that still runs then",
    Unkept.IN_PROGRESS: "try again when that call is over",
    Unkept.DONE: "secondpass explain NAME/N CONTACT tells how it ended",
    Unkept.NO_AGENTS: "add a pass with medium: dialer to the campaign",
    Unkept.NO_DEVICE: "leave --number out, or import the contact with that number",
    Unkept.CLOSED: "name a moment within the hours of the campaign, as the contact's clock shows them",
}

app = typer.Typer(no_args_is_help=True, help="Callbacks: promise a contact a call by an agent.")


@app.command("add")
def add(
    context: typer.Context,
    contact: Annotated[str, typer.Argument(help="The contact's id.")],
    campaign: Campaign,
    at: Annotated[
        str, typer.Option(metavar="MOMENT", help="When, such as 2030-01-31T15:00, in the campaign's zone.")
    ],
    agent: Annotated[
        str, typer.Option(metavar="INTERFACE", help="For one agent, such as PJSIP/agent01; else anyone.")
    ] = "",
    number: Annotated[str, typer.Option(help="Which of the contact's numbers; else the pass's first.")] = "",
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Promise a call. Nothing else calls the contact before; asking again changes the moment."""
    if agent:
        options.check_interface(agent)
    running = options.as_it_runs(context, config)
    told = options.with_store(
        running,
        lambda store: promise(store, campaign, contact, at, agent=agent, number=number, by=me()),
    )
    if json:
        output.document(told)
    else:
        whom = f" by {told['agent']}" if told["agent"] else ""
        output.line(f"{contact} will be called{whom} at {told['at']}, {told['device']} {told['number']}")


@app.command("list")
def list_(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME[/N]]", help="All, if not said.")] = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Every call that is promised, the next one first."""
    rows = options.with_store(options.as_it_runs(context, config), lambda store: promised(store, name))
    if json:
        output.document(rows)
        return
    columns = ("sub_campaign", "contact", "at", "until", "agent", "number", "by", "tries")
    cells = [[row[column] for column in columns] for row in rows]
    output.show(output.table("Callbacks", columns, cells))


@app.command("cancel")
def cancel(
    context: typer.Context,
    contact: Annotated[str, typer.Argument(help="The contact's id.")],
    campaign: Campaign,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Call a promise off; the contact goes on in its passes."""
    sub = options.with_store(
        options.as_it_runs(context, config), lambda store: cancel_promise(store, campaign, contact)
    )
    if json:
        output.document({"sub_campaign": sub.name, "contact": contact})
    else:
        output.line(f"the callback of {contact} in {sub.name} is cancelled")


async def promise(
    store: Store, campaign: str, contact: str, at: str, *, agent: str, number: str, by: str
) -> dict[str, Any]:
    """Promise a call at an ISO moment, to anyone or one agent; as it is shown. Raises RefusedError, and
    typer.BadParameter for what is no moment."""
    from strategies.store import promises

    sub = await _one(store, campaign)
    wish = Wish(moment_option(at, sub.campaign.zone, "--at"), by, agent, number)
    made = await promises.promise(store, sub, contact, wish, time.time)
    return _shown(sub, contact, made)


async def promise_from(
    store: Store, call: str, contact: str, at: str, *, agent: str, by: str
) -> dict[str, Any]:
    """The same for the person of a call, in the sub-campaign that called, or else in the newest open one
    they are in. Raises as `promise`."""
    from strategies.store import promises

    intent = await store.intent(call)
    sub = await (_open_with(store, contact) if intent is None else store.known_sub(intent.sub))
    wish = Wish(moment_option(at, sub.campaign.zone, "--at"), by, agent)
    if intent is None:
        made = await promises.promise(store, sub, contact, wish, time.time)
    else:
        made = await promises.promise_from(store, sub, intent, wish, time.time)
    return _shown(sub, contact, made)


async def _open_with(store: Store, contact: str) -> SubCampaign:
    for sub in reversed(await store.open_subs()):
        if sub.run_state not in FINAL and await store.state(sub.name, contact) is not None:
            return sub
    why = Reason("they are in no sub-campaign that is open", "tell a supervisor whom to call, and when")
    raise RefusedError(f"{contact} was promised nothing", [why])


def _shown(sub: SubCampaign, contact: str, made: Callback | Unkept | None) -> dict[str, Any]:
    """The promise as it is shown. Raises RefusedError where there is none."""
    if isinstance(made, Callback):
        return _told(sub, contact, made)
    if made is None:
        why = Reason(f'there is no contact "{contact}" in it', f"secondpass list attach LIST {sub.name}")
    else:
        why = Reason(made.value, MENDS[made])
    raise RefusedError(f"{contact} of {sub.name} was promised nothing", [why])


async def cancel_promise(store: Store, campaign: str, contact: str) -> SubCampaign:
    """Take a callback back; of which sub-campaign it was. Raises RefusedError."""
    from strategies.store import promises

    sub = await _one(store, campaign)
    if not await promises.cancel(store, sub, contact, "cancelled", time.time):
        why = Reason("none is open, or it is being made", f"secondpass callback list {sub.name}")
        raise RefusedError(f"no callback of {contact} in {sub.name} was cancelled", [why])
    return sub


async def _one(store: Store, campaign: str) -> SubCampaign:
    """The sub-campaign of that name, or the one of that campaign that is open."""
    found = await named(store, campaign)
    exact = [sub for sub in found if sub.name == campaign]
    chosen = exact or [sub for sub in found if sub.run_state not in FINAL]
    if len(chosen) != 1:
        names = ", ".join(sub.name for sub in chosen) or "none"
        raise RefusedError(f"{campaign} is not one sub-campaign", [Reason(f"open are: {names}", "name one")])
    return chosen[0]


async def promised(store: Store, name: str | None) -> list[dict[str, Any]]:
    """The callbacks that are open, by their moment."""
    found: dict[tuple[str, str], tuple[float, dict[str, Any]]] = {}
    for sub in await named(store, name):
        if sub.run_state in FINAL:
            continue
        async for page in store.promised(sub.name):
            for identity, _, state in page:
                if (made := state.callback) is not None:
                    found[sub.name, identity] = made.at, _told(sub, identity, made)
    return [row for _, row in sorted(found.values(), key=lambda pair: pair[0])]


def _told(sub: SubCampaign, contact: str, made: Callback) -> dict[str, Any]:
    zone = sub.campaign.zone
    return {
        "sub_campaign": sub.name,
        "contact": contact,
        "at": local_moment(made.at, zone),
        "until": local_moment(made.until, zone),
        "pass": made.pass_name,
        "device": made.device.kind,
        "number": made.device.address,
        "agent": made.agent,
        "by": made.by,
        "tries": made.tries,
    }
