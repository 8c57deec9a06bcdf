"""Runs every measurement of this folder and writes build/bench.json; each module's `run()` measures.

Each `run()` returns rows of name, value, unit, peer (the same measure of the peer), peer_name and ratio.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
OUTPUT = HERE.parents[1] / "build" / "bench.json"
FIELDS = ("name", "value", "unit", "peer", "peer_name", "ratio")


def modules() -> list[str]:
    """The measurements there are: every module beside this one that has a `run`."""
    return sorted(found.name for found in pkgutil.iter_modules([str(HERE)]) if found.name != "run")


def measure(name: str) -> list[dict[str, Any]]:
    """The rows of one measurement; a module without `run` helps another one and has none."""
    run = getattr(importlib.import_module(f"tests.bench.{name}"), "run", None)
    return [] if run is None else [{"bench": name, **row} for row in run()]


def table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """The rows as a person reads them."""
    drawn = Table(title="Measured against peers in the same run", title_justify="left")
    for field in FIELDS:
        drawn.add_column(field, justify="right" if field in {"value", "peer", "ratio"} else "left")
    for row in rows:
        drawn.add_row(*(_shown(row.get(field)) for field in FIELDS))
    return drawn


def _shown(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else "" if value is None else str(value)


def main(chosen: Sequence[str]) -> int:
    """Run the chosen measurements, or all; 1 if one of them failed, the others' rows written nevertheless."""
    rows, failed = [], []
    for name in chosen or modules():
        began = time.monotonic()
        try:
            rows.extend(measure(name))
        except Exception:  # noqa: BLE001 - the outermost edge: one failure does not cost the other figures
            traceback.print_exc()
            failed.append(name)
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps({"rows": rows, "failed": failed}, indent=2) + "\n", encoding="utf-8")
    Console().print(table(rows))
    print(f"written: {OUTPUT}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
