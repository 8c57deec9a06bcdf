"""Every figure of a sub-campaign as it is shown, from its counters; how it is drawn is left to `results`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strategies.abandonment import Share
from strategies.campaign import Pass
from strategies.ledger import Counters
from strategies.state import SubCampaign


def figures(sub: SubCampaign, counters: Counters, waiting: Mapping[str, int]) -> dict[str, Any]:
    """Everything shown of a sub-campaign; `by_group` counts responses, one attempt may give several.

    `eligible`: contacts its filter kept; `waiting`: by pass, how many are not through with it.
    """
    groups, recovered = sub.campaign.groups, counters.recoveries
    return {
        "sub_campaign": sub.name,
        "state": sub.run_state.value,
        "lists": list(sub.lists),
        "strategy": sub.campaign.version,
        "overrides": list(sub.overrides),
        "contacts": counters.contacts,
        "eligible": counters.contacts,
        "attempted": counters.attempted,
        "ended": counters.ended,
        "remaining": counters.contacts - counters.ended,
        "attempts": counters.attempts,
        "in_progress": counters.in_progress,
        "connected_to_agent": counters.connected_to_agent,
        "abandon_rate": abandon_rate(counters),
        "by_result": dict(counters.by_result),
        "by_pass": dict(counters.by_pass),
        "by_list": dict(counters.by_list),
        "by_medium": dict(counters.by_medium),
        "by_response": dict(counters.by_response),
        "by_group": {
            group: sum(counters.by_response.get(response, 0) for response in sub.campaign.group(group))
            for group in groups
        },
        "ended_by": dict(counters.ended_by),
        "skipped": dict(counters.skipped),
        "passes": {each.name: _pass(each, counters, waiting) for each in sub.campaign.passes},
        "list_figures": {name: _list(name, counters) for name in sub.attached or sub.lists},
        "recovery": {
            "triggered": sum(counters.triggered.values()),
            "reached": sum(counters.reached.values()),
            "by_trigger": dict(counters.triggered),
            "reached_by_trigger": dict(counters.reached),
            "ended": dict(counters.recovery_ended),
            "by_day": [
                dict(zip(("day", "pass", "trigger"), path.split("/"), strict=True)) | dict(ends)
                for path, ends in sorted(recovered.items())
            ],
        },
    }


def abandon_rate(counters: Counters) -> float | None:
    """The share of abandoned calls as the law, the rules and the pacing have it (`strategies.abandonment`);
    None where no person has answered a call that was for an agent."""
    share = Share(sum(counters.live.values()), sum(counters.abandoned.values()))
    return round(share.rate, 4) if share.live else None


def _pass(each: Pass, counters: Counters, waiting: Mapping[str, int]) -> dict[str, Any]:
    results = counters.pass_results.get(each.name, {})
    attempts = counters.by_pass.get(each.name, 0)
    return {
        "medium": each.medium.value,
        "out": each.out,
        "attempts": attempts,
        "in_progress": attempts - sum(results.values()),
        "remaining": waiting.get(each.name, 0),
        "by_result": dict(results),
        "passed_over": dict(counters.pass_skipped.get(each.name, {})),
    }


def _list(name: str, counters: Counters) -> dict[str, Any]:
    contacts, ended = counters.list_contacts.get(name, 0), counters.list_ended.get(name, 0)
    return {
        "contacts": contacts,
        "remaining": contacts - ended,
        "attempts": counters.by_list.get(name, 0),
        "by_result": dict(counters.list_results.get(name, {})),
    }
