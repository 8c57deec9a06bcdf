"""Whom to call or write to of those who are due: the engine judges, the grants limit; who is held back is not
judged again before it can matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil, inf
from typing import NamedTuple

from ami_bridge.preparation import Candidate
from ami_bridge.previews import PUT_OFF, put_off
from console.simulator.grants import Grants
from console.simulator.previews import BY
from console.simulator.timeline import Timeline
from strategies.campaign import Pass
from strategies.contacts import Contact
from strategies.engine import advance
from strategies.frozen import replace
from strategies.precedence import promise_over
from strategies.state import ContactState, Dial, Move, SubCampaign, Wait, due_at
from strategies.vocabulary import VOICE

FEW, MANY, DEEP = 16, 512, 2048  # contacts a look: some are held back, nobody is, all of the first are
DEEPER = 8  # times as many at the next look where all of the first were held back
LONGEST = 60.0  # seconds at most between two deep looks that find nothing

Due = Sequence[tuple[Contact, ContactState]]


class Moved(NamedTuple):
    """A contact whose state was `state`, and what the engine decided without an attempt."""

    contact: Contact
    state: ContactState
    move: Move
    due_at: float | None


class Judged(NamedTuple):
    """Somebody whom the engine lets call now."""

    contact: Contact
    state: ContactState
    move: Move
    dial: Dial
    going: Pass


@dataclass(slots=True)
class Found:
    """What one look came to: moves to write first, then whom to claim; `shown`: how many agents began to look
    at somebody. `again`: more may be found deeper."""

    moves: list[Moved] = field(default_factory=list)
    chosen: list[Candidate] = field(default_factory=list)
    shown: int = 0
    again: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody whom only the pacing holds back (or, without a pass, a fraction of a second), as this version
    of their state was judged."""

    version: int
    pass_name: str
    until: float  # judged anew from then on, though nothing has changed


class Look:
    """At one lane, `calls` or `messages`, of one sub-campaign."""

    def __init__(self, grants: Grants, coming: Timeline[Callable[[], None]], *, voice: bool) -> None:
        self._grants, self._coming, self._voice = grants, coming, voice
        self._held: dict[str, Held] = {}
        self._full: set[str] = set()  # passes that can take nobody more at this moment
        self._overrides: tuple[str, ...] = ()  # those under which they were held back
        self._now = -inf
        self._deep_at, self._pause = -inf, 1.0
        self.limit = MANY

    def at(self, due: Due, sub: SubCampaign, now: float) -> Found:
        """Judge those who are due at `now`."""
        if now > self._now:
            self._now = now
            self._full.clear()
        if sub.overrides != self._overrides:
            self._overrides = sub.overrides
            self._held.clear()
        found, held = Found(), 0
        for contact, state in due:
            if self._is_held(contact, state) or not self._judge(contact, state, sub, found):
                held += 1
        self._aim(found, held, len(due), sub)
        return found

    def _is_held(self, contact: Contact, state: ContactState) -> bool:
        known = self._held.get(contact.id)
        if known is None or known.version != state.version or self._now >= known.until:
            return False
        return not known.pass_name or known.pass_name in self._full

    def _judge(self, contact: Contact, state: ContactState, sub: SubCampaign, found: Found) -> bool:
        """Decide about one; False where they are held back."""
        now = self._now
        self._held.pop(contact.id, None)
        move = advance(contact, state, sub, now)
        if not isinstance(move.step, Dial) or promise_over(state, move.state):
            found.again = found.again or isinstance(move.step, Dial)
            self._grants.previews.done(contact.id)
            return self._later(contact, state, move, found)
        going = sub.campaign.find(move.step.pass_name)
        one = Judged(contact, state, move, move.step, going)
        if self._grants.previews.paces(going, move.step):
            return self._preview(one, sub, found)
        return self._call(one, sub, found)

    def _call(self, one: Judged, sub: SubCampaign, found: Found) -> bool:
        """Have them called, if the grants do."""
        attempt, move, now = self._grants.grant(sub.campaign, one.going, self._now), one.move, self._now
        if attempt is None:
            return self._hold(one, found)
        if move.lines:
            found.moves.append(Moved(one.contact, one.state, move, now))
        after = replace(move.state, version=one.state.version + bool(move.lines))
        found.chosen.append(Candidate(attempt, one.contact, after, one.dial, one.going, now))
        return True

    def _preview(self, one: Judged, sub: SubCampaign, found: Found) -> bool:
        """An agent looks at them first, and then calls or skips them."""
        previews, contact, now = self._grants.previews, one.contact, self._now
        before = previews.looked_at()
        shown = previews.look(contact.id, now)
        found.shown += previews.looked_at() - before
        if shown is None:
            return self._hold(one, found)
        if now < shown.until:
            self._held[contact.id] = Held(one.state.version, "", shown.until)
            self._coming.wake(shown.until)
            return False
        previews.done(contact.id)
        if shown.accepted:
            called = self._call(one, sub, found)
            if not called:
                previews.waits_on(contact.id, shown)
            return called
        waiting = put_off(one.move, one.going.name, BY, now)
        found.moves.append(Moved(contact, one.state, waiting, now + PUT_OFF))
        self._full.discard(one.going.name)  # the agent is there for somebody else at once
        found.again = True
        return True

    def _later(self, contact: Contact, state: ContactState, move: Move, found: Found) -> bool:
        """Their moment is not now; one within this very second is waited for without a word to the store."""
        until = due_at(move.step, self._now)
        if until is not None and until < self._now + 1 and isinstance(move.step, Wait) and not move.lines:
            self._held[contact.id] = Held(state.version, "", ceil(until))
            self._coming.wake(until)
            return False
        found.moves.append(Moved(contact, state, move, until))
        return True

    def _hold(self, one: Judged, found: Found) -> bool:
        """Nobody more of this pass now: they keep their place, in the lane of the pass's medium."""
        self._full.add(one.going.name)
        if (one.going.medium in VOICE) != self._voice:
            found.moves.append(Moved(one.contact, one.state, one.move, self._now))
            return True
        task = one.move.state.recovery
        until = inf if task is None else task.expires
        self._held[one.contact.id] = Held(one.state.version, one.going.name, until)
        if task is not None:
            self._coming.wake(task.expires)
        return False

    def _aim(self, found: Found, held: int, seen: int, sub: SubCampaign) -> None:
        """How many are looked at next: more where the first are held back and others could go before them."""
        limit, worked = self.limit, bool(found.moves or found.chosen or found.shown)
        few = FEW + self._grants.previews.looked_at()  # beyond those whom an agent looks at
        blocked = held > 0 and not worked and seen == limit and self._others_may_go(sub)
        self.limit = few if held else MANY
        found.again = found.again or (found.shown > 0 and seen == limit)
        if blocked and limit < DEEP and self._now >= self._deep_at:
            self.limit, found.again = min(DEEP, DEEPER * limit), True
        elif limit > few and held:
            self._pause = 1.0 if worked else min(2 * self._pause, LONGEST)
            self._deep_at = self._now if worked else self._now + self._pause
        elif blocked:
            self._coming.wake(self._deep_at)

    def _others_may_go(self, sub: SubCampaign) -> bool:
        """Whether a pass that is not full may have somebody waiting behind the first."""
        return any(
            (one.medium in VOICE) == self._voice
            and one.recovery is None
            and one.name not in self._full
            and one.name not in sub.passes_ended
            for one in sub.campaign.passes
        )
