"""Every key's name, and the order in which the functions of `functions/` take them; nothing else in the
project spells a key."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache


def number_field(number: str) -> str:
    """A number as a field of the index: shorter without what begins each of them."""
    return number.removeprefix("+")


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one tenant's shard. The hash tag keeps a person's keys in one slot of a cluster, so that
    a function may touch all of them; one shard until a tenant outgrows it."""

    tenant: str
    shard: int = 0

    def _key(self, *parts: str) -> str:
        return ":".join((f"{{{self.tenant}.{self.shard}}}", *parts))

    @property
    def begins(self) -> str:
        """What every key of the tenant begins with."""
        return self._key("")

    @property
    def copies(self) -> str:
        """What the copies of a backup begin with instead: in the same slot, and no key of the tenant's."""
        return f"backup:{self._key('')}"

    @property
    def format(self) -> str:
        """String: the format of what is kept, see `upkeep`."""
        return self._key("format")

    @property
    def libraries(self) -> str:
        """Sorted set: releases by when the store was last opened by them (epoch seconds)."""
        return self._key("libraries")

    @property
    def restoring(self) -> str:
        """String: a restore has begun and is not whole."""
        return self._key("restoring")

    @property
    def of_the_moment(self) -> tuple[str, ...]:
        """What a backup leaves out: who works now, what they say and have heard, which releases were here."""
        now = (self.bridge, self.messenger, self.dialer, self.seats, self.queues, self.rules)
        return (*now, self.format, self.libraries, self.ledger_copy)

    # people
    @property
    def contacts(self) -> str:
        """Hash: contact id -> record."""
        return self._key("contacts")

    @property
    def columns(self) -> str:
        """Hash: attribute names -> the number that stands for them in contacts' records."""
        return self._key("columns")

    @property
    def numbers(self) -> str:
        """Hash: number without `+` -> the ids of the contacts that have it, a line each. One hash takes 30
        bytes a number more than many small ones, and a third of their time: a batch of an import is two
        commands instead of one for each number."""
        return self._key("numbers")

    def numbers_before(self, bucket: int) -> str:
        """Hash: what format 2 had in its place, by bucket."""
        return self._key("numbers", f"{bucket:x}")

    @property
    def lists(self) -> str:
        """Set: the names of the lists."""
        return self._key("lists")

    def list(self, name: str) -> str:
        """Sorted set: contact id by its place in the list."""
        return self._key("list", name)

    @property
    def imports(self) -> str:
        """Hash: id of an import -> its record; `last:LIST` -> the latest one of a list."""
        return self._key("imports")

    def before(self, name: str) -> str:
        """Hash, for taking back the latest import of a list: contact id -> the record it had before, empty
        where that did not change."""
        return self._key("before", name)

    @property
    def do_not_call(self) -> str:
        """Hash: address -> why, by whom, when."""
        return self._key("do_not_call")

    def do_not_call_of(self, campaign: str) -> str:
        """Hash: address -> why, by whom, when; for one campaign only."""
        return self._key("do_not_call", campaign)

    @property
    def prefixes(self) -> str:
        """Hash: beginning of numbers that must not be called -> why, by whom, when; `#` -> the lengths."""
        return self._key("prefixes")

    @property
    def registries(self) -> str:
        """Hash: country -> the date (epoch seconds) its do-not-call registry was obtained; `US:note` -> the
        rest that is known of it."""
        return self._key("registries")

    def registry(self, country: str) -> str:
        """Set: the numbers of a country's do-not-call registry, without `+`."""
        return self._key("registry", country)

    @property
    def erased(self) -> str:
        """Hash: keyed hash of an address of somebody who was erased -> when; `key` -> the key."""
        return self._key("erased")

    @property
    def busy(self) -> str:
        """Hash, the person lock: mark (see `calls`) -> the attempt that holds it. Freed by the attempt's end
        alone."""
        return self._key("busy")

    @property
    def calls(self) -> str:
        """Hash: mark of a person (a number, an address dialled, `@contact`) -> what was tried of the person
        in the last days, over all campaigns; what limits count."""
        return self._key("calls")

    @property
    def history(self) -> str:
        """Hash: contact id -> what earlier attempts came to."""
        return self._key("history")

    @property
    def segments(self) -> str:
        """Hash: customer -> the segment it was moved to, with version and end."""
        return self._key("segments")

    @property
    def past_calls(self) -> str:
        """Hash: customer -> what their own calls came to."""
        return self._key("past_calls")

    # sub-campaigns
    @property
    def subs(self) -> str:
        """Hash: sub-campaign -> its snapshot."""
        return self._key("subs")

    @property
    def numbering(self) -> str:
        """Hash: campaign -> the number of its latest sub-campaign."""
        return self._key("numbering")

    @property
    def run(self) -> str:
        """Hash: sub-campaign -> run state."""
        return self._key("run")

    @property
    def open(self) -> str:
        """Set: the sub-campaigns that are not over, or still have contacts to end."""
        return self._key("open")

    @property
    def hang_up(self) -> str:
        """Set: the sub-campaigns whose calls are to be hung up that nobody has answered."""
        return self._key("hang_up")

    @property
    def halted(self) -> str:
        """String, the stop switch over everything: there means no claim succeeds."""
        return self._key("halted")

    def passes_ended(self, sub: str) -> str:
        """Hash: pass -> when it was over."""
        return self._key("passes_ended", sub)

    def stands(self, sub: str) -> str:
        """Hash: index of the first pass not gone through -> how many contacts stand there."""
        return self._key("stands", sub)

    def figures(self, sub: str) -> str:
        """Hash: the counters of a sub-campaign; of inbound calls for the empty name."""
        return self._key("figures", sub)

    def of_sub(self, sub: str, list_index: int = 0) -> tuple[str, ...]:
        """What a contact's state and turn are kept in, for a contact that came from this list (the index of
        its attachment): state, the five lanes, stands, tries, figures, passes ended and control.

        The lanes are sorted sets of contact ids: `promised` (a retry or recovery, by its moment), `due` (work
        of that list, by its moment), `parked` (until a pass ends), `waking` (to be looked at whatever their
        moment was) and `messages` (a text or an email, by its moment).
        """
        return _of_sub(self, sub, list_index)

    def due(self, sub: str, list_index: int) -> str:
        """Sorted set: contacts of one list of a sub-campaign by their moment."""
        return self._key("due", sub, str(list_index))

    def control(self, sub: str) -> str:
        """Hash, what may change while a sub-campaign runs: `plan` -> revision of its phases, `phase` -> the
        overrides last told to be in force, `order` -> that of the places if it was changed, `rousing` while
        not everybody was let know of that; `lists` -> how many lists were ever attached, `list:NAME` -> the
        index of each, and by index `N` -> `paused` or `detached`, `weight:N`, and `served:N` -> attempts
        claimed from it."""
        return self._key("control", sub)

    def overrides(self, sub: str) -> str:
        """Hash: id -> an override of this sub-campaign, whatever became of it."""
        return self._key("overrides", sub)

    def plan(self, sub: str) -> str:
        """Hash: `schedule` -> revision and stretches of the phases, and for each set of overrides in force
        the campaign that then holds."""
        return self._key("plan", sub)

    def state(self, sub: str) -> str:
        """Hash: contact id -> `version stand rank live` and the state."""
        return self._key("state", sub)

    # attempts
    def attempt(self, attempt: str) -> str:
        """Hash: intent, stage, the numbers it locked, the state before it."""
        return self._key("attempt", attempt)

    def facts_of(self, attempt: str) -> str:
        """List: what is known of the attempt, in order."""
        return self._key("facts", attempt)

    @property
    def live(self) -> str:
        """Set: attempts that have not ended."""
        return self._key("live")

    @property
    def facts(self) -> str:
        """Stream: facts of all attempts as they come, for the bridge."""
        return self._key("facts")

    @property
    def heard(self) -> str:
        """String: until when every event of Asterisk was heard (epoch seconds); a new store has none."""
        return self._key("heard")

    @property
    def retold(self) -> str:
        """String: how many calls Asterisk's own records have told of that the store knew nothing of."""
        return self._key("retold")

    def lost_call(self, call: str) -> str:
        """String: this inbound call was dealt with as lost."""
        return self._key("lost_call", call)

    # messages
    def message(self, attempt: str) -> str:
        """Hash: a message that was accepted: its intent, and its result where a later word changed it."""
        return self._key("message", attempt)

    def sent_as(self, medium: str, gateway_id: str) -> str:
        """String: the attempt whose message the gateway of this medium calls so."""
        return self._key("sent_as", medium, gateway_id)

    def sent_to(self, medium: str, address: str) -> str:
        """String: the attempt that sent the last message to this address."""
        return self._key("sent_to", medium, address)

    @property
    def inbox(self) -> str:
        """Sorted set: notices to be dealt with, by the moment from which."""
        return self._key("inbox")

    @property
    def notices(self) -> str:
        """Hash: notice -> what came in."""
        return self._key("notices")

    def taken_in(self, identity: str) -> str:
        """String: this notice came in already."""
        return self._key("taken_in", identity)

    @property
    def messenger(self) -> str:
        """String: the messenger that is allowed to run."""
        return self._key("messenger")

    @property
    def sip_messages(self) -> str:
        """Stream: texts that Asterisk is to send, for the bridge."""
        return self._key("sip_messages")

    @property
    def sip_answers(self) -> str:
        """Stream: what Asterisk said to them, for the messenger."""
        return self._key("sip_answers")

    # previews
    @property
    def offers(self) -> str:
        """Hash: offer -> who is shown to the agents."""
        return self._key("offers")

    @property
    def offer_answers(self) -> str:
        """Hash: offer -> the first answer to it."""
        return self._key("offer_answers")

    # agents' pages
    @property
    def agent_wishes(self) -> str:
        """Stream: what agents ask of themselves, for the bridge."""
        return self._key("agent_wishes")

    # the API
    @property
    def tokens(self) -> str:
        """Hash: digest of a token -> whose it is and what it may do."""
        return self._key("tokens")

    @property
    def told(self) -> str:
        """Hash: webhook -> the id of the last line of the ledger that it is through with."""
        return self._key("told")

    @property
    def passed_over(self) -> str:
        """Hash: webhook -> how many lines nobody took in time."""
        return self._key("passed_over")

    def given(self, key: str) -> str:
        """String: what was answered to the write with this idempotency key."""
        return self._key("given", key)

    # inbound
    @property
    def configuration(self) -> str:
        """Hash: process -> which files it goes by, and why the last edit was refused."""
        return self._key("configuration")

    @property
    def rules(self) -> str:
        """Hash: sub-campaign -> how its rules over live figures stand."""
        return self._key("rules")

    @property
    def catalogues(self) -> str:
        """Hash: version -> a segments.yaml that calls were decided by."""
        return self._key("catalogues")

    @property
    def queues(self) -> str:
        """Hash: queue -> its live figures."""
        return self._key("queues")

    def interaction(self, interaction: str) -> str:
        """String: whose interaction it is and the objective it was handled by; it has been decided."""
        return self._key("interaction", interaction)

    def call_over(self, interaction: str) -> str:
        """String: this call's end has been written."""
        return self._key("call_over", interaction)

    def noted(self, interaction: str) -> str:
        """String: what an agent noted of this call was counted."""
        return self._key("noted", interaction)

    @property
    def tallies(self) -> str:
        """Hash: `AGENT|OBJECTIVE|pursued` and `AGENT|OBJECTIVE|achieved` -> how often."""
        return self._key("tallies")

    # learning
    def examples(self, model: str) -> str:
        """Stream: what was known when a call was decided and what came of it, for one model."""
        return self._key("examples", model)

    @property
    def learning(self) -> str:
        """Hash: `upto` -> the ledger's line up to which examples were made."""
        return self._key("learning")

    @property
    def models(self) -> str:
        """Hash: model -> how it stands."""
        return self._key("models")

    # all of it
    @property
    def ledger(self) -> str:
        """Stream: everything that happened, append-only."""
        return self._key("ledger")

    @property
    def archive_home(self) -> str:
        """String: the mark of the directory that the ledger's closed days are in."""
        return self._key("archive_home")

    @property
    def ledger_copy(self) -> str:
        """Stream: the ledger while somebody's name is taken out of it."""
        return self._key("ledger_copy")

    @property
    def bridge(self) -> str:
        """String: the bridge that is allowed to run."""
        return self._key("bridge")

    @property
    def dialer(self) -> str:
        """String: what the bridge says of its dialer."""
        return self._key("dialer")

    @property
    def seats(self) -> str:
        """String: what the bridge says of the agents."""
        return self._key("seats")

    @property
    def common(self) -> tuple[str, ...]:
        """What every function on attempts takes first."""
        return _common(self)

    @property
    def limits(self) -> tuple[str, ...]:
        """What claims and ends take after the common keys."""
        return _limits(self)


@lru_cache(maxsize=256)
def _of_sub(keys: Keys, sub: str, list_index: int) -> tuple[str, ...]:
    lanes = ("parked", "waking", "messages")
    return (
        keys.state(sub),
        keys._key("promised", sub),
        keys.due(sub, list_index),
        *(keys._key(lane, sub) for lane in lanes),
        keys.stands(sub),
        keys._key("tries", sub),
        keys.figures(sub),
        keys.passes_ended(sub),
        keys.control(sub),
    )


@lru_cache(maxsize=64)
def _common(keys: Keys) -> tuple[str, ...]:
    return (keys.run, keys.halted, keys.do_not_call, keys.busy, keys.live, keys.ledger, keys.history)


@lru_cache(maxsize=64)
def _limits(keys: Keys) -> tuple[str, ...]:
    return (keys.calls, keys.contacts, keys.prefixes, keys.registries)
