"""Days of a campaign as a test writes them: passes in YAML, people, what the carrier does; then who was
called when, and with what result."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from console.cli import main

CAMPAIGN = """\
campaign: spring
purpose: service
country: US
zone: America/New_York
caller_id: "+12125550100"
agents: collections
lists: [people]
window: {from: "09:00", to: "20:00"}
consent: {basis: written}
response_groups: {success: [pressed_1, agent_paid], opt_out: [pressed_8, text_stop], wrong_party: [pressed_9]}
"""
ADA = "+12125550101"
BO = "+12125550102"
MONDAY = "2026-03-02"  # New York, five hours behind UTC until Sunday the 8th


@dataclass(frozen=True, slots=True)
class Told:
    """How the command ended, what it said, and the ledger it wrote."""

    code: int
    out: str
    err: str
    raw: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The ledger's lines."""
        return [json.loads(line) for line in self.raw.splitlines()]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The lines of one kind."""
        return [line for line in self.lines if line["kind"] == kind]

    @property
    def attempts(self) -> list[str]:
        """Every attempt by the moment of its start: `Mon 09:00:00 call 1 mobile busy`."""
        results = {line["attempt"]: line["result"] for line in self.of("attempt_ended")}
        return [
            " ".join(
                (
                    clock(line["at"]),
                    line["pass"],
                    line["contact"],
                    line["device"],
                    results.get(line["attempt"], "-"),
                )
            )
            for line in self.of("attempt_started")
        ]

    @property
    def ended(self) -> dict[str, str]:
        """Each contact with the reason of its end."""
        return {line["contact"]: line["reason"] for line in self.of("contact_ended")}

    @property
    def skipped(self) -> list[str]:
        """`Mon 09:00:00 call 1 person_busy` of each line `skipped`."""
        return [
            f"{clock(line['at'])} {line['pass']} {line['contact']} {line['reason']}"
            for line in self.of("skipped")
        ]


def clock(moment: str) -> str:
    """`Mon 09:00:00` of a moment of the ledger."""
    return datetime.fromisoformat(moment).strftime("%a %H:%M:%S")


def simulated(  # each argument one thing a test may say
    passes: str,
    people: str,
    carrier: Mapping[str, object] | None = None,
    *,
    begins: str = f"{MONDAY}T08:00-05:00",
    until: str = "2026-03-07T00:00-05:00",
    agents: int | None = None,
    overrides: Sequence[Mapping[str, object]] = (),
    seed: int = 0,
    also: str = "",
    words: Sequence[str] = (),
) -> Told:
    """The days from `begins` to `until`. `people`: the list's lines, its header first; `carrier`: address to
    what its attempts come to, or a whole carrier's file; `also`: further keys of the campaign; `words`:
    further words of the command."""
    file = (
        carrier if carrier and set(carrier) <= {"default", "devices", "model"} else {"devices": carrier or {}}
    )
    with TemporaryDirectory(prefix="sp-") as folder:
        here = Path(folder)
        (here / "campaigns").mkdir()
        (here / "campaigns" / "spring.yaml").write_text(_campaign(passes, also), encoding="utf-8")
        (here / "people.csv").write_text(people, encoding="utf-8")
        (here / "carrier.yaml").write_text(yaml.safe_dump(file), encoding="utf-8")
        given = ["simulate", "--config", folder, "--campaign", "spring", "--list", f"{here}/people.csv"]
        given += ["--carrier", f"{here}/carrier.yaml", "--from", begins, "--until", until]
        given += ["--ledger", f"{here}/out.jsonl", "--seed", str(seed), "--json"]
        given += [] if agents is None else ["--agents", str(agents)]
        if overrides:
            (here / "overrides.yaml").write_text(yaml.safe_dump(list(overrides)), encoding="utf-8")
            given += ["--overrides", f"{here}/overrides.yaml"]
        with ThreadPoolExecutor(1) as threads:  # the command has an event loop of its own
            code, out, err = threads.submit(_run, [*given, *words]).result(timeout=60)
        ledger = here / "out.jsonl"
        return Told(code, out, err, ledger.read_text(encoding="utf-8") if ledger.exists() else "")


def _campaign(passes: str, also: str) -> str:
    given = yaml.safe_load(also) or {}
    kept = {key: value for key, value in yaml.safe_load(CAMPAIGN).items() if key not in given}
    escalation = given.pop("escalation", "per_pass")
    strategy = {"escalation": escalation, "passes": yaml.safe_load(passes)}
    return yaml.safe_dump({**kept, **given, "strategy": strategy}, sort_keys=False)


def _run(words: list[str]) -> tuple[int, str, str]:
    out, err, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(words)
        except SystemExit as ended:
            code = int(ended.code or 0)
    return code, out.getvalue(), err.getvalue()
