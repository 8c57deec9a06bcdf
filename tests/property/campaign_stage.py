"""People, campaigns and overrides for the machine that runs whole campaigns, and two dialers that work as the
real ones do; what must hold of it is the machine's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import time

from ami_bridge.preparation import Candidate, claim_of
from ami_bridge.sub_campaigns import SubCampaigns
from strategies.attempts import Intent, Outcome
from strategies.campaign import Campaign, Limits, Pass, Recovery, Retry, Window
from strategies.contacts import Contact, Device
from strategies.engine import advance, ended, enter, refused
from strategies.overrides import Override, Phase, merged, stretches
from strategies.state import Dial, SubCampaign, due_at
from strategies.store import StaleState, Store
from strategies.vocabulary import Medium, Refusal, Result, RunState, Trigger

MONDAY = 1_784_000_000.0 - 1_784_000_000.0 % 86_400 + 16 * 3600  # noon in New York, in summer
ZONES = {"ann": "America/New_York", "bea": "America/Los_Angeles", "cy": "America/New_York", "di": None}
# Ann and Bea share a number, Cy has a text device too, Di nothing but an email.
DEVICES = {
    "ann": (("mobile", "+12025550101"), ("home", "+12025550102")),
    "bea": (("mobile", "+12135550103"), ("home", "+12025550102")),
    "cy": (("mobile", "+12025550104"), ("text", "+12025550104"), ("email", "cy@example.org")),
    "di": (("email", "di@example.org"),),
}
PEOPLE = {
    name: Contact(
        name, tuple(Device(*device) for device in own), zone=ZONES[name], consent={"basis": "express"}
    )
    for name, own in DEVICES.items()
}
LIMITS = Limits(
    attempts_per_contact=6,
    attempts_per_day=3,
    attempts_per_number_per_day=2,
    unknown_cool_down=600.0,
    debt_calls=3,
    debt_within=2 * 86_400.0,
    debt_silence=86_400.0,
)
CALLS = Pass(
    "calls",
    Medium.AVM,
    devices=("mobile", "home"),
    retry={Result.BUSY: Retry((300.0,), "next_device"), Result.NO_ANSWER: Retry((3600.0,), "next_device")},
    asks="express",
)
RESCUE = Pass(
    "rescue",
    Medium.DIALER,
    devices=("mobile", "home"),
    recovery=Recovery((Trigger.HANGUP_IN_SCRIPT,), "calls", delay=60.0),
)
LETTER = Pass("letter", Medium.EMAIL, start="contact")
TEXTED = replace(CALLS, medium=Medium.TEXT, devices=("text",), retry={})
GROUPS = {"opt_out": ("pressed_8",), "success": ("pressed_1",)}
LISTS = ("first", "second")
SUBS = ("spring/1", "autumn/1")
COUNTRIES = ("US",)


def sub_campaign(name: str) -> SubCampaign:
    """One of the two: spring of all its passes, autumn with narrower hours and calls alone."""
    spring = name == SUBS[0]
    campaign = Campaign(
        name.partition("/")[0],
        "debt_collection",
        "US",
        "+12125550100",
        "collections",
        (CALLS, RESCUE, LETTER) if spring else (CALLS,),
        "America/New_York",
        limits=LIMITS,
        window=Window(time(8), time(21)) if spring else Window(time(9), time(17)),
        groups=GROUPS,
        version="0" * 12,
    )
    return SubCampaign(name, campaign, LISTS, RunState.RUNNING, MONDAY)


async def filled(store: Store) -> None:
    """Both sub-campaigns, with Ann and Bea on the first list and the others on the second."""
    names = sorted(PEOPLE)
    for place, listed in enumerate(LISTS):
        await store.import_contacts(listed, [PEOPLE[name] for name in names[place * 2 : place * 2 + 2]])
    for sub in map(sub_campaign, SUBS):
        await store.create_sub(sub)
        for place in range(len(LISTS)):
            state = replace(enter(), list=place)
            await store.enrol(sub, names[place * 2 : place * 2 + 2], state)


async def overridden(store: Store, name: str, at: float, until: float, now: float) -> Override | None:
    """Calls become texts for a while; None if the plan changed meanwhile."""
    sub = await store.sub(name)
    assert sub is not None
    override = Override(await store.next_override_id(name), at, until, {"calls": {"medium": "text"}}, "eve")
    known = [*await store.overrides(name), override]
    launched = await store.launched(name)
    done = await store.set_overrides(sub, [override], phases(launched, known, now))
    return override if done else None


def phases(launched: SubCampaign, overrides: Sequence[Override], now: float) -> list[Phase]:
    """What `config.patching` makes of these overrides, which all patch the same."""
    texted = tuple(TEXTED if one.name == "calls" else one for one in launched.campaign.passes)
    return [
        Phase(
            one.begins,
            one.ends,
            tuple(o.id for o in one.overrides),
            replace(launched.campaign, passes=texted),
        )
        for one in stretches(overrides, now)
        if merged(o.patch for o in one.overrides)
    ]


@dataclass
class Decided:
    """Whom a dialer means to reach, and the sub-campaign as it read it."""

    sub: SubCampaign
    candidate: Candidate


@dataclass
class Worker:
    """A dialer: it looks, decides, and claims when it comes to it, which may be much later."""

    store: Store
    clock: Callable[[], float]
    new_id: Callable[[], str]
    decided: list[Decided] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.subs = SubCampaigns(self.store)

    async def look(self) -> None:
        """Decide about everybody who is due, and write what needs no claim."""
        now = self.clock()
        await self.subs.refresh()
        await self.subs.turn(now)
        await self.subs.refresh()
        self.decided = []
        for sub in self.subs.running(now):
            for contact, state in await self.store.due(sub.name, now, 50, "all"):
                move = advance(contact, state, sub, now)
                at = due_at(move.step, now)
                if not isinstance(move.step, Dial):
                    await self.store.put(sub.name, contact.id, state.version, move, at)
                elif not move.lines or await self.store.put(sub.name, contact.id, state.version, move, now):
                    after = replace(move.state, version=state.version + bool(move.lines))
                    going = sub.campaign.find(move.step.pass_name)
                    one = Candidate(self.new_id(), contact, after, move.step, going, now)
                    self.decided.append(Decided(sub, one))
            await self._end_passes(sub, now)

    async def claim(self) -> list[Intent]:
        """Claim all that was decided at the last look; what the rules say of refusals is written."""
        now, granted = self.clock(), list[Intent]()
        decided, self.decided = self.decided, []
        claims = [claim_of(one.candidate, {}, one.sub, COUNTRIES, now) for one in decided]
        claims = [
            replace(claim, allowed=claim.allowed or claim.intent.medium is Medium.EMAIL) for claim in claims
        ]
        for one, claim, refusal in zip(decided, claims, await self.store.claim(claims, now), strict=True):
            if refusal is None:
                granted.append(claim.intent)
            else:
                await self._turn_away(one.sub, claim.contact.id, refusal, now)
        return granted

    async def end(self, intent: Intent, outcome: Outcome) -> bool:
        """Record what an attempt came to; False if it was recorded before."""
        sub = await self.store.sub(intent.sub)
        assert sub is not None
        while True:
            contact, state = await self._standing(intent.sub, intent.contact)
            move = ended(contact, state, sub, intent, outcome, self.clock())
            try:
                at = due_at(move.step, self.clock())
                return await self.store.record(intent, outcome, move, at, state.version)
            except StaleState:
                continue

    async def _turn_away(self, sub: SubCampaign, contact_id: str, refusal: Refusal, now: float) -> None:
        contact, state = await self._standing(sub.name, contact_id)
        move = refused(contact, state, sub, refusal, now)
        await self.store.put(sub.name, contact_id, state.version, move, due_at(move.step, now))

    async def _standing(self, sub: str, contact_id: str):
        contact, state = await self.store.contact(contact_id), await self.store.state(sub, contact_id)
        assert contact is not None
        assert state is not None
        return contact, state

    async def _end_passes(self, sub: SubCampaign, now: float) -> None:
        for name, left in (await self.store.pass_waiting(sub.name)).items():
            if left == 0 and name not in sub.passes_ended:
                await self.store.pass_ended(sub.name, name, now)
