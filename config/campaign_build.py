"""Turns a campaign's file into the frozen campaign the engine reads, with defaults; the rules check it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace

from config.campaign_file import (
    CampaignFile,
    ConsentFile,
    LimitsFile,
    PacingFile,
    PassFile,
    PassLimitsFile,
    RuleFile,
    WindowFile,
)
from config.campaign_rules import check
from config.checking import Problems, checked
from config.pacing_rules import method_of
from config.pass_rules import DEVICES, Scripts
from config.presets import Preset, preset_for
from config.window_rules import check_open
from config.yaml_reader import Document
from config.zones import zones_of
from strategies.campaign import (
    DAYS,
    Accept,
    Campaign,
    Limits,
    Machine,
    Pacing,
    Pass,
    PassLimits,
    Recovery,
    Retry,
    Window,
)
from strategies.numbers import normalise
from strategies.vocabulary import Medium, Trigger


def campaign(document: Document, scripts: Scripts) -> tuple[Campaign | None, Problems]:
    """The document as a campaign, and every mistake in it; None where there is one."""
    file, problems = checked(document, CampaignFile)
    if file is None:
        return None, problems
    check(file, problems, scripts)
    if problems.errors:
        return None, problems
    built = _campaign(file, preset_for(file.purpose, file.country), scripts)
    check_open(built, problems)
    return (None if problems.errors else replace(built, version=_version(built))), problems


def _version(built: Campaign) -> str:
    """A hash of everything the campaign says, scripts and presets included: two alike have the same."""
    text = json.dumps(asdict(built), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _campaign(file: CampaignFile, preset: Preset, scripts: Scripts) -> Campaign:
    zones = zones_of(file.country)
    message = file.abandon_message
    return Campaign(
        name=file.campaign,
        purpose=file.purpose,
        country=file.country,
        caller_id=normalise(file.caller_id or "", file.country) or "",
        queue=file.agents or "",
        passes=tuple(_pass(one, file, preset, scripts) for one in file.strategy.passes),
        zone=file.zone or zones[0],
        zones=tuple(file.zones or zones),
        lists=tuple(dict.fromkeys(file.lists)),
        priority=file.priority,
        filter=file.filter,
        order=tuple(file.order),
        debt=file.debt,
        limits=_limits(file.limits, preset),
        window=_window(file.window, preset.window),
        legal_window=preset.window,
        states=preset.states,
        ring=file.ring,
        wrap_up=file.wrap_up,
        machine=file.machine,
        caller_ids={
            prefix: tuple(normalise(number, file.country) or "" for number in numbers)
            for prefix, numbers in file.caller_ids.items()
        },
        amd=file.amd.line(),
        not_sure=file.amd.not_sure,
        consent=_consent(file.consent),
        channels=file.caps.channels,
        calls_per_second=file.caps.calls_per_second,
        rules=tuple(_rule(rule) for rule in file.rules),
        abandon_message=message.say if message else None,
        opt_out_key=message.opt_out_key if message else None,
        groups={name: tuple(dict.fromkeys(members)) for name, members in file.response_groups.items()},
        escalation=file.strategy.escalation,
    )


def _window(file: WindowFile, otherwise: Window) -> Window:
    opens = otherwise.opens if file.opens is None else file.opens
    closes = otherwise.closes if file.closes is None else file.closes
    return Window(opens, closes, file.days or DAYS)


def _limits(file: LimitsFile, preset: Preset) -> Limits:
    """The campaign's own caps, and what the law caps beside them."""
    cap = preset.debt_cap
    return Limits(
        attempts_per_contact=file.attempts_per_contact,
        attempts_per_day=file.attempts_per_day,
        attempts_per_number=file.attempts_per_number,
        attempts_per_number_per_day=file.attempts_per_number_per_day,
        debt_calls=cap.calls if cap else None,
        debt_within=cap.within if cap else 0.0,
        debt_silence=cap.silence if cap else 0.0,
        registry_within=preset.registry_within,
        abandon_days=preset.abandon_days,
        abandon_clock=preset.abandon_clock,
        abandon_lockout=preset.abandon_lockout,
    )


def _pass_limits(file: PassLimitsFile | None) -> PassLimits:
    return PassLimits(file.attempts_per_contact, file.attempts_per_day) if file else PassLimits()


def _consent(file: ConsentFile | None) -> Mapping[str, str]:
    if file is None:
        return {}
    given = {"basis": file.basis, "source": file.source, "date": file.day.isoformat() if file.day else None}
    return {key: value for key, value in given.items() if value is not None}


def _rule(rule: RuleFile) -> Mapping[str, str]:
    """A rule with its time in seconds, as text like the rest of it."""
    return {"when": rule.when, "for": f"{rule.lasting:g}", "do": rule.action}


def _pass(one: PassFile, file: CampaignFile, preset: Preset, scripts: Scripts) -> Pass:
    return Pass(
        name=one.name,
        medium=one.medium,
        asks=preset.consent.get(one.medium, "none"),
        asks_on=preset.consent_on,
        start="with" if one.beside else one.start or "pass",
        beside=one.beside,
        wait_days=one.wait_days or 0,
        days=one.days or DAYS,
        holidays=file.holidays if one.holidays is None else one.holidays,
        window=_window(one.window, preset.window) if one.window else None,
        accept=Accept(one.accept.source, tuple(one.accept.results), one.accept.match) if one.accept else None,
        where=one.where,
        line_types=tuple(dict.fromkeys(one.line_types or ())),
        devices=_devices(one, file),
        retry={result: Retry(tuple(retry.after), retry.then) for result, retry in (one.retry or {}).items()},
        limits=_pass_limits(one.limits),
        pacing=_pacing(one.pacing, one.medium, preset),
        machine=_machine(one, file),
        ring=one.ring or file.ring,
        script=scripts.found.get(one.script) if one.script else None,
        subject=one.subject,
        message=one.message,
        recovery=_recovery(one),
    )


def _devices(one: PassFile, file: CampaignFile) -> tuple[str, ...]:
    """As written; else, of a recovery, those of the pass it recovers; else all the medium reaches."""
    if one.devices:
        return tuple(dict.fromkeys(one.devices))
    recovered = one.recovers.pass_name if one.recovers else None
    if recovered is not None:
        return _devices(next(p for p in file.strategy.passes if p.name == recovered), file)
    return DEVICES[one.medium] if one.medium is not Medium.TEXT else ("text",)


def _machine(one: PassFile, file: CampaignFile) -> Machine:
    """A dialer pass has no message: the campaign's own word about machines is not meant for it."""
    if one.medium is not Medium.AVM:
        return "hang_up"
    return one.machine or file.machine


def _pacing(file: PacingFile | None, medium: Medium, preset: Preset) -> Pacing:
    method = method_of(file) if file else None
    if file is None or method is None:
        return Pacing("progressive" if medium is Medium.DIALER else "unlimited")
    if method in ("rate", "per_minute"):
        return Pacing("rate", rate=file.calls_per_minute or file.per_minute)
    if method == "finish_by":
        return Pacing("finish_by", finish_by=file.finish_by)
    if method == "power":
        return Pacing("power", ratio=file.ratio, abandon_rate=preset.abandon_rate, hard=bool(file.hard))
    if method == "predictive":
        rate = preset.abandon_rate if file.abandon_rate is None else file.abandon_rate
        return Pacing(
            "predictive",
            abandon_rate=rate,
            hard=bool(file.hard),
            answer_model=file.answer_model,
            lines_per_agent=file.lines_per_agent,
        )
    return Pacing("preview" if method == "preview" else "progressive")


def _recovery(one: PassFile) -> Recovery | None:
    if one.recovers is None:
        return None
    return Recovery(
        triggers=tuple(dict.fromkeys(one.triggers or (Trigger.ABANDONED_IN_QUEUE,))),
        pass_name=one.recovers.pass_name,
        queue=one.recovers.queue,
        mode=one.mode or "recall",
        delay=30.0 if one.delay is None else one.delay,
        ttl=900.0 if one.ttl is None else one.ttl,
        per_day=one.per_day or 1,
    )
