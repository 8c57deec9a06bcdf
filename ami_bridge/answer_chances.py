"""How likely a contact answers a call made now, by the model that a pass names for its pacing; what follows
for the number of calls is left to `agent_pacing`.

A model knows what the list says of a contact, the moment at the campaign, and the attempts made so far. While
it is missing or broken nothing is said of anybody, and all contacts count alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from models.features import row
from models.outcome import NullModel, OutcomeModel, open_model
from models.registry import current_version
from strategies.campaign import Pass
from strategies.contacts import Contact
from strategies.state import ContactState, SubCampaign

log = structlog.get_logger(__name__)

LOOK = 10.0  # seconds between two looks for a newer version


class AnswerChances:
    """One per dialer. `roots` are the registries of models, the site's own before the shipped one."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(roots)
        self._models: dict[str, OutcomeModel | NullModel] = {}
        self._versions: dict[str, str] = {}
        self._again: dict[str, float] = {}

    async def refresh(self, sub: SubCampaign, now: float) -> None:
        """Have the current versions of the models its passes name; they are loaded in a thread."""
        for going in sub.campaign.passes:
            name = going.pacing.answer_model
            if name is None or now < self._again.get(name, 0.0):
                continue
            self._again[name] = now + LOOK
            version = await asyncio.to_thread(current_version, name, self._roots)
            if version != self._versions.get(name):
                self._take(name, version, await asyncio.to_thread(open_model, name, self._roots))

    def _take(self, name: str, version: str, model: OutcomeModel | NullModel) -> None:
        """A version that is broken or missing is told, and what was in use before it stays in use."""
        self._versions[name] = version
        if isinstance(model, NullModel):
            log.error("model.missing", model=name, reason=model.reason, mend="secondpass model train")
            self._models.setdefault(name, model)
        else:
            self._models[name] = model
            log.info("model.in_use", model=name, version=version)

    def of(
        self, contact: Contact, state: ContactState, sub: SubCampaign, going: Pass, now: float
    ) -> float | None:
        """The probability that a call at `now` (epoch seconds) is answered by a person; None where no model
        says. Some tens of microseconds."""
        model = self._models.get(going.pacing.answer_model or "")
        if model is None or not model.factors:
            return None
        at = datetime.fromtimestamp(now, ZoneInfo(sub.campaign.zone))
        tried: dict[str, object] = {"campaign": state.attempts + 1}
        return model.predict(row(model.factors, contact.attributes, at, tried)).probability
