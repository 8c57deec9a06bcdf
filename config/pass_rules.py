"""What the keys of one pass must not say together: keys foreign to its medium, unknown passes and scripts,
retries and recoveries that cannot happen. Pacing is left to `config.pacing_rules`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from config.campaign_file import CampaignFile, PassFile
from config.checking import Problems
from config.errors import Path_, shown
from config.scalars import nearest
from config.window_rules import check_both_ends
from strategies.contacts import VOICE_KINDS
from strategies.script import Script
from strategies.vocabulary import VOICE, Medium, Result, Trigger

MESSAGE_RESULTS = frozenset({Result.SENT, Result.DELIVERED, Result.REPLIED, Result.UNDELIVERED})
DEVICES: Mapping[Medium, tuple[str, ...]] = {
    Medium.AVM: VOICE_KINDS,
    Medium.DIALER: VOICE_KINDS,
    Medium.TEXT: ("text", "mobile"),
    Medium.EMAIL: ("email",),
}
LIVE_TRIGGERS = frozenset({Trigger.NO_INPUT})
"""The losses after which the person is still on the line."""
_OF_CALLS = frozenset(Result) - MESSAGE_RESULTS
_OF_MESSAGES = MESSAGE_RESULTS | {Result.FAILED, Result.UNKNOWN}
RESULTS_OF: Mapping[Medium, frozenset[Result]] = {
    medium: _OF_CALLS if medium in VOICE else _OF_MESSAGES for medium in Medium
}
_RECOVERY_KEYS = ("triggers", "mode", "delay", "ttl", "per_day")
_LIST_KEYS = ("start", "beside", "wait_days", "accept", "limits")
FOREIGN: Mapping[Medium, tuple[str, ...]] = {
    Medium.AVM: ("subject", "message", "recovers"),
    Medium.DIALER: ("script", "subject", "message"),
    Medium.TEXT: ("script", "subject", "machine", "ring", "recovers", "line_types"),
    Medium.EMAIL: ("script", "machine", "ring", "recovers", "line_types"),
}
_NEEDED: Mapping[Medium, tuple[str, ...]] = {
    Medium.AVM: ("script",),
    Medium.DIALER: (),
    Medium.TEXT: ("message",),
    Medium.EMAIL: ("subject", "message"),
}
_WRITTEN = {"beside": "with"}


@dataclass(frozen=True, slots=True)
class Scripts:
    """The scripts a campaign may name; `broken` ones have mistakes of their own. `absent`: no directory of
    scripts is there, so a campaign can be checked and simulated, not launched."""

    found: Mapping[str, Script]
    broken: frozenset[str] = frozenset()
    absent: bool = False


def check_pass(path: Path_, index: int, file: CampaignFile, problems: Problems, scripts: Scripts) -> None:
    """Notes every mistake in the pass at `path`, the campaign's `index`th, except in its pacing."""
    one = file.strategy.passes[index]
    _check_medium(path, one, problems)
    _check_turn(path, index, file, problems)
    _check_recovery(path, one, file, problems)
    _check_retry(path, one, problems)
    _check_script(path, one, file, problems, scripts)


def _check_medium(path: Path_, one: PassFile, problems: Problems) -> None:
    what = f"{'an' if one.medium in (Medium.AVM, Medium.EMAIL) else 'a'} {one.medium} pass"
    for key in FOREIGN[one.medium]:
        if getattr(one, key) is not None:
            problems.add((*path, key), f"{what} has no {key}", "remove it, or change the medium")
    for key in _NEEDED[one.medium]:
        if getattr(one, key) is None:
            problems.add((*path, key), f"is missing: {what} needs it", "add it")
    for index, kind in enumerate(one.devices or ()):
        if kind not in DEVICES[one.medium]:
            mend = f"choose from {', '.join(DEVICES[one.medium])}"
            problems.add((*path, "devices", index), f"{what} cannot reach {shown(kind)}", mend)
    if one.medium is Medium.DIALER and one.machine == "leave_message":
        mend = "write hang_up, or leave the message by an avm pass"
        problems.add((*path, "machine"), "a dialer pass has no message to leave", mend)


def _check_turn(path: Path_, index: int, file: CampaignFile, problems: Problems) -> None:
    one = file.strategy.passes[index]
    if one.window is not None:
        check_both_ends((*path, "window"), one.window, problems)
    if one.beside is not None:
        _check_pass_name((*path, "with"), one.beside, one, file, problems)
        if one.start is not None:
            problems.add((*path, "start"), "with already says when the pass begins", "keep one of the two")
        if one.wait_days:
            problems.add(
                (*path, "wait_days"), f"the pass opens with {one.beside}, whatever the day", "remove it"
            )
    earlier = [p for p in file.strategy.passes[:index] if p.recovers is None]
    if one.accept is not None and one.recovers is None and not earlier:
        problems.add((*path, "accept"), "no pass comes before that could have a result", "remove it")


def _check_pass_name(
    path: Path_, name: str, one: PassFile, file: CampaignFile, problems: Problems
) -> PassFile | None:
    others = [p for p in file.strategy.passes if p.name != one.name]
    found = next((p for p in others if p.name == name), None)
    if found is None:
        message = "a pass cannot name itself" if name == one.name else f"there is no pass {shown(name)}"
        problems.add(path, message, nearest(name, [p.name for p in others]))
    return found


def _check_recovery(path: Path_, one: PassFile, file: CampaignFile, problems: Problems) -> None:
    if one.recovers is None:
        for key in _RECOVERY_KEYS:
            if getattr(one, key) is not None:
                mend = "add recovers: PASS, or remove it"
                problems.add(
                    (*path, key), "only a pass that recovers has it", mend, unless=((*path, "recovers"),)
                )
        return
    for key in _LIST_KEYS:
        if getattr(one, key) is not None:
            message = "a pass that recovers takes its people from events, beside the pass it recovers"
            mend = "write per_day" if key == "limits" else "remove it"
            problems.add((*path, _WRITTEN.get(key, key)), message, mend)
    triggers = (*path, "triggers")
    if one.triggers is None and one.recovers.queue is None:
        problems.add(triggers, "is missing", f"add whom to recover: [{', '.join(Trigger)}]")
    for index, trigger in enumerate(one.triggers or ()):
        if one.recovers.queue is not None and trigger is not Trigger.ABANDONED_IN_QUEUE:
            mend = "write [abandoned_in_queue]"
            problems.add((*triggers, index), f"nobody in an inbound queue is lost by {trigger}", mend)
    if one.recovers.pass_name is not None:
        _check_recovered(path, one, one.recovers.pass_name, file, problems)
    if one.mode == "in_call":
        _check_in_call(path, one, problems)
    if (one.ttl if one.ttl is not None else 900.0) <= (one.delay if one.delay is not None else 30.0):
        problems.add((*path, "ttl"), "is over before the delay is", "make ttl longer than delay")


def _check_in_call(path: Path_, one: PassFile, problems: Problems) -> None:
    """Notes a recovery on the live line that could never find one."""
    if one.recovers is not None and one.recovers.queue is not None:
        message = "who was lost in an inbound queue has hung up: there is no line to act on"
        problems.add((*path, "mode"), message, "write recall")
    elif one.triggers and not set(one.triggers) & LIVE_TRIGGERS:
        message = f"{' and '.join(one.triggers)} end the call: there is no line to act on"
        mend = f"write recall, or a trigger that leaves the line up: {', '.join(sorted(LIVE_TRIGGERS))}"
        problems.add((*path, "mode"), message, mend)


def _check_recovered(path: Path_, one: PassFile, name: str, file: CampaignFile, problems: Problems) -> None:
    found = _check_pass_name((*path, "recovers"), name, one, file, problems)
    if found is None:
        return
    if found.recovers is not None:
        problems.add((*path, "recovers"), f"{shown(name)} is a recovery itself", "name the pass it recovers")
    elif found.medium not in VOICE:
        message = f"nobody is lost in the {found.medium} pass {shown(name)}"
        problems.add((*path, "recovers"), message, "name a voice pass")


def _check_retry(path: Path_, one: PassFile, problems: Problems) -> None:
    for result, retry in (one.retry or {}).items():
        here: Path_ = (*path, "retry", str(result))
        if result not in RESULTS_OF[one.medium]:
            problems.add(here, f"{result} is no result of {one.medium}", "remove it")
        elif retry.then == "same_device" and not retry.after:
            problems.add(
                (*here, "after"), "same_device repeats the last wait, and there is none", "add after: [2h]"
            )


def _check_script(
    path: Path_, one: PassFile, file: CampaignFile, problems: Problems, scripts: Scripts
) -> None:
    if one.script is None or one.medium is not Medium.AVM:
        return
    script = scripts.found.get(one.script)
    if script is None:
        if not scripts.absent and one.script not in scripts.broken:
            mend = f"add scripts/{one.script}.yaml with script: {one.script}"
            if scripts.found:
                mend = f"{nearest(one.script, list(scripts.found))} Otherwise {mend}"
            problems.add((*path, "script"), f"there is no script {shown(one.script)}", mend)
        return
    if (one.machine or file.machine) == "leave_message" and script.machine is None:
        place: Path_ = (*path, "machine") if one.machine else ("machine",)
        mend = f"add machine: {{say: ...}} to the script {script.name}, or write hang_up"
        problems.add(place, f"the script {script.name} has no message for machines", mend)
