"""Plots as SVG, for a page without scripts; which figures stand in them is the caller's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 12, 34


@dataclass(frozen=True, slots=True)
class Axis:
    """Values from `low` to `high` on so many pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The place of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """About five round values within."""
        step = 10 ** floor(log10((self.high - self.low) / 4))
        step = next(step * n for n in (1, 2, 5, 10) if (self.high - self.low) / (step * n) <= 6)
        first = -floor(-self.low / step)
        return [(first + n) * step for n in range(int((self.high - first * step) / step + 1e-9) + 1)]


def axis(values: Sequence[float], start: float, end: float, *within: float) -> Axis:
    """An axis that all values, and those of `within`, lie on, with a little room."""
    low, high = min(*values, *within), max(*values, *within)
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return Axis(low - room, high + room, start, end)


def intervals(rows: Sequence[tuple[str, float, float, float]], label: str) -> str:
    """A line for each row: its name, and a value with its interval, low and high; a line at nought."""
    height = TOP + BOTTOM + 34 * len(rows)
    across = axis([one for row in rows for one in row[1:]], 220, WIDTH - RIGHT, 0.0)
    parts = [_vertical(across, 0.0, height), _ticks_below(across, height)]
    for n, (name, value, low, high) in enumerate(rows):
        y = TOP + 34 * n + 17
        parts.append(f'<text x="210" y="{y + 4}" class="name">{escape(name)}</text>')
        parts.append(_line(across.at(low), y, across.at(high), y, "interval"))
        parts.append(f'<circle cx="{across.at(value):.1f}" cy="{y}" r="4" class="dot"/>')
    return _svg(parts, height, label)


def band(points: Sequence[tuple[float, float, float]], label: str, below: str) -> str:
    """A value over a count with its interval: middle, low and high of the first so many things."""
    down = axis([one for point in points for one in point], HEIGHT - BOTTOM, TOP, 0.0)
    across = Axis(0, max(1, len(points) - 1), LEFT, WIDTH - RIGHT)
    upper = [(across.at(n), down.at(high)) for n, (_, _, high) in enumerate(points)]
    lower = [(across.at(n), down.at(low)) for n, (_, low, _) in enumerate(points)]
    middle = [(across.at(n), down.at(value)) for n, (value, _, _) in enumerate(points)]
    parts = [
        f'<polygon points="{_joined([*upper, *reversed(lower)])}" class="band"/>',
        f'<polyline points="{_joined(middle)}" class="curve"/>',
        _line(LEFT, down.at(0.0), WIDTH - RIGHT, down.at(0.0), "zero"),
        *_ticks_beside(down),
        f'<text x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 8}" class="below">{escape(below)}</text>',
    ]
    return _svg(parts, HEIGHT, label)


def histogram(values: Sequence[float], label: str, bins: int = 41) -> str:
    """How often values of each size came, a line at nought."""
    across = axis(values, LEFT, WIDTH - RIGHT, 0.0)
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((value - across.low) / (across.high - across.low) * bins))] += 1
    down = Axis(0, max(counts), HEIGHT - BOTTOM, TOP)
    wide = (WIDTH - RIGHT - LEFT) / bins
    bars = [
        f'<rect x="{LEFT + n * wide:.1f}" y="{down.at(count):.1f}" width="{wide - 1:.1f}" '
        f'height="{HEIGHT - BOTTOM - down.at(count):.1f}" class="bar"/>'
        for n, count in enumerate(counts)
    ]
    return _svg(
        [*bars, _vertical(across, 0.0, HEIGHT), _ticks_below(across, HEIGHT), *_ticks_beside(down)],
        HEIGHT,
        label,
    )


def calibration(bins: Sequence[tuple[float, float, int]], label: str) -> str:
    """What was foretold against what happened, a dot for each bin; the line is where both are the same."""
    side = 300
    top = max(max(predicted, rate) for predicted, rate, _ in bins) * 1.05 or 1.0
    across, down = Axis(0, top, LEFT, side - RIGHT), Axis(0, top, side - BOTTOM, TOP)
    dots = [
        f'<circle cx="{across.at(predicted):.1f}" cy="{down.at(rate):.1f}" r="4" class="dot"/>'
        for predicted, rate, _ in bins
    ]
    line = _line(across.at(0), down.at(0), across.at(top), down.at(top), "zero")
    return _svg([line, *dots, _ticks_below(across, side), *_ticks_beside(down)], side, label, side)


def _svg(parts: Sequence[str], height: float, label: str, width: int = WIDTH) -> str:
    inner = "".join(parts)
    return (
        f'<svg viewBox="0 0 {width} {height:.0f}" width="{width}" role="img" aria-label="{escape(label)}">'
        f"{inner}</svg>"
    )


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def _vertical(across: Axis, value: float, height: float) -> str:
    return _line(across.at(value), TOP, across.at(value), height - BOTTOM, "zero")


def _ticks_below(across: Axis, height: float) -> str:
    return "".join(
        f'<text x="{across.at(tick):.1f}" y="{height - BOTTOM + 16}" class="below">{tick:.4g}</text>'
        for tick in across.ticks()
    )


def _ticks_beside(down: Axis) -> list[str]:
    return [
        f'<text x="{LEFT - 6}" y="{down.at(tick) + 4:.1f}" class="name">{tick:.4g}</text>'
        for tick in down.ticks()
    ]


def _joined(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
