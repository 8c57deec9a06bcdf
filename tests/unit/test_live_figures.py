"""Live figures for many readers: told when they change, and nobody waits for one who reads too slowly."""

from __future__ import annotations

from console.web.live import UNREAD, Live, _Reader


async def nothing() -> dict[str, object]:
    return {}


async def always(*_: object) -> bool:
    return True


def events(reader: _Reader) -> list[bytes | None]:
    return [reader.events.get_nowait() for _ in range(reader.events.qsize())]


def reading(live: Live, *topics: str) -> _Reader:
    reader = _Reader(frozenset(topics))
    live._readers.add(reader)
    return reader


async def test_only_what_changed_is_told() -> None:
    live = Live(nothing, always)
    reader = reading(live)
    live._publish({"overview": {"calls": 1}, "sub:a/1": {"state": "running"}})
    live._publish({"overview": {"calls": 2}, "sub:a/1": {"state": "running"}})
    assert events(reader) == [
        b'event: overview\ndata: {"calls":1}\n\n',
        b'event: sub:a/1\ndata: {"state":"running"}\n\n',
        b'event: overview\ndata: {"calls":2}\n\n',
    ]


async def test_what_is_gone_is_told_as_nothing() -> None:
    live = Live(nothing, always)
    live._publish({"sub:a/1": {"state": "running"}})
    reader = reading(live)
    live._publish({})
    assert events(reader) == [b"event: sub:a/1\ndata: null\n\n"]


async def test_a_reader_gets_the_topics_asked_for_alone() -> None:
    live = Live(nothing, always)
    of_one, of_all_subs = reading(live, "sub:a/1"), reading(live, "sub")
    live._publish({"overview": 1, "sub:a/1": 1, "sub:b/1": 1})
    assert len(events(of_one)) == 1
    assert len(events(of_all_subs)) == 2


async def test_who_reads_too_slowly_is_cut_off_and_nobody_else() -> None:
    live = Live(nothing, always)
    slow, quick = reading(live), reading(live)
    for count in range(UNREAD + 1):
        live._publish({"overview": count})
        assert len(events(quick)) == 1
    assert events(slow) == [None]
    assert (live.dropped, live.readers) == (1, 1)


async def test_a_line_break_in_a_name_ends_no_event() -> None:
    live = Live(nothing, always)
    reader = reading(live)
    live._publish({"overview": {"name": "a\n\nevent: forged\ndata: 1"}})
    (event,) = events(reader)
    assert event is not None
    assert event.count(b"\n") == 3
