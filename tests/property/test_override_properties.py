"""Overrides of any patches at any moments: what holds when, what is left, and no patch that crashes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from config.errors import ConfigErrors
from config.pass_rules import Scripts
from config.patching import patched
from config.yaml_reader import Document, parse
from strategies.campaign import Campaign, Pass
from strategies.overrides import Override, Phase, Plan, as_of, spliced, stretches
from strategies.state import SubCampaign
from strategies.vocabulary import Medium, RunState

CAMPAIGN = Campaign("spring", "service", "US", "", "", (Pass("call", Medium.AVM),), "UTC")
SUB = SubCampaign("spring/1", CAMPAIGN, (), RunState.RUNNING, 0.0)
moments = st.integers(0, 100).map(float)


@st.composite
def overrides(draw: st.DrawFn) -> list[Override]:
    found = []
    for place in range(draw(st.integers(0, 5))):
        at, until = sorted(draw(st.lists(moments, min_size=2, max_size=2, unique=True)))
        cancelled = draw(st.none() | moments)
        found.append(Override(f"spring/1.{place + 1}", at, until, {}, cancelled_at=cancelled))
    return found


def phases(found: list[Override], now: float) -> list[Phase]:
    """Each with a campaign that tells which overrides it was made of."""
    return [
        Phase(one.begins, one.ends, ids, replace(CAMPAIGN, name="+".join(ids)))
        for one in stretches(found, now)
        for ids in [tuple(o.id for o in one.overrides)]
    ]


@given(overrides(), moments)
def test_at_every_moment_exactly_those_in_force_hold(found: list[Override], now: float) -> None:
    held = as_of(SUB, Plan(1, tuple(phases(found, 0.0))), now)
    assert set(held.overrides) == {one.id for one in found if one.at <= now < one.ends}
    assert held.campaign.name == ("+".join(held.overrides) or "spring")


@given(overrides(), moments)
def test_nothing_changes_before_the_moment_that_is_told(found: list[Override], now: float) -> None:
    plan = Plan(1, tuple(phases(found, 0.0)))
    held = as_of(SUB, plan, now)
    until = 200.0 if held.plan_until is None else held.plan_until
    assert until > now
    for later in (now + (until - now) / 2, until - 0.001):
        assert as_of(SUB, plan, later) == held


@given(overrides())
def test_after_the_last_end_nothing_is_left(found: list[Override]) -> None:
    assert as_of(SUB, Plan(0, tuple(phases(found, 0.0))), 100.0) == SUB


@given(overrides(), overrides(), moments, moments)
def test_a_changed_plan_leaves_what_has_been(
    old: list[Override], new: list[Override], changed: float, looked: float
) -> None:
    before = tuple(phases(old, 0.0))
    plan = Plan(2, spliced(before, phases(new, changed), changed))
    was = as_of(SUB, Plan(2, before), looked) if looked < changed else None
    held = as_of(SUB, plan, looked)
    if was is not None:
        assert held.overrides == was.overrides
    else:
        assert set(held.overrides) == {one.id for one in new if one.at <= looked < one.ends}


SOURCE = """\
campaign: spring
purpose: service
country: US
zone: America/New_York
caller_id: "+12125550100"
agents: collections
strategy:
  passes:
    - {name: call, medium: avm, script: hello, devices: [mobile], retry: {busy: {after: [5m]}}}
    - {name: rescue, medium: dialer, recovers: call, triggers: [not_connected]}
    - {name: lost, medium: dialer, recovers: {queue: service}, triggers: [abandoned_in_queue]}
    - {name: agents, medium: dialer, accept: {from: previous_pass, results: [busy]}}
"""
words = st.sampled_from(
    [
        *("call", "rescue", "lost", "agents", "campaign", "name", "medium", "devices", "retry", "window"),
        *("filter", "order", "text", "email", "avm", "dialer", "mobile", "busy", "from", "to", "09:00", "5m"),
        *("message", "subject", "recovers", "pacing", "script", "hello", "out", "limits", "accept", "where"),
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | words | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
patches = values | st.dictionaries(words, values, max_size=4)


@given(st.lists(patches, min_size=1, max_size=3))
def test_any_patch_is_a_campaign_or_a_list_of_mistakes(found: list[object]) -> None:
    base = parse(SOURCE.encode(), Path("spring.yaml"))
    documents = [Document(Path("patch.yaml"), one, {}) for one in found]
    try:
        campaign = patched(base, documents, Scripts({}, absent=True))
    except ConfigErrors as refused:
        told = [error.message for error in refused.errors]
    else:
        told = [one.name for one in campaign.passes if one.name in ("call", "rescue", "lost", "agents")]
    assert told
    assert all(told)
