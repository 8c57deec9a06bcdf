"""What the live page shows, gathered in one look at the store; each figure as `secondpass results`
tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from console import results
from console.rules import rows_of

if TYPE_CHECKING:
    from strategies.store import Store


async def look(store: Store) -> dict[str, Any]:
    """By topic: `overview` (stop switch, queues, a line for each sub-campaign that is open), and
    `sub:NAME/N` with all figures and rules of each."""
    kept, queues, open_ones = await store.rules(), (await store.caller(None)).queues, await store.open_subs()
    found = await results.figures_of_all(store, open_ones, queues)
    subs = {
        f"sub:{sub.name}": {**figures, "rules": rows_of(sub, kept)}
        for sub, figures in zip(open_ones, found, strict=True)
    }
    lines = [_line(one) for one in subs.values()]
    return {
        "overview": {
            "halted_by": await store.halted_by(),
            "bridge": await store.bridge_holder() is not None,
            "queues": {
                name: {
                    "agents_free": one.agents_free,
                    "waiting": one.waiting,
                    "longest_wait": one.longest_wait,
                }
                for name, one in sorted(queues.items())
            },
            "sub_campaigns": lines,
        },
        **subs,
    }


LINE = (
    *("sub_campaign", "state", "overrides", "contacts", "ended", "remaining", "attempts", "in_progress"),
    *("connected_to_agent", "abandon_rate"),
)


def _line(figures: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: figures[name] for name in LINE},
        "recovered": figures["recovery"]["reached"],
        "rules": [
            {"rule": rule["rule"], "stand": rule["stand"]}
            for rule in figures["rules"]
            if rule["stand"] != "calm"
        ],
    }
