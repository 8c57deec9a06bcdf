"""The ledger's stream: lines appended, read in pages, and taken away once they are kept elsewhere; the files
of closed days are left to the console."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from strategies.ledger import Counters
from strategies.store.codec import read_plain
from strategies.store.connection import translated, unnested
from strategies.store.errors import StoreError
from strategies.store.lines import Line, counted, packed
from strategies.store.people import People
from strategies.vocabulary import Kind

Entry = tuple[str, dict[str, Any]]
"""A line with its id in the stream: milliseconds of the server's clock and a number, `1772438400000-0`."""


class LedgerStream(People):
    """Everything that happened, as it was written."""

    async def append(self, line: Line, *, at: float) -> None:
        """A ledger line on its own, for what no other function writes (a call that entered and was not
        decided)."""
        [[written, adds]] = packed([line], at=at)
        figures = self._keys.figures(str(line.get("campaign", "")))
        await self._call("append", (self._keys.ledger, figures), {"lines": [[written, adds]]})

    async def changed(self, what: str, *, by: str, **about: object) -> None:
        """A line of the audit, for a change that no other function writes; `about`: what the change is of,
        `old` and `new`."""
        await self.append({"kind": Kind.CHANGED, "what": what, "by": by, **about}, at=self._clock())

    async def ledger(self, after: str = "-", count: int = 1000, before: str = "+") -> list[Entry]:
        """Lines after a stream id (`-`: from the start) and before another one, with their ids, the oldest
        first."""
        texts = await self.ledger_texts(after, count, before)
        return [(identity, read_plain(text)) for identity, text in texts]

    async def ledger_texts(
        self, after: str = "-", count: int = 1000, before: str = "+"
    ) -> list[tuple[str, bytes]]:
        """The same, each line as it was written."""
        start = "-" if after == "-" else f"({after}"
        end = "+" if before == "+" else f"({before}"
        entries = await self._command("XRANGE", self._keys.ledger, start, end, "COUNT", count)
        return [(identity.decode(), _text(body)) for identity, body in unnested(entries)]

    async def newest(self, before: str = "+", count: int = 1000) -> list[Entry]:
        """The lines before a stream id (`+`: from the end), the newest first."""
        end = "+" if before == "+" else f"({before}"
        entries = await self._command("XREVRANGE", self._keys.ledger, end, "-", "COUNT", count)
        return [(identity.decode(), read_plain(_text(body))) for identity, body in unnested(entries)]

    async def figures_at(self, subs: Sequence[str]) -> tuple[str, dict[str, Counters]]:
        """The counters of these sub-campaigns, and the id of the last line they hold; `-` where no line is in
        the stream. One step: no line comes between."""
        with translated():
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.execute_command("XREVRANGE", self._keys.ledger, "+", "-", "COUNT", 1)
                for sub in subs:
                    pipe.execute_command("HGETALL", self._keys.figures(sub))
                last, *figures = await pipe.execute()
        found = unnested(last)
        identity = found[0][0].decode() if found else "-"
        return identity, {sub: counted(own) for sub, own in zip(subs, figures, strict=True)}

    async def ledger_trim(self, upto: str) -> int:
        """Take away the lines up to and with this id; returns how many."""
        millis, _, number = upto.partition("-")
        least = f"{millis}-{int(number) + 1}"
        return int(await self._command("XTRIM", self._keys.ledger, "MINID", least))

    async def archive_home(self, mark: str | None = None) -> str | None:
        """The mark of the directory that closed days are moved to; set to `mark` if there is none yet."""
        if mark is not None:
            await self._command("SET", self._keys.archive_home, mark, "NX")
        raw = await self._command("GET", self._keys.archive_home)
        return raw.decode() if raw else None

    async def durability(self) -> str:
        """How soon the server writes its journal to the disk: `always`, `everysec` or `no`; `unknown` where
        it does not say."""
        try:
            told = await self._command("CONFIG", "GET", "appendfsync")
        except StoreError:
            return "unknown"
        pairs = told if isinstance(told, dict) else dict(zip(told[::2], told[1::2], strict=True))
        return next((value.decode() for value in pairs.values()), "unknown")

    async def server_time(self) -> float:
        """The server's own clock in epoch seconds: that of the ids of the stream."""
        seconds, micros = await self._command("TIME")
        return int(seconds) + int(micros) / 1e6


def _text(body: Any) -> bytes:
    pairs: Mapping[bytes, bytes] = (
        body if isinstance(body, dict) else dict(zip(body[::2], body[1::2], strict=True))
    )
    return pairs[b"line"]
