"""`secondpass init`: a configuration to start from, and the files for an existing Asterisk with secrets of
their own; what they say is checked by `check`."""

from __future__ import annotations

import re
import secrets
import shlex
import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from console import options, output
from console.refusal import Reason, RefusedError

ENVIRONMENT = "secondpass.env"
FOR_ASTERISK = "asterisk"
GLOBALS, DIALPLAN, MANAGER = "secondpass_globals.conf", "secondpass.conf", "manager_secondpass.conf"
RECORDS = "cdr_secondpass.conf"
LINES = (
    ("extensions.conf, under [globals]", f'#include "{GLOBALS}"'),
    ("extensions.conf, at its end", f'#include "{DIALPLAN}"'),
    ("manager.conf, at its end", f'#include "{MANAGER}"'),
)
"""What is added to an existing Asterisk: where, and the line."""
FOR_RECORDS = ("cdr_custom.conf, under [mappings]", f'#include "{RECORDS}"')
"""A fourth line, for what was lost while the link was down; the file says what else that takes."""

_TOKEN = re.compile(r"^SECONDPASS_TOKEN = .*$", re.MULTILINE)
_SECRET = re.compile(r"^secret = .*$", re.MULTILINE)


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new directory, or an empty one.")],
    json: options.Json = False,
) -> None:
    """Write a starting configuration into DIR, and into DIR/asterisk the files for your Asterisk.

    The secrets in them are made anew; DIR/secondpass.env has the same for the environment of secondpass.
    """
    mend = "name a new directory, or empty this one"
    if directory.exists() and not directory.is_dir():
        raise RefusedError("nothing was written", [Reason(f"{directory} is a file", mend)])
    try:
        if directory.exists() and any(directory.iterdir()):
            raise RefusedError("nothing was written", [Reason(f"{directory} is not empty", mend)])
        _write(directory)
    except OSError as error:
        mend = "name a directory that you may write to, or empty this one"
        raise RefusedError(f"{directory} was not written whole", [Reason(str(error), mend)]) from None
    told = _told(directory)
    if json:
        output.document(told)
        return
    output.line(f"{directory} has a configuration to start from; its files say what to name: trunk, queues,")
    output.line("caller id. Then, on your Asterisk:")
    # Its files are for nobody but their owner, and Asterisk runs as a user of its own.
    files = f"{shlex.quote(str(directory / FOR_ASTERISK))}/*.conf"
    output.line(f"  install -m 640 -g asterisk {files} /etc/asterisk/    (-g: the group it runs as)")
    for where, line in LINES:
        output.line(f"  {line:42} in {where}")
    output.line("  asterisk -rx 'core reload'")
    output.line(
        "and, where the calls that ended while the link was down are to be read from its own records:"
    )
    output.line(f"  {FOR_RECORDS[1]:42} in {FOR_RECORDS[0]}")
    output.line("and here:")
    output.line(f"  set -a; . {shlex.quote(str(directory.resolve() / ENVIRONMENT))}; set +a")
    output.line("  secondpass check && secondpass doctor && secondpass up")


def _write(directory: Path) -> None:
    import config
    import dialplan

    examples = Path(config.__file__).parent / "examples"
    shutil.copytree(examples, directory, dirs_exist_ok=True)
    folder = directory / FOR_ASTERISK
    folder.mkdir(mode=0o700)
    token, secret = secrets.token_hex(16), secrets.token_hex(16)
    shipped = Path(dialplan.__file__).parent
    texts = {name: (shipped / name).read_text() for name in (GLOBALS, DIALPLAN, MANAGER, RECORDS)}
    texts[GLOBALS] = _TOKEN.sub(f"SECONDPASS_TOKEN = {token}", texts[GLOBALS])
    texts[MANAGER] = _SECRET.sub(f"secret = {secret}", texts[MANAGER])
    for name, text in texts.items():
        _private(folder / name, text)
    words = {
        "SECONDPASS_CONFIG": str(directory.resolve()),
        "SECONDPASS_AMI_SECRET": secret,
        "SECONDPASS_TOKEN": token,
    }
    _private(
        directory / ENVIRONMENT, "".join(f"{name}={shlex.quote(value)}\n" for name, value in words.items())
    )


def _private(file: Path, text: str) -> None:
    """A file that nobody else may read, at no moment."""
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")


def _told(directory: Path) -> dict[str, Any]:
    return {
        "directory": str(directory),
        "files": sorted(str(file.relative_to(directory)) for file in directory.rglob("*") if file.is_file()),
        "asterisk": [{"file": where, "line": line} for where, line in LINES],
        "records": {"file": FOR_RECORDS[0], "line": FOR_RECORDS[1]},
    }
