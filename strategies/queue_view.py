"""A queue as the conditions of segments.yaml see it; where its figures come from is left to the caller."""

from collections.abc import Mapping
from math import isfinite

MEAN_TALK, MEAN_WAIT = "lately_talked", "lately_waited_for_agent"
"""The factors of `strategies.queue_flow` that the expected wait is made of."""


def queue_view(  # noqa: PLR0913  each its own figure, by name
    *,
    waiting: int,
    agents_free: int,
    longest_wait: float,
    staffed: int | None,
    in_time: float | None,
    lately: Mapping[str, float],
    waited: float | None = None,
    ahead: int | None = None,
) -> dict[str, object]:
    """The names of `queue` with the values that are known. `waited`: of the caller asked about, if they wait
    there; `ahead`: callers before them, else all who wait."""
    wait = expected_wait(waiting if ahead is None else ahead, agents_free, staffed, lately)
    known = {
        "waiting": waiting,
        "agents_free": agents_free,
        "longest_wait": longest_wait,
        "staffed": staffed,
        "expected_wait": wait,
        "service_level": in_time,
        "waited": waited,
    }
    return {name: value for name, value in known.items() if value is not None}


def expected_wait(
    ahead: int, agents_free: int, staffed: int | None, lately: Mapping[str, float]
) -> float | None:
    """Seconds until somebody behind `ahead` others has an agent: with all agents busy one comes free each
    mean talk over the agents. Without that mean, what others waited lately; None if nothing is known."""
    if agents_free > 0:
        return 0.0
    talk = lately.get(MEAN_TALK)
    if staffed and talk is not None and isfinite(talk):
        return (ahead + 1) * talk / staffed
    waited = lately.get(MEAN_WAIT)
    return waited if waited is not None and isfinite(waited) else None
