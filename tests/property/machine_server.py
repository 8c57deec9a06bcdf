"""The loop and the embedded server that all runs of a property share."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from strategies.store import Store


class Server:
    """Up from the first run to `close`; each run opens the store with a tenant of its own."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="sp-machine-"))
        self.runner = asyncio.Runner()
        self.keeper = self.run(Store.open(None, self.directory, "keeper"))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def close(self) -> None:
        self.run(self.keeper.close())
        self.runner.close()
        shutil.rmtree(self.directory)
