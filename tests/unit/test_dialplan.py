"""What the shipped dialplan promises on paper: every value from outside filtered, the least of rights."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ami_bridge.logged.call_records import COLUMNS
from config.variables import AgiScript, Context, Variable

DIALPLAN = Path(__file__).resolve().parents[2] / "dialplan"
CARRIER = DIALPLAN.parent / "docker" / "carrier" / "extensions.conf"
FILES = sorted(DIALPLAN.glob("*.conf"))
# Set from outside: by the network, by a caller, or over AGI and AMI.
OUTSIDE = re.compile(
    r"\$\{(EXTEN|CALLERID\(|CONNECTEDLINE\(|REDIRECTING\(|DNID|PJSIP_HEADER|"
    r"SP_QUEUE|SP_PRIORITY|SP_WAIT_LIMIT|SP_PENALTY_MAX|SP_MESSAGE|SP_PROMPT|SP_ATTEMPT|SP_AGENT|SP_AMD)"
)
FILTER = re.compile(r"FILTER\([^,]+,\$\{\w+\}\)")


def code(file: Path) -> list[str]:
    """The lines of a file without its comments."""
    lines = (line.split(";")[0].rstrip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def contexts() -> dict[str, list[str]]:
    """The lines of each context of the dialplan."""
    found: dict[str, list[str]] = {}
    for line in code(DIALPLAN / "secondpass.conf"):
        if name := re.fullmatch(r"\[([\w-]+)\]", line):
            found[name[1]] = []
        else:
            found[list(found)[-1]].append(line)
    return found


def test_there_are_the_files_an_admin_includes() -> None:
    assert {file.name for file in FILES} == {
        *("secondpass.conf", "secondpass_globals.conf"),
        *("manager_secondpass.conf", "cdr_secondpass.conf"),
    }


def test_the_call_records_have_the_columns_we_read() -> None:
    [line] = code(DIALPLAN / "cdr_secondpass.conf")
    told = re.findall(r"CDR\((\w+)", line)
    assert tuple(name.removeprefix("sp_") for name in told) == COLUMNS


def test_the_names_shared_with_the_server_are_those_of_the_dialplan() -> None:
    lines = code(DIALPLAN / "secondpass.conf")
    assert {line.strip("[]") for line in lines if line.startswith("[")} == set(Context)
    text = "\n".join(lines)
    assert set(re.findall(r"\$\{SECONDPASS_AGI\}/(\w+)", text)) == set(AgiScript)
    named = set(re.findall(r"SP_\w+", text))
    assert named <= set(Variable)
    # Set for whoever looks at the channel, and read by no line of ours.
    assert set(Variable) - named == {Variable.MACHINE}


def unfiltered(line: str, filtered_before: set[str]) -> bool:
    """Whether a line uses a value from outside that is neither filtered here nor was before."""
    rest = FILTER.sub("", line)
    rest = re.sub(r'"\$\{\w+\}" !?= "\w*"', "", rest)  # compared with a fixed word only
    return any(name not in filtered_before for name in OUTSIDE.findall(rest))


@pytest.mark.parametrize("file", [DIALPLAN / "secondpass.conf", CARRIER], ids=lambda file: file.parent.name)
def test_every_value_from_outside_is_filtered_where_it_is_used(file: Path) -> None:
    cleaned: set[str] = set()
    for line in code(file):
        if line.startswith("["):
            cleaned = set()
        assert not unfiltered(line, cleaned), line
        if found := re.search(r"Set\((\w+)=\$\{FILTER\([^,]+,\$\{(\w+)\}\)\}\)$", line):
            cleaned |= {found[1]} if found[1] == found[2] else set()


def test_the_check_sees_an_unfiltered_value() -> None:
    assert unfiltered(" same => n,Queue(${SP_QUEUE})", set())
    assert unfiltered("exten => s,1,Dial(PJSIP/${EXTEN}@carrier)", set())
    assert unfiltered("exten => s,1,Set(X=${CALLERID(name)})", set())
    assert not unfiltered(r" same => n,Queue(${FILTER(a-z\-,${SP_QUEUE})})", set())


def test_no_extension_matches_whatever_is_dialled() -> None:
    """But in the context of the agents' legs, which only a queue's members lead to."""
    patterns: dict[str, list[str]] = {}
    for line in code(DIALPLAN / "secondpass.conf"):
        if found := re.fullmatch(r"\[([\w-]+)\]", line):
            context = patterns.setdefault(found[1], [])
        elif found := re.match(r"exten => ([^,]+),", line):
            context.append(found[1])
    wide = {name for name, each in patterns.items() if any(one.startswith("_") for one in each)}
    assert wide == {Context.LEG}


def test_every_agi_call_stands_under_a_timeout_and_leaves_on_hangup() -> None:
    lines = code(DIALPLAN / "secondpass.conf")
    asking = [n for n, line in enumerate(lines) if ",AGI(" in line]
    assert len(asking) == 7
    for n in asking:
        assert re.search(
            r"Set\(TIMEOUT\(absolute\)=\$\{SECONDPASS_(DEADLINE|OUTBOUND_DEADLINE|SCRIPT_LIMIT)\}\)$",
            lines[n - 1],
        )
        assert lines[n - 2].endswith("Set(AGIEXITONHANGUP=yes)")


def test_every_context_that_asks_has_a_place_to_go_when_time_is_up() -> None:
    asking = {name for name, lines in contexts().items() if any(",AGI(" in line for line in lines)}
    assert asking == {
        *("secondpass-segment", "secondpass-answered", "secondpass-script"),
        *("secondpass-machine", "secondpass-agent", "secondpass-abandon"),
        "secondpass-place",
    }
    for name in asking:
        assert any(line.startswith("exten => T,1,") for line in contexts()[name]), name


def test_whoever_is_refused_a_call_waits_on_like_everybody_and_ends_in_the_default_queue() -> None:
    lines = contexts()
    assert not any("Queue(" in line for line in lines[Context.PLACE])
    refused = "\n same => n,Goto(secondpass-wait,s,queue)\n same => n(kept),"
    assert refused in "\n".join(lines[Context.PLACE])
    assert any(line.startswith(" same => n(queue),") for line in lines[Context.WAIT])
    assert lines[Context.WAIT][-3:] == [
        " same => n,Set(QUEUE_MAX_PENALTY=2147483647)",
        " same => n,Queue(${SECONDPASS_DEFAULT_QUEUE})",
        " same => n,Hangup()",
    ]


def test_the_manager_user_has_the_least_rights_and_takes_events_by_name() -> None:
    lines = code(DIALPLAN / "manager_secondpass.conf")
    settings = dict(re.split(r" *= *", line, maxsplit=1) for line in lines if "=" in line)
    assert settings["read"] == "system,call,agent,user,cdr"
    assert settings["write"] == "originate,call,agent,reporting,message"
    assert settings["deny"] == "0.0.0.0/0.0.0.0"
    assert settings["permit"].startswith("127.")
    filters = [line for line in lines if line.startswith("eventfilter")]
    assert len(filters) == len(set(filters)) == 18
    assert all(re.fullmatch(r"eventfilter\(action\(include\),name\(\w+\)\) =", line) for line in filters)


def test_no_shipped_file_holds_a_secret() -> None:
    for file in FILES:
        for line in code(file):
            if re.match(r"(secret|SECONDPASS_TOKEN)\b", line):
                assert line.endswith("= change-me")
