"""The inbound hook without Asterisk: what a call is told in every case, and that nobody waits for us."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_network
from typing import cast

import pytest
from agi_peer import Peer
from config_files import changed
from segment_stage import (
    ADA,
    CATALOGUE,
    DEFAULTS,
    KNOWN,
    Books,
    Model,
    away,
    called,
    catalogue,
    hook,
    knows,
    silent,
    told,
    with_ttl,
)
from structlog.testing import capture_logs

from agi.asked import Asked, asked, read_plans
from agi.channel_variables import LONGEST, plain
from agi.connection import Handler
from agi.promotions import Promotions
from agi.protocol import MAX_COMMAND, encode_set_variables
from agi.segment import SegmentHook
from agi.server import FastAgiServer
from config.variables import Variable
from strategies import number_plans
from strategies.segmentation import Promoted, Reason
from strategies.store import Caller, Store, StoreUnavailable
from strategies.vocabulary import Kind

# --- What a decision sets


async def test_a_likely_customer_is_handled_by_the_second_segments_objective_alone() -> None:
    books = Books(knows(KNOWN))
    assert await told(hook(books)) == {
        "SP_QUEUE": "sales",
        "SP_PRIORITY": "10",
        "SP_SEGMENT": "prospect",
        "SP_FIRST_SEGMENT": "loyal",
        "SP_OBJECTIVE": "sell",
        "SP_OFFER": "",  # the first objective's, and none of the second's
        "SP_PROMPT": "Ask when their savings become free.",
        "SP_ANNOUNCEMENT": "",
        "SP_WAIT_LIMIT": "30",
        "SP_PENALTY_MAX": "2",
        "SP_CUSTOMER": "ada",
        "SP_WHY": "better segment accepts_offer 90%",
        "SP_DECISION": "178.42",
        "SP_CALLBACK": "",
    }
    assert books.told() == [
        (Kind.CALL_ENTERED, Reason.BETTER_SEGMENT),
        (Kind.RE_ASSOCIATED, Reason.BETTER_SEGMENT),
    ]
    assert books.expected == [3]


async def test_an_unlikely_customer_stays_and_gets_the_first_objective_whole() -> None:
    books = Books(knows(KNOWN))
    variables = await told(hook(books, Model(0.1)))
    assert variables == {
        **dict.fromkeys(variables, ""),
        "SP_QUEUE": "service",
        "SP_PRIORITY": "0",
        "SP_SEGMENT": "loyal",
        "SP_FIRST_SEGMENT": "loyal",
        "SP_OBJECTIVE": "serve",
        "SP_OFFER": "none",
        "SP_ANNOUNCEMENT": "welcome",
        "SP_CUSTOMER": "ada",
        "SP_WHY": "no candidate accepts_offer 10%",
        "SP_DECISION": "178.42",
    }
    assert books.told() == [(Kind.CALL_ENTERED, Reason.NO_CANDIDATE), (Kind.DECISION, Reason.NO_CANDIDATE)]


async def test_what_lists_and_callers_wrote_is_made_plain() -> None:
    odd = replace(ADA, id='a,d${a} "1"')
    assert (await told(hook(Books(knows(Caller(odd.id, odd, "loyal"))))))["SP_CUSTOMER"] == "a d a 1"


async def test_somebody_unknown_is_handled_by_the_default_segment_under_their_number() -> None:
    variables = await told(hook(Books(knows(Caller("+12025550142", None, None))), Model(None)))
    assert variables.items() >= {**DEFAULTS, Variable.CUSTOMER: "+12025550142"}.items()


async def test_a_control_slice_records_and_changes_nothing() -> None:
    books = Books(knows(KNOWN))
    text = CATALOGUE + "control: {slices: 30m, share: 50%}\n"
    arms = set()
    for slice_of_the_day in range(48):
        segment_hook = SegmentHook(
            cast(Store, books),
            catalogue(text),
            {"offers": Model()},
            country="US",
            tenant="test",
            clock=lambda n=slice_of_the_day: 1_784_131_200.0 + n * 1800,  # type: ignore[misc]
        )
        variables = await told(segment_hook)
        arms.add((variables["SP_SEGMENT"], books.lines[-1]["reason"]))
    assert arms == {("prospect", Reason.BETTER_SEGMENT), ("loyal", Reason.CONTROL)}


# --- What goes wrong


async def test_a_store_that_is_silent_past_the_deadline_leaves_the_default_segment() -> None:
    books = Books(silent)
    began = time.perf_counter()
    assert (await told(hook(books, deadline=0.15))).items() >= DEFAULTS.items()
    assert time.perf_counter() - began >= 0.15
    assert books.told() == [(Kind.CALL_ENTERED, Reason.DEADLINE)]


async def test_a_model_slower_than_the_deadline_leaves_the_first_segment() -> None:
    books = Books(knows(KNOWN))
    with capture_logs() as logs:
        variables = await told(hook(books, Model(takes=0.03), deadline=0.02))
    assert (variables["SP_SEGMENT"], variables["SP_CUSTOMER"]) == ("loyal", "ada")
    assert books.told() == [(Kind.CALL_ENTERED, Reason.DEADLINE), (Kind.DECISION, Reason.DEADLINE)]
    assert [(log["event"], log.get("first_known")) for log in logs] == [
        ("model.slow", None),
        ("segment.deadline", True),
    ]


async def test_a_store_that_is_away_leaves_the_default_segment_and_no_decision() -> None:
    books = Books(away)
    variables = await told(hook(books))
    assert variables.items() >= {**DEFAULTS, Variable.DECISION: ""}.items()
    assert books.told() == [(Kind.CALL_ENTERED, Reason.FAULT)]


async def test_a_model_that_raises_leaves_the_first_segment() -> None:
    books = Books(knows(KNOWN))
    with capture_logs() as logs:
        variables = await told(hook(books, Model(broken=True)))
    assert (variables["SP_SEGMENT"], variables["SP_QUEUE"], variables["SP_DECISION"]) == (
        "loyal",
        "service",
        "",
    )
    assert [log["event"] for log in logs] == ["segment.fault"]


async def test_a_segment_that_is_no_longer_in_the_catalogue_counts_as_the_default_one() -> None:
    variables = await told(hook(Books(knows(Caller("ada", ADA, "abolished"))), Model(0.1)))
    assert (variables["SP_FIRST_SEGMENT"], variables["SP_CUSTOMER"]) == ("standard", "ada")


async def test_a_ledger_that_cannot_be_written_costs_a_warning_only() -> None:
    class Torn(Books):
        async def reassociate(self, **_: object) -> bool:
            raise StoreUnavailable("the store takes no writes")

    with capture_logs() as logs:
        assert (await told(hook(Torn(knows(KNOWN)))))["SP_SEGMENT"] == "prospect"
    assert [log["event"] for log in logs] == ["segment.not_in_ledger"]


# --- Moves that outlast the call


async def test_a_move_that_outlasts_the_call_is_kept_before_the_call_hears_of_it() -> None:
    writing, free = asyncio.Event(), asyncio.Event()
    books = Books(knows(KNOWN), writing=writing, free=free)
    call, answers = called()
    asked = asyncio.create_task(hook(books, text=with_ttl())(call))
    await asyncio.wait_for(writing.wait(), 5)
    assert not answers
    free.set()
    await asked
    assert call.variables["SP_SEGMENT"] == "prospect"
    assert books.told() == [
        (Kind.RE_ASSOCIATED, Reason.BETTER_SEGMENT),
        (Kind.CALL_ENTERED, Reason.BETTER_SEGMENT),
    ]


async def test_a_customer_whom_another_call_moved_meanwhile_stays_in_the_first_segment() -> None:
    books = Books(knows(KNOWN), moves=False)
    variables = await told(hook(books, text=with_ttl()))
    assert (variables["SP_SEGMENT"], variables["SP_QUEUE"]) == ("loyal", "service")
    assert variables["SP_DECISION"] == "178.42", "the ledger tells of the conflict"
    assert books.told()[-1] == (Kind.CALL_ENTERED, Reason.CONFLICT)


# --- Nobody waits for our disk


async def test_the_caller_goes_on_before_the_ledger_is_written_and_closing_the_server_waits_for_it() -> None:
    writing, free = asyncio.Event(), asyncio.Event()
    books = Books(knows(KNOWN), writing=writing, free=free)
    routes: dict[str, Handler] = {"segment": hook(books)}
    allow = [ip_network("127.0.0.0/8")]
    server = FastAgiServer("127.0.0.1", 0, allow=allow, token=None, routes=routes)
    peer = await Peer.connect(await server.start())
    [asked] = await peer.serve([b"200 result=1\n"])
    assert asked[2].startswith("ARRAY(SP_QUEUE,SP_PRIORITY,")
    assert asked[3].startswith("sales,10,prospect,")
    assert await peer.ended() == b"", "Asterisk is let go while the ledger is being written"
    await asyncio.wait_for(writing.wait(), 5)
    closing = asyncio.create_task(server.close(drain=5))
    await asyncio.sleep(0)
    assert not closing.done()
    assert not books.lines
    free.set()
    await closing
    assert [kind for kind, _ in books.told()] == [Kind.CALL_ENTERED, Kind.RE_ASSOCIATED]


# --- Texts


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ask first, then offer", "Ask first then offer"),
        ("${SHELL(id)}", "SHELL id"),
        ('say "hello"; wait', "say hello wait"),
        ("two\nlines\x9b31m\u2028three", "two lines 31m three"),
        ("Zoë & Søn", "Zoë Søn"),
        ("\udcff", ""),
    ],
)
def test_a_text_is_made_plain_for_the_dialplan(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize("character", ["x", "ж", "漢", "🙂"])
def test_all_of_the_longest_decision_fits_one_command(character: str) -> None:
    values = {name: plain(character * 1000) for name in Variable if name.startswith("SP_")}
    decision = dict(list(values.items())[:14])
    assert all(LONGEST - 4 < len(value.encode()) <= LONGEST for value in decision.values())
    assert len(encode_set_variables(decision)) <= MAX_COMMAND


# --- What is known of the call, and the guard on the share moved


async def test_what_was_known_at_the_decision_is_kept_with_it() -> None:
    books = Books(knows(KNOWN))
    text = CATALOGUE + "factors: {offer_value: number, job: category}\n"
    await told(hook(books, text=text))
    factors = cast(Mapping[str, object], books.lines[0]["factors"])
    assert factors["offer_value"] == 400.0
    assert (factors["attempts"], factors["channel"], factors["dialled"]) == (0.0, "inbound", "5000")
    assert "job" not in factors, "of what nobody knows nothing is kept"


async def test_an_ivr_tells_the_account_and_what_the_caller_wants() -> None:
    call, _ = called()
    call.arguments = [
        "account=4711",
        "intent=close_account",
        "ivr=3",
        "ivr_seconds=12",
        "account=999",
        "shell=`id`",
        "ivr=a b",
    ]
    asks = asked(call, "US")
    assert (asks.account, asks.number) == ("4711", "+12025550142")
    assert asks.intent == {
        "channel": "inbound",
        "dialled": "5000",
        "intent": "close_account",
        "ivr": "3",
        "ivr_seconds": "12",
    }


async def test_the_number_dialled_is_the_network_s_where_it_tells_one() -> None:
    call, _ = called()
    call.environment = {**call.environment, "agi_dnid": "18005550100", "agi_extension": "s"}
    assert asked(call, "US").intent["dialled"] == "18005550100"
    call.environment = {**call.environment, "agi_dnid": "unknown"}
    assert asked(call, "US").intent["dialled"] == "s"


async def test_no_caller_waits_until_the_plans_of_numbers_are_read() -> None:
    number_plans._plan.cache_clear()
    number_plans._plans.cache_clear()
    read_plans("US")
    read = number_plans._plan.cache_info().misses
    for number in ("2025550142", "+12025550142", "+442079460018"):
        call, _ = called(number)
        assert asked(call, "US").number
    assert number_plans._plan.cache_info().misses == read


async def test_no_more_customers_are_moved_than_the_guard_lets() -> None:
    books = Books(knows(KNOWN))
    text = changed(CATALOGUE, "{margin: 5}", "{margin: 5, promoted_share: {limit: 50%, per: 5m}}")
    at = [0.0]
    segment_hook = hook(books, text=text, clock=lambda: at[0])
    decided = []
    for at[0] in (0.0, 1.0, 2.0, 3.0, 400.0):
        decided.append((await segment_hook.decided(Asked("178.1", None)))[1].reason)
    moved, kept = Reason.BETTER_SEGMENT, Reason.SHARE_REACHED
    assert decided == [moved, kept, kept, moved, moved]


def test_what_all_servers_decided_counts_unless_the_store_knows_less() -> None:
    promotions = Promotions()
    promotions.note(0.0, moved=True)
    assert promotions.seen(1.0, 300.0, Promoted(7, 2)) == Promoted(7, 2)
    assert promotions.seen(1.0, 300.0, Promoted(0, 0)) == Promoted(1, 1)
    assert promotions.seen(1.0, 300.0, None) == Promoted(1, 1)


def test_the_share_guard_forgets_what_is_older_than_its_interval() -> None:
    promotions = Promotions()
    for at in range(10):
        promotions.note(float(at), moved=at % 2 == 0)
    assert promotions.lately(9.0, per=300.0) == Promoted(10, 5)
    assert promotions.lately(306.5, per=300.0) == Promoted(3, 1)
