"""The options that many commands share, and the project and the store they lead to."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from config.project import Project
    from strategies.store import Store

T = TypeVar("T")
HERE = Path()

ConfigDir = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="SECONDPASS_CONFIG",
        metavar="DIR",
        help="The directory with settings.yaml and campaigns/; the current one if not said.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for a script to read.")]


def directory(context: typer.Context, given: Path | None) -> Path:
    """The configuration directory: said after the command or before it, else the current one."""
    return given or context.find_root().obj or HERE


def project(context: typer.Context, given: Path | None) -> Project:
    """The checked project. Raises ConfigErrors.

    A relative data directory stands in the configuration directory: every command finds the same data from
    wherever it is called.
    """
    from config.project import load_project

    return located(load_project(directory(context, given)))


def as_it_runs(context: typer.Context, given: Path | None) -> Project:
    """The project for what must be done whatever is wrong with a campaign's file: stop what runs, say how it
    stands. Raises ConfigErrors for settings with mistakes."""
    from config.project import load_what_is_right

    return located(load_what_is_right(directory(context, given))[0])


def located(loaded: Project) -> Project:
    """The project with its data directory as every command finds it."""
    data_dir = (loaded.directory / loaded.settings.data_dir).resolve()
    return replace(loaded, settings=loaded.settings.model_copy(update={"data_dir": data_dir}))


def with_store(loaded: Project, work: Callable[[Store], Awaitable[T]]) -> T:
    """What `work` returns, given the project's store, which is closed afterwards; raises as `open_store`."""

    async def run() -> T:
        store = await open_store(loaded)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


async def open_store(loaded: Project) -> Store:
    """The store of the settings, with its password if they name one. Raises StoreUnavailable, and
    ConfigErrors where the environment lacks the password."""
    from strategies.store import Store

    settings = loaded.settings
    return await Store.open(settings.redis.address(), settings.data_dir, settings.tenant)


def check_interface(agent: str) -> None:
    """Raises typer.BadParameter for an `--agent` that is no interface of Asterisk's."""
    from strategies.callbacks import INTERFACE

    if not re.fullmatch(INTERFACE, agent):
        raise typer.BadParameter(f'"{agent}" is no interface; write PJSIP/agent01', param_hint="--agent")
