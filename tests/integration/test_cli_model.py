"""`secondpass model` and `agent note` over a centre's own calls: exported, trained on, chosen, shown live."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from secondpass_command import Secondpass, configured, started

from agi.local_socket import LocalCall
from agi.segment import SegmentHook
from config.segments_file import segments
from config.yaml_reader import parse
from models.features import Factor
from models.registry import current_version, newest
from strategies.segments import Prediction
from strategies.store import Store
from strategies.store.learning import Calibration, ModelStatus
from strategies.store.notes import Note

SEGMENTS = """\
outcomes:
  accepts_offer: {value: 10, model: deposits}
objectives:
  serve: {queue: service}
  sell: {queue: sales}
segments:
  standard: {rank: 9, objective: serve, default: true}
  prospect: {rank: 3, objective: sell, enter: "p.accepts_offer >= 0.4"}
factors: {job: category}
"""


@pytest.fixture
def secondpass(tmp_path: Path) -> Secondpass:
    command = configured(tmp_path)
    (command.config / "segments.yaml").write_text(SEGMENTS)
    return command


@pytest.fixture
async def store(secondpass: Secondpass) -> AsyncIterator[Store]:
    opened = await Store.open(None, secondpass.data_dir, "main")
    yield opened
    await opened.close()


async def called(store: Store, call: str, job: str, waiting: float | None = None) -> None:
    factors: dict[str, float | str] = {"job": job, "calls": 0.0}
    if waiting is not None:
        factors["queue_waiting"] = waiting
    line = {"kind": "call_entered", "interaction": call, "customer": "ada", "factors": factors}
    await store.append(line, at=1_000.0)
    said = {"accepts_offer": {"probability": 0.25, "model": "deposits", "version": "abc", "missing": ""}}
    decision = {"kind": "decision", "interaction": call, "decision": {"predictions": said}}
    await store.append(decision, at=1_000.0)


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))


async def test_calls_are_exported_with_what_was_known_then_and_what_came_of_them(
    secondpass: Secondpass, store: Store, tmp_path: Path
) -> None:
    await called(store, "178.1", "retired", waiting=3.0)
    await called(store, "178.2", "clerk")
    await called(store, "178.3", "clerk")  # nobody says what came of it
    assert secondpass("agent", "note", "178.1", "--achieved", "yes", "--agent", "PJSIP/agent01").code == 0
    assert secondpass("agent", "note", "178.2", "--achieved", "no", "--disposition", "not_now").code == 0
    out = tmp_path / "calls.csv"
    told = secondpass("model", "export", "accepts_offer", "--out", out, "--json").document
    assert (told["rows"], told["came_true"]) == (2, 1)
    assert rows_of(out) == [
        {"job": "retired", "calls": "0", "queue_waiting": "3", "y": "yes"},
        {"job": "clerk", "calls": "0", "queue_waiting": "", "y": "no"},
    ]
    assert secondpass("model", "export", "accepts_offer", "--out", out, "--decisions").code == 0
    assert list(rows_of(out)[0])[:4] == ["interaction", "at", "predicted", "version"]
    assert rows_of(out)[0]["predicted"] == "0.25"


def test_an_outcome_nobody_defined_is_refused_with_those_there_are(
    secondpass: Secondpass, tmp_path: Path
) -> None:
    refused = secondpass("model", "export", "pays", "--out", tmp_path / "x.csv")
    assert (refused.code, "accepts_offer" in refused.err) == (1, True)
    assert secondpass("agent", "note", "178.1").code == 1
    assert secondpass("agent", "note", "no call", "--achieved", "yes").code == 2


def write_export(file: Path, keen: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    jobs = rng.choice(["clerk", "retired"], 4_200)
    said = rng.random(4_200) < np.where(jobs == keen, 0.6, 0.1)
    lines = [
        f"{job},{n % 7},{'yes' if yes else 'no'}" for n, (job, yes) in enumerate(zip(jobs, said, strict=True))
    ]
    file.write_text("job,calls,y\n" + "\n".join(lines) + "\n")


def test_what_was_exported_is_trained_on_and_the_better_version_chosen(
    secondpass: Secondpass, tmp_path: Path
) -> None:
    """Every command says the same as one JSON document."""
    old, new, root = tmp_path / "old.csv", tmp_path / "new.csv", secondpass.data_dir / "models"
    write_export(old, "clerk", 1)
    write_export(new, "retired", 2)
    train = ("model", "train", "--name", "deposits", "--out", root, "--json")
    first = secondpass(*train, old).document["version"]
    second = secondpass(*train, new, "--keep-current").document["version"]
    assert (current_version("deposits", [root]), newest(root, "deposits")) == (first, second)
    folder = root / "deposits"
    scored = secondpass("model", "evaluate", folder / second, "--data", new, "--json").document
    assert scored["auc"] > 0.7
    promoted = secondpass("model", "promote", folder, second, "--data", new, "--json").document
    assert promoted["after"]["log_loss"] < promoted["before"]["log_loss"]
    assert secondpass("model", "promote", folder, first, "--data", new).code == 1
    assert secondpass("model", "rollback", "deposits", "--json").document == {"version": first}
    assert secondpass("model", "evaluate", "deposits", "--data", new, "--json").document["auc"] < 0.5


async def test_a_model_in_use_shows_how_it_stands(
    secondpass: Secondpass, store: Store, tmp_path: Path
) -> None:
    data = tmp_path / "calls.csv"
    write_export(data, "retired", 1)
    train = ("model", "train", data, "--name", "deposits", "--out", secondpass.data_dir / "models", "--json")
    version = secondpass(*train).document["version"]
    assert secondpass("model", "show", "deposits", "--json").document["live"] is None
    status = ModelStatus(
        at=1_000.0,
        version=version,
        trusted=False,
        outcomes=2_400,
        renewed_at=900.0,
        renewals=3,
        calibration=Calibration(400, 0.21, 0.35, 0.14, 7.5),
        loss=0.61,
        learner_loss=0.42,
        drift={"job": 0.4, "age": 0.02},
    )
    await store.put_model_status("deposits", status)
    live = secondpass("model", "show", "deposits", "--json").document["live"]
    assert (live["trusted"], live["drift"]["job"], live["calibration"]["error"]) == (False, 0.4, 0.14)
    shown = secondpass("model", "show", "deposits").out
    assert "no longer come true" in shown
    assert "other customers" in shown


RETIRED = "contact_id,mobile,job\n1,+12025550101,clerk\n2,+12025550102,retired\n3,+12025550103,clerk\n"


async def test_scores_order_the_contacts_of_a_campaign_and_those_still_to_come_of_a_running_one(
    secondpass: Secondpass, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "march.csv").write_text(RETIRED)
    assert secondpass("list", "import", "march", tmp_path / "march.csv").code == 0
    root, keen = secondpass.data_dir / "models", tmp_path / "calls.csv"
    for nth, job in enumerate(("retired", "clerk")):
        write_export(keen, job, nth)
        assert secondpass("model", "train", keen, "--name", "deposits", "--out", root).code == 0
    secondpass("model", "rollback", root / "deposits")
    told = secondpass("model", "score", "deposits", "--list", "march", "--json").document
    assert (told["contacts"], told["attribute"], told["ranked"]) == (3, "p_deposits", [])
    scored = {one.id: float(one.attributes["p_deposits"]) for one in await store.contacts(["1", "2", "3"])}
    assert scored["2"] > 0.4 > scored["1"]
    campaign = secondpass.config / "campaigns" / "calls.yaml"
    campaign.write_text(
        campaign.read_text()
        .replace('order: ["-contact.balance"]', 'order: ["-contact.p_deposits"]')
        .replace('where: "contact.balance > 10"', 'where: "contact.p_deposits >= 0"')
    )
    await started(secondpass, store)
    assert await taken_in_order(store) == ["2", "1", "3"]
    activated = secondpass("model", "promote", root / "deposits", newest(root, "deposits"), "--data", keen)
    assert activated.code == 0, activated.err
    again = secondpass("model", "score", "deposits", "--list", "march", "--json").document
    assert again["ranked"] == ["calls/1"]
    assert (await taken_in_order(store))[-1] == "2"


async def taken_in_order(store: Store) -> list[str]:
    return [contact.id for contact, _ in await store.due("calls/1", 1e12, 10)]


async def test_a_decision_is_explained_and_made_again_by_the_segments_of_its_time(
    secondpass: Secondpass, store: Store
) -> None:
    document = (secondpass.config / "segments.yaml").read_text()
    found, _ = segments(parse(document.encode(), Path("segments.yaml")))
    assert found is not None
    await store.keep_catalogue(found.version, document)
    decides = SegmentHook(store, found, {"deposits": Likely()}, country="US", tenant="main")
    await decides(LocalCall({"agi_uniqueid": "178.1", "agi_callerid": "+12025550101"}, lambda answer: None))
    await store.note(Note("178.1", 2_000.0, achieved=True))
    (secondpass.config / "segments.yaml").write_text(document.replace("0.4", "0.99"))
    told = secondpass("model", "decision", "178.1", "--json").document
    assert (told["decision"]["second"], told["moved"], told["replays"]) == ("prospect", True, True)
    assert told["decision"]["predictions"]["accepts_offer"]["probability"] == 0.9
    assert told["factors"]["channel"] == "inbound"
    assert told["outcome"]["achieved"] is True
    shown = secondpass("model", "decision", "178.1").out
    assert "better segment" in shown
    assert "the same" in shown
    assert secondpass("model", "decision", "178.9").code == 1


class Likely:
    """A model that expects everybody to accept."""

    factors: Sequence[Factor] = ()

    def predict(self, row: Mapping[str, float | str]) -> Prediction:
        return Prediction(0.9, "deposits", "1")
