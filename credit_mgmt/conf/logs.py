"""Logs are JSON lines with the request's id, from Django, Celery and our own code alike."""

import datetime as dt
import json
import logging
from typing import Any

import structlog

requests = logging.getLogger("credit.requests")

SHARED_PROCESSORS: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]

# Without the frames' local variables: they would write customers, limits and grants into the log.
TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


def logging_config(level: str) -> dict[str, Any]:
    """Return the value for `LOGGING`; also sets up structlog's own loggers to end in the same handler."""
    structlog.configure(
        processors=[*SHARED_PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED_PROCESSORS,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    TRACEBACKS,
                    structlog.processors.JSONRenderer(default=str),
                ],
            },
            "line": {"format": "%(message)s"},
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "json"},
            "requests": {"class": "logging.StreamHandler", "formatter": "line"},
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            requests.name: {"handlers": ["requests"], "level": level, "propagate": False},
            # Django's own handlers would write each line a second time.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
        },
    }


def log_request(method: str, path: str, status: int, milliseconds: int, *, at: dt.datetime, request_id: str) -> None:
    """Log one answered request, as a line like all others. There is one for every call, so it is written directly.

    Never the query or a body: they hold names, amounts and, where someone errs, secrets.
    """
    if requests.isEnabledFor(logging.INFO):
        line = {
            "method": method,
            "path": path,
            "status": status,
            "milliseconds": milliseconds,
            "event": "request",
            "request_id": request_id,
            "level": "info",
            "logger": requests.name,
            "timestamp": at.isoformat().replace("+00:00", "Z"),
        }
        requests.info("%s", json.dumps(line))
