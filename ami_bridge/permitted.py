"""Which actions this plugin may send, and which may be sent twice; encoding and sending are others'.

The right to originate is the right to run anything the dialplan can, so what is not listed here is not sent,
whoever asks: no Command, no Application, no context but our own, no variable but our own.
"""

from collections.abc import Mapping

from ami_bridge.errors import ActionNotAllowed
from ami_bridge.wire import SETS

REPEATABLE = frozenset(
    {
        "Agents",
        "CoreSettings",
        "CoreShowChannels",
        "CoreStatus",
        "ListCommands",
        "Ping",
        "QueueStatus",
        "QueueSummary",
        "ShowDialPlan",
        "Status",
    }
)
"""Actions that only ask: the link asks again when a reconnect swallowed the answer."""

ONCE = frozenset(
    {
        "AgentLogoff",
        "AgentRequest",
        "Hangup",
        "MessageSend",
        "Originate",
        "PlayDTMF",
        "QueueAdd",
        "QueueChangePriorityCaller",
        "QueuePause",
        "QueuePenalty",
        "QueueRemove",
        "QueueWithdrawCaller",
        "Redirect",
        SETS,
    }
)
"""Actions that change something: sent once, whatever comes of it."""

CONTEXT_PREFIX = "secondpass-"
VARIABLE_PREFIX = "SP_"
_RUNS_AN_APPLICATION = frozenset({"application", "data", "predialgosub"})


def check_permitted(action: str, headers: Mapping[str, str], variables: Mapping[str, str]) -> None:
    """Raises ActionNotAllowed for an action, header, context or variable outside what this plugin needs."""
    if action not in REPEATABLE and action not in ONCE:
        raise ActionNotAllowed(f"{action} is not an action this plugin sends; see ami_bridge/permitted.py")
    for name, value in headers.items():
        folded = name.lower()
        if folded in _RUNS_AN_APPLICATION:
            raise ActionNotAllowed(f"{action} with {name} would run an application; use Context and Exten")
        if folded.endswith("context") and not value.startswith(CONTEXT_PREFIX):
            raise ActionNotAllowed(f"{action} may only enter contexts named {CONTEXT_PREFIX}...")
    if action == "Originate" and not {"Context", "Exten", "Priority"} <= headers.keys():
        raise ActionNotAllowed("Originate needs Context, Exten and Priority")
    if action == "PlayDTMF" and headers.get("Receive") != "true":
        raise ActionNotAllowed(
            "PlayDTMF may only press keys towards Asterisk (Receive), not be heard by people"
        )
    if action == SETS and (len(variables) != 1 or not headers.get("Channel")):
        raise ActionNotAllowed(f"{SETS} takes a Channel and one variable; without a channel it sets a global")
    for name in variables:
        if not name.lstrip("_").startswith(VARIABLE_PREFIX):
            raise ActionNotAllowed(f"{action} may only set channel variables named {VARIABLE_PREFIX}...")
