"""The closed lists of words that campaigns, attempts and the ledger are written in."""

from __future__ import annotations

from enum import StrEnum

CONSENT_BASES = ("none", "express", "written")
"""The bases of consent, the weakest first."""


class Medium(StrEnum):
    """How a pass reaches a person."""

    AVM = "avm"
    DIALER = "dialer"
    TEXT = "text"
    EMAIL = "email"


VOICE = frozenset({Medium.AVM, Medium.DIALER})


class Result(StrEnum):
    """What became of an attempt: exactly one each."""

    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CONGESTION = "congestion"
    BAD_DEVICE = "bad_device"
    FAX = "fax"
    MACHINE_MESSAGE = "machine_message"
    MACHINE_HANGUP = "machine_hangup"
    HANGUP_IN_SCRIPT = "hangup_in_script"
    DELIVERED_PERSON = "delivered_person"
    DELIVERED_NO_SUCCESS = "delivered_no_success"
    ABANDONED_IN_QUEUE = "abandoned_in_queue"
    ABANDONED_NO_AGENT = "abandoned_no_agent"
    CONNECTED_AGENT = "connected_agent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SENT = "sent"
    DELIVERED = "delivered"
    REPLIED = "replied"
    UNDELIVERED = "undelivered"


class Trigger(StrEnum):
    """Why a person is recovered, the most specific first: one event has one trigger."""

    ASKED_FOR_AGENT_BUT_LOST = "asked_for_agent_but_lost"
    ABANDONED_IN_QUEUE = "abandoned_in_queue"
    ABANDONED_NO_AGENT = "abandoned_no_agent"
    HANGUP_IN_SCRIPT = "hangup_in_script"
    NO_INPUT = "no_input"
    NOT_CONNECTED = "not_connected"


class AgentState(StrEnum):
    """What an agent is at just now."""

    READY = "ready"
    RINGING = "ringing"
    BUSY = "busy"
    AFTER_CALL = "after_call"  # the wrap-up of the last call
    PAUSED = "paused"
    GONE = "gone"  # no telephone that could ring, or not on the line


class RunState(StrEnum):
    """The life of a sub-campaign; stopped and completed are final."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    COMPLETED = "completed"


class Refusal(StrEnum):
    """Why somebody was not dialled: a ledger line `skipped`, no attempt."""

    NOT_ELIGIBLE_NOW = "not_eligible_now"
    DO_NOT_CALL = "do_not_call"
    OUTSIDE_WINDOW = "outside_window"
    CAP_PERSON = "cap_person"
    CAP_NUMBER = "cap_number"
    CAP_DEBT = "cap_debt"
    SILENCE_AFTER_CONVERSATION = "silence_after_conversation"
    NO_CONSENT = "no_consent"
    NOT_ALLOWED_NUMBER = "not_allowed_number"
    NO_DEVICE = "no_device"
    PERSON_BUSY = "person_busy"
    NOT_RUNNING = "not_running"
    STALE = "stale"
    LIST_PAUSED = "list_paused"
    LIST_DETACHED = "list_detached"
    ABANDONED_LATELY = "abandoned_lately"  # answered, and nobody was there: left alone for a while
    REGISTRY_OUTDATED = "registry_outdated"  # the do-not-call registry was never loaded, or too long ago
    GOT_THROUGH = "got_through"  # by another way, since they were lost or promised a call: it is not needed
    # What a claim tells more finely than the ledger does: see `refusals.TOLD`.
    PERSON_USED_UP = "person_used_up"
    NUMBER_USED_UP = "number_used_up"
    NUMBER_FORBIDDEN = "number_forbidden"


class RecoveryEnd(StrEnum):
    """How a recovery task ended: the `result` of a ledger line `recovery_ended`."""

    REACHED = "reached"  # connected to an agent by it, or said what settles the matter
    CAME_BACK = "came_back"  # got through by another way meanwhile
    GAVE_UP = "gave_up"  # dialled, not reached, nothing left to try
    EXPIRED = "expired"  # its time ran out before
    CALLED_OFF = "called_off"  # the contact fits no more, or may not be called


class Kind(StrEnum):
    """What a ledger line tells of."""

    ATTEMPT_STARTED = "attempt_started"
    ATTEMPT_ENDED = "attempt_ended"
    ATTEMPT_RELEASED = "attempt_released"  # was never placed: takes its attempt_started back
    CONTACT_ENDED = "contact_ended"
    SKIPPED = "skipped"
    RECOVERY_TRIGGERED = "recovery_triggered"
    RECOVERY_ENDED = "recovery_ended"
    CALLBACK_SET = "callback_set"  # a call by an agent was promised for `due`
    CALLBACK_ENDED = "callback_ended"  # `result` as of a recovery
    RUN_STATE = "run_state"
    ENROLLED = "enrolled"  # `contacts` more people are in the sub-campaign
    DO_NOT_CALL = "do_not_call"
    ATTEMPT_REPORTED = (
        "attempt_reported"  # a message's result, told after its attempt ended: `was` -> `result`
    )
    RESPONDED = "responded"  # what a person said outside an attempt: a reply, an unsubscription
    OVERRIDE_BEGAN = "override_began"
    OVERRIDE_ENDED = "override_ended"
    RULE_FIRED = "rule_fired"  # a rule over live figures has held for its time
    RULE_ENDED = "rule_ended"  # it holds no more, or the sub-campaign does not run
    CHANGED = "changed"  # the audit: who changed what, `old` and `new`
    CALL_ENTERED = "call_entered"
    RE_ASSOCIATED = "re_associated"
    DECISION = "decision"
    CALL_OVER = "call_over"  # of a call that came in: `result`, `waited`, `talked`
    NOTED = "noted"  # what an agent said of a call: `disposition`, `pursued`, `achieved`


SUCCESS, OPT_OUT, WRONG_PARTY = "success", "opt_out", "wrong_party"  # the reserved response groups
SAID_NOTHING = "said_nothing"  # response: a script that asked for a key ended without one
CALL_STOP = "call_stop"  # response: the key that ends all calls, in the abandon message
SAID_STOP = frozenset(
    {"text_stop", "email_stop", CALL_STOP}
)  # responses: who wants no more messages, wants no calls either
CALL_AGAIN = "agent_call_again"  # disposition: the contact is not done though an agent spoke to them
