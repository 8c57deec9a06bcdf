"""A mail server for tests: takes mail by SMTP, does what a control file says, and writes what it got, one
JSON object a line.

    python mail_server.py --listen 127.0.0.1:2525 --records mails.jsonl [--control control.json]
                          [--tls CERT KEY [--implicit]] [--login USER:PASSWORD]

The control file, read anew at each message, maps a recipient (or "*") to what becomes of it:
{"mail": "421 Try later", "rcpt": "550 No such user", "data": "451 Later", "silent": true, "drop": true};
`data` codes are given after the text was taken; `silent` never answers the text, `drop` hangs up then.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import ssl
import time
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Mailbox:
    """An aiosmtpd handler that obeys the control file and records."""

    def __init__(self, records: Path, control: Path | None) -> None:
        self._records, self._control = records, control

    def _wish(self, address: str, what: str) -> Any:
        if self._control is None or not self._control.exists():
            return None
        wishes = json.loads(self._control.read_text(encoding="utf-8"))
        return {**wishes.get("*", {}), **wishes.get(address, {})}.get(what)

    async def handle_MAIL(self, _server, _session, envelope, address, options):  # noqa: N802
        said = self._wish("*", "mail")
        if said:
            return said
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, _server, _session, envelope, address, options):  # noqa: N802
        said = self._wish(address, "rcpt")
        if said:
            return said
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        to = envelope.rcpt_tos[0]
        record = {
            "at": time.time(),
            "mail_from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "content": envelope.content.decode("utf-8", "replace"),
            "tls": session.ssl is not None,
            "login": session.authenticated,
        }
        if not self._wish(to, "data"):
            with self._records.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
        if self._wish(to, "silent"):
            await asyncio.Event().wait()
        if self._wish(to, "drop"):
            server.transport.abort()
            return None
        return self._wish(to, "data") or "250 2.0.0 Ok: queued as T1"


async def serve(arguments: argparse.Namespace) -> None:
    """Until SIGTERM; tells the port it got as one JSON line."""
    host, _, port = arguments.listen.rpartition(":")
    mailbox, more = Mailbox(arguments.records, arguments.control), _options(arguments)
    context = more.pop("implicit", None)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(mailbox, hostname="mail.test", loop=loop, **more), host, int(port), ssl=context
    )
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if arguments.tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*arguments.tls)
        more["implicit" if arguments.implicit else "tls_context"] = context
    if arguments.login:
        user, _, password = arguments.login.partition(":")
        wanted = LoginPassword(user.encode(), password.encode())
        more["authenticator"] = lambda _s, _e, _v, _m, given: AuthResult(success=given == wanted)
        more["auth_require_tls"] = not arguments.implicit
    return more


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--records", required=True, type=Path)
    parser.add_argument("--control", type=Path)
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    parser.add_argument("--implicit", action="store_true")
    parser.add_argument("--login", metavar="USER:PASSWORD")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
