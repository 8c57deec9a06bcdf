"""One contact's whole story: who it is, where it stands in each sub-campaign and what comes next there, its
limits, and every line of the ledger about it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from console import contact_limits, output
from console.campaigns import named
from console.ledger_archive import whole_ledger
from console.ledger_files import archive_of
from console.moments import local_moment
from console.refusal import Reason, RefusedError
from strategies.contacts import Contact
from strategies.eligibility import attempts_today
from strategies.explain import FREE, WORDS, look
from strategies.state import ContactState, Dial, SubCampaign

if TYPE_CHECKING:
    from config.project import Project
    from strategies.store import Store

TOLD = ("result", "responses", "reason", "trigger", "device", "address", "pass", "attempt", "by", "what")


async def story(store: Store, loaded: Project, identity: str, name: str | None) -> dict[str, Any]:
    """Everything known of the contact, in the sub-campaigns of that name or in all. Raises RefusedError
    where nobody has that id, or no sub-campaign that name."""
    contact, now = await store.contact(identity), time.time()
    subs = await named(store, name)
    standing = [(sub, state) for sub in subs if (state := await store.state(sub.name, identity)) is not None]
    lines = await _lines(store, loaded, identity, {sub.name for sub in subs} if name else None)
    if contact is None and not standing and not lines:
        raise RefusedError(
            f'nothing is known of a contact "{identity}"',
            [Reason("no list has it, and no line of the ledger names it", "see secondpass list show")],
        )
    addresses = [device.address for device in contact.devices] if contact else []
    zone = standing[-1][0].campaign.zone if standing else "UTC"
    return {
        "contact": _described(contact, identity),
        "lists": (await store.lists_of([identity]))[0],
        "do_not_call": await store.suppressed(addresses),
        "being_called": await store.busy_with(contact.numbers()) if contact else {},
        "segment": await store.moved_to(identity) or (contact.segment if contact else None),
        "campaigns": [await _in(store, loaded, sub, contact, state, now) for sub, state in standing],
        "story": [_told(line, zone) for line in lines],
    }


def _described(contact: Contact | None, identity: str) -> dict[str, Any]:
    if contact is None:
        return {"id": identity, "erased": True}
    return {
        "id": contact.id,
        "devices": {device.kind: device.address for device in contact.devices},
        "zone": contact.zone,
        "consent": dict(contact.consent),
        "attributes": dict(contact.attributes),
    }


async def _in(
    store: Store, loaded: Project, sub: SubCampaign, contact: Contact | None, state: ContactState, now: float
) -> dict[str, Any]:
    """Where the contact stands in one sub-campaign, and its next step."""
    zone, limits = sub.campaign.zone, sub.campaign.limits
    lane = await store.lane(sub.name, contact.id if contact else "", state.list)
    return {
        "sub_campaign": sub.name,
        "state": sub.run_state.value,
        "ended": state.ended,
        "last_result": state.last_result,
        "responses": list(state.responses),
        "passes": {record.name: [*map(str, record.results)] for record in state.records},
        "attempts": _of(state.attempts, limits.attempts_per_contact),
        "attempts_today": _of(attempts_today(state, sub.campaign, now), limits.attempts_per_day),
        "limits": await contact_limits.limits(store, sub, contact, now) if contact else {},
        "next": await _next(store, loaded, sub, contact, state, now),
        "looked_at_again": local_moment(lane.due if lane else None, zone),
    }


async def _next(
    store: Store, loaded: Project, sub: SubCampaign, contact: Contact | None, state: ContactState, now: float
) -> dict[str, Any]:
    """What would be done with the contact now, why it is not, and the moment of the next look."""
    from console.explain import judged

    if contact is None:
        return {"reason": "erased", "words": WORDS["erased"]}
    found = look(contact, state, sub, now)
    if found.reason is not None:
        reason, until = found.reason, local_moment(found.until, sub.campaign.zone)
        return {"reason": reason, "words": WORDS.get(reason, reason), "at": until, "attempt": state.live}
    (refusal,) = await judged(store, loaded, sub, [(contact, state, found)], now)
    dial, reason = found.move.step, str(refusal or FREE)
    told = {"reason": reason, "words": WORDS.get(reason, reason), "at": local_moment(now, sub.campaign.zone)}
    if isinstance(dial, Dial):
        going = sub.campaign.find(dial.pass_name)
        told |= {"pass": going.name, "medium": going.medium, "device": dial.device.kind}
    return told


def _of(used: int, cap: int | None) -> str:
    return f"{used} of {cap}" if cap is not None else f"{used}, no cap"


async def _lines(store: Store, loaded: Project, identity: str, subs: set[str] | None) -> list[dict[str, Any]]:
    """The ledger's lines about the contact, in these sub-campaigns or everywhere."""
    found = []
    async for _, line in whole_ledger(store, archive_of(loaded), about=identity):
        mine = identity in {line.get("contact"), line.get("customer")}
        if mine and (subs is None or line.get("campaign") in subs):
            found.append(line)
    return found


def _told(line: dict[str, Any], zone: str) -> dict[str, Any]:
    at = line.get("at")
    return {**line, "at": local_moment(float(at), zone) if isinstance(at, int | float) else at}


def show(told: dict[str, Any]) -> None:
    """The story for a person."""
    contact = told["contact"]
    about = {
        "lists": ", ".join(told["lists"]) or "none",
        **contact.get("devices", {}),
        "zone": contact.get("zone") or "by its number",
        "consent": contact.get("consent", {}).get("basis", "none of its own"),
        "do-not-call": ", ".join(f"{where}: {why}" for where, why in told["do_not_call"].items()) or "no",
    }
    output.show(output.pairs(f"Contact {contact['id']}", about))
    for one in told["campaigns"]:
        coming = one["next"]
        output.show(
            output.pairs(
                f"{one['sub_campaign']} ({one['state']})",
                {
                    "next": f"{coming['reason']}: {coming['words']}",
                    "at": coming.get("at") or one["looked_at_again"] or "when it is woken",
                    "attempts": one["attempts"],
                    "attempts today": one["attempts_today"],
                    **one["limits"],
                    "last result": one["last_result"] or "none yet",
                    "ended": one["ended"] or "no",
                },
            )
        )
    rows = [(line["at"], line.get("campaign", ""), line["kind"], _words(line)) for line in told["story"]]
    if rows:
        output.show(output.table("What happened", ("at", "campaign", "what", ""), rows))


def _words(line: dict[str, Any]) -> str:
    return ", ".join(f"{name} {line[name]}" for name in TOLD if line.get(name))
