"""`secondpass agent note`: what an agent says of a call that is over; what is learned from it is left to the
learner."""

from __future__ import annotations

import re
import time
from enum import StrEnum
from typing import Annotated

import typer

from console import options, output
from console.refusal import Reason, RefusedError

_CALL = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Said(StrEnum):
    """An answer."""

    YES = "yes"
    NO = "no"


def note(
    context: typer.Context,
    interaction: Annotated[str, typer.Argument(metavar="CALL", help="The call's id: SP_DECISION.")],
    achieved: Annotated[
        Said | None, typer.Option(help="Whether the call's objective was achieved.", show_default=False)
    ] = None,
    pursued: Annotated[Said | None, typer.Option(help="Whether it was tried.", show_default=False)] = None,
    disposition: Annotated[str, typer.Option(metavar="WORD", help="What the call came to: sold.")] = "",
    agent: Annotated[str, typer.Option(metavar="INTERFACE", help="Who says so: PJSIP/agent01.")] = "",
    config: options.ConfigDir = None,
) -> None:
    """Note what a call came to. Agents' own pages say the same by UserEvent(SecondpassDisposition)."""
    if agent:
        options.check_interface(agent)
    if disposition and not _WORD.fullmatch(disposition):
        raise typer.BadParameter("write a word such as sold", param_hint="--disposition")
    if not _CALL.fullmatch(interaction):
        raise typer.BadParameter(f'"{interaction}" is no id of a call', param_hint="CALL")
    from strategies.store.notes import Note

    said = Note(interaction, time.time(), disposition, _truth(pursued), _truth(achieved), agent)
    if not said.says_anything:
        mend = "say --achieved yes or no, --pursued, or --disposition WORD"
        raise RefusedError("the note says nothing", [Reason("none of its options is there", mend)])
    options.with_store(options.project(context, config), lambda store: store.note(said))
    output.line(f"noted of {interaction}")


def _truth(said: Said | None) -> bool | None:
    return None if said is None else said is Said.YES
