"""Calls are decided, outcomes come in, and the model that decides the next call has learned from them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from store_people import Clock, person

from agi.local_socket import LocalCall
from agi.segment import SegmentHook
from config.segments_file import segments
from config.yaml_reader import parse
from models.learning import Learning
from models.models_in_use import ModelsInUse
from models.registry import activate, current_version, load_version, newest, publish, rollback
from strategies.past_calls import CallOver, CallResult
from strategies.segments import Catalogue
from strategies.store import Store
from strategies.store.learning import Example, ModelStatus
from strategies.store.notes import Note

CATALOGUE = """\
outcomes:
  accepts_offer: {value: "contact.offer_value", model: offers}
  abandons: {value: 10, model: patience}
objectives:
  serve: {queue: service}
  sell: {importance: 3, metric: revenue, queue: sales, priority: 10}
segments:
  standard: {rank: 9, objective: serve, default: true}
  prospect: {rank: 3, objective: sell, enter: "p.accepts_offer >= 0.4"}
factors: {age: number, job: category}
"""
KEEN = person("keen", "+12025550101", segment="standard", attributes={"job": "retired", "offer_value": "400"})
COOL = person("cool", "+12025550102", segment="standard", attributes={"job": "clerk", "offer_value": "400"})


def catalogue(text: str = CATALOGUE) -> Catalogue:
    found, problems = segments(parse(text.encode(), Path("segments.yaml")))
    assert found is not None, problems.errors
    return replace(found, deadline=30.0)


def earlier(
    rows: int, keen: str = "retired", seed: int = 1, predicted: float | None = None, version: str = ""
) -> list[Example]:
    """Calls of the past, in which those with the job `keen` accept six times in ten and the others once."""
    rng = np.random.default_rng(seed)
    jobs = rng.choice(["clerk", "retired"], rows)
    said = rng.random(rows) < np.where(jobs == keen, 0.6, 0.1)
    return [
        Example(f"{seed}.{n}", float(n), {"job": str(job), "calls": 0.0}, bool(yes), predicted, version)
        for n, (job, yes) in enumerate(zip(jobs, said, strict=True))
    ]


class Centre:
    """A server that answers, and a learner beside it, over one store and one registry."""

    def __init__(self, store: Store, clock: Clock, root: Path, found: Catalogue) -> None:
        self.store, self.clock, self.root, self.catalogue = store, clock, root, found
        self.models = ModelsInUse([root])
        self.models.hold_to(found)
        self.hook = SegmentHook(store, found, self.models.live, country="US", tenant="t", clock=clock)
        self.learner = Learning(store, found, [root], self._lines, clock)
        self.calls = 0

    async def _lines(self, after: str) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
        for entry in await self.store.ledger(after, 100_000):
            yield entry

    async def call(self, number: str) -> dict[str, str]:
        self.calls += 1
        environment = {"agi_uniqueid": f"178.{self.calls}", "agi_callerid": number, "agi_extension": "5000"}
        call = LocalCall(environment, lambda answer: None)
        await self.hook(call)
        return call.variables

    async def comes_to(self, achieved: bool) -> None:
        """What came of the last call."""
        over = CallOver(f"178.{self.calls}", self.clock.now, CallResult.CONNECTED, "sales", 3.0, 60.0)
        await self.store.call_over(over, "keen")
        await self.store.note(Note(over.interaction, self.clock.now, achieved=achieved))

    async def server_looks(self) -> None:
        await self.models.look()
        await self.models.heed(self.store)


@pytest.fixture
async def centre(store: Store, clock: Clock, tmp_path: Path) -> Centre:
    await store.import_contacts("march", [KEEN, COOL])
    return Centre(store, clock, tmp_path, catalogue())


async def seed(store: Store, examples: Sequence[Example], model: str = "offers") -> None:
    await store.keep_examples([(model, one) for one in examples], "0-1")


async def test_when_outcomes_come_in_a_renewal_is_published_and_decides_the_next_call(centre: Centre) -> None:
    await seed(centre.store, earlier(1_999))
    await centre.learner.begin()
    before = await centre.call("+12025550101")
    assert (before["SP_SEGMENT"], before["SP_WHY"]) == ("standard", "no candidate")
    await centre.comes_to(achieved=True)
    await centre.learner.look()
    version = current_version("offers", [centre.root])
    assert len(version) == 12
    await centre.server_looks()
    keen, cool = await centre.call("+12025550101"), await centre.call("+12025550102")
    assert (keen["SP_SEGMENT"], keen["SP_PRIORITY"], cool["SP_SEGMENT"]) == ("prospect", "10", "standard")
    decided = [line["decision"] for _, line in await centre.store.ledger() if "decision" in line]
    assert [one["predictions"]["accepts_offer"]["version"] for one in decided] == ["", version, version]
    status = (await centre.store.model_statuses())["offers"]
    assert (status.version, status.outcomes, status.renewals, status.trusted) == (version, 2_000, 1, True)
    assert 0 < max(status.drift.values()) < 0.1


async def test_a_learner_that_starts_again_goes_on_where_it_was(centre: Centre, clock: Clock) -> None:
    await seed(centre.store, earlier(2_150))
    await centre.learner.begin()
    version = current_version("offers", [centre.root])
    assert version, "what was learned is put to use where no model is"
    for _ in range(3):
        await centre.call("+12025550101")
        await centre.comes_to(achieved=True)
    await centre.learner.look()
    await centre.call("+12025550101")
    again = Centre(centre.store, clock, centre.root, centre.catalogue)
    await again.learner.begin()
    again.calls = centre.calls
    await again.comes_to(achieved=False)  # of a call that was decided before the learner started again
    await again.learner.look()
    kept = await centre.store.examples("offers")
    assert [one.label for one in kept[-4:]] == [True, True, True, False]
    assert len(kept) == 2_154
    assert [one.interaction for one in await centre.store.examples("patience")] == [
        "178.1",
        "178.2",
        "178.3",
        "178.4",
    ]


async def test_a_model_that_is_wrong_is_not_acted_on_and_the_first_segment_stands(centre: Centre) -> None:
    await seed(centre.store, earlier(2_000))
    await centre.learner.begin()
    await centre.server_looks()
    assert (await centre.call("+12025550101"))["SP_SEGMENT"] == "prospect"
    wrong = Centre(centre.store, centre.clock, centre.root, centre.catalogue)
    await seed(centre.store, earlier(300, keen="clerk", seed=2, predicted=0.9))
    await wrong.learner.begin()
    await centre.server_looks()
    assert not (await centre.store.model_statuses())["offers"].trusted
    assert (await centre.call("+12025550101"))["SP_SEGMENT"] == "standard"
    await centre.store.put_model_status("offers", ModelStatus(1.0, trusted=True))
    await centre.server_looks()
    assert (await centre.call("+12025550101"))["SP_SEGMENT"] == "prospect"


async def test_a_version_that_somebody_went_back_to_stays_until_the_learner_foretells_better(
    centre: Centre,
) -> None:
    await seed(centre.store, earlier(2_000, keen="clerk"))
    await centre.learner.begin()
    first = current_version("offers", [centre.root])
    learner = Centre(centre.store, centre.clock, centre.root, centre.catalogue).learner
    await seed(centre.store, earlier(200, seed=3))
    await learner.begin()
    for at in range(200):
        await centre.store.append(
            {"kind": "call_entered", "interaction": f"9.{at}", "factors": {"job": "retired"}}, at=1.0
        )
        await centre.store.append({"kind": "noted", "interaction": f"9.{at}", "achieved": True}, at=1.0)
    await learner.look()
    second = current_version("offers", [centre.root])
    assert second != first
    rollback(centre.root, "offers")
    for at in range(600):
        await centre.store.append(
            {"kind": "call_entered", "interaction": f"8.{at}", "factors": {"job": "retired"}}, at=2.0
        )
        await centre.store.append({"kind": "noted", "interaction": f"8.{at}", "achieved": True}, at=2.0)
        if at == 300:
            await learner.look()
            assert current_version("offers", [centre.root]) == first, "too few to say who foretells better"
            assert newest(centre.root, "offers") not in {first, second}, "it is published beside it"
    await learner.look()
    taken_over = current_version("offers", [centre.root])
    assert taken_over not in {first, second}
    status = (await centre.store.model_statuses())["offers"]
    assert status.version == taken_over


async def test_a_learner_that_starts_again_judges_a_chosen_version_by_its_own_predictions(
    centre: Centre,
) -> None:
    await seed(centre.store, earlier(2_000))
    await centre.learner.begin()
    first = current_version("offers", [centre.root])
    await seed(centre.store, earlier(300, keen="clerk", seed=2, predicted=0.9, version=first))
    await Centre(centre.store, centre.clock, centre.root, centre.catalogue).learner.begin()
    assert not (await centre.store.model_statuses())["offers"].trusted
    chosen = Centre(centre.store, centre.clock, centre.root.parent / "other", centre.catalogue)
    await chosen.learner.begin()
    second = current_version("offers", [chosen.root])
    onnx, card = load_version(chosen.root / "offers" / second)
    publish(centre.root, onnx, replace(card, source="calls.csv"))
    await seed(centre.store, earlier(250, seed=3, version=second))
    await Centre(centre.store, centre.clock, centre.root, centre.catalogue).learner.begin()
    status = (await centre.store.model_statuses())["offers"]
    assert (status.version, status.trusted, status.calibration.rows) == (second, True, 250)


async def test_shadows_are_asked_and_logged_and_never_acted_on(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    await store.import_contacts("march", [KEEN])
    await seed(store, earlier(2_000), "challenger")
    await seed(store, earlier(2_000, keen="clerk"), "offers")
    taught = catalogue(CATALOGUE.replace("  abandons:", "  pays: {value: 1, model: challenger}\n  abandons:"))
    await Centre(store, clock, tmp_path, taught).learner.begin()
    with_shadow = catalogue(CATALOGUE.replace("model: offers}", "model: offers, shadows: [challenger]}"))
    centre = Centre(store, clock, tmp_path, with_shadow)
    assert (await centre.call("+12025550101"))["SP_SEGMENT"] == "standard"
    [entered] = [line for _, line in await store.ledger() if line["kind"] == "call_entered"]
    shadow = entered["shadows"]["accepts_offer"]["challenger"]
    assert shadow["probability"] > 0.4
    assert shadow["version"] == current_version("challenger", [tmp_path])


async def test_a_broken_version_is_told_and_the_one_before_goes_on(centre: Centre) -> None:
    await seed(centre.store, earlier(2_000))
    await centre.learner.begin()
    await centre.server_looks()
    version = current_version("offers", [centre.root])
    await seed(centre.store, earlier(2_000, seed=7))
    other = Centre(centre.store, centre.clock, centre.root.parent / "other", centre.catalogue)
    await other.learner.begin()
    broken = current_version("offers", [other.root])
    (other.root / "offers" / broken).rename(centre.root / "offers" / broken)
    activate(centre.root, "offers", broken)
    (centre.root / "offers" / broken / "model.onnx").write_bytes(b"no model")
    await centre.server_looks()
    assert (await centre.call("+12025550101"))["SP_SEGMENT"] == "prospect"
    assert centre.models.live["offers"].model.card.version == version  # type: ignore[union-attr]


async def test_calls_go_on_while_a_version_is_swapped(centre: Centre) -> None:
    await seed(centre.store, earlier(2_000))
    await centre.learner.begin()
    swapping = asyncio.create_task(centre.models.look())
    answers = [await centre.call("+12025550102") for _ in range(20)]
    await swapping
    assert {answer["SP_SEGMENT"] for answer in answers} == {"standard"}


def test_a_server_keeps_its_models_when_the_catalogue_is_replaced(tmp_path: Path) -> None:
    models = ModelsInUse([tmp_path])
    models.hold_to(catalogue())
    before = models.live["offers"]
    models.hold_to(catalogue(CATALOGUE.replace("0.4", "0.5")))
    assert models.live["offers"] is before


async def test_a_model_that_is_new_learns_from_the_calls_of_yesterday(centre: Centre, clock: Clock) -> None:
    await centre.learner.begin()
    for achieved in (True, False):
        await centre.call("+12025550101")
        await centre.comes_to(achieved=achieved)
    await centre.learner.look()
    renamed = catalogue(CATALOGUE.replace("model: offers}", "model: deposits}"))
    await Centre(centre.store, clock, centre.root, renamed).learner.begin()
    kept = await centre.store.examples("deposits")
    assert [one.label for one in kept] == [True, False]
    assert kept[0].factors["job"] == "retired"


async def test_what_was_learned_from_a_person_is_forgotten_with_them(centre: Centre) -> None:
    await centre.learner.begin()
    for number in ("+12025550101", "+12025550102"):
        await centre.call(number)
        await centre.comes_to(achieved=True)
    await centre.learner.look()
    assert len(await centre.store.examples("offers")) == 2
    assert await centre.store.forget_examples({"178.1"}) == 2  # of both models
    assert [one.interaction for one in await centre.store.examples("offers")] == ["178.2"]
