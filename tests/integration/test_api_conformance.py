"""The API against its own document: requests made up by schemathesis, right ones and wrong ones; nothing may
fail with a 5xx, and every answer must be one that the document tells of."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_stage import Api, api_of
from secondpass_command import imported, tell_queues

from strategies.store import Store

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "negative_data_rejection,ignored_auth"
)
THERE = """\
[parameters]
"path.name" = "calls"
"path.number" = "1"
"path.list_name" = "march"
"path.identity" = "2"
"path.override_number" = "1"
"""
"""What there is: made-up names alone would meet nothing but a 404."""


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    command = await asyncio.to_thread(imported, tmp_path)
    store = await Store.open(None, command.data_dir, "main")
    await tell_queues(store, "collections")
    async with api_of(command, store) as asked:
        begun = await asked("POST", "/api/campaigns/calls/start", as_="supervisor", json={})
        assert begun.status == 201, begun.text
        yield asked
    await store.close()


@pytest.mark.parametrize(
    ("who", "paths"), [("admin", "^/"), ("agent", "^/api/(me|desk|offers)")], ids=["an admin", "an agent"]
)
async def test_made_up_requests_are_answered_as_the_document_says(
    api: Api, tmp_path: Path, who: str, paths: str
) -> None:
    (tmp_path / "schemathesis.toml").write_text(THERE)
    command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
    run = await asyncio.create_subprocess_exec(
        *command,
        *("run", f"{api.url}/api/openapi.json", "--header", f"Authorization: Bearer {who}"),
        *("--checks", CHECKS, "--max-examples", "8", "--seed", "1", "--phases", "examples,coverage,fuzzing"),
        *(
            "--include-path-regex",
            paths,
            "--exclude-path",
            "/api/live",
            "--rate-limit",
            "40/s",
            "--request-timeout",
            "30",
        ),
        *("--generation-database", "none", "--suppress-health-check", "all", "--continue-on-failure"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await run.communicate())[0].decode()
    assert run.returncode == 0, said[-8000:]
