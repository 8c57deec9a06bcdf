"""Published models on disk: never half there, never a file its card does not describe."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from models.card import Card, Parity
from models.errors import RegistryError
from models.features import Factor, Kind
from models.registry import SHIPPED, activate, current, find, load_version, publish

FILE, OTHER = b"a graph", b"a better graph"


def card_of(onnx: bytes, name: str = "pays") -> Card:
    digest = sha256(onnx).hexdigest()
    factors = (Factor("age", Kind.NUMBER),)
    parity = Parity(4_000, 1, 1, 0.0, 1e-4)
    return Card(name, digest[:12], digest, "y", "yes", factors, {}, 1, "row 1", {}, parity, {}, 0)


def test_a_published_version_is_the_current_one(tmp_path):
    folder = publish(tmp_path, FILE, card_of(FILE))
    assert current(tmp_path, "pays") == folder == tmp_path / "pays" / card_of(FILE).version
    assert load_version(folder) == (FILE, card_of(FILE))


def test_publishing_again_leaves_the_version_as_it_was(tmp_path):
    folder = publish(tmp_path, FILE, card_of(FILE))
    before = (folder / "model.onnx").stat().st_mtime_ns
    assert publish(tmp_path, FILE, card_of(FILE)) == folder
    assert (folder / "model.onnx").stat().st_mtime_ns == before


def test_one_can_go_back_to_an_earlier_version(tmp_path):
    first, second = card_of(FILE), card_of(OTHER)
    publish(tmp_path, FILE, first)
    publish(tmp_path, OTHER, second)
    assert current(tmp_path, "pays").name == second.version
    activate(tmp_path, "pays", first.version)
    assert current(tmp_path, "pays").name == first.version


def test_nothing_is_left_over_but_versions_and_the_pointer(tmp_path):
    publish(tmp_path, FILE, card_of(FILE))
    publish(tmp_path, OTHER, card_of(OTHER))
    names = {path.name for path in (tmp_path / "pays").iterdir()}
    assert names == {"current", card_of(FILE).version, card_of(OTHER).version}


def test_a_broken_version_cannot_become_current(tmp_path):
    folder = publish(tmp_path, FILE, card_of(FILE))
    publish(tmp_path, OTHER, card_of(OTHER))
    (folder / "model.onnx").write_bytes(b"something else")
    with pytest.raises(RegistryError, match="not the file its card describes"):
        activate(tmp_path, "pays", folder.name)
    assert current(tmp_path, "pays").name == card_of(OTHER).version


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "model.onnx").write_bytes(b"x"), "not the file its card describes"),
        (lambda folder: (folder / "model.onnx").unlink(), "No such file"),
        (lambda folder: (folder / "card.json").unlink(), "No such file"),
        (lambda folder: (folder / "card.json").write_text("{}"), "not a model's card"),
        (lambda folder: (folder / "card.json").write_text("["), "not a model's card"),
        (lambda folder: (folder / "card.json").write_bytes(b"\xff"), "not UTF-8"),
    ],
)
def test_a_spoilt_version_is_refused(tmp_path, spoil, message):
    folder = publish(tmp_path, FILE, card_of(FILE))
    spoil(folder)
    with pytest.raises(RegistryError, match=message):
        load_version(folder)


def test_a_card_that_smuggles_in_a_leak_is_refused(tmp_path):
    folder = publish(tmp_path, FILE, card_of(FILE))
    text = (folder / "card.json").read_text().replace('"age"', '"duration"')
    (folder / "card.json").write_text(text)
    with pytest.raises(RegistryError, match="known only after the call"):
        load_version(folder)


def test_a_file_and_a_card_that_do_not_belong_together_are_not_published(tmp_path):
    with pytest.raises(RegistryError, match="describes another file"):
        publish(tmp_path, OTHER, card_of(FILE))
    assert not (tmp_path / "pays").exists()


@pytest.mark.parametrize("name", ["../pays", "", "a/b", ".", "pays\n", "9lives"])
def test_a_name_that_leads_out_of_the_registry_is_refused(tmp_path, name):
    with pytest.raises(RegistryError, match="cannot name a model"):
        publish(tmp_path, FILE, card_of(FILE, name))


def test_a_version_that_leads_out_of_the_registry_is_refused(tmp_path):
    with pytest.raises(RegistryError, match="not a model's version"):
        publish(tmp_path, FILE, replace(card_of(FILE), version="../../escape"))
    publish(tmp_path, FILE, card_of(FILE))
    (tmp_path / "pays" / "current").write_text("../..\n")
    with pytest.raises(RegistryError, match="not a model's version"):
        current(tmp_path, "pays")


def test_a_registry_that_cannot_be_written_to_names_the_mend(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RegistryError, match="can be written to"):
        publish(tmp_path / "file", FILE, card_of(FILE))


def test_a_site_s_own_model_goes_before_the_shipped_one(tmp_path: Path):
    assert find("accepts_offer", [tmp_path, SHIPPED]).is_relative_to(SHIPPED)
    card = card_of(FILE, "accepts_offer")
    assert find("accepts_offer", [tmp_path, SHIPPED]) != publish(tmp_path, FILE, card)
    assert find("accepts_offer", [tmp_path, SHIPPED]) == tmp_path / "accepts_offer" / card.version
    with pytest.raises(RegistryError, match="no model 'pays'"):
        find("pays", [tmp_path, SHIPPED])
