"""`secondpass token`: who may use the API and the page, and as what; a token is shown when it is made, and
never again."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from console import options, output
from console.audit import me
from console.moments import local_moment
from console.refusal import Reason, RefusedError

if TYPE_CHECKING:
    from strategies.store import Store
    from strategies.store.tokens import Token

app = typer.Typer(no_args_is_help=True, help="Tokens of the API and the page: add, list, remove.")
Name = Annotated[str, typer.Argument(help="Whose it is; the audit shows it.")]
NAME = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
WORDS = ("agent", "viewer", "supervisor", "admin")


@app.command("add")
def add(
    context: typer.Context,
    name: Name,
    role: Annotated[str, typer.Option(help="agent, viewer, supervisor or admin.")] = "viewer",
    agent: Annotated[
        str, typer.Option(metavar="INTERFACE", help="Of the agent who works with it: PJSIP/agent01.")
    ] = "",
    days: Annotated[int | None, typer.Option(min=1, help="Until it ends; else until it is removed.")] = None,
    config: options.ConfigDir = None,
    json: options.Json = False,
) -> None:
    """Make a token and print it, this once: only its digest is kept."""
    if not NAME.fullmatch(name):
        raise typer.BadParameter("write letters, digits, _ . @ - only, 64 at most", param_hint="NAME")
    if role not in WORDS:
        raise typer.BadParameter(f"write one of {', '.join(WORDS)}", param_hint="--role")
    if (role == "agent") != bool(agent):
        raise typer.BadParameter("the role agent goes with --agent, and no other does", param_hint="--agent")
    if agent:
        options.check_interface(agent)
    from console.web.access import digest, new_token
    from strategies.store.tokens import Token

    token, now = new_token(), time.time()
    until = None if days is None else now + timedelta(days=days).total_seconds()
    made = Token(name, role, now, until, agent)

    async def work(store: Store) -> None:
        if not await store.add_token(digest(token), made):
            mend = f"take the old one back: secondpass token remove {name}"
            raise RefusedError("no token was made", [Reason(f"{name} has one", mend)])
        await store.changed("token_added", by=me(), new=f"{name}: {role}")

    options.with_store(options.project(context, config), work)
    if json:
        output.document({"name": name, "role": role, "token": token})
    else:
        output.line(token)


@app.command("list")
def list_(context: typer.Context, config: options.ConfigDir = None, json: options.Json = False) -> None:
    """Who has one."""
    kept = options.with_store(options.project(context, config), lambda store: store.tokens())
    rows = [_told(one) for one in kept]
    if json:
        output.document(rows)
    else:
        columns = ("name", "role", "agent", "made", "until")
        output.show(output.table("Tokens", columns, [[row[name] or "" for name in columns] for row in rows]))


@app.command("remove")
def remove(
    context: typer.Context, name: Name, config: options.ConfigDir = None, json: options.Json = False
) -> None:
    """Take a token back; from now on it opens nothing."""

    async def work(store: Store) -> None:
        if not await store.remove_token(name):
            raise RefusedError(
                f"{name} has no token", [Reason("nothing was changed", "secondpass token list")]
            )
        await store.changed("token_removed", by=me(), old=name)

    options.with_store(options.project(context, config), work)
    if json:
        output.document({"removed": name})
    else:
        output.line(f"the token of {name} opens nothing any more")


def _told(one: Token) -> dict[str, str | None]:
    return {
        "name": one.name,
        "role": one.role,
        "agent": one.agent,
        "made": local_moment(one.at, "UTC"),
        "until": local_moment(one.until, "UTC"),
    }
