"""The link's three policies: when to come again, what may be sent, and which Asterisk may be dialled with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_bridge.errors import ActionNotAllowed, ForbiddenText, UnsafeAsterisk
from ami_bridge.permitted import ONCE, REPEATABLE, check_permitted
from ami_bridge.reconnect import Backoff
from ami_bridge.version import check_version
from ami_bridge.wire import encode_action

ENTRY = {"Context": "secondpass-answered", "Exten": "s", "Priority": "1"}


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_every_wait_is_within_its_bounds(failures: int, jitter: float) -> None:
    backoff = Backoff(first=0.5, longest=30.0)
    delay = backoff.delay(failures, jitter)
    assert 0.25 <= delay <= 30.0
    assert delay <= backoff.delay(failures + 1, jitter)
    assert backoff.delay(failures, jitter, refused=True) == 30.0


def test_the_wait_doubles_until_the_longest() -> None:
    backoff = Backoff(first=1.0, longest=5.0)
    assert [backoff.delay(failures, 1.0) for failures in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_only_a_link_that_lasted_clears_the_failures() -> None:
    backoff = Backoff(settled=10.0)
    assert backoff.failures_after(4, lasted=9.9) == 5
    assert backoff.failures_after(4, lasted=10.0) == 0


@pytest.mark.parametrize(
    "version",
    [
        "18.24.2",
        "18.26.4",
        "20.9.2",
        "20.10.0",
        "21.4.2",
        "22.0.0-rc1",
        "22.10.1+dfsg+~cs6.17.60671434-1",
        "23.1.0",
        "certified/18.9-cert11",
        "certified-20.7-cert2",
        "20.7-cert5",
        "22.8-cert1",
    ],
)
def test_a_fixed_asterisk_may_be_dialled_with(version: str) -> None:
    check_version(version)


@pytest.mark.parametrize(
    "version",
    [
        "13.38.3",
        "16.30.0",
        "18.24.1",
        "19.8.1",
        "20.9.1",
        "21.4.1",
        "18.9-cert10",
        "20.7-cert1",
        "GIT-master-abc",
        "",
        None,
    ],
)
def test_an_asterisk_that_may_be_vulnerable_is_refused_with_the_mend(version: str | None) -> None:
    with pytest.raises(UnsafeAsterisk, match=r"upgrade|write=reporting"):
        check_version(version)


@pytest.mark.parametrize("action", sorted(REPEATABLE))
def test_what_only_asks_is_permitted(action: str) -> None:
    check_permitted(action, {}, {})


def test_keys_are_pressed_towards_asterisk_only() -> None:
    check_permitted("PlayDTMF", {"Channel": "sp-1", "Digit": "D", "Receive": "true"}, {})
    with pytest.raises(ActionNotAllowed, match="Receive"):
        check_permitted("PlayDTMF", {"Channel": "sp-1", "Digit": "1"}, {})


def test_variables_of_ours_are_set_and_no_functions() -> None:
    channel = {"Channel": "178.1"}
    check_permitted("Setvar", channel, {"SP_QUEUE": "sales"})
    encoded = encode_action("Setvar", channel, {"SP_QUEUE": "sales"}, action_id="a-1")
    assert b"\r\nVariable: SP_QUEUE\r\nValue: sales\r\n" in encoded
    for headers, variables in (
        (channel, {}),
        ({}, {"SP_QUEUE": "sales"}),
        (channel, {"SP_QUEUE": "sales", "SP_OFFER": ""}),
        (channel, {"CALLERID(num)": "1"}),
        (channel, {"SHELL(id)": ""}),
    ):
        with pytest.raises(ActionNotAllowed):
            check_permitted("Setvar", headers, variables)
    with pytest.raises(ForbiddenText):
        encode_action("Setvar", channel, {"SP_X)FILE(/etc/passwd": "x"}, action_id="a-1")


@pytest.mark.parametrize(
    "action",
    [
        "Command",
        "MixMonitor",
        "UpdateConfig",
        "GetConfig",
        "ModuleLoad",
        "Atxfer",
        "ListCategories",
    ],
)
def test_an_action_we_do_not_need_is_refused(action: str) -> None:
    assert action not in ONCE
    with pytest.raises(ActionNotAllowed, match=action):
        check_permitted(action, {}, {})


def test_an_originate_enters_our_contexts_with_our_variables_only() -> None:
    check_permitted("Originate", ENTRY, {"SP_ATTEMPT": "x", "__SP_QUEUE": "sales"})
    for headers, variables in (
        ({}, {}),
        (ENTRY | {"Context": "from-internal"}, {}),
        (ENTRY | {"Application": "System"}, {}),
        (ENTRY | {"data": "rm"}, {}),
        (ENTRY | {"PreDialGoSub": "x"}, {}),
        (ENTRY, {"CALLERID": "x"}),
        (ENTRY, {"SHELL": "x"}),
    ):
        with pytest.raises(ActionNotAllowed):
            check_permitted("Originate", headers, variables)


def test_a_redirect_of_two_channels_stays_in_our_contexts() -> None:
    with pytest.raises(ActionNotAllowed):
        check_permitted("Redirect", {**ENTRY, "ExtraContext": "default"}, {})
