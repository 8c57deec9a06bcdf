"""Compiles the one-line expressions of campaigns, segments and rules; what names stand for is the caller's.

Python's own syntax, whitelisted: the text is parsed, never handed to the interpreter. Settled here, where the
language leaves room:

* An attribute that is absent is *missing*. A comparison with a missing value (`==` and `not in` too) is false
  and is counted; arithmetic and functions pass a missing value on; `is None` asks for it. `not` is
  two-valued, so `not contact.balance > 5` is true where there is no balance.
* Two texts compare as texts, also with `<`; to compare numbers write `contact.paid + 0 < contact.owed + 0`.
* `like` is case-sensitive and matches the whole text.
* `any_response in GROUP` asks whether one of all responses is in the group; with none yet it is false.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, field
from functools import lru_cache

from strategies.expression_closures import Evaluate, Names
from strategies.expression_nodes import ExpressionError, Reader, Vocabulary
from strategies.past_calls import CallResult
from strategies.values import number_of
from strategies.vocabulary import Result

__all__ = [
    "FIGURES",
    "Expression",
    "ExpressionError",
    "Names",
    "Vocabulary",
    "campaign_vocabulary",
    "compile_expression",
    "number_of",
    "outcome_vocabulary",
    "rule_vocabulary",
    "segment_vocabulary",
]

MAX_LENGTH = 2000  # characters; a longer rule belongs in a list's column
FIGURES = frozenset(
    {
        *("abandon_rate", "abandon_rate_today", "answer_rate"),
        *("attempts", "in_progress", "connected", "contacts", "remaining"),
        *("agents_staffed", "agents_free", "waiting"),
    }
)
QUEUE_FIGURES = frozenset(
    {"waiting", "agents_free", "staffed", "longest_wait", "expected_wait", "service_level", "waited"}
)
"""Of the queue the caller would enter or waits in; `waited`: this caller, so far. Waits in seconds."""

TOLD_OF_CALLS = frozenset(
    {"result", "connected", "abandoned", "disposition", "pursued", "achieved", "objective"}
)

_HISTORY = frozenset({"last_result", "last_response", "attempts", "attempts_today"})
_RESPONSES = frozenset({"any_response"})
_COUNTS = frozenset({"attempts", "attempts_today"})
_WORDS = (("last_result", frozenset(map(str, Result))),)
_EXAMPLE = "write a comparison such as contact.balance >= 50"


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; `references` are the names it uses, dotted ones whole (`contact.balance`)."""

    text: str
    references: frozenset[str]
    _evaluate: Evaluate = field(compare=False, repr=False)

    def value(self, names: Names, missing: list[str] | None = None) -> object:
        """The value over `names`, None where a missing value is the answer. Raises nothing.

        The text of every comparison that was false for want of a value is appended to `missing`.
        """
        return self._evaluate(names, [] if missing is None else missing)

    def holds(self, names: Names, missing: list[str] | None = None) -> bool:
        """The value as a condition."""
        return bool(self._evaluate(names, [] if missing is None else missing))

    def attributes(self, space: str = "contact") -> frozenset[str]:
        """The attributes of one space that the text names: what a list must have to be attached."""
        return frozenset(name.partition(".")[2] for name in self.references if name.startswith(f"{space}."))


def campaign_vocabulary(groups: frozenset[str], attributes: frozenset[str] | None = None) -> Vocabulary:
    """What `filter`, `where` and `order` may name; `attributes` None while no list is attached."""
    return Vocabulary((("contact", attributes),), _HISTORY, groups, _RESPONSES, _COUNTS, _WORDS)


def segment_vocabulary(outcomes: frozenset[str], groups: frozenset[str] = frozenset()) -> Vocabulary:
    """What `enter` and an outcome's `value` may name; `contact.recovery_open` is an attribute like any
    other."""
    queue = QUEUE_FIGURES
    spaces = (("contact", None), ("p", outcomes), ("ev", outcomes), ("queue", queue))
    return Vocabulary(spaces, _HISTORY, groups, _RESPONSES, _COUNTS | {"p", "ev", "queue"}, _WORDS)


def room_vocabulary() -> Vocabulary:
    """What an objective's `room` may name: figures of its own queue."""
    return Vocabulary((("queue", QUEUE_FIGURES),), numbers=frozenset({"queue"}))


def outcome_vocabulary() -> Vocabulary:
    """What an outcome's `label` may name: of a call that is over."""
    numbers = frozenset({"waited", "talked"})
    words = (("result", frozenset(map(str, (*Result, *CallResult)))),)
    return Vocabulary(values=numbers | TOLD_OF_CALLS, numbers=numbers, words=words)


def rule_vocabulary() -> Vocabulary:
    """What a rule over live figures (`when:`) may name."""
    return Vocabulary(values=FIGURES, numbers=FIGURES)


@lru_cache(maxsize=4096)
def compile_expression(text: str, *, names: Vocabulary) -> Expression:
    """Read `text`; the same text and names give the same object. Raises ExpressionError naming the mend."""
    reader = Reader(names)
    evaluate = reader.read(_parse(text))
    return Expression(text, frozenset(reader.references), evaluate)


def _parse(text: str) -> ast.expr:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"an expression has at most {MAX_LENGTH} characters; shorten it")
    if "\n" in text.strip() and "#" in text:
        raise ExpressionError("a # within several lines would hide the rest; write it on one line")
    line = re.sub(r"[\r\n]", " ", text)
    indent = len(line) - len(line.lstrip())
    try:
        with warnings.catch_warnings(action="ignore"):  # Python's advice to programmers, such as on "\\d"
            return _shifted(ast.parse(line.strip(), mode="eval").body, indent)
    except SyntaxError as error:
        raise _refusal(line, error.msg, indent + max(error.offset or 1, 1)) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionError(f"this is no expression; {_EXAMPLE}") from None


def _shifted(tree: ast.expr, indent: int) -> ast.expr:
    """Columns count from the start of the text as the user wrote it."""
    for node in ast.walk(tree) if indent else ():
        if isinstance(node, ast.expr):
            node.col_offset += indent
    return tree


def _refusal(line: str, problem: str, column: int) -> ExpressionError:
    """What is wrong with a line Python cannot parse, at the habit of another language if there is one in
    it."""
    for foreign, ours in (("&&", "and"), ("||", "or"), ("<>", "!=")):
        if foreign in line:
            return ExpressionError(f"{foreign} is not in the language; write {ours}", line.index(foreign) + 1)
    assigned = re.search(r"(?<![=<>!])=(?!=)", line)
    if assigned:
        return ExpressionError("= is not a comparison; write ==", assigned.start() + 1)
    return ExpressionError(f"this is no expression ({problem}); {_EXAMPLE}", column)
