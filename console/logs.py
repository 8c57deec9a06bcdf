"""How logs look: one JSON document a line on standard error, readable lines on a terminal."""

from __future__ import annotations

import logging
import sys

import structlog


def configure() -> None:
    """Set up structlog, and let libraries speak from warnings on."""
    terminal = sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)


def get() -> structlog.typing.FilteringBoundLogger:
    """The logger of the console's own processes."""
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return log
