"""People, campaigns and claims for the tests of the store; what they mean is left to the tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

from strategies.attempts import Intent, Outcome
from strategies.campaign import Campaign, Limits, Pass, Retry
from strategies.contacts import Contact, Device
from strategies.state import ContactState, Ended, Move, SubCampaign, Wait
from strategies.store import Claim, Store
from strategies.vocabulary import Kind, Medium, Refusal, Result, RunState

NOON = 1_784_131_200.0  # 2026-07-15 12:00 in New York, a Wednesday
PASSES = (
    Pass(
        "reminder",
        Medium.AVM,
        devices=("mobile", "home"),
        retry={Result.BUSY: Retry((300.0,), "next_device")},
    ),
    Pass("live_call", Medium.DIALER, devices=("mobile",)),
)
_attempts = count(1)


def person(identity: str, *numbers: str, **more: object) -> Contact:
    """A contact with these numbers: mobile first, then home, then work."""
    kinds = zip(("mobile", "home", "work"), numbers, strict=False)
    return replace(Contact(identity, tuple(Device(kind, number) for kind, number in kinds)), **more)


def people(how_many: int) -> list[Contact]:
    """Persons with one number each."""
    return [person(f"{n:04}", f"+1202555{n:04}") for n in range(how_many)]


def campaign(name: str = "spring", **more: object) -> Campaign:
    """A campaign in which pressing 8 opts out."""
    plain = Campaign(
        name=name,
        purpose="service",
        country="US",
        caller_id="+12125550100",
        queue="collections",
        passes=PASSES,
        zone="America/New_York",
        groups={"opt_out": ("pressed_8",), "success": ("pressed_1",)},
    )
    return replace(plain, **more)


async def running(
    store: Store, contacts: Sequence[Contact], *, name: str = "spring", limits: Limits | None = None
) -> SubCampaign:
    """A running sub-campaign with these contacts in it."""
    await store.import_contacts(f"{name}_list", contacts)
    defined = campaign(name, limits=limits or Limits(), lists=(f"{name}_list",))
    sub = SubCampaign(await store.next_sub_name(name), defined, defined.lists, RunState.RUNNING, created=NOON)
    await store.create_sub(sub)
    await store.enrol(sub, [contact.id for contact in contacts])
    return sub


def claim_of(
    sub: SubCampaign, contact: Contact, state: ContactState, *, at: float = NOON, **more: object
) -> Claim:
    """A claim on the contact's first device."""
    attempt = f"sp-{next(_attempts):026}"
    intent = Intent(
        attempt=attempt,
        sub=sub.name,
        contact=contact.id,
        pass_name="reminder",
        medium=Medium.AVM,
        device=contact.devices[0],
        queue="collections",
        caller_id="+12125550100",
        at=at,
    )
    claimed = replace(state, live=attempt, attempts=state.attempts + 1)
    return replace(Claim(intent, contact, claimed, state.version), **more)


async def standing(store: Store, sub: SubCampaign, contact: Contact) -> ContactState:
    """The contact's state, which the test knows to be there."""
    state = await store.state(sub.name, contact.id)
    assert state is not None
    return state


async def dialled(store: Store, sub: SubCampaign, contact: Contact, *, at: float = NOON) -> Intent:
    """An attempt that was claimed."""
    claim = claim_of(sub, contact, await standing(store, sub, contact), at=at)
    assert await store.claim([claim], at) == [None]
    return claim.intent


async def refused(
    store: Store, sub: SubCampaign, contact: Contact, *, at: float = NOON, **more: object
) -> Refusal | None:
    """What the store says to a claim."""
    claim = claim_of(sub, contact, await standing(store, sub, contact), at=at, **more)
    return (await store.claim([claim], at))[0]


async def finished(
    store: Store,
    sub: SubCampaign,
    intent: Intent,
    result: Result = Result.NO_ANSWER,
    *responses: str,
    again_at: float | None = None,
) -> bool:
    """End an attempt: the contact is done, or looked at again at `again_at`."""
    state = await store.state(sub.name, intent.contact)
    assert state is not None
    outcome = Outcome(intent.attempt, result, responses, at=intent.at + 30)
    after = replace(state, live=None, last_result=result, ended=None if again_at else "done")
    done = {"kind": Kind.CONTACT_ENDED, "reason": "done"}
    move = Move(after, Wait(again_at, "retry")) if again_at else Move(after, Ended("done"), (done,))
    return await store.record(intent, outcome, move, again_at, state.version)


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: float = NOON

    def __call__(self) -> float:
        return self.now
