"""Values of the environment that need more than a conversion: each is refused with its name and a remedy."""

import datetime as dt
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

SCHEMES = ("postgres", "postgresql")


def day(name: str, text: str) -> dt.date | None:
    """Return the ISO date in `text`, or None if it is empty.

    :raises ImproperlyConfigured: it is neither.
    """
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is {text!r}: set it to a date such as 2026-01-31, or unset it.") from error


def database(url: str) -> dict[str, Any]:
    """Return Django's settings of the PostgreSQL database at `url`.

    A unix socket is given as `postgres://user:password@/name?host=/folder`.

    :raises ImproperlyConfigured: it is no address of a PostgreSQL database; the password is not repeated.
    """
    scheme = url.partition(":")[0]
    # Asked before parsing: the parser's own warning about a scheme that it does not know shows the password.
    settings: dict[str, Any] = environ.Env.db_url_config(url) if scheme in SCHEMES else {}
    if not settings.get("NAME"):
        raise ImproperlyConfigured(
            "DATABASE_URL names no PostgreSQL database: set it to postgres://user:password@host/name, or unset it."
        )
    return settings
