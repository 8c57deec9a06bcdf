"""The calls of one sub-campaign that are on their way to an agent, and what was learnt of earlier ones: makes
the floor that `strategies.predictive` decides over. What happens to calls is told to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from strategies.abandon_gate import Rule, Tally
from strategies.call_estimates import Belief, aged, as_belief, corrected, ring_ended, talk_ended
from strategies.frozen import replace
from strategies.predictive import FEEDBACK_EVERY, Floor, Pacer, fed_back
from strategies.ring_ages import Ages, as_many_as, each_chance, rang, turned_out

AT_FIRST, NEVER_RANG = Pacer(), Ages()
HOUR = 3600.0


@dataclass(slots=True)
class CallsAhead:
    """`said`: the probabilities of an answer that a model gives, of calls from before they are placed until
    they ring no more. `by_hour`: what was learnt up to the end of each hour of the day, for the next day's.
    """

    queue: str
    pacer: Pacer = AT_FIRST
    ages: Ages = NEVER_RANG
    fed_at: float = 0.0  # when the feedback was last taken
    ringing: dict[str, float] = field(default_factory=dict)  # attempt -> when it was placed
    picked_up: set[str] = field(default_factory=set)  # those of them of which it is not known yet by whom
    said: dict[str, float] = field(default_factory=dict)
    by_hour: dict[int, Belief] = field(default_factory=dict)

    def pass_time(self, now: float, busy: int) -> None:
        """Count the time since it was last touched, with so many agents busy."""
        if self.pacer.known.at == 0.0:
            self.pacer, self.fed_at = replace(self.pacer, known=replace(self.pacer.known, at=now)), now
        before = self.pacer.known
        known = aged(before, now, len(self.ringing), busy)
        if now // HOUR > before.at // HOUR:
            self.by_hour[_hour_of_day(before.at)] = as_belief(before)
            known = replace(known, belief=self.by_hour.get(_hour_of_day(now), known.belief))
        self.pacer = replace(self.pacer, known=known)

    def heard_up(self, attempt: str, now: float) -> None:
        """Somebody or something answered."""
        if attempt in self.ringing.keys() - self.picked_up:
            self.ages = rang(self.ages, now - self.ringing[attempt], now, picked_up=True)
            self.picked_up.add(attempt)

    def rings_no_more(self, attempt: str, now: float, *, answered: bool) -> None:
        """It was answered by a person, or is over; `pass_time` has been called."""
        said, since = self.said.pop(attempt, None), self.ringing.pop(attempt, None)
        if since is None:
            return
        if attempt in self.picked_up:
            self.ages = turned_out(self.ages, now, person=answered)
            self.picked_up.discard(attempt)
        else:
            self.ages = rang(self.ages, now - since, now, picked_up=False)
        known = ring_ended(self.pacer.known, answered=answered, said=said)
        self.pacer = replace(self.pacer, known=known)

    def talk_ended(self) -> None:
        """An agent has done with a caller."""
        self.pacer = replace(self.pacer, known=talk_ended(self.pacer.known))

    def count(self, tally: Tally) -> None:
        """Take what the period has come to."""
        self.pacer = replace(self.pacer, tally=tally)

    def feed_back(self, now: float, staffed: int, rule: Rule) -> None:
        """Let the rule go further or less far by what the period has come to, once every FEEDBACK_EVERY."""
        if now >= self.fed_at + FEEDBACK_EVERY:
            feedback = fed_back(self.pacer, staffed, rule)
            self.pacer, self.fed_at = replace(self.pacer, feedback=feedback), now

    def by_worth(self, floor: Floor, now: float) -> Floor:
        """The floor with the calls on their way reckoned by how much likelier than a new one each is to lead
        to a person."""
        ages = [now - at for one, at in self.ringing.items() if one not in self.picked_up]
        others = max(0, floor.ringing - len(self.ringing))
        answer = self.pacer.known.answer_probability
        return replace(floor, worth=others + as_many_as(self.ages, ages, len(self.picked_up), answer))

    def by_chances(self, floor: Floor, now: float) -> Floor:
        """The floor with the probability of an answer of each call on its way: by what the model says of it,
        and by how long it has rung."""
        rung = [
            (now - at, self._chance(one)) for one, at in self.ringing.items() if one not in self.picked_up
        ]
        granted = [self._chance(one) for one in self.said if one not in self.ringing]
        answer = self.pacer.known.answer_probability
        others = [answer] * max(0, floor.ringing - len(self.ringing) - len(granted))
        up = [self.ages.person_once_picked_up] * len(self.picked_up)
        return replace(floor, chances=(*each_chance(self.ages, rung, answer), *up, *granted, *others))

    def corrected(self, said: float | None) -> float:
        """The probability of an answer of a call that is next."""
        known = self.pacer.known
        return known.answer_probability if said is None else corrected(said, known.correction)

    def _chance(self, attempt: str) -> float:
        return self.corrected(self.said.get(attempt))


def _hour_of_day(at: float) -> int:
    """Of UTC: only that it comes again each day matters."""
    return int(at // HOUR) % 24
