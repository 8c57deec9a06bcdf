"""The FastAGI server that the segment hook is measured beside: it sets three variables and is gone.

`python -m tests.bench.no_op_sessions NET PORT FILE`: each session's milliseconds, from its environment read
to its last variable set, become a line of the file.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from ipaddress import ip_network
from pathlib import Path

from agi.server import FastAgiServer
from agi.session import AgiSession

VARIABLES = {"SP_QUEUE": "retention", "SP_PRIORITY": "10", "SP_SEGMENT": "worth_keeping"}


async def serve(net: str, port: int, told: Path) -> None:
    """Until the process is ended."""
    with told.open("w", buffering=1) as file:

        async def segment(session: AgiSession) -> None:
            began = time.perf_counter()
            for name, value in VARIABLES.items():
                await session.set_variable(name, value)
            file.write(f"{(time.perf_counter() - began) * 1000:.3f}\n")

        token = os.environ["SECONDPASS_FASTAGI_TOKEN"]
        allow = [ip_network("127.0.0.0/8")]
        await FastAgiServer(f"{net}.4", port, allow=allow, token=token, routes={"segment": segment}).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
