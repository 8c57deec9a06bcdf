"""A text gateway for tests: takes messages by HTTP, reports on them and replies by webhook, and writes what
it got, one JSON object a line.

    python text_gateway.py --listen 127.0.0.1:8089 --records texts.jsonl [--control control.json]
                           [--webhook URL --secret SECRET] [--report delivered]

It takes POST and PUT of a form or JSON with `to` and `text`, and answers {"message_id": "m1"}. With a webhook
every message is reported as `--report` says. The control file, read anew at each message, maps a number (or
"*") to what becomes of it: {"status": 500, "error": "why", "delay": 2.0, "silent": true, "drop": true,
"report": "undelivered", "reply": "STOP", "after": 0.1, "id": "m7"}; `silent` never answers, `drop` hangs up;
both have taken the message. A webhook is sent until it is taken, five times at most.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import json
import time
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web


class Gateway:
    """What it takes, and what it tells of it."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._said = arguments
        self._ids = count(1)
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, request: web.Request) -> web.StreamResponse:
        fields = await request.json() if request.content_type == "application/json" else await request.post()
        number, wish = str(fields["to"]), self._wish(str(fields["to"]))
        name = wish.get("id") or f"m{next(self._ids)}"
        refused = wish.get("status", 200) >= 300
        self._write(
            {
                "at": time.time(),
                "to": number,
                "text": str(fields["text"]),
                "message_id": name,
                "key": request.headers.get("Idempotency-Key"),
                "authorization": request.headers.get("Authorization"),
                "refused": refused,
            }
        )
        await asyncio.sleep(wish.get("delay", 0))
        if wish.get("silent"):
            await asyncio.Event().wait()
        if wish.get("drop") and request.transport is not None:
            request.transport.abort()
        if not refused:
            self._tell(number, name, wish)
        answer = {"error": wish.get("error", "no")} if refused else {"message_id": name}
        return web.json_response(answer, status=wish.get("status", 200))

    def _wish(self, number: str) -> dict[str, Any]:
        control = self._said.control
        if control is None or not control.exists():
            return {}
        wishes = json.loads(control.read_text(encoding="utf-8"))
        return {**wishes.get("*", {}), **wishes.get(number, {})}

    def _write(self, record: dict[str, Any]) -> None:
        with self._said.records.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def _tell(self, number: str, name: str, wish: dict[str, Any]) -> None:
        """Report and reply, some time later."""
        if not self._said.webhook:
            return
        words: list[dict[str, Any]] = []
        report = wish.get("report", self._said.report)
        if report:
            words.append({"message_id": name, "status": report, "error": wish.get("why", "")})
        if wish.get("reply"):
            words.append({"from": number, "text": wish["reply"]})
        task = asyncio.create_task(self._send(words, wish.get("after", 0.05)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, words: list[dict[str, Any]], after: float) -> None:
        async with aiohttp.ClientSession() as session:
            for word in words:
                await asyncio.sleep(after)
                for _ in range(5):
                    if await self._taken(session, word):
                        break
                    await asyncio.sleep(0.5)

    async def _taken(self, session: aiohttp.ClientSession, word: dict[str, Any]) -> bool:
        body = json.dumps(word).encode()
        headers = signed(body, self._said.secret or "", time.time())
        try:
            async with session.post(self._said.webhook, data=body, headers=headers) as answer:
                return answer.status < 300
        except aiohttp.ClientError:
            return False


def signed(body: bytes, secret: str, now: float) -> dict[str, str]:
    """The headers of a webhook with this body."""
    stamp = str(int(now))
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, sha256).hexdigest()
    return {"X-Signature": mac, "X-Timestamp": stamp, "Content-Type": "application/json"}


async def serve(arguments: argparse.Namespace) -> None:
    """Until it is ended; tells the port it got as one JSON line."""
    host, _, port = arguments.listen.rpartition(":")
    app = web.Application()
    gateway = Gateway(arguments)
    app.router.add_post("/send", gateway.take)
    app.router.add_put("/send", gateway.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, host, int(port))
    await site.start()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--records", required=True, type=Path)
    parser.add_argument("--control", type=Path)
    parser.add_argument("--webhook", metavar="URL")
    parser.add_argument("--secret")
    parser.add_argument("--report", metavar="STATUS")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
