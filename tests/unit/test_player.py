"""The script's player on a session whose telephone does as it is told: every way through the reminder."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from ipaddress import ip_network

import pytest
from agi_peer import Peer
from script_stage import (
    GONE,
    HEARD_IN_FULL,
    IN_FULL,
    INTENT,
    LOST,
    MISSING,
    OPENING,
    QUIET,
    Notes,
    Telephone,
    hook,
    played,
)
from structlog.testing import capture_logs

from agi import player
from agi.answered import UnknownAttempt
from agi.server import FastAgiServer
from strategies.attempts import FactName


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is away is asked again at once."""
    monkeypatch.setattr(player, "NOTE_AGAIN", 0.0)


# --- Every way through it


@pytest.mark.parametrize(("key", "step"), [("1", "noted"), ("9", "wrong"), ("8", "stop")])
@pytest.mark.parametrize("when", ["during the prompt", "in the wait", "after the second prompt"])
async def test_a_key_leads_to_its_step_and_then_the_call_ends(key: str, step: str, when: str) -> None:
    before = {"during the prompt": 1, "in the wait": 2, "after the second prompt": 4}[when]
    notes = Notes()
    telephone = await played(notes, *[QUIET] * before, key, QUIET)
    assert telephone.heard == [*HEARD_IN_FULL[: before + 1], step]
    assert notes.facts == [
        (FactName.SCRIPT_STARTED, ""),
        (FactName.PRESSED, key),
        (FactName.SCRIPT_ENDED, "completed"),
    ]
    assert telephone.next == "hangup"


async def test_who_asks_for_an_agent_is_told_to_wait_and_goes_to_one() -> None:
    notes = Notes()
    telephone = await played(notes, QUIET, "0", QUIET)
    assert telephone.heard == ["hello", "choice", "agent"]
    assert (notes.keys(), notes.ended(), telephone.next) == (["0"], "agent", "agent")


async def test_who_says_nothing_is_asked_twice_and_bid_goodbye() -> None:
    notes = Notes()
    telephone = await played(notes, *IN_FULL)
    assert telephone.heard == HEARD_IN_FULL
    assert (notes.keys(), notes.ended(), telephone.next) == ([], "no_input", "hangup")


async def test_a_key_nobody_offered_is_no_response() -> None:
    notes = Notes()
    telephone = await played(notes, QUIET, QUIET, "5", "1", QUIET)
    assert telephone.heard == ["hello", "choice", "wait", "choice", "noted"]
    assert notes.keys() == ["1"]


# --- Hung up, cut off, broken


@pytest.mark.parametrize("at", range(len(IN_FULL)))
@pytest.mark.parametrize("how", [GONE, LOST])
async def test_a_hang_up_anywhere_is_noted_and_nothing_more_is_asked(at: int, how: str) -> None:
    notes = Notes()
    telephone = await played(notes, *IN_FULL[:at], how)
    assert telephone.heard == HEARD_IN_FULL[: at + 1]
    assert notes.facts == [(FactName.SCRIPT_STARTED, ""), (FactName.SCRIPT_ENDED, "hung_up")]
    assert telephone.next == ""


@pytest.mark.parametrize("how", [GONE, LOST])
async def test_who_hangs_up_after_a_key_has_pressed_it(how: str) -> None:
    notes = Notes()
    await played(notes, QUIET, "8", how)
    assert (notes.keys(), notes.ended()) == (["8"], "hung_up")


@pytest.mark.parametrize("at", [0, 1, 3, 5])
async def test_a_sound_that_is_missing_ends_the_script_and_the_call(at: int) -> None:
    notes = Notes()
    with capture_logs() as logs:
        telephone = await played(notes, *IN_FULL[:at], MISSING)
    assert (notes.ended(), telephone.next) == ("failed", "hangup")
    assert [log["event"] for log in logs] == ["script.broke"]


async def test_a_step_whose_sound_was_never_made_ends_the_script() -> None:
    prompts = {name: path for name, path in INTENT.prompts.items() if name != "choice"}
    notes = Notes((replace(INTENT, prompts=prompts),))
    telephone = await played(notes, QUIET)
    assert (telephone.heard, notes.ended(), telephone.next) == (["hello"], "failed", "hangup")


async def test_a_player_that_is_stopped_still_notes_that_the_script_ended() -> None:
    notes, telephone = Notes(), Telephone("")
    playing = asyncio.create_task(hook(notes)(telephone.session))
    while not telephone.heard:  # noqa: ASYNC110  the telephone tells nobody
        await asyncio.sleep(0)
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    assert (notes.ended(), telephone.next) == ("failed", "")


# --- Whose script


async def test_a_channel_that_is_no_attempt_hears_nothing() -> None:
    notes, telephone = Notes(intents=()), Telephone()
    with pytest.raises(UnknownAttempt):
        await hook(notes)(telephone.session)
    assert (telephone.heard, telephone.next, notes.facts) == ([], "", [])


async def test_a_pass_without_a_script_plays_nothing() -> None:
    notes, telephone = Notes((replace(INTENT, pass_name="rescue"),)), Telephone()
    with pytest.raises(UnknownAttempt):
        await hook(notes)(telephone.session)
    assert (telephone.heard, notes.facts) == ([], [])


async def test_the_script_of_a_pass_is_read_once() -> None:
    notes = Notes()
    one = hook(notes)
    for _ in range(3):
        await one(Telephone(QUIET, "1", QUIET).session)
    assert notes.campaigns_read == 1


# --- The store is away


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("fact", [FactName.SCRIPT_STARTED, FactName.PRESSED, FactName.SCRIPT_ENDED])
async def test_a_store_that_is_away_for_a_moment_loses_nothing(fact: FactName) -> None:
    notes = Notes(away=3, since=fact)
    telephone = await played(notes, QUIET, "8", QUIET)
    assert notes.facts == [
        (FactName.SCRIPT_STARTED, ""),
        (FactName.PRESSED, "8"),
        (FactName.SCRIPT_ENDED, "completed"),
    ]
    assert telephone.heard == ["hello", "choice", "stop"]


@pytest.mark.usefixtures("at_once")
async def test_a_key_that_could_not_be_noted_is_an_error_in_the_log_and_the_script_goes_on() -> None:
    notes = Notes(away=player.NOTE_TRIES)
    with capture_logs() as logs:
        telephone = await played(notes, QUIET, "8", QUIET)
    assert telephone.heard == ["hello", "choice", "stop"]
    assert [(log["event"], log["fact"], log["value"]) for log in logs] == [
        ("script.fact_lost", "pressed", "8")
    ]
    assert (notes.keys(), notes.ended()) == ([], "completed")


async def test_an_opt_out_outlives_the_call_while_the_store_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player, "NOTE_AGAIN", 0.02)
    notes = Notes(away=3)
    server = FastAgiServer(
        "127.0.0.1", 0, allow=[ip_network("127.0.0.0/8")], token=None, routes={"script": hook(notes)}
    )
    peer = await Peer.connect(await server.start(), OPENING)
    await peer.serve([b"200 result=0 endpos=8000\n", b"200 result=56 endpos=99\n"])
    await peer.close()
    await server.close(drain=5)
    assert (notes.keys(), notes.ended()) == (["8"], "hung_up")
