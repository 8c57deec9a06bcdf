"""The matrix of lists by campaigns: how each list stands in each sub-campaign, every figure a recount's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from console.campaigns import FINAL
from strategies.ledger import Counters
from strategies.state import Attachment, SubCampaign

if TYPE_CHECKING:
    from strategies.store import Store

COLUMNS = ("list", "sub_campaign", "state", "weight", "contacts", "due", "in_progress", "ended")


async def matrix_rows(store: Store, *, over: bool) -> list[dict[str, Any]]:
    """A row for each list in each sub-campaign, those that are over only if asked; and one for each list that
    is in none. `due`: those of its contacts whose turn it is by now and who have not been called yet."""
    rows = []
    for sub in await (store.subs() if over else store.open_subs()):
        if over or sub.run_state not in FINAL:
            counters = await store.counters(sub.name)
            due = await store.due_by_list(sub.name, time.time())
            rows += [
                _row(name, sub, attachment, counters, due.get(attachment.index, 0))
                for name, attachment in sub.attached.items()
            ]
    attached = {row["list"] for row in rows}
    idle = [
        {**dict.fromkeys(COLUMNS), "list": name, "contacts": size}
        for name, size in (await store.lists()).items()
        if name not in attached
    ]
    return sorted([*rows, *idle], key=lambda row: (row["list"], row["sub_campaign"] or ""))


def _row(name: str, sub: SubCampaign, attachment: Attachment, counters: Counters, due: int) -> dict[str, Any]:
    results = counters.list_results.get(name, {})
    return {
        "list": name,
        "sub_campaign": sub.name,
        "state": _state(attachment),
        "weight": attachment.weight,
        "contacts": counters.list_contacts.get(name, 0),
        "due": due,
        "in_progress": counters.by_list.get(name, 0) - sum(results.values()),
        "ended": counters.list_ended.get(name, 0),
    }


def _state(attachment: Attachment) -> str:
    return "detached" if attachment.detached else "paused" if attachment.paused else "attached"
