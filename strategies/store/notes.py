"""What agents say of calls: whether they pursued the objective and achieved it; kept in the ledger, and
counted for each agent and objective. What follows from the counts is left to `strategies.agent_fit`."""

from __future__ import annotations

from dataclasses import dataclass

from strategies.store.codec import read_plain
from strategies.store.connection import Door
from strategies.store.lines import Line, packed
from strategies.vocabulary import Kind


@dataclass(frozen=True, slots=True)
class Note:
    """Of an interaction (an attempt, or Asterisk's id of a call that came in), at `at` in epoch seconds.

    `pursued` and `achieved`: None where the agent did not say; who achieved an objective pursued it. `agent`:
    the interface of a queue's member.
    """

    interaction: str
    at: float
    disposition: str = ""
    pursued: bool | None = None
    achieved: bool | None = None
    agent: str = ""

    @property
    def says_anything(self) -> bool:
        """Whether there is anything to keep."""
        return bool(self.disposition) or self.tells_of_the_objective

    @property
    def tells_of_the_objective(self) -> bool:
        """Whether it was pursued, or achieved."""
        return self.pursued is not None or self.achieved is not None


class Notes(Door):
    """Each note is a line of the ledger; the first of a call that tells of its objective counts."""

    async def note(self, note: Note) -> bool:
        """Keep a note; False where an earlier one of the call was counted, and this one only written down."""
        raw = await self._command("GET", self._keys.interaction(note.interaction))
        decided = read_plain(raw) if raw else {}
        pursued = note.pursued if note.pursued is not None else (True if note.achieved else None)
        line: Line = {
            "kind": Kind.NOTED,
            "interaction": note.interaction,
            "customer": decided.get("customer"),
            "objective": decided.get("objective"),
            "disposition": note.disposition or None,
            "pursued": pursued,
            "achieved": note.achieved,
            "agent": note.agent or None,
        }
        counts = bool(pursued and note.agent and decided.get("objective"))
        answer = await self._call(
            "note",
            (
                self._keys.noted(note.interaction),
                self._keys.tallies,
                self._keys.ledger,
                self._keys.figures(""),
            ),
            {
                "tally": f"{note.agent}|{decided['objective']}" if counts else None,
                "achieved": int(bool(note.achieved)),
                "lines": packed([line], at=note.at),
            },
        )
        return bool(answer)

    async def tallies(self) -> dict[str, dict[str, tuple[int, int]]]:
        """Agent -> objective -> how often pursued and how often achieved."""
        raw = await self._command("HGETALL", self._keys.tallies)
        found: dict[str, dict[str, tuple[int, int]]] = {}
        for field, count in raw.items():
            agent, objective, what = field.decode().rsplit("|", 2)
            pursued, achieved = found.setdefault(agent, {}).get(objective, (0, 0))
            pair = (int(count), achieved) if what == "pursued" else (pursued, int(count))
            found[agent][objective] = pair
        return found
