"""The command `secondpass`: its groups put together, errors told in one place; each command has a file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from console import (
    agent,
    agent_note,
    audit,
    backup,
    bench,
    callback,
    campaigns,
    check,
    do_not_call,
    doctor,
    errors,
    explain,
    export,
    init,
    ledger_rebuild,
    list_campaigns,
    lists,
    model,
    options,
    output,
    override,
    preview,
    results,
    retention,
    rules,
    schema,
    services,
    simulate,
    token,
    watch,
)
from console.refusal import REFUSED

app = typer.Typer(
    name="secondpass",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Campaign strategies with recovery, and anticipatory segmentation, for Asterisk.",
)
app.command("init")(init.init)
app.command("check")(check.check)
app.command("doctor")(doctor.doctor)
app.command("schema")(schema.schema)
app.command("up")(services.up)
app.command("agi")(services.agi)
app.command("bridge")(services.bridge)
app.command("messages")(services.messages)
app.command("learner")(services.learner)
app.command("console")(services.console)
app.add_typer(token.app, name="token")
list_campaigns.join(lists.app)
app.add_typer(lists.app, name="list")
campaigns.app.command("preview")(preview.preview_command)
campaigns.app.command("rules")(rules.rules_command)
app.add_typer(campaigns.app, name="campaign")
app.add_typer(override.app, name="override")
app.add_typer(callback.app, name="callback")
app.command("results")(results.results)
app.command("watch")(watch.watch)
app.command("explain")(explain.explain)
app.command("audit")(audit.audit)
app.command("export")(export.export)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
retention.ledger.command("rebuild")(ledger_rebuild.rebuild_command)
app.add_typer(retention.ledger, name="ledger")
app.add_typer(retention.person, name="person")
app.command("simulate")(simulate.simulate)
app.add_typer(do_not_call.app, name="do-not-call")
agent.app.command("note")(agent_note.note)
app.add_typer(agent.app, name="agent")
app.add_typer(model.app, name="model")
app.add_typer(bench.app, name="bench")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        output.line(f"secondpass {version('secondpass')}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    config: options.ConfigDir = None,
    version_: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    context.obj = config


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line over `arguments`, the process's own if None; always ends in SystemExit.

    Errors a person can mend become one message and exit code 1.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        app(given)
    except errors.expected() as error:
        refused = errors.told(error)
        if "--json" in given:
            output.document(refused.document())
        output.refusal(refused)
        sys.exit(REFUSED)
