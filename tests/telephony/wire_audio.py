"""Listens on the loopback to what Asterisk and the carrier say to each other: when a call was answered, and
when the person first heard an agent. Nothing in the calls knows of it."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

AGENT_SAYS = (bytes((0x2A, 0xAA)) * 80, bytes((0xAA, 0x2A)) * 80)  # 20 ms of docker/carrier/voices.py's AGENT
SIP = 5060
ETH_P_IP = 0x0800
IP_HEADER, UDP_HEADER, RTP_HEADER = 20, 8, 12
ETHERNET = 14
SO_TIMESTAMPNS = 35  # not in Python's socket module; the kernel's own moment of each packet

_TO = re.compile(rb"^To:.*?sip:(\+\d+)@", re.MULTILINE | re.IGNORECASE)
_AUDIO = re.compile(rb"^m=audio (\d+) ", re.MULTILINE)
_INVITE = re.compile(rb"^CSeq: *\d+ INVITE", re.MULTILINE | re.IGNORECASE)


@dataclass(slots=True)
class Answered:
    """A call that the carrier answered, in epoch seconds: when, and when an agent was first heard there."""

    number: str
    at: float
    heard: float | None = None


@dataclass(slots=True)
class Ears:
    """What was heard so far. `asterisk` and `carrier` are their addresses."""

    asterisk: str
    carrier: str
    answers: dict[str, Answered] = field(default_factory=dict)  # by number: one call each
    _listening: dict[int, Answered] = field(default_factory=dict)  # by the carrier's port for audio

    def take(self, packet: bytes, at: float) -> None:
        """One IP packet."""
        source, target = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
        ports = struct.unpack("!HH", packet[IP_HEADER : IP_HEADER + 4])
        said = packet[IP_HEADER + UDP_HEADER :]
        if (source, target) == (self.carrier, self.asterisk) and SIP in ports:
            self._sip(said, at)
        elif (source, target) == (self.asterisk, self.carrier) and said[RTP_HEADER:] in AGENT_SAYS:
            call = self._listening.pop(ports[1], None)
            if call is not None:
                call.heard = at

    def _sip(self, said: bytes, at: float) -> None:
        """An answer is told again where it is not acknowledged at once: the first time counts."""
        to, audio = _TO.search(said), _AUDIO.search(said)
        if not said.startswith(b"SIP/2.0 200") or not _INVITE.search(said) or to is None or audio is None:
            return
        number = to[1].decode()
        if number not in self.answers:
            self.answers[number] = self._listening[int(audio[1])] = Answered(number, at)


@contextmanager
def listening(net: str) -> Iterator[Ears]:
    """Listen for as long as the block lasts. Raises PermissionError for who may not (CAP_NET_RAW)."""
    ears, over = Ears(f"{net}.1", f"{net}.2"), threading.Event()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP)) as wire:
        wire.bind(("lo", ETH_P_IP))
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        wire.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        wire.settimeout(0.2)
        thread = threading.Thread(target=_listen, args=(wire, ears, over), name="ears")
        thread.start()
        try:
            yield ears
        finally:
            over.set()
            thread.join()


def _listen(wire: socket.socket, ears: Ears, over: threading.Event) -> None:
    while not over.is_set():
        try:
            frame, stamps, _, sender = wire.recvmsg(4096, 64)
        except TimeoutError:
            continue
        # The loopback shows each packet twice, sent and received.
        if sender[2] == socket.PACKET_HOST and frame[ETHERNET + 9] == socket.IPPROTO_UDP:
            ears.take(frame[ETHERNET:], _moment(stamps))


def _moment(stamps: list[tuple[int, int, bytes]]) -> float:
    for level, kind, value in stamps:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = struct.unpack("=qq", value)
            return float(seconds + nanoseconds / 1e9)
    return time.time()
