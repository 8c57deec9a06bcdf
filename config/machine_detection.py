"""How a campaign tells machines from people: the keys of `amd`, and the one line of settings the dialplan is
handed; detecting is Asterisk's, where a call goes then is the AGI server's."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StrictBool

from config.checking import Problems
from config.errors import Path_
from config.scalars import Duration, Strict, Whole, at_least, duration_text, lasting, word_of
from strategies.campaign import NO_DETECTION

_ORDER = (
    *("initial_silence", "greeting", "after_greeting_silence", "total_analysis_time", "min_word_length"),
    *("between_words_silence", "maximum_number_of_words", "silence_threshold", "maximum_word_length"),
)
"""The arguments of AMD(), in its order."""

Part = Annotated[Duration, lasting(0.01, 10.0)]
Taken = Annotated[Literal["person", "machine"], word_of(("person", "machine"), "person or machine")]


class AmdFile(Strict):
    """How answering machines are told from people, by Asterisk's AMD(). What is not written is as amd.conf of
    the Asterisk has it."""

    use: StrictBool = True
    """False: whoever answers is taken for a person, at once; the two seconds then count from the answer, and
    neither machine nor fax is told."""
    not_sure: Taken = "person"
    """What is taken to have answered where the detection is not sure, or heard nothing at all."""
    initial_silence: Part | None = None
    """Longest silence before a greeting; after it nothing was heard."""
    greeting: Part | None = None
    """Longest greeting of a person; a longer one is a machine's."""
    after_greeting_silence: Part | None = None
    """Silence after a greeting that makes it a person's: the shorter, the sooner an agent is there, and the
    more machines are taken for people."""
    total_analysis_time: Part | None = None
    """Longest time until a verdict; after it the detection is not sure."""
    min_word_length: Part | None = None
    """Shortest sound that counts as a word."""
    between_words_silence: Part | None = None
    """Shortest silence between two words."""
    maximum_number_of_words: Annotated[Whole, at_least(1, 50)] | None = None
    """Most words of a person's greeting."""
    silence_threshold: Annotated[Whole, at_least(1, 32_767)] | None = None
    """How loud a sound must be to be one, as the average of its samples."""
    maximum_word_length: Part | None = None
    """Longest word; a longer one is a machine's."""

    def line(self) -> str:
        """The arguments of AMD() in its order, joined by `-`: whole milliseconds, words and loudness, empty
        where amd.conf decides; `off` without detection, and nothing where nothing is set."""
        if not self.use:
            return NO_DETECTION
        written = [_argument(getattr(self, name)) for name in _ORDER]
        return "-".join(written) if any(written) else ""


def _argument(value: float | None) -> str:
    """Seconds as whole milliseconds, a count as it is."""
    if value is None:
        return ""
    return str(value if isinstance(value, int) else round(value * 1000))


def check_detection(file: AmdFile, problems: Problems) -> None:
    """Notes settings by which a verdict could never be reached."""
    whole = file.total_analysis_time
    if whole is None:
        return
    for name in ("initial_silence", "after_greeting_silence"):
        part = getattr(file, name)
        if part is not None and part >= whole:
            place: Path_ = ("amd", name)
            message = f"{duration_text(part)} is not over before total_analysis_time, {duration_text(whole)}"
            problems.add(place, message, "write less, or a longer total_analysis_time")


def detection_text(line: str) -> str:
    """The settings of a `line` in plain words."""
    if line == NO_DETECTION:
        return "takes whoever answers for a person, without detection of machines"
    told = [f"{name} {value}" for name, value in zip(_ORDER, line.split("-"), strict=True) if value]
    return f"tells machines from people by {', '.join(told)} (times in ms)"
