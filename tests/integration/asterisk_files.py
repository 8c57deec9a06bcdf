"""Asterisk's queue log and call records, as a test writes them."""

from __future__ import annotations

from pathlib import Path

from ami_bridge.logged.call_records import Origin, origin_word
from ami_bridge.logged.files import AsteriskFiles

TENANT = "test"


class WrittenFiles(AsteriskFiles):
    """Both files in a directory; what is said of a call is one line of either."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "queue_log", folder / "secondpass.csv")
        self.queue_log.touch()
        self.cdr.touch()

    def queue(self, at: float, call: str, event: str, *fields: str, queue: str = "collections") -> None:
        """A line of the queue log."""
        words = (str(int(at)), call, queue, "PJSIP/agent01", event, *fields)
        with self.queue_log.open("a") as out:
            out.write("|".join(words) + "\n")

    def record(
        self,
        call: str,
        start: float,
        end: float,
        *,
        answer: float = 0.0,
        disposition: str = "ANSWERED",
        number: str = "",
        sub: str = "",
        heard: str = "",
        going: str = "",
        served: float | None = None,
        tenant: str = TENANT,
    ) -> None:
        """A line of the call records; `sub`: of the sub-campaign it was dialled for, by a dialer pass."""
        origin = origin_word(Origin(tenant, "dialer", sub, "live")) if sub else ""
        row = f'"{call}",{start:.6f},{answer:.6f},{end:.6f},{disposition},"{number}"'
        with self.cdr.open("a") as out:
            out.write(f'{row},"{origin}","{heard}","{going}",{served or ""}\n')

    def live_answer(
        self,
        call: str,
        at: float,
        sub: str,
        served: float | None,
        *,
        tenant: str = TENANT,
        exact: bool = True,
    ) -> None:
        """A whole call that a person answered at that moment, with an agent so many seconds later, or with
        none in time and the abandon message. `exact`: the queue has the moment of the agent written."""
        self.queue(at, call, "ENTERQUEUE", "", "+12125550100", "1")
        end = at + (2.0 if served is None else served) + 10.0
        if served is None:
            self.queue(at + 2, call, "ABANDON", "1", "1", "2")
        else:
            self.queue(at + served, call, "CONNECT", "0", "1.1", "0")
            self.queue(end, call, "COMPLETEAGENT", "0", "10", "1")
        heard = f"{at:.3f}/HUMAN/HUMAN-800-800"
        self.record(
            call,
            at - 3,
            end,
            answer=at - 2,
            sub=sub,
            heard=heard,
            going="agent",
            served=at + served if exact and served is not None else None,
            tenant=tenant,
        )
