"""A contact's story by the API: by id, and by the number somebody calls from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_stage import Api, running_api

from strategies.contacts import Contact, Device


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with running_api(tmp_path) as asked:
        yield asked


@pytest.mark.parametrize("asked", ["2", "+12025550102", "+1 202 555 0102"])
async def test_a_contact_is_found_by_id_and_by_number(api: Api, asked: str) -> None:
    told = await api("GET", f"/api/contacts/{asked}", as_="supervisor")
    assert told.document["contact"]["id"] == "2"
    assert told.document["campaigns"][0]["sub_campaign"] == "calls/1"


async def test_of_several_with_one_number_each_is_named(api: Api) -> None:
    await api.store.import_contacts("march", [Contact("x7", (Device("home", "+12025550102"),))])
    refused = await api("GET", "/api/contacts/+12025550102", as_="supervisor")
    assert (refused.status, refused.document["reasons"][0]["what"]) == (409, "2, x7")


async def test_a_number_that_nobody_has_is_not_found(api: Api) -> None:
    assert (await api("GET", "/api/contacts/+12025550199", as_="supervisor")).status == 404
