"""Callers who wait are looked at again: raised when more is known, moved with their age, never put back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from ami_bridge import foreseen_anew
from ami_bridge.agents import QueueBoard
from ami_bridge.errors import ActionRefused
from ami_bridge.events import Hangup, QueueCallerJoin, QueueCallerLeave, UserEvent
from ami_bridge.link import AmiLink
from ami_bridge.permitted import check_permitted
from ami_bridge.snapshot import LiveQueue
from ami_bridge.waiting import WaitingCallers
from ami_bridge.wire import Event, encode_action
from config.segments_file import segments
from config.yaml_reader import parse
from models.features import DECLARED, Factor, Row
from models.features import Kind as Kinds
from models.live import LiveModel
from models.models_in_use import ModelsInUse
from models.outcome import NullModel, OutcomeModel
from strategies.control import Arm
from strategies.decisions import Decision, Facts, Reason
from strategies.replay import replays
from strategies.segmentation import decide, stay
from strategies.segments import Catalogue, Prediction
from strategies.store import Store
from strategies.vocabulary import Kind
from strategies.waiting import decided_anew, place_by_age, raised_to

TEXT = """\
outcomes: {abandons: {value: contact.worth, model: abandons}}
objectives:
  serve: {queue: service, importance: 1}
  hurry: {queue: service, importance: 2, priority: 10, prompt: "They waited long."}
  hurry_more: {queue: service, importance: 3, priority: 20}
  sell: {queue: sales, importance: 4, priority: 5, wait_limit: 60s, penalty_max: 2}
segments:
  standard: {rank: 9, objective: serve, default: true}
  restless: {rank: 5, objective: hurry, enter: "queue.waiting >= 3 and p.abandons >= 0.3"}
  worth_more:
    {rank: 4, objective: hurry_more, enter: "queue.waiting >= 3 and p.abandons >= 0.3 and ev.abandons >= 50"}
  old_hand: {rank: 3, objective: hurry, enter: "queue.waited >= 45"}
  buyer: {rank: 1, objective: sell, enter: "contact.wants == 'offer'"}
"""


@pytest.fixture
def catalogue() -> Catalogue:
    return made()


def made(text: str = TEXT) -> Catalogue:
    found, problems = segments(parse(text.encode(), Path("segments.yaml")))
    assert found is not None, problems.errors
    return found


def came_in(
    catalogue: Catalogue, abandons: float = 0.4, worth: str = "50", arm: Arm = Arm.TREATED
) -> Decision:
    """The decision when nobody else waited."""
    facts = Facts({"worth": worth}, queue={"waiting": 0}, arm=arm)
    return decide(None, facts, catalogue, {"abandons": Prediction(abandons, "abandons", "1")})


def anew(
    catalogue: Catalogue, then: Decision, answers: Mapping[str, object] | None = None, **queue: object
) -> Decision:
    found = decided_anew(
        then.as_record(), catalogue, queue=queue, queues={}, agents=(), answers=answers or {}
    )
    assert found is not None
    return found


# --- What is better


def test_b23_a_longer_queue_raises_who_is_likely_to_give_up(catalogue: Catalogue) -> None:
    then = came_in(catalogue)
    assert (then.objective, then.reason) == ("serve", Reason.NO_CANDIDATE)
    now = anew(catalogue, then, waiting=3)
    raised = raised_to(now, catalogue.objectives["serve"], {"serve"}, catalogue)
    assert (raised and raised.name, now.predictions) == ("hurry", then.predictions)


def test_b23_a_long_wait_and_an_answer_are_new_facts(catalogue: Catalogue) -> None:
    then = came_in(catalogue, abandons=0.1)
    assert anew(catalogue, then, waiting=9).objective == "serve"
    assert anew(catalogue, then, waiting=1, waited=46.0).objective == "hurry"
    assert anew(catalogue, then, {"wants": "offer"}, waiting=1).objective == "sell"


def test_nobody_is_put_back(catalogue: Catalogue) -> None:
    now = anew(catalogue, came_in(catalogue), waiting=0)
    assert raised_to(now, catalogue.objectives["hurry"], {"serve", "hurry"}, catalogue) is None
    lower = anew(catalogue, came_in(catalogue), waiting=3)
    assert lower.objective == "hurry"
    assert raised_to(lower, catalogue.objectives["hurry_more"], {"hurry_more"}, catalogue) is None


def test_nobody_goes_to_and_fro_between_objectives(catalogue: Catalogue) -> None:
    to_sales = anew(catalogue, came_in(catalogue), {"wants": "offer"}, waiting=0)
    assert raised_to(to_sales, catalogue.objectives["hurry"], {"sell", "hurry"}, catalogue) is None


def test_a_control_slice_raises_nobody(catalogue: Catalogue) -> None:
    then = came_in(catalogue, arm=Arm.CONTROL)
    now = anew(catalogue, then, waiting=5)
    assert (now.reason, now.applied) == (Reason.CONTROL, False)


def test_after_a_conflict_the_other_call_of_the_customer_goes_before(catalogue: Catalogue) -> None:
    record = stay(None, catalogue, Reason.CONFLICT).as_record()
    assert decided_anew(record, catalogue, queue={}, queues={}, agents=(), answers={}) is None


def test_where_chance_chose_nobody_is_raised_whatever_is_better(catalogue: Catalogue) -> None:
    record = {**came_in(catalogue).as_record(), "reason": Reason.EXPLORED.value}
    assert decided_anew(record, catalogue, queue={"waiting": 9}, queues={}, agents=(), answers={}) is None


def test_a_place_by_age_is_before_those_who_came_later() -> None:
    there = {"a": 10.0, "b": 20.0, "c": 30.0}
    assert [place_by_age(at, there) for at in (5.0, 15.0, 35.0)] == [1, 2, 4]


# --- How it is carried out


class Link:
    """Asterisk's manager, as far as it is asked."""

    connected = True

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.refuses = False
        self.bridge = ""  # that the caller is in by now

    async def call(
        self, action: str, headers: Mapping[str, str], variables: Mapping[str, str] | None = None
    ) -> None:
        if self.refuses:
            raise ActionRefused(action, "No such caller")
        encode_action(action, headers, variables, action_id="a-1")
        check_permitted(action, headers, variables or {})
        self.asked.append((action, {**headers, **(variables or {})}))

    async def listing(self, action: str, headers: Mapping[str, str]) -> list[Event]:
        encode_action(action, headers, {}, action_id="a-1")
        check_permitted(action, headers, {})
        told = f"Event: {action}\r\nBridgeID: {self.bridge}\r\nVariable: {headers['Variables']}=(null)"
        return [Event(action, told.encode())]

    def changes(self) -> list[tuple[str, ...]]:
        """What was asked but for the variables."""
        return [(action, *headers.values()) for action, headers in self.asked if action != "Setvar"]

    def variables(self) -> dict[str, str]:
        sent = (one.items() for action, one in self.asked if action == "Setvar")
        return {name: value for one in sent for name, value in one if name != "Channel"}


class Books:
    """The store, as far as it is asked."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, bytes]] = []
        self.again: list[dict[str, object]] = []

    def decided(self, call: str, decision: Decision) -> None:
        line = {"interaction": call, "customer": "ada", "decision": decision.as_record()}
        self.lines.append((f"{len(self.lines)}-0", json.dumps(line, separators=(",", ":")).encode()))

    def entered(self, call: str, **factors: float | str) -> None:
        line = {"kind": Kind.CALL_ENTERED, "interaction": call, "factors": factors}
        self.lines.append((f"{len(self.lines)}-0", json.dumps(line, separators=(",", ":")).encode()))

    async def ledger_texts(self, after: str, count: int) -> list[tuple[str, bytes]]:
        page, self.lines = self.lines[:count], self.lines[count:]
        return page

    async def reassociate_again(self, **about: object) -> None:
        self.again.append(about)


class Model:
    """Foretells by `chance` from a row, and tells which rows it was asked."""

    takes = 0.0001

    def __init__(self, chance: Callable[[Row], float], factors: Sequence[Factor]) -> None:
        self._chance, self.factors = chance, factors
        self.asked: list[Row] = []

    def predict(self, row: Row) -> Prediction:
        self.asked.append(row)
        return Prediction(self._chance(row), "abandons", "2")


class Models:
    """The registry, as far as it is asked."""

    def __init__(self, model: object) -> None:
        self.live = {"abandons": LiveModel(cast(OutcomeModel, model))}

    async def fetch(self, catalogue: Catalogue) -> None: ...
    async def heed(self, store: Store) -> None: ...
    async def look(self) -> None: ...
    def hold_to(self, catalogue: Catalogue) -> None: ...


class Floor:
    """A queue of callers, the board and what looks again at them."""

    def __init__(self, catalogue: Catalogue, model: object = NullModel("abandons", "there is none")) -> None:
        self.now = 1000.0
        self.catalogue, self.link, self.books = catalogue, Link(), Books()
        self.board = QueueBoard(lambda: self.now)
        self.board.replace([LiveQueue(name, "", 0, 0, 0, 0, (), ()) for name in ("service", "sales")], 0.0)
        self.waiting = WaitingCallers(
            cast(Store, self.books),
            cast(AmiLink, self.link),
            self.board,
            queues=self.board.queues,
            clock=lambda: self.now,
            catalogue=lambda: self.catalogue,
            leased=lambda: True,
            models=cast(ModelsInUse, Models(model)),
        )

    def comes(self, call: str, decision: Decision | None = None, queue: str = "service") -> None:
        self.books.decided(call, decision or came_in(self.catalogue))
        self.joins(call, queue)

    def joins(self, call: str, queue: str) -> None:
        self.board.joined(queue, call, self.now)
        self.waiting.hear(QueueCallerJoin(queue, f"SIP/{call}", call, call, 1, 1), self.now)

    def leaves(self, call: str, queue: str = "service") -> None:
        self.board.left(queue, call)
        self.waiting.hear(QueueCallerLeave(queue, f"SIP/{call}", call, call, 1, 0), self.now)

    async def looks(self, later: float = 1.0) -> None:
        self.now += later
        await self.waiting.look(self.now)


@pytest.fixture
def floor(catalogue: Catalogue) -> Floor:
    return Floor(catalogue)


async def test_when_the_queue_lengthens_each_is_raised_by_their_own_objective(floor: Floor) -> None:
    for call, abandons, worth in (("1.1", 0.1, "500"), ("1.2", 0.4, "50"), ("1.3", 0.4, "500")):
        await floor.looks()
        assert floor.link.changes() == []
        floor.comes(call, came_in(floor.catalogue, abandons, worth))
    await floor.looks()
    assert sorted(floor.link.changes()) == [
        ("QueueChangePriorityCaller", "service", "SIP/1.2", "yes", "10"),
        ("QueueChangePriorityCaller", "service", "SIP/1.3", "yes", "20"),
    ]
    assert [(one["interaction"], one["nth"], one["customer"]) for one in floor.books.again] == [
        ("1.2", 1, "ada"),
        ("1.3", 1, "ada"),
    ]


async def test_the_agent_is_shown_what_holds_now(floor: Floor) -> None:
    floor.comes("1.1")
    await floor.looks(46.0)
    assert floor.link.variables() == {
        "SP_PRIORITY": "10",
        "SP_SEGMENT": "old_hand",
        "SP_OBJECTIVE": "hurry",
        "SP_OFFER": "",
        "SP_PROMPT": "They waited long.",
    }


async def test_nobody_is_raised_twice_to_the_same(floor: Floor) -> None:
    floor.comes("1.1")
    await floor.looks(46.0)
    await floor.looks()
    assert len(floor.link.changes()) == len(floor.books.again) == 1


async def test_nobody_is_taken_from_an_agent_of_whom_we_had_not_heard(floor: Floor) -> None:
    floor.comes("1.1")
    fields = {"Name": "wants", "Value": "offer"}
    floor.waiting.hear(UserEvent("SecondpassAnswer", "1.1", "1.1", fields), floor.now)
    floor.link.bridge = "a-bridge"
    await floor.looks()
    assert floor.link.changes() == []
    assert floor.books.again == []


async def test_an_answer_leads_to_the_other_queue_with_the_age_the_caller_has(floor: Floor) -> None:
    floor.comes("1.1")
    floor.now += 10
    floor.joins("2.1", "sales")
    floor.now += 10
    fields = {"Name": "wants", "Value": "offer"}
    floor.waiting.hear(UserEvent("SecondpassAnswer", "1.1", "1.1", fields), floor.now)
    await floor.looks()
    assert floor.link.changes() == [("Redirect", "SIP/1.1", "secondpass-wait", "s", "1")]
    told = floor.link.variables()
    assert (told["SP_QUEUE"], told["SP_POSITION"]) == ("sales", "1"), "before who came ten seconds later"
    assert (told["SP_WAIT_LIMIT"], told["SP_PENALTY_MAX"]) == ("39", "2"), "of one minute 21 s are over"
    floor.leaves("1.1")
    floor.joins("1.1", "sales")
    assert floor.board.waits_since("sales", "1.1") == 1000.0


@pytest.mark.parametrize("value", ["${SHELL(id)}", "", "two words", "x" * 41])
async def test_an_answer_that_does_not_look_like_one_is_left_out(floor: Floor, value: str) -> None:
    floor.comes("1.1")
    fields = {"Name": "wants", "Value": value}
    floor.waiting.hear(UserEvent("SecondpassAnswer", "1.1", "1.1", fields), floor.now)
    await floor.looks()
    assert floor.link.asked == []


async def test_what_asterisk_refuses_is_not_written_down_and_tried_again(floor: Floor) -> None:
    floor.comes("1.1")
    floor.link.refuses = True
    await floor.looks(46.0)
    assert floor.books.again == []
    floor.link.refuses = False
    await floor.looks()
    assert len(floor.books.again) == 1


async def test_who_left_or_hung_up_is_not_looked_at(floor: Floor) -> None:
    floor.comes("1.1")
    floor.comes("1.2")
    floor.leaves("1.1")
    floor.board.left("service", "1.2")
    floor.waiting.hear(Hangup("SIP/1.2", "1.2", "1.2", 16, ""), floor.now)
    await floor.looks(46.0)
    assert floor.link.asked == []


async def test_a_call_that_nobody_decided_about_waits_as_it_is(floor: Floor) -> None:
    floor.joins("1.1", "service")
    await floor.looks(46.0)
    assert floor.link.asked == []


async def test_what_is_raised_replays_from_its_record(floor: Floor) -> None:
    floor.comes("1.1")
    await floor.looks(46.0)
    record = cast(dict[str, object], floor.books.again[0]["decision"])
    assert replays(record, floor.catalogue)


# --- What is foretold anew

WAITED = DECLARED["waited_so_far"]
IN_QUEUE = DECLARED["queue_waiting"]
AGE = Factor("age", Kinds.NUMBER)


def worn_out(row: Row) -> float:
    """Likelier to give up with each caller before them and each ten seconds."""
    return 0.1 + 0.1 * float(row["queue_waiting"]) + 0.01 * float(row["waited_so_far"])


async def waits(floor: Floor, *calls: str) -> None:
    for call in calls:
        floor.books.entered(call, age=40.0, queue_waiting=0.0, waited_so_far=0.0)
        floor.comes(call, came_in(floor.catalogue, abandons=0.1, worth="500"))
        await floor.looks(0.0)


async def test_b23_who_grows_likelier_to_give_up_is_foretold_anew_and_raised(catalogue: Catalogue) -> None:
    model = Model(worn_out, (AGE, IN_QUEUE, WAITED))
    floor = Floor(catalogue, model)
    await waits(floor, "1.1", "1.2")
    await floor.looks(5.0)
    assert model.asked[-1] == {"age": 40.0, "queue_waiting": 1.0, "waited_so_far": 5.0}, "beside themselves"
    assert floor.link.changes() == []
    await waits(floor, "1.3")
    await floor.looks(5.0)
    assert {one["interaction"] for one in floor.books.again} == {"1.1", "1.2", "1.3"}
    about = next(one for one in floor.books.again if one["interaction"] == "1.1")
    record = cast(dict[str, Any], about["decision"])
    assert record["predictions"]["abandons"]["probability"] == pytest.approx(0.1 + 0.2 + 0.1)
    assert about["factors"] == {"queue_waiting": 2.0, "waited_so_far": 10.0}
    assert replays(record, floor.catalogue)


async def test_a_model_that_does_not_look_at_the_queue_is_not_asked_again(catalogue: Catalogue) -> None:
    model = Model(lambda row: 0.9, (AGE,))
    floor = Floor(catalogue, model)
    await waits(floor, "1.1", "1.2", "1.3")
    await floor.looks(10.0)
    assert (model.asked, floor.books.again) == ([], [])


async def test_a_slow_model_is_not_asked_again(catalogue: Catalogue) -> None:
    model = Model(lambda row: 0.9, (WAITED,))
    model.takes = 1.0  # type: ignore[misc]
    floor = Floor(catalogue, model)
    await waits(floor, "1.1", "1.2", "1.3")
    await floor.looks(10.0)
    assert (model.asked, floor.books.again) == ([], [])


async def test_all_who_wait_are_foretold_of_at_once_and_not_at_every_look(catalogue: Catalogue) -> None:
    model = Model(lambda row: 0.0, (WAITED,))
    floor = Floor(catalogue, model)
    await waits(floor, "1.1", "1.2", "1.3")
    model.asked.clear()
    for _ in range(8):
        await floor.looks(0.5)
    assert len(model.asked) == 3 * 2, "every two seconds"


async def test_who_was_left_out_for_want_of_time_comes_first_the_next_time(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreseen_anew, "AT_MOST", 0.05)
    asked: list[Row] = []

    def slowly(row: Row) -> float:
        asked.append(row)
        time.sleep(0.03)
        return 0.0

    floor = Floor(catalogue, Model(slowly, (AGE, WAITED)))
    for n in range(6):
        floor.books.entered(f"1.{n}", age=float(n))
        floor.comes(f"1.{n}", came_in(floor.catalogue, abandons=0.1))
    for _ in range(6):
        await floor.looks(2.0)
    assert {row["age"] for row in asked} == {0.0, 1.0, 2.0, 3.0, 4.0, 5.0}


async def test_an_answer_is_known_to_the_model_too(catalogue: Catalogue) -> None:
    model = Model(lambda row: 0.0, (AGE, Factor("wish", Kinds.CATEGORY), WAITED))
    floor = Floor(catalogue, model)
    await waits(floor, "1.1")
    fields = {"Name": "wish", "Value": "out"}
    floor.waiting.hear(UserEvent("SecondpassAnswer", "1.1", "1.1", fields), floor.now)
    await floor.looks(2.0)
    assert model.asked[-1] == {"age": 40.0, "wish": "out", "waited_so_far": 2.0}


async def test_without_a_model_what_was_foretold_at_first_still_holds(catalogue: Catalogue) -> None:
    floor = Floor(catalogue, NullModel("abandons", "gone"))
    for call in ("1.1", "1.2", "1.3"):
        floor.comes(call, came_in(floor.catalogue, abandons=0.4))
    await floor.looks(10.0)
    assert len(floor.books.again) == 3
