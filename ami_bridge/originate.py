"""How an intent becomes the one AMI action that places its call; sending it, and when, is the dialer's."""

from __future__ import annotations

from config.settings import Trunk
from config.variables import Context, Variable
from strategies.attempts import Intent


def originate_headers(intent: Intent, trunk: Trunk) -> dict[str, str]:
    """The Originate of an attempt: into our own dialplan only, with its id as the channel's."""
    return {
        "Channel": trunk.dial.replace("{number}", intent.device.address),
        "Context": Context.ANSWERED,
        "Exten": "s",
        "Priority": "1",
        "Async": "true",
        "Timeout": str(round(intent.ring * 1000)),
        "CallerID": intent.caller_id,
        "ChannelId": intent.attempt,
    }


def originate_variables(intent: Intent) -> dict[str, str]:
    """The channel variables our dialplan reads; nothing a list said is among them."""
    return {
        Variable.ATTEMPT: intent.attempt,
        Variable.QUEUE: intent.queue,
        Variable.MACHINE: intent.machine,
        Variable.MESSAGE: intent.machine_message or "",
        Variable.PRIORITY: _priority(intent),
        Variable.AGENT: intent.agent,
        Variable.ABANDON: intent.abandon_message or "",
        Variable.OPT_OUT: intent.opt_out_key,
        Variable.AMD: intent.amd,
    }


def _priority(intent: Intent) -> str:
    """In the queue: who was promised a call before who was lost, both before everybody else."""
    if intent.callback:
        return "9"
    return "5" if intent.recovers else "0"
