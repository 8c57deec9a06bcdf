"""Before an override holds, it is told whom it would concern: whose next step would be another, and which."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from api_stage import Api, running_api
from secondpass_command import where_it_is_noon

from console import override_effect
from strategies.contacts import Contact, Device

SUB = "/api/sub-campaigns/calls/1"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """`calls/1` over three people with balances of 20, 300 and 5; the pass takes those above 10."""
    async with running_api(tmp_path) as asked:
        people = [
            Contact(
                one,
                (Device("mobile", f"+1202555010{one}"),),
                where_it_is_noon(),
                attributes={"balance": balance},
            )
            for one, balance in {"1": "20", "2": "300", "3": "5"}.items()
        ]
        await asked.store.import_contacts("march", people)  # where nobody is asleep
        yield asked


async def steps(api: Api, patch: dict[str, Any]) -> dict[str, Any]:
    told = await api("POST", f"{SUB}/overrides/preview", as_="supervisor", json={"patch": patch})
    assert told.status == 200, told.text
    return dict(told.document["next_steps"])


NEXT, DONE = "is the next for live, on mobile", "is done"


async def test_whoever_would_be_left_out_or_taken_in_is_counted(api: Api) -> None:
    stricter = await steps(api, {"live": {"where": "contact.balance > 100"}})
    assert (stricter["looked_at"], stricter["others"]) == (3, 1)
    assert stricter["steps"] == [{"before": NEXT, "after": DONE, "contacts": 1}]
    looser = await steps(api, {"live": {"where": "contact.balance > 1"}})
    assert looser["steps"] == [{"before": DONE, "after": NEXT, "contacts": 1}]


async def test_what_changes_nobodys_next_step_says_so(api: Api) -> None:
    told = await steps(api, {"live": {"retry": {"busy": {"after": ["5m"], "then": "next_device"}}}})
    assert (told["others"], told["steps"]) == (0, [])


async def test_where_a_window_is_over_they_wait_for_the_next(api: Api) -> None:
    told = await steps(api, {"live": {"window": {"from": "09:00", "to": "10:00"}}})
    assert told["steps"] == [{"before": NEXT, "after": "is outside the hours of its own zone", "contacts": 2}]


async def test_of_many_only_so_many_are_looked_at(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(override_effect, "LOOKED_AT", 2)
    told = await steps(api, {"live": {"where": "contact.balance > 100"}})
    assert (told["contacts"], told["looked_at"]) == (3, 2)


async def test_nothing_is_kept_by_looking(api: Api) -> None:
    before = [(await api.store.state("calls/1", one)) for one in "123"]
    await steps(api, {"live": {"where": "contact.balance > 100"}})
    assert [(await api.store.state("calls/1", one)) for one in "123"] == before
    assert (await api("GET", f"{SUB}/overrides")).document == []
