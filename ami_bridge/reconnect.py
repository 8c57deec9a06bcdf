"""When to try Asterisk again: the policy only, as a pure function; the link does the waiting."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds: the first wait, the longest one, and how long a link must last to be called good again."""

    first: float = 0.5
    longest: float = 30.0
    settled: float = 10.0

    def failures_after(self, failures: int, lasted: float) -> int:
        """Failures in a row, now that a link ended which was logged in for `lasted` seconds."""
        return 0 if lasted >= self.settled else failures + 1

    def delay(self, failures: int, jitter: float, *, refused: bool = False) -> float:
        """Seconds to wait: doubling with each failure, of which `jitter` (0 to 1) decides the upper half.

        A refused login waits the longest time at once: the same secret will be refused again, and Asterisk or
        a guard before it counts the tries.
        """
        if refused:
            return self.longest
        full = min(self.longest, self.first * 2.0 ** min(failures, 16))
        return full * (0.5 + 0.5 * jitter)
