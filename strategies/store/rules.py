"""How each sub-campaign's rules over live figures stand, as the bridge last judged them; judging is left to
`strategies.rules`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from strategies.rules import RuleState
from strategies.store.codec import text
from strategies.store.connection import Door

_states = msgspec.json.Decoder(tuple[RuleState, ...]).decode


class Rules(Door):
    """The rules' standing: the bridge's to write, the console's to show."""

    async def put_rules(self, sub: str, states: Sequence[RuleState]) -> None:
        """How the rules of a sub-campaign stand now."""
        await self._command("HSET", self._keys.rules, sub, text(list(states)))

    async def rules(self) -> dict[str, tuple[RuleState, ...]]:
        """How the rules of each sub-campaign stood when they were last judged."""
        raw = await self._command("HGETALL", self._keys.rules)
        return {name.decode(): _states(body) for name, body in raw.items()}

    async def forget_rules(self, sub: str) -> None:
        """The sub-campaign is over."""
        await self._command("HDEL", self._keys.rules, sub)
