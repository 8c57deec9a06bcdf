"""Whom an override would concern: the next step of each contact without it and with it, as the engine decides
them; what the override changes in the campaign is `console.overriding`'s."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from console.overriding import Laid
from strategies.explain import WORDS, Look, look
from strategies.state import Dial

if TYPE_CHECKING:
    from strategies.store import Store

LOOKED_AT = 5_000  # contacts, so that nobody waits long for an answer


async def next_steps(store: Store, laid: Laid) -> dict[str, Any]:
    """How many contacts' next step would be another when the override begins, as they stand now.

    `looked_at`: those that are not done, at most `LOOKED_AT` of `contacts`; `others`: how many of them would
    have another next step; `steps`: which one, instead of which, the most first.
    """
    sub, at = laid.sub, laid.override.at
    without, with_it = replace(sub, campaign=laid.before), replace(sub, campaign=laid.after)
    steps: Counter[tuple[str, str]] = Counter()
    looked_at = 0
    async for page in store.standings(sub.name):
        for _, contact, state in page:
            if contact is None or state.ended is not None or looked_at == LOOKED_AT:
                continue
            looked_at += 1
            before, after = look(contact, state, without, at), look(contact, state, with_it, at)
            if _said(before) != _said(after):
                steps[_said(before), _said(after)] += 1
            elif before.until != after.until:
                steps[_said(before), _moved(before, after)] += 1
        if looked_at == LOOKED_AT:
            break
    return {
        "contacts": laid.concerned["campaign"],
        "looked_at": looked_at,
        "others": steps.total(),
        "steps": [
            {"before": before, "after": after, "contacts": count}
            for (before, after), count in steps.most_common()
        ],
    }


def _said(found: Look) -> str:
    if isinstance(step := found.move.step, Dial):
        return f"is the next for {step.pass_name}, on {step.device.kind}"
    return WORDS.get(str(found.reason), str(found.reason))


def _moved(before: Look, after: Look) -> str:
    if before.until is None or after.until is None:
        return f"{_said(after)}, until another moment"
    return f"{_said(after)}, {'sooner' if after.until < before.until else 'later'}"
