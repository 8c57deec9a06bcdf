"""The files of Asterisk's records: read from a moment on, the rotated ones too; what a line means is left to
`queue_log` and `call_records`."""

from __future__ import annotations

import gzip
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from ami_bridge.logged.call_records import CallRecord, call_record, joined, moment_of_record
from ami_bridge.logged.calls import LoggedCall
from ami_bridge.logged.queue_log import QueueEntry, moment_of_entry, queue_entry
from config.settings import Asterisk

EARLIER = 5.0  # seconds before the moment asked for: lines are written in order, but not to the second
STEP = 65_536  # bytes that are read rather than halved further
ALWAYS = 0.0  # everything that is there

Moment = Callable[[str], float | None]


@dataclass(frozen=True, slots=True)
class AsteriskFiles:
    """Queue log and call records, each with what a rotation has left beside it (`queue_log.1`,
    `queue_log-20300131.gz`). Reading raises OSError where one may not be read, or its directory is missing; a
    file that is not there yet has no lines."""

    queue_log: Path
    cdr: Path

    def calls(self, since: float) -> dict[str, LoggedCall]:
        """By its unique id, every call with a line from that moment on (epoch seconds)."""
        records: dict[str, CallRecord] = {}
        for line in lines_since(self.cdr, since, moment_of_record):
            if (record := call_record(line)) is not None:
                records[record.call] = joined(records.get(record.call), record)
        entries = self._entries(since, None)
        return {
            call: LoggedCall(call, tuple(entries.get(call, ())), records.get(call))
            for call in {**entries, **records}
        }

    def live_answers(self, tenant: str, since: float = ALWAYS) -> dict[str, LoggedCall]:
        """Only the calls of this tenant that a person answered, to be led to an agent."""
        live: dict[str, CallRecord] = {}
        for line in lines_since(self.cdr, since, moment_of_record):
            record = call_record(line)
            if record is None or record.origin is None or record.origin.tenant != tenant:
                continue
            if record.is_live or record.call in live:
                live[record.call] = joined(live.get(record.call), record)
        entries = self._entries(min((one.start for one in live.values()), default=since), live.keys())
        return {call: LoggedCall(call, tuple(entries.get(call, ())), one) for call, one in live.items()}

    def _entries(self, since: float, wanted: Collection[str] | None) -> dict[str, list[QueueEntry]]:
        found: defaultdict[str, list[QueueEntry]] = defaultdict(list)
        for line in lines_since(self.queue_log, since, moment_of_entry):
            entry = queue_entry(line)
            if entry is not None and (wanted is None or entry.call in wanted):
                found[entry.call].append(entry)
        return found


def files_of(asterisk: Asterisk) -> AsteriskFiles | None:
    """Those the settings name; None where they name none."""
    if asterisk.queue_log is None or asterisk.cdr is None:
        return None
    return AsteriskFiles(asterisk.queue_log, asterisk.cdr)


def lines_since(path: Path, since: float, moment: Moment) -> Iterator[str]:
    """The lines of a file and of its rotated parts from a moment on, oldest part first; some earlier ones may
    be among them."""
    for part in _parts(path, since - EARLIER):
        with _opened(part) as stream:
            if isinstance(stream, BufferedReader):
                _skip_before(stream, since - EARLIER, moment)
            try:
                yield from (line.decode(errors="replace") for line in stream)
            except (EOFError, zlib.error) as error:
                raise OSError(f"{part} is damaged: {error}") from error


def _parts(path: Path, since: float) -> list[Path]:
    """The file itself, and the rotated parts that were written to since then."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no directory {path.parent}")
    rotated = [part for part in path.parent.glob(f"{path.name}[.-]*") if part.stat().st_mtime >= since]
    parts = sorted(rotated, key=lambda part: part.stat().st_mtime)
    return [*parts, path] if path.exists() else parts


def _opened(path: Path) -> BufferedReader | gzip.GzipFile:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


def _skip_before(stream: BufferedReader, since: float, moment: Moment) -> None:
    """Set the stream to the begin of a line before that moment, close to it: by halves, for the file may be
    large, and its lines are in order."""
    low, high = 0, stream.seek(0, 2)
    while high - low > STEP:
        middle = (low + high) // 2
        stream.seek(middle)
        stream.readline()  # the rest of a line
        at = moment(stream.readline().decode(errors="replace"))
        low, high = (middle, high) if at is not None and at < since else (low, middle)
    stream.seek(low)
    if low:
        stream.readline()
