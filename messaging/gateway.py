"""What a gateway is to the messenger: something that takes one message and tells what became of it."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self, TypeVar

from strategies.messages import Answer

M_contra = TypeVar("M_contra", contravariant=True)


class Gateway(Protocol[M_contra]):
    """Carries messages of one medium, several at a time. `send` never raises for what the other side does."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def send(self, message: M_contra) -> Answer:
        """Offer it to the other side, once."""
        ...


def clean(reason: str, longest: int = 200) -> str:
    """What a peer said, as it may stand in a log and in the ledger: one line, printable, cut."""
    return "".join(c if c.isprintable() else " " for c in reason)[:longest].strip()
