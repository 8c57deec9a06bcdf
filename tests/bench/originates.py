"""A bare Originate loop on the manager interface: what an Asterisk and its carrier can do with no more in the
way than one socket. A process of its own: `python originates.py HOST SECRET IN_FLIGHT SECONDS`.

It keeps so many calls under way, each until its hang-up, asks for the next when one has ended, and prints how
many it asked for and its processor time for each.

A fair peer: the same manager user and so the same events, the same numbers over the same trunk, as many
calls under way, and an Originate with the headers and variables that the bridge's has, into the same context;
a call costs Asterisk and the carrier the same processor time as one of the bridge's. What it leaves out is
what the bridge is for: no contact is judged, nothing is claimed or kept on a disk, no limit is looked at, and
of an end nothing is learnt but that there was one.
"""

from __future__ import annotations

import socket
import sys
import time
from itertools import count

_ENDED = (b"Event: Hangup\r\n", b"Response: Error\r\n")
_NO_CHANNEL = b"\r\nUniqueid: <null>\r\n"  # in the answer to an Originate that no hang-up will follow
AREAS = ("203", "203", "214")  # at the carrier: busy, busy, and somebody who answers and hangs up
PATIENCE = 15.0  # seconds without a word from Asterisk, after which it is not to be measured


def main(host: str, secret: str, in_flight: int, seconds: float) -> None:
    """Dial numbers of AREAS in turn for so many seconds, and wait for the last.

    Raises TimeoutError where Asterisk falls silent meanwhile."""
    link = socket.create_connection((host, 5038), timeout=PATIENCE)
    link.sendall(f"Action: Login\r\nUsername: secondpass\r\nSecret: {secret}\r\n\r\n".encode())
    numbers = count()
    ends, rest, under_way = time.monotonic() + seconds, b"", 0
    while under_way or time.monotonic() < ends:
        wanted = in_flight - under_way if time.monotonic() < ends else 0
        link.sendall(b"".join(originate(next(numbers)) for _ in range(wanted)))
        under_way += wanted
        try:
            received = rest + link.recv(65536)
        except TimeoutError:
            if time.monotonic() < ends:
                raise
            break  # an overrun Asterisk forgot to tell of the last ones; they are past the measured seconds
        *messages, rest = received.split(b"\r\n\r\n")
        under_way -= sum(message.startswith(_ENDED) or _NO_CHANNEL in message for message in messages)
    asked = next(numbers)
    print(f"{asked} {time.process_time() / asked:.9f}", flush=True)


def number(nth: int) -> str:
    """The nth number that is dialled, of ten thousand."""
    return f"+1{AREAS[nth % len(AREAS)]}222{nth % 10_000:04}"


def originate(nth: int) -> bytes:
    """The nth action, with the headers and variables that the bridge's has."""
    return (
        f"Action: Originate\r\nActionID: bare-{nth}\r\nChannel: PJSIP/{number(nth)}@carrier\r\n"
        "Context: secondpass-answered\r\nExten: s\r\nPriority: 1\r\nAsync: true\r\nTimeout: 30000\r\n"
        f"CallerID: +12125550100\r\nChannelId: sp-bare{nth}\r\n"
        f"Variable: SP_ATTEMPT=sp-bare{nth}\r\nVariable: SP_QUEUE=collections\r\n"
        "Variable: SP_MACHINE=hang_up\r\nVariable: SP_PRIORITY=0\r\n"
        "Variable: SP_RECORD=bench/avm/demo/1/calls\r\n\r\n"
    ).encode()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
