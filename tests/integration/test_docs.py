"""Everything the documentation shows is true: its files load, its commands run, in their order, page
by page."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from secondpass_command import Said, Secondpass, tell_queues

from config.errors import ConfigErrors
from config.project import load_project
from strategies.store import Store

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(
    file.name for file in DOCS.glob("*.md") if file.name not in {"reference.md", "architecture.md"}
)
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
ELSEWHERE = frozenset({"Asterisk", "data"})  # what a command may need that this test has not


@dataclass(frozen=True, slots=True)
class Block:
    kind: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A command, and what it `needs` beside a configuration."""

    words: tuple[str, ...]
    needs: str


def blocks(page: str) -> Iterator[Block]:
    for found in BLOCK.finditer((DOCS / page).read_text(encoding="utf-8")):
        yield Block(*(part or "" for part in found.groups()))


def commands(text: str) -> Iterator[Line]:
    for line in text.splitlines():
        said, _, remark = line.partition("#")
        words = tuple(shlex.split(said))
        if words:
            needs = remark.partition("needs:")[2].strip()
            yield Line(words, needs)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, with a configuration in `first`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECONDPASS_AMI_SECRET", "secret")
    monkeypatch.setenv("CRM_SECRET", "secret")
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_shows_works(page: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command, started = Secondpass(here / "first"), False
    if not any(block.text.startswith("secondpass init first") for block in blocks(page)):
        assert command("init", "first").code == 0
    monkeypatch.setenv("SECONDPASS_CONFIG", "first")
    for block in blocks(page):
        if block.kind in {"yaml", "csv"}:
            keep(block, here)
        if block.kind != "sh":
            continue
        for line in commands(block.text):
            if line.needs in ELSEWHERE:
                assert run(command, here, (*named(line), "--help")).code == 0, line
                continue
            if line.needs and not started:
                start(command)
                started = True
            if line.words[0] == "export":
                name, _, value = line.words[1].partition("=")
                monkeypatch.setenv(name, value)
                continue
            said = run(command, here, line.words)
            assert said.code == 0, (line, said.err)


def named(line: Line) -> tuple[str, ...]:
    """The words that name the command."""
    words = []
    for word in line.words:
        if word.startswith("-"):
            break
        words.append(word)
    return tuple(words[:3] if words[1] in {"model", "campaign", "token", "list"} else words[:2])


def run(command: Secondpass, here: Path, words: tuple[str, ...]) -> Said:
    assert words[0] == "secondpass", words
    given = [word.replace("/etc/secondpass", str(here / "etc")) for word in words[1:]]
    return command(*given) if given[0] != "init" else Secondpass(here / "nowhere")(*given)


def keep(block: Block, here: Path) -> None:
    """A file of the page where it belongs; one of a configuration must load there."""
    if block.title.startswith("campaigns/"):
        (here / "first" / block.title).write_text(block.text)
        load_project(here / "first")
    elif block.title == "settings.yaml":
        folder = here / "other"
        folder.mkdir(exist_ok=True)
        (folder / "settings.yaml").write_text(block.text)
        (folder / "campaigns").mkdir(exist_ok=True)
        load_project(folder)
    else:
        assert block.title, "a file on a page has a title"
        (here / block.title).write_text(block.text)
        if block.kind == "yaml":
            assert yaml.safe_load(block.text)


def start(command: Secondpass) -> None:
    """loan_reminder/1 runs."""

    async def tell() -> None:
        store = await Store.open(None, command.config / "var", "main")
        await tell_queues(store, "collections")
        said = await asyncio.to_thread(command, "campaign", "start", "loan_reminder")
        assert said.code == 0, said.err
        await store.close()

    lists = command.config / "lists"
    said = command("list", "import", "loans_due", lists / "loans_due.csv")
    assert said.code == 0, said.err
    asyncio.run(tell())


def test_every_page_is_in_the_table_of_contents() -> None:
    contents = (DOCS.parent / "mkdocs.yml").read_text()
    for page in DOCS.glob("*.md"):
        assert f": {page.name}" in contents, page


def test_links_between_pages_lead_somewhere() -> None:
    for page in DOCS.glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+?\.md)[)#]", page.read_text(encoding="utf-8")):
            assert (DOCS / target).exists(), (page.name, target)


def test_a_wrong_file_on_a_page_would_be_noticed(here: Path) -> None:
    assert Secondpass(here / "first")("init", "first").code == 0
    wrong = Block("yaml", "campaigns/wrong.yaml", "campaign: wrong\npurpose: leisure\n")
    with pytest.raises(ConfigErrors):
        keep(wrong, here)
