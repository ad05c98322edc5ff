"""Structured logs: one JSON line an event, on standard error. Values never include bodies, keys or query strings."""

import json
import logging
import re
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import structlog

from portal import env

_LINKS = re.compile(r"(/invitation/|/accounts/password/reset/key/)[^/\s\"']+")


def masked(text: str) -> str:
    """The text without the secret part of the links that let somebody in."""
    return _LINKS.sub(r"\1***", text)


def reference() -> str:
    """The id of the request that is being answered, which its lines carry; "" outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def without_tokens(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The link of an invitation, or to a new password, is a key: whatever line it would stand in, the token is left out."""
    return {name: masked(value) if isinstance(value, str) else value for name, value in event.items()}


class Wire(logging.Formatter):
    """Lines of `provisioning.wire`: a dict of our own making, into which nothing that people typed comes."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        facts: Any = record.msg
        return json.dumps(
            {**facts, "logger": record.name, "level": record.levelname.lower(), "timestamp": at}
        )


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso"),
    structlog.processors.StackInfoRenderer(),
]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer(),
            "foreign_pre_chain": [*_SHARED, structlog.processors.format_exc_info, without_tokens],
        },
        "wire": {"()": Wire},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "json"},
        "wire": {"class": "logging.StreamHandler", "formatter": "wire"},
    },
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL")},
    "loggers": {
        # allauth and Django log addresses that people typed at debug level only; the libraries below chatter
        "urllib3": {"level": "WARNING"},
        "provisioning.wire": {"handlers": ["wire"], "propagate": False},
        "django.utils.autoreload": {"level": "WARNING"},
        "django_structlog": {"level": "WARNING"},
    },
}


def configure() -> None:
    """Send structlog through the standard library, so that all of it comes out in one form."""
    structlog.configure(
        processors=[
            *_SHARED,
            structlog.processors.format_exc_info,
            without_tokens,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
