"""Makes the sounds of the harness: a voice that says hello, an answering machine's greeting and beep, a tone,
and what agents say.

Raw 8 kHz signed linear, as Asterisk plays it. The voice is a buzz shaped into syllables: answering machine
detection listens to loudness and pauses, not to words.
"""

from __future__ import annotations

import array
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

RATE = 8000


def silence(seconds: float) -> Iterator[int]:
    return (0 for _ in range(int(RATE * seconds)))


def tone(seconds: float, hertz: float, loudness: int = 6000) -> Iterator[int]:
    return (int(loudness * math.sin(2 * math.pi * hertz * n / RATE)) for n in range(int(RATE * seconds)))


def syllable(seconds: float, pitch: float = 120) -> Iterator[int]:
    """A vowel: ten harmonics of `pitch` that swell and fade."""
    length = int(RATE * seconds)
    for n in range(length):
        swell = math.sin(math.pi * n / length) ** 0.3
        buzz = sum(math.sin(2 * math.pi * pitch * k * n / RATE) / k for k in range(1, 11))
        yield int(5000 * swell * buzz / 2)


def hello() -> Iterator[int]:
    """One word of 0.6 s."""
    yield from syllable(0.25, 115)
    yield from syllable(0.35, 140)


def greeting() -> Iterator[int]:
    """Ten words in about five seconds, with the short pauses of read speech."""
    for word in range(10):
        yield from syllable(0.4, 110 + 5 * (word % 3))
        yield from silence(0.1)


AGENT = bytes((0x2A, 0xAA)) * 4000
"""A second of what an agent says, in u-law: the same whatever twenty milliseconds are cut out of it."""

SOUNDS: dict[str, Callable[[], Iterator[int]]] = {
    "hello": hello,
    "greeting": greeting,
    "beep": lambda: tone(0.3, 1000),
    "fax": lambda: tone(3, 2100),
    "hold/hold": lambda: tone(5, 220, 800),
}


def main(folder: Path) -> None:
    for name, sound in SOUNDS.items():
        samples = array.array("h", sound())
        if sys.byteorder == "big":
            samples.byteswap()
        file = folder / f"{name}.sln"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(samples.tobytes())
    (folder / "agent.ul").write_bytes(AGENT)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
