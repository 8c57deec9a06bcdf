"""Files for the tests of config: one sound campaign and script, and what a change in them is met with."""

from __future__ import annotations

import os
from pathlib import Path

from config.campaign_build import campaign
from config.errors import ConfigError, ConfigErrors
from config.pass_rules import Scripts
from config.script_file import script
from config.segments_file import segments
from config.settings import settings
from config.yaml_reader import parse
from strategies.campaign import Campaign
from strategies.script import Script

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = REPOSITORY / "config" / "examples"
DATA = Path(os.environ.get("SECONDPASS_DATA", REPOSITORY.parent / "shared" / "data"))
SHARED_EXAMPLES = DATA.parent / "examples"

CAMPAIGN = """\
campaign: spring
purpose: debt_collection
country: US
caller_id: "+12125550100"
agents: collections
zone: America/New_York
window: {from: "09:00", to: "20:00", days: [mon, tue, wed, thu, fri]}
limits: {attempts_per_contact: 8}
abandon_message: {say: "Nobody is free.", opt_out_key: 8}
response_groups:
  success: [pressed_1]
strategy:
  escalation: per_pass
  passes:
    - name: reminder
      medium: avm
      script: hello
      devices: [mobile, home]
      retry:
        busy: {after: [5m, 30m], then: next_device}
      pacing: {method: rate, calls_per_minute: 60}
    - name: rescue
      medium: dialer
      recovers: reminder
      triggers: [not_connected]
    - name: live
      medium: dialer
      window: {from: "10:00", to: "18:00"}
      accept: {from: previous_pass, results: [no_answer]}
      where: "contact.balance > 200"
      pacing: {method: predictive, abandon_rate: 3%}
    - name: letter
      medium: email
      subject: "Your account"
      message: "Dear {first_name}"
"""

SCRIPT = """\
script: hello
start: menu
steps:
  menu:
    say: "Press 1."
    keys: {1: thanks, 0: agent}
    no_input: thanks
  thanks: {say: "Thank you.", then: hangup}
  agent: {transfer: agents}
machine: {say: "Call us."}
"""

FILE = Path("spring.yaml")


def hello() -> Script:
    """The script of SCRIPT."""
    found, _ = script(parse(SCRIPT.encode(), FILE))
    assert found is not None
    return found


def campaign_of(text: str) -> Campaign:
    """The campaign a text says; raises ConfigErrors."""
    found, problems = campaign(parse(text.encode(), FILE), Scripts({"hello": hello()}))
    if found is None:
        raise ConfigErrors(problems.errors)
    return found


def campaign_errors(text: str) -> list[ConfigError]:
    """The mistakes of a campaign's text."""
    return campaign(parse(text.encode(), FILE), Scripts({"hello": hello()}))[1].errors


def script_errors(text: str) -> list[ConfigError]:
    """The mistakes of a script's text."""
    return script(parse(text.encode(), FILE))[1].errors


def segment_errors(text: str) -> list[ConfigError]:
    """The mistakes of a segments.yaml's text."""
    return segments(parse(text.encode(), FILE))[1].errors


def settings_errors(text: str) -> list[ConfigError]:
    """The mistakes of a settings.yaml's text."""
    return settings(parse(text.encode(), FILE))[1].errors


def changed(text: str, old: str, new: str) -> str:
    """The text with one place changed."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    return text.replace(old, new)
