"""Asks Asterisk, once, for the call of an attempt that was claimed; whom to claim is the dialer's, what
becomes of the call the keeper's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf

import structlog

from ami_bridge.attempt_keeper import AttemptKeeper
from ami_bridge.errors import AmiError, NotConnected, OutcomeUnknown
from ami_bridge.link import AmiLink
from ami_bridge.logged.call_records import Origin, origin_word
from ami_bridge.originate import originate_headers, originate_variables
from config.settings import Trunk
from config.variables import Variable
from strategies.attempts import Fact, FactName, Intent
from strategies.store import Store
from strategies.store.patience import until_stored
from strategies.store.together import Together

log = structlog.get_logger(__name__)

ORIGINATE_DEADLINE = 5.0  # seconds for Asterisk to say that it took the Originate
GATHER = 0.1  # seconds in which placed calls gather to be noted: a turn of the store costs more than a note
CHANNEL_SETTLE = 5.0  # seconds after which a call that Asterisk was asked for has its channel, or never will


class Placement:
    """One per bridge. `may_dial` is asked again right before each Originate; `on_not_placed` is told of an
    attempt that certainly was not, `on_doubt` that a snapshot is needed."""

    def __init__(  # noqa: PLR0913  each its own part of the bridge, by name
        self,
        store: Store,
        link: AmiLink,
        trunk: Trunk,
        *,
        tenant: str,
        keeper: AttemptKeeper,
        clock: Callable[[], float],
        may_dial: Callable[[], bool],
        on_not_placed: Callable[[str], None],
        on_doubt: Callable[[], None],
    ) -> None:
        self._store, self._link, self._trunk, self._tenant = store, link, trunk, tenant
        self._keeper, self._clock = keeper, clock
        self._may_dial, self._on_not_placed, self._on_doubt = may_dial, on_not_placed, on_doubt
        self._took = Together(store.placed_many, gather=GATHER)
        self._no_channel_until: dict[str, float] = {}
        self.unanswered = 0  # calls that Asterisk was asked for, and has not said that it took

    def announce(self, attempts: Iterable[str]) -> None:
        """These are about to be claimed and placed: that they have no channel yet says nothing."""
        self._no_channel_until |= dict.fromkeys(attempts, inf)

    def forget(self, attempt: str) -> None:
        """It will not be placed, or is over."""
        self._no_channel_until.pop(attempt, None)

    def awaited(self, now: float) -> frozenset[str]:
        """The attempts of this process whose channel may still be to come."""
        return frozenset(one for one, until in self._no_channel_until.items() if now < until)

    async def place(self, intent: Intent) -> None:
        """Ask once. What was not sent for certain is given back; what is not known stays until it is."""
        attempt = intent.attempt
        try:
            await self._ask(intent)
        except NotConnected as error:
            log.warning("dialer.not_sent", attempt=attempt, error=str(error))
            await until_stored(lambda: self._store.release(attempt, "not_sent"))
            self._on_not_placed(attempt)
        except OutcomeUnknown as error:
            log.warning("dialer.outcome_unknown", attempt=attempt, error=str(error))
            self._settles(attempt)
            self._on_doubt()
        except AmiError as error:
            log.error("dialer.refused", attempt=attempt, error=str(error))
            self._keeper.hear(attempt, Fact(FactName.ORIGINATE_FAILED, self._clock(), "refused"))
        else:
            self._settles(attempt)
            await until_stored(lambda: self._took.ask(attempt))

    async def _ask(self, intent: Intent) -> None:
        if not self._may_dial():  # this process may have been frozen since the claim
            raise NotConnected("nothing may be dialled any more: Originate was not sent")
        variables = {
            **originate_variables(intent),
            Variable.LEG: intent.leg,
            Variable.RECORD: origin_word(self._origin(intent)),
        }
        self.unanswered += 1
        try:
            await self._link.call(
                "Originate",
                originate_headers(intent, self._trunk),
                # One without a value reads the same where it is not set; each is an event inside Asterisk.
                {name: value for name, value in variables.items() if value},
                deadline=ORIGINATE_DEADLINE,
                action_id=intent.attempt,
            )
        finally:
            self.unanswered -= 1

    def _origin(self, intent: Intent) -> Origin:
        return Origin(self._tenant, intent.medium, intent.sub, intent.pass_name)

    def _settles(self, attempt: str) -> None:
        """From a while after now on, a snapshot without its channel means that there is none."""
        if attempt in self._no_channel_until:
            self._no_channel_until[attempt] = self._clock() + CHANNEL_SETTLE
