"""`secondpass agent`: what the agents are at, whom the dialer offers them in a preview pass, and an agent's
answer to it; calling is the dialer's."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import options, output
from console.moments import local_moment
from console.refusal import Reason, RefusedError

if TYPE_CHECKING:
    from strategies.store import Store
    from strategies.store.offers import Answer, Offer

Contact = Annotated[str, typer.Argument(metavar="CONTACT", help="The id of the person offered.")]
Agent = Annotated[str, typer.Option("--agent", metavar="INTERFACE", help="Who answers: PJSIP/agent01.")]
STALE = 10.0  # seconds after which what the bridge last told of the agents is worth nothing
Campaign = Annotated[
    str | None, typer.Option("--campaign", metavar="NAME/N", help="Where two offer the same person.")
]

app = typer.Typer(
    no_args_is_help=True,
    help="What agents are at; preview passes, where one accepts before the call.",
)


@app.command("list")
def list_agents(
    context: typer.Context,
    queue: Annotated[str | None, typer.Option("--queue", metavar="NAME", help="Of this queue only.")] = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Every agent of Asterisk's queues: ready, ringing, busy, in after-call work, paused or gone."""
    rows = options.with_store(options.project(context, config), lambda store: agents_of(store, queue))
    if json:
        output.document(rows)
        return
    names = ("agent", "name", "queues", "state", "seconds", "line", "call")
    output.show(output.table("Agents", names, [[str(row[name]) for name in names] for row in rows]))


@app.command("offers")
def offers(context: typer.Context, config: options.ConfigDir = None, json: options.Json = False) -> None:
    """Everybody who is offered now, the oldest first."""
    rows = options.with_store(options.project(context, config), offers_of)
    if json:
        output.document(rows)
        return
    names = ("sub_campaign", "contact", "pass", "address", "queue", "until", "agent")
    output.show(output.table("Offers", names, [[row[name] for name in names] for row in rows]))


@app.command("accept")
def accept(
    context: typer.Context,
    contact: Contact,
    agent: Agent,
    campaign: Campaign = None,
    config: options.ConfigDir = None,
) -> None:
    """Have this person called for this agent; the first who accepts gets them."""
    _answer(context, config, contact, campaign, agent, accepted=True)
    output.line(f"{contact} is called for {agent} as soon as {agent} is free")


@app.command("skip")
def skip(
    context: typer.Context,
    contact: Contact,
    agent: Agent,
    campaign: Campaign = None,
    config: options.ConfigDir = None,
) -> None:
    """Not now: this person is offered again an hour later."""
    _answer(context, config, contact, campaign, agent, accepted=False)
    output.line(f"{contact} is offered again in an hour")


async def agents_of(store: Store, queue: str | None) -> list[dict[str, Any]]:
    """What every agent, or every one of a queue, is at. Raises RefusedError where no bridge tells."""
    told = await store.seats()
    if told is None or time.time() - told.at > STALE:
        mend = "secondpass up (or secondpass bridge) keeps it running"
        raise RefusedError("nobody knows what the agents are at", [Reason("no bridge is at work", mend)])
    return [
        {
            "agent": seat.interface,
            "name": seat.name,
            "queues": " ".join(seat.queues),
            "state": seat.state.value,
            "seconds": round(max(0.0, told.at - seat.since)),
            "line": "stays on the line" if seat.leg else "telephone",
            "call": seat.call,
        }
        for seat in told.seats
        if queue is None or queue in seat.queues
    ]


async def offers_of(store: Store) -> list[dict[str, Any]]:
    """Everybody who is offered now, the oldest first."""
    from strategies.store.offers import is_shown

    return [offered(offer, answer) for offer, answer in await store.offers() if is_shown(answer)]


def offered(offer: Offer, answer: Answer | None) -> dict[str, Any]:
    """An offer as it is shown; `agent`: who has accepted it."""
    return {
        "sub_campaign": offer.sub,
        "contact": offer.contact,
        "pass": offer.pass_name,
        "address": offer.address,
        "queue": offer.queue,
        "until": local_moment(offer.until, "UTC"),
        "agent": answer.agent if answer else "",
    }


def _answer(
    context: typer.Context, config: Any, contact: str, campaign: str | None, agent: str, *, accepted: bool
) -> None:
    options.check_interface(agent)
    from strategies.store.offers import Answer

    async def answer(store: Store) -> None:
        found = [one for one, _ in await store.offers() if _is_meant(one, contact, campaign)]
        if len(found) > 1:
            mend = "name one with --campaign NAME/N"
            raise RefusedError(
                f"{contact} is offered by {len(found)} campaigns", [Reason("one is meant", mend)]
            )
        await give_answer(store, contact, found, Answer(agent, accepted, time.time()))

    options.with_store(options.project(context, config), answer)


async def give_answer(store: Store, contact: str, found: Sequence[Offer], answer: Answer) -> None:
    """Answer the first of the offers of this person. Raises RefusedError where there is none any more, or
    somebody else was first."""
    counts = await store.answer_offer(found[0], answer) if found else None
    if counts is None:
        why = Reason("the offer has ended", "see who is: secondpass agent offers")
        raise RefusedError(f"{contact} is not offered", [why])
    if counts != answer:
        done = "accepted" if counts.accepted else "skipped"
        raise RefusedError(f"{counts.agent} was first and {done}", [Reason("one answer counts", "look anew")])


def _is_meant(offer: Offer, contact: str, campaign: str | None) -> bool:
    return offer.contact == contact and campaign in {None, offer.sub} and time.time() < offer.until
