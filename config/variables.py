"""The names Asterisk and we share: channel variables, contexts, AGI scripts, and the words in SP_NEXT."""

from __future__ import annotations

from enum import StrEnum


class Variable(StrEnum):
    """The channel variables that server and dialplan tell each other something by."""

    ATTEMPT = "SP_ATTEMPT"  # equals the channel's unique id
    QUEUE = "SP_QUEUE"
    PRIORITY = "SP_PRIORITY"
    MACHINE = "SP_MACHINE"
    MESSAGE = "SP_MESSAGE"
    NEXT = "SP_NEXT"
    ABANDON = "SP_ABANDON"  # a sound: what is said where no agent is there in time
    PRESSED = "SP_PRESSED"  # the key pressed in it
    AGENT = "SP_AGENT"  # the one agent the call is for: a device such as PJSIP/agent01
    AMD = "SP_AMD"  # how machines are told from people: arguments of AMD(), joined by -; or off
    LEG = "SP_LEG"  # the channel of an agent who is on the line before the person is called
    RECORD = "SP_RECORD"  # whose call it is, for Asterisk's call records
    OPT_OUT = "SP_OPT_OUT"  # the key that ends all calls, in it
    ENTERED = "SP_ENTERED"  # when a caller began to wait in a queue, epoch seconds
    SEGMENT = "SP_SEGMENT"
    FIRST_SEGMENT = "SP_FIRST_SEGMENT"
    OBJECTIVE = "SP_OBJECTIVE"
    OFFER = "SP_OFFER"
    PROMPT = "SP_PROMPT"  # text, for the agent
    ANNOUNCEMENT = "SP_ANNOUNCEMENT"  # a sound, for the caller
    WAIT_LIMIT = "SP_WAIT_LIMIT"  # whole seconds
    PENALTY_MAX = "SP_PENALTY_MAX"
    CUSTOMER = "SP_CUSTOMER"
    WHY = "SP_WHY"  # text, for the agent
    DECISION = "SP_DECISION"
    SERVED = "SP_SERVED"  # the dialplan's word: an agent has answered (epoch seconds)
    POSITION = "SP_POSITION"  # where to enter a queue, from 1
    CALLBACK = "SP_CALLBACK"  # 1: the caller is to be offered a callback
    ACCOUNT = "SP_ACCOUNT"  # told by the admin's IVR: the account that was keyed in
    INTENT = "SP_INTENT"  # the same: what the caller wants
    IVR = "SP_IVR"  # the same: the last key or answer
    IVR_SECONDS = "SP_IVR_SECONDS"  # the same: how long the caller was with the IVR


class Context(StrEnum):
    """Contexts of `dialplan/secondpass.conf`."""

    ANSWERED = "secondpass-answered"
    SCRIPT = "secondpass-script"
    AGENT = "secondpass-agent"
    MACHINE = "secondpass-machine"
    OWN_AGENT = "secondpass-own-agent"
    SERVED = "secondpass-served"
    STAND_BY = "secondpass-stand-by"
    QUEUE_UP = "secondpass-queue-up"
    ABANDON = "secondpass-abandon"
    SEGMENT = "secondpass-segment"
    INBOUND = "secondpass-inbound"
    WAIT = "secondpass-wait"
    PLACE = "secondpass-place"
    LEG = "secondpass-leg"


class AgiScript(StrEnum):
    """What the dialplan asks of our FastAGI server: the path of its address."""

    ANSWERED = "answered"
    SCRIPT = "script"
    FACT = "fact"
    PLACE = "place"
    SEGMENT = "segment"


class Next(StrEnum):
    """Where an answered call goes on; anything else in SP_NEXT hangs up."""

    SCRIPT = "script"
    AGENT = "agent"
    MACHINE = "machine"
    HANGUP = "hangup"
    HOLD = "hold"  # of a caller: waits on in the queue
    UNDECIDED = "undecided"  # as the dialplan has it before it asks: nobody answered
