"""Makes a decision again from what the ledger holds of it; what comes out is the same, or something is
wrong."""

import json
from collections.abc import Mapping
from typing import Any

from strategies.agent_fit import AgentRecord, Tally
from strategies.control import Arm
from strategies.decisions import NOT_DECIDED, Decision, Facts, Promoted, Reason
from strategies.segmentation import decide, stay
from strategies.segments import Catalogue, Prediction


class Erased(ValueError):
    """The decision was about somebody who was erased since: what it was made by is gone."""


class OtherCatalogue(ValueError):
    """The decision was made by another catalogue than the one at hand."""


def replayed(record: Mapping[str, Any], catalogue: Catalogue) -> Decision:
    """The decision of a record (`Decision.as_record()`, also after a journey through JSON), made anew. Raises
    OtherCatalogue for one by another version, Erased for one about somebody erased."""
    if record["catalogue"] != catalogue.version:
        raise OtherCatalogue(
            f"it was made by the catalogue {record['catalogue']}, this is {catalogue.version}; give the "
            "segments.yaml of that time"
        )
    if "attributes" not in record["facts"]:
        raise Erased("it was about somebody who was erased since; there is nothing to make it of")
    first = catalogue.segments[record["first"]] if record["first_known"] else None
    reason = Reason(record["reason"])
    if reason in NOT_DECIDED:
        return stay(first, catalogue, reason)
    return decide(first, facts_of(record), catalogue, predictions_of(record))


def replays(record: Mapping[str, Any], catalogue: Catalogue) -> bool:
    """Whether the same comes out, to the last value. Raises what `replayed` raises."""
    again = replayed(record, catalogue).as_record()
    return bool(json.loads(json.dumps(again)) == json.loads(json.dumps(record)))


def predictions_of(record: Mapping[str, Any]) -> dict[str, Prediction]:
    """What was predicted."""
    return {name: Prediction(**one) for name, one in record["predictions"].items()}


def facts_of(record: Mapping[str, Any]) -> Facts:
    """The facts a decision was made by."""
    facts = record["facts"]
    promoted = facts["promoted"]
    return Facts(
        contact=facts["attributes"],
        queue=facts["queue"],
        promoted=None if promoted is None else Promoted(*promoted),
        arm=Arm(record["arm"]),
        history=facts["history"],
        queues=facts["queues"],
        agents=tuple(_agent(one) for one in facts["agents"]),
        draw=facts["draw"],
    )


def _agent(one: Mapping[str, Any]) -> AgentRecord:
    tallies = {name: Tally(*counts) for name, counts in one["tallies"].items()}
    return AgentRecord(one["name"], tuple(one["queues"]), one["free_in"], tallies)
