"""What a decision may look at, of the caller, the queues and the agents, in the words of segments.yaml;
deciding is `strategies.segmentation`'s."""

from __future__ import annotations

from collections.abc import Mapping

from strategies.agent_fit import AgentRecord
from strategies.control import Arm, draw
from strategies.segmentation import Facts, Promoted
from strategies.store import Caller


def facts_of(  # noqa: PLR0913  each its own source of what is known, by name
    caller: Caller,
    *,
    interaction: str,
    queue: str,
    tenant: str,
    arm: Arm,
    promoted: Promoted | None,
    agents: tuple[AgentRecord, ...],
) -> Facts:
    """The facts at this moment; `queue` is the one the caller would enter by the first objective. Unknown
    callers have no attributes."""
    attributes: Mapping[str, object] = caller.contact.attributes if caller.contact else {}
    queues = {name: figures.seen() for name, figures in caller.queues.items()}
    return Facts(
        contact={**attributes, "recovery_open": caller.history.recovery_open},
        queue=queues.get(queue, {}),
        promoted=promoted,
        arm=arm,
        history=_history(caller),
        queues=queues,
        agents=agents,
        draw=draw(tenant, interaction),
    )


def _history(caller: Caller) -> dict[str, object]:
    """Of attempts over all campaigns; how many of them were today is not kept over campaigns."""
    past = caller.history
    known = {
        "attempts": past.attempts,
        "last_result": past.last_result,
        "last_response": past.last_responses[-1] if past.last_responses else None,
    }
    return {name: value for name, value in known.items() if value is not None}
