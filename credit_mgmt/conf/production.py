"""What a deployment refuses to start with: asked by system checks, and by web, worker and beat when they start."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.utils import OperationalError

SHORTEST_KEY = 50
FEWEST_KEY_CHARACTERS = 10


def _serving_problems() -> Iterator[Error]:
    """What keeps web, worker and beat from starting, while a command that signs nothing may run."""
    key = settings.SECRET_KEY
    weak = len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_KEY_CHARACTERS
    if weak or not settings.CREDIT_SECRET_KEY_GIVEN:
        yield Error(
            "SECRET_KEY is missing or weak.",
            hint=f"Set it to at least {SHORTEST_KEY} random characters, the same for web, worker and beat.",
            id="credit.E001",
        )
    if not settings.ALLOWED_HOSTS:
        yield Error("ALLOWED_HOSTS is empty: no request would be answered.", hint="Name the hosts.", id="credit.E002")


def _pinned_day_problems() -> Iterator[Error]:
    if settings.CREDIT_DEPLOYED and settings.CREDIT_TODAY is not None:
        yield Error(
            "CREDIT_TODAY pins the day, which only demonstrations and tests may do.",
            hint="Unset CREDIT_TODAY, or set CREDIT_DEMO=1 where this is a demonstration.",
            id="credit.E003",
        )


def _demo_user_problems() -> Iterator[Error]:
    if not settings.CREDIT_DEPLOYED:
        return
    users = get_user_model()
    if users._meta.db_table not in connection.introspection.table_names():
        return  # before the first migration there is nobody
    domain = f"@{settings.CREDIT_DEMO_EMAIL_DOMAIN}"
    names = list(users.objects.filter(email__iendswith=domain).order_by("pk").values_list("username", flat=True)[:5])
    if names:
        yield Error(
            f"Demo users exist, whose passwords are public: {', '.join(names)} ...",
            hint="Use a database that was never a demonstration, or set CREDIT_DEMO=1 where this is one.",
            id="credit.E004",
        )


@register(Tags.security, deploy=True)
def check_serving(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """System check of `check --deploy`."""
    return list(_serving_problems())


@register(Tags.security)
def check_pinned_day(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """System check of every command: a pinned day would falsify what it decides."""
    return list(_pinned_day_problems())


@register(Tags.database)
def check_demo_users(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """System check of who may sign in; runs with `migrate` and `check --database default`."""
    return list(_demo_user_problems()) if databases and DEFAULT_DB_ALIAS in databases else []


def problems() -> list[Error]:
    """Return all that keeps this from serving. A database that is down is none of it: it is waited for, and nothing is
    decided without it."""
    found = [*_serving_problems(), *_pinned_day_problems()]
    with contextlib.suppress(OperationalError):
        found += _demo_user_problems()
    return found


def refuse_if_unsafe() -> None:
    """End this process with every problem named, unless there is none.

    :raises SystemExit: with one line for each problem.
    """
    found = problems()
    connection.close()  # web and worker fork, and a connection must not be shared
    if found:
        raise SystemExit("\n".join(f"{problem.id}: {problem.msg} {problem.hint}" for problem in found))
