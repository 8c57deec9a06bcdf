"""Which files the running processes go by, and whether the last edit of them was wrong; each process writes
its own, the console shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from strategies.store.codec import text
from strategies.store.connection import Door


@dataclass(frozen=True, slots=True)
class ConfigurationStatus:
    """What a process goes by since `since` (epoch seconds): campaign names to versions, and the version of
    the segments, None where there are none.

    `refused_at` and `errors`: when the last edit was read and why it was not taken, empty once one was.
    `waiting`: sections of the settings that were changed and hold from the next start on.
    """

    since: float
    campaigns: Mapping[str, str] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    refused_at: float | None = None
    errors: tuple[str, ...] = ()
    segments: str | None = None


_status = msgspec.json.Decoder(ConfigurationStatus).decode


class Configuration(Door):
    """What the processes go by."""

    async def put_configuration(self, process: str, status: ConfigurationStatus) -> None:
        """What one process (`agi`, `bridge`) goes by now."""
        await self._command("HSET", self._keys.configuration, process, text(status))

    async def configurations(self) -> dict[str, ConfigurationStatus]:
        """What each process that ever ran goes by."""
        raw = await self._command("HGETALL", self._keys.configuration)
        return {name.decode(): _status(body) for name, body in raw.items()}

    async def keep_catalogue(self, version: str, document: str) -> None:
        """Keep a segments.yaml under its version: each decision of the ledger names that it was made by."""
        await self._command("HSETNX", self._keys.catalogues, version, document)

    async def catalogue(self, version: str) -> str | None:
        """The segments.yaml of this version; None where none was kept."""
        raw = await self._command("HGET", self._keys.catalogues, version)
        return raw.decode() if raw else None
