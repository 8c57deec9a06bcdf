"""Live pages that are open at once: a process of its own that takes the events of many, and nothing of some.
`python page_readers.py HOST PORT TOKEN READING SLOW`.

It prints "open" once every page has its first event, and after a line on its standard input how many events
since then the reading ones took in the fewest and in the most of cases, how many of them were cut off, and
how many of the slow ones were.
"""

from __future__ import annotations

import selectors
import socket
import sys
import time
from dataclasses import dataclass

RATE = 25.0  # pages opened a second: a token has fifty requests a second
SMALL = 4096  # bytes that the system of one who never reads takes for it
_EVENT = b"event: "


@dataclass(eq=False, slots=True)
class Page:
    """One that is open; `events` it took."""

    peer: socket.socket
    reads: bool
    events: int = 0
    cut: bool = False


def main(host: str, port: int, token: str, reading: int, slow: int) -> None:
    """Open all, take what comes until we are told to tell."""
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ)
    pages: list[Page] = []
    for nth in range(reading + slow):
        began = time.monotonic()
        pages.append(opened(selector, host, port, token, reads=nth < reading))
        while (left := began + 1 / RATE - time.monotonic()) > 0:
            take(selector, left)
    while any(page.reads and not page.events for page in pages):
        take(selector, 1.0)
    for page in pages:
        page.events = 0
    print("open", flush=True)
    while not take(selector, 1.0):
        pass
    for page in pages:
        page.cut = page.cut or (not page.reads and is_cut(page.peer))
    counts = [page.events for page in pages if page.reads]
    cut = {reads: sum(page.cut for page in pages if page.reads is reads) for reads in (True, False)}
    print(min(counts), max(counts), cut[True], cut[False], flush=True)


def opened(selector: selectors.BaseSelector, host: str, port: int, token: str, *, reads: bool) -> Page:
    """A page that has asked for its events."""
    peer = socket.socket()
    if not reads:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    peer.connect((host, port))
    peer.sendall(f"GET /api/live HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    page = Page(peer, reads)
    if reads:
        selector.register(peer, selectors.EVENT_READ, page)
    return page


def take(selector: selectors.BaseSelector, within: float) -> bool:
    """What comes within so many seconds; whether it was the word to tell."""
    told = False
    for key, _ in selector.select(within):
        if key.data is None:
            told = True
            continue
        page: Page = key.data
        received = page.peer.recv(262_144)
        page.events += received.count(_EVENT)
        if not received:
            page.cut = True
            selector.unregister(page.peer)
    return told


def is_cut(peer: socket.socket) -> bool:
    """Whether the server has ended the connection of one who has read nothing so far."""
    peer.settimeout(0.2)
    try:
        while peer.recv(262_144):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
