"""Training: what is learned, what is refused, how honest the figures are, and that it can be repeated."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from model_calls import write_calls

from models.card import card_from
from models.errors import MissingExtraError, RegistryError, TrainingError
from models.features import Kind
from models.publish import show, train_and_publish
from models.training import Task, train

TASK = Task("says_yes", "y", sep=";", seed=3)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_calls(tmp_path_factory.mktemp("calls") / "calls.csv")


def test_the_card_says_what_was_learned_from_what_and_how_well(calls):
    card = train(calls, TASK).card
    assert [(f.name, f.kind) for f in card.factors] == [
        ("job", Kind.CATEGORY),
        ("balance", Kind.NUMBER),
        ("pdays", Kind.NUMBER),
    ]
    assert card.left_out == {"duration": "known only after the call"}
    assert card.rows == 2_200
    assert card.window == "rows 1 to 4400 in time order, 2200 of them kept out"
    assert card.metrics["later"]["rows"] == 880
    assert card.metrics["later"]["auc"] > 0.7
    assert card.metrics["later"]["log_loss"] < card.metrics["later"]["log_loss_of_base"]
    assert card.parity.rows >= 4_000
    assert set(card.libraries) == {"scikit-learn", "skl2onnx", "onnx", "onnxruntime"}
    assert card_from(card.as_json()) == card


def test_the_figures_on_later_calls_show_a_drift_that_those_of_the_same_time_hide(tmp_path):
    card = train(write_calls(tmp_path / "drift.csv", drift=True), TASK).card
    later, same = card.metrics["later"], card.metrics["same_time"]
    assert later["base"] > 1.5 * later["base_before"]
    assert later["mean_predicted"] < 0.8 * later["base"]
    assert same["mean_predicted"] == pytest.approx(same["base"], rel=0.2)


def test_the_same_data_and_seed_give_the_same_file_in_another_process(calls, tmp_path):
    script = (
        "import sys; from pathlib import Path; from models.training import Task, train; "
        "Path(sys.argv[2]).write_bytes(train(Path(sys.argv[1]), Task('says_yes', 'y', sep=';', seed=3)).onnx)"
    )
    outs, running = [], []
    for hash_seed, threads in (("1", "1"), ("3", "2")):
        out = tmp_path / hash_seed
        environment = {
            "PYTHONHASHSEED": hash_seed,
            "PYTHONPATH": str(Path.cwd()),
            "OMP_NUM_THREADS": threads,
            "OMP_WAIT_POLICY": "passive",
        }
        command = [sys.executable, "-c", script, str(calls), str(out)]
        outs.append(out)
        running.append(subprocess.Popen(command, env=environment))
    here, other_seed = train(calls, TASK).onnx, train(calls, replace(TASK, seed=4)).onnx
    assert [process.wait() for process in running] == [0, 0]
    assert [out.read_bytes() for out in outs] == [here, here]
    assert other_seed != here


def test_too_few_calls_are_refused(tmp_path):
    with pytest.raises(TrainingError, match="3999 rows; give at least 4000"):
        train(write_calls(tmp_path / "few.csv", 3_999), TASK)


def test_an_outcome_that_stopped_happening_is_refused(tmp_path):
    path = write_calls(tmp_path / "stopped.csv")
    lines = path.read_text().splitlines()
    lines[3_000:] = [line.replace("yes", "no") for line in lines[3_000:]]
    path.write_text("\n".join(lines))
    with pytest.raises(TrainingError, match="the same all through"):
        train(path, TASK)


def test_training_publishes_what_show_shows(calls, tmp_path):
    card = train_and_publish(
        calls, tmp_path, name="says_yes", label="y", sep=";", exclude=["pdays"], seed=3, source="made up"
    )
    assert show(tmp_path / "says_yes") == card == show(tmp_path / "says_yes" / card.version)
    assert (card.source, card.left_out["pdays"]) == ("made up", "excluded by the user")


def test_a_training_that_fails_publishes_nothing(calls, tmp_path):
    out = tmp_path / "registry"
    with pytest.raises(TrainingError, match="cannot exclude"):
        train_and_publish(calls, out, name="says_yes", label="y", sep=";", exclude=["nothing"])
    assert not out.exists()


def test_without_the_training_libraries_the_mend_is_named(calls, tmp_path):
    script = (
        "import sys; from pathlib import Path; sys.modules['sklearn'] = None; "
        "from models.publish import train_and_publish; "
        "train_and_publish(Path(sys.argv[1]), Path(sys.argv[2]), name='says_yes', label='y', sep=';')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(calls), str(tmp_path)], capture_output=True, text=True, check=False
    )
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"{MissingExtraError.__module__}.MissingExtraError: training needs sklearn")
    assert last.endswith("pip install 'secondpass[train]'")


def test_show_of_nothing_names_the_mend(tmp_path):
    with pytest.raises(RegistryError, match="no such folder"):
        show(tmp_path / "absent")
    with pytest.raises(RegistryError, match="secondpass model train"):
        show(tmp_path)
