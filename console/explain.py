"""`secondpass explain`: why nobody is being called now, counted by reason, or what became of one contact and
what comes next. The reasons are the rules' and the store's own; one contact's story is told by
`contact_story`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import contact_story, options, output
from console.campaigns import FINAL, named
from console.moments import local_moment
from console.rules import rows_of
from strategies.attempts import Intent
from strategies.contacts import Contact
from strategies.debts import debt_of
from strategies.eligibility import asks_of
from strategies.explain import FREE, WORDS, Look, Tally, holds, look
from strategies.numbers import allowed
from strategies.rules import Stand
from strategies.state import ContactState, Dial, Ended, SubCampaign
from strategies.vocabulary import Medium, Refusal

if TYPE_CHECKING:
    from config.project import Project
    from strategies.store import Claim, Store

SILENT = 5.0  # seconds without a word of the bridge on its dialer, which it says twice a second
JUDGED = 200  # claims put to the store at once
EVERYWHERE = "contact"  # in the place of a campaign: the contact in all of them

Asked = tuple[Contact, ContactState, Look]


def explain(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME[/N]|contact", help="A campaign, a sub-campaign; or `contact`.")
    ],
    contact: Annotated[
        str | None, typer.Argument(metavar="[CONTACT]", help="Its id: its whole story and its next step.")
    ] = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Why is nobody being called now? A count of contacts for each reason, and what holds the dialer.

    With the id of a CONTACT: what was tried and what came of it, its limits, and its next step with the
    moment; `secondpass explain contact ID` tells that of all campaigns.
    """
    loaded = options.project(context, config)
    if name == EVERYWHERE and contact is None:
        raise typer.BadParameter("write secondpass explain contact ID", param_hint="CONTACT")
    if contact is not None:
        where = None if name == EVERYWHERE else name
        told = options.with_store(loaded, lambda store: contact_story.story(store, loaded, contact, where))
        output.document(told) if json else contact_story.show(told)
        return
    found = options.with_store(loaded, lambda store: _all(store, loaded, name))
    if json:
        output.document(found)
        return
    for one in found:
        _show(one)


async def _all(store: Store, loaded: Project, name: str) -> list[dict[str, Any]]:
    """Each sub-campaign of that name that is open; one that was named by its number in any case."""
    subs = [sub for sub in await named(store, name) if sub.name == name or sub.run_state not in FINAL]
    return [await explained(store, loaded, sub) for sub in subs or await named(store, name)]


async def explained(store: Store, loaded: Project, sub: SubCampaign) -> dict[str, Any]:
    """Why nobody of a sub-campaign is being called now, a count for each reason."""
    now, zone = time.time(), sub.campaign.zone
    hindrance, held = await dialer(store, sub, now)
    tally = await count(store, loaded, sub, now)
    reasons = [
        {
            "reason": reason,
            "contacts": number,
            "words": WORDS.get(reason, reason),
            "next": local_moment(tally.soonest.get(reason), zone),
        }
        for reason, number in tally.counts.most_common()
    ]
    halted_by, all_done = await store.halted_by(), bool(tally.done) and not tally.counts
    return {
        "sub_campaign": sub.name,
        "state": sub.run_state.value,
        "at": local_moment(now, zone),
        "holds": holds(sub, now, halted_by=halted_by, hindrance=hindrance, all_done=all_done),
        "dialer": held if tally.counts[FREE] else {},
        "overrides": list(sub.overrides),
        "rules": [row for row in rows_of(sub, await store.rules()) if row["stand"] != Stand.CALM],
        "contacts": tally.counts.total() + tally.done.total(),
        "reasons": reasons,
        "done": dict(tally.done.most_common()),
    }


async def dialer(store: Store, sub: SubCampaign, now: float) -> tuple[str | None, dict[str, str]]:
    """Why the dialer calls nobody at all, and by pass what its next call waits for."""
    if await store.bridge_holder() is None:
        return "no_lease", {}
    said = await store.dialer_status()
    if said is None or now - said.at > SILENT:
        return "silent", {}
    return said.hindrance, dict(said.held.get(sub.name, {}))


async def count(store: Store, loaded: Project, sub: SubCampaign, now: float) -> Tally:
    """Everybody in the sub-campaign by the reason why nobody calls them; a page in memory at a time."""
    tally = Tally()
    async for page in store.standings(sub.name):
        free: list[Asked] = []
        for _, contact, state in page:
            if contact is None:
                tally.add("erased")
                continue
            found = look(contact, state, sub, now)
            if found.reason is None:
                free.append((contact, state, found))
            elif found.reason == "done":
                tally.done[_reason_of_end(found)] += 1
            else:
                tally.add(found.reason, found.until)
        for at in range(0, len(free), JUDGED):
            for refusal in await judged(store, loaded, sub, free[at : at + JUDGED], now):
                tally.add(FREE if refusal is None else str(refusal))
    return tally


def _reason_of_end(found: Look) -> str:
    """Of somebody who is done, or will be as soon as the bridge looks."""
    step = found.move.step
    return step.reason if isinstance(step, Ended) else "done"


async def judged(
    store: Store, loaded: Project, sub: SubCampaign, asked: list[Asked], now: float
) -> list[Refusal | None]:
    """What a claim would be told of each of these, whom the engine would call; nothing is claimed."""
    claims = [_claim(sub, one, loaded.settings.numbers.of(sub.campaign.country), now) for one in asked]
    return await store.judge(claims, now)


def _claim(sub: SubCampaign, asked: Asked, countries: tuple[str, ...], now: float) -> Claim:
    """The claim the dialer or the messenger would make, less what only a call needs."""
    from strategies.store import Claim

    contact, state, found = asked
    dial = found.move.step
    assert isinstance(dial, Dial)  # noqa: S101 - `look` leaves the reason open for a call alone
    going, address = sub.campaign.find(dial.pass_name), dial.device.address
    return Claim(
        intent=Intent(
            "explain",
            sub.name,
            contact.id,
            going.name,
            going.medium,
            dial.device,
            sub.campaign.queue,
            sub.campaign.caller_id,
            now,
            debt=debt_of(contact, sub.campaign),
        ),
        contact=contact,
        state=found.move.state,
        expected_version=state.version,
        allowed=going.medium is Medium.EMAIL or allowed(address, countries),
        asks=asks_of(going, contact, dial.device),
        owed_since=dial.owed_since,
        plan=sub.plan,
        plan_until=sub.plan_until,
    )


def _show(one: dict[str, Any]) -> None:
    output.line(f"{one['sub_campaign']} is {one['state']}, {one['contacts']} contacts, at {one['at']}")
    for hold in one["holds"]:
        output.line(f"  nobody is called: {hold}")
    for going, why in one["dialer"].items():
        output.line(f"  pass {going}: {why}")
    for rule in one["rules"]:
        stands = f"has fired, does {rule['do']}" if rule["fired"] else f"is near: holds since {rule['since']}"
        output.line(f"  rule {rule['rule']} {stands}")
    for override in one["overrides"]:
        output.line(f"  override in force: {override}")
    rows = [(row["contacts"], row["reason"], row["words"], row["next"] or "") for row in one["reasons"]]
    if rows:
        output.show(output.table("Not called now", ("contacts", "reason", "who", "next look"), rows))
    if one["done"]:
        output.show(output.pairs("Done", one["done"]))
