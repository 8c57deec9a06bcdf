"""Who asks, and what they may: tokens, roles, and how often; what is done with the answer is left to the
operations."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from ipaddress import ip_address
from typing import TYPE_CHECKING

from aiohttp import web

from console.web.problems import Problem
from strategies.pacing import Budget, rate_allowance, spend

if TYPE_CHECKING:
    from strategies.store import Store

PER_MINUTE = 3000.0  # requests of one token
GUESSES = 600.0  # a minute of one peer without a token that holds; nobody guesses 256 bits
REMEMBERED = 4096  # tokens and peers whose budget is kept
SCHEME = "bearer "


class Role(IntEnum):
    """Each may do all that the ones before it may. `nobody`: who asks from this machine without a token."""

    NOBODY = 0
    AGENT = 1
    VIEWER = 2
    SUPERVISOR = 3
    ADMIN = 4

    @property
    def word(self) -> str:
        """As it is written and shown."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Role:
        """The role of that name. Raises ValueError."""
        if word.upper() not in cls.__members__ or word.upper() == cls.NOBODY.name:
            raise ValueError(word)
        return cls[word.upper()]


@dataclass(frozen=True, slots=True)
class Who:
    """Whoever asks. `agent`: the interface of an agent's token, empty for others."""

    name: str
    role: Role
    agent: str = ""


NOBODY = Who("", Role.NOBODY)


def new_token() -> str:
    """A token nobody guesses; shown once, kept as its digest."""
    return f"sp_{secrets.token_urlsafe(32)}"


def digest(token: str) -> str:
    """What a token is kept by. Plain SHA-256: 256 bits of chance need no slow hash."""
    return sha256(token.encode()).hexdigest()


def from_this_machine(request: web.Request) -> bool:
    """Whether the peer is on loopback."""
    try:
        return ip_address(request.remote or "").is_loopback
    except ValueError:
        return False


class Gate:
    """Tells who asks; `clock` gives epoch seconds."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store, self._clock = store, clock
        self._budgets: OrderedDict[str, Budget] = OrderedDict()

    async def let_in(self, request: web.Request, least: Role) -> Who:
        """Whoever asks, if they may ask for what needs this role. Raises Problem."""
        given = request.headers.get("Authorization", "")
        if not given:
            if least is Role.NOBODY and from_this_machine(request):
                return NOBODY
            self._spend(f"peer {request.remote}", GUESSES)
            raise Problem(401, "no token was given", "send the header Authorization: Bearer TOKEN")
        who = await self._who(given, request)
        self._spend(f"token {who.name}", PER_MINUTE)
        if who.role < least:
            mend = f"ask an admin for a token with the role {least.word}"
            raise Problem(403, f"{who.name} is {who.role.word}, and this needs {least.word}", mend)
        return who

    async def _who(self, given: str, request: web.Request) -> Who:
        known = None
        if given.lower().startswith(SCHEME):
            known = await self._store.token(digest(given[len(SCHEME) :].strip()))
        if known is None or (known.until is not None and known.until <= self._clock()):
            self._spend(f"peer {request.remote}", GUESSES)
            raise Problem(401, "this token does not hold", "make one: secondpass token add NAME --role ROLE")
        return Who(known.name, Role.of(known.role), known.agent)

    def _spend(self, whose: str, per_minute: float) -> None:
        """Take one request off a budget. Raises Problem with 429 where nothing is left."""
        now = self._clock()
        # A fresh budget is a full one: a page asks for several things at once.
        left, budget = rate_allowance(per_minute, self._budgets.pop(whose, Budget()), now)
        self._budgets[whose] = spend(budget, 1) if left >= 1 else budget
        while len(self._budgets) > REMEMBERED:
            self._budgets.popitem(last=False)
        if left < 1:
            wait = max(1, round(60 / per_minute))
            raise Problem(429, "too many requests", f"wait {wait} s", headers={"Retry-After": str(wait)})
