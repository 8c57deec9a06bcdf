"""What the carrier sees of a campaign: the number shown by area and in turn, never more calls a second than
the trunk takes, never more at once than it has channels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from accounts import check_accounts, of_kind, settle
from harness import Harness
from harness_records import CarrierCall
from secondpass_server import Server, make_site, person

SUB = "demo/1"
BUSY, HANGS_UP = "203", "214"
PER_SECOND, CHANNELS = 3.0, 3
LATE = 0.4  # seconds an INVITE may come later than its neighbours: two cores are shared with everything else
AT_203 = {"+12035550101", "+12035550102"}

CAMPAIGN = """
campaign: demo
purpose: service
country: US
caller_id: "+12125550100"
caller_ids:
  "+1203": ["+12035550101", "+12035550102"]
agents: collections
lists: [demo]
zone: America/New_York
ring: 15s
consent: {basis: express, source: the test's people are a dialplan, date: 2026-01-01}
strategy:
  passes:
    - name: calls
      medium: avm
      script: reminder
      devices: [mobile]
      retry: {busy: {after: [1s], then: end_pass}}
"""


async def test_the_carrier_sees_the_right_numbers_and_no_more_than_the_trunk_takes(harness: Harness) -> None:
    site = make_site(harness, "trunk")
    (site.config / "campaigns" / "demo.yaml").write_text(CAMPAIGN, encoding="utf-8")
    caps = f"channels: {CHANNELS}, calls_per_second: {PER_SECOND:g}"
    site.change("settings.yaml", "channels: 100, calls_per_second: 10", caps)
    rows = await site.imports([person(area) for area in (BUSY, HANGS_UP) * 7])
    with Server(site) as server:
        await server.ready()
        await site.does("campaign", "start", "demo")
        async with site.store() as store:
            await settle(site, store, SUB, rows, within=60)
            lines = await check_accounts(site, store, SUB)
        assert await server.stop() == 0
    calls = site.carrier()
    check_numbers(calls)
    told = {(line["address"], line["caller_id"]) for line in of_kind(lines, "attempt_ended")}
    assert told == {(call.number, call.caller_id) for call in calls}
    check_rate(calls)
    assert most_at_once(calls) == CHANNELS


def check_numbers(calls: Sequence[CarrierCall]) -> None:
    """By area; and a person's second call shows the other of two numbers."""
    shown: defaultdict[str, list[str]] = defaultdict(list)
    for call in sorted(calls, key=lambda call: call.start):
        shown[call.number].append(call.caller_id)
    for number, numbers in shown.items():
        if number.startswith(f"+1{BUSY}"):
            assert (len(numbers), set(numbers)) == (2, AT_203)
        else:
            assert numbers == ["+12125550100"]
    firsts = {numbers[0] for number, numbers in shown.items() if number.startswith(f"+1{BUSY}")}
    assert firsts == AT_203


def check_rate(calls: Sequence[CarrierCall]) -> None:
    """From any call to any later one no more than the rate and one second's burst allow."""
    starts = sorted(call.start for call in calls)
    for first, since in enumerate(starts):
        for last in range(first, len(starts)):
            allowed = PER_SECOND * (starts[last] - since + LATE) + PER_SECOND
            assert last - first + 1 <= allowed, (first, last, starts[last] - since)


def most_at_once(calls: Sequence[CarrierCall]) -> int:
    """Calls that were up at the same moment."""
    edges = sorted([(call.start, 1) for call in calls] + [(call.end, -1) for call in calls])
    up = most = 0
    for _, step in edges:
        up += step
        most = max(most, up)
    return most
