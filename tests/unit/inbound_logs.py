"""Makes small logs of inbound calls, for the tests of the model of who hangs up."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from models.inbound_log import InboundCall

HEADER = (
    "vru+line\tcall_id\tcustomer_id\tpriority\ttype\tdate\tvru_entry\tvru_exit\tvru_time\tq_start\tq_exit\t"
    "q_time\toutcome\tser_start\tser_exit\tser_time\tserver"
)
MONDAY = datetime(1999, 1, 4, 9, tzinfo=UTC).timestamp()


def call(  # the moments are seconds after nine on a Monday
    customer: str = "",
    *,
    queued: float | None = 0.0,
    waited: float = 30.0,
    talked: float = 60.0,
    abandoned: bool = False,
    intent: str = "PS",
    agent: str = "DORIT",
    ivr: float = 5.0,
) -> InboundCall:
    """A call as the log's reader gives it; `queued` None goes to an agent at once."""
    came = MONDAY + (queued or 0.0)
    return InboundCall(
        customer=customer,
        intent=intent,
        came_at=came - ivr,
        ivr_seconds=ivr,
        queued_at=None if queued is None else came,
        waited=0.0 if queued is None else waited,
        answered_at=None if abandoned else came + (0.0 if queued is None else waited),
        talked=0.0 if abandoned else talked,
        agent="" if abandoned else agent,
    )


def busy_days(rows: int, seed: int = 3) -> list[InboundCall]:
    """Calls in which those hang up who did so before, or who meet a long queue; a tenth is unknown."""
    rng = np.random.default_rng(seed)
    at, calls = 0.0, []
    hasty = rng.random(400) < 0.3
    for _ in range(rows):
        at += float(rng.integers(5, 120))
        who = int(rng.integers(0, 400))
        waited = float(rng.integers(5, 200))
        leaves = bool(rng.random() < (0.7 if hasty[who] else 0.05) * (0.5 + waited / 200))
        customer = "" if rng.random() < 0.1 else str(100 + who)
        calls.append(
            call(customer, queued=at, waited=waited, talked=float(rng.integers(10, 300)), abandoned=leaves)
        )
    return calls


def write_log(path: Path, calls: Sequence[InboundCall]) -> Path:
    """The calls as a log's file."""
    lines = [HEADER, *(_line(nth, one) for nth, one in enumerate(calls))]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


def _line(nth: int, one: InboundCall) -> str:
    day = datetime.fromtimestamp(one.came_at, UTC)
    queue_ends = None if one.queued_at is None else one.queued_at + one.waited
    service_ends = None if one.answered_at is None else one.answered_at + one.talked
    cells = [
        "AA0101",
        nth,
        one.customer or 0,
        1 if one.customer else 0,
        one.intent,
        f"{day:%y%m%d}",
        _clock(one.came_at),
        _clock(one.came_at + one.ivr_seconds),
        round(one.ivr_seconds),
        _clock(one.queued_at),
        _clock(queue_ends),
        round(one.waited),
        "HANG" if one.abandoned else "AGENT",
        _clock(one.answered_at),
        _clock(service_ends),
        round(one.talked),
        one.agent or "NO_SERVER",
    ]
    return "\t".join(map(str, cells))


def _clock(at: float | None) -> str:
    if at is None:
        return "0:00:00"
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment.hour}:{moment:%M:%S}"
