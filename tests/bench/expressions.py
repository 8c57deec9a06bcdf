"""Measures a list filter over a million contacts, against the same text evaluated by simpleeval and by a CEL
library where they are installed (they get the values as numbers, which is work they are spared)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random
from time import process_time
from typing import Any

from strategies.campaign import Campaign
from strategies.contacts import Contact, Device
from strategies.eligibility import keeps

FILTER = 'contact.balance >= 50 and contact.state in ("NY", "NJ", "CT") and not contact.tier == "gold"'
CEL = 'contact.balance >= 50.0 && contact.state in ["NY", "NJ", "CT"] && !(contact.tier == "gold")'
DRAWN, ROUNDS = 50_000, 20  # a million evaluations over fifty thousand different people
PEER = 5_000  # evaluations of a peer: enough for its rate
STATES = ("NY", "NJ", "CT", "CA", "TX")


def run() -> list[dict[str, Any]]:
    """Evaluations a second of one processor, filter text to answer, one contact after the other."""
    people = list(_people(Random(1)))
    campaign = Campaign("measured", "service", "US", "", "", (), "America/New_York", filter=FILTER)
    began = process_time()
    kept = sum(keeps(campaign, one) for _ in range(ROUNDS) for one in people)
    ours = DRAWN * ROUNDS / (process_time() - began)
    name = f"filter over {DRAWN * ROUNDS:,} contacts, {kept:,} kept"
    rows = [{"name": name, "value": ours, "unit": "evaluations/s"}]
    expected = [keeps(campaign, one) for one in people[:PEER]]
    for peer_name, evaluate in _peers().items():
        began = process_time()
        found = [evaluate(_values(one)) for one in people[:PEER]]
        peer = PEER / (process_time() - began)
        if found != expected:
            raise AssertionError(f"{peer_name} keeps others than we do")
        rows.append({**rows[0], "peer": peer, "peer_name": peer_name, "ratio": ours / peer})
    return rows[1:] or rows


def _people(random: Random) -> Iterator[Contact]:
    for number in range(DRAWN):
        attributes = {
            "balance": f"{random.uniform(0, 200):.2f}",
            "state": random.choice(STATES),
            "tier": random.choice(("gold", "basic", "new")),
        }
        device = Device("mobile", f"+1212555{number % 10_000:04}")
        yield Contact(str(number), (device,), attributes=attributes)


def _values(contact: Contact) -> dict[str, Any]:
    return {**contact.attributes, "balance": float(contact.attributes["balance"])}


def _peers() -> dict[str, Callable[[dict[str, Any]], bool]]:
    """What of the peers is installed; each is given the text read once."""
    found: dict[str, Callable[[dict[str, Any]], bool]] = {}
    with suppress(ImportError):
        found["simpleeval"] = _simpleeval()
    with suppress(ImportError):
        found["cel-python"] = _cel()
    return found


def _simpleeval() -> Callable[[dict[str, Any]], bool]:
    from simpleeval import EvalWithCompoundTypes

    evaluator = EvalWithCompoundTypes()
    tree = evaluator.parse(FILTER)

    def evaluate(values: dict[str, Any]) -> bool:
        evaluator.names = {"contact": values}
        return bool(evaluator.eval(FILTER, previously_parsed=tree))

    return evaluate


def _cel() -> Callable[[dict[str, Any]], bool]:
    import celpy

    environment = celpy.Environment()
    program = environment.program(environment.compile(CEL))
    return lambda values: bool(program.evaluate({"contact": celpy.json_to_cel(values)}))
