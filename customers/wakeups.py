"""Waking workers up. A message only says "look"; what there is to do lives in PostgreSQL, so losing one is harmless.

Sent after the commit, from a thread of its own: a broker that is silent must not keep a request waiting (J07). Without
a broker nothing is sent, and what is due waits for whoever looks next.
"""

import logging
import threading
from typing import Any

import celery
from django.conf import settings

logger = logging.getLogger(__name__)

LIFE_SECONDS = 25
"""A wake-up that nobody read by then is superseded by the schedule's next one; queues cannot pile up."""


def send(task: str, *args: Any, times: int = 1, after_seconds: float = 0) -> None:
    """Call `task`, by its name, `times` workers strong and not before `after_seconds`; returns at once."""
    if settings.CELERY_BROKER_URL and times > 0:
        values = (task, args, times, after_seconds)
        threading.Thread(target=_send, args=values, name="wake-up", daemon=True).start()


def _send(task: str, args: tuple[Any, ...], times: int, after_seconds: float) -> None:
    try:
        for _ in range(times):
            # By name: a web process need not have loaded the tasks.
            celery.current_app.send_task(
                task,
                args=args,
                retry=False,
                countdown=after_seconds or None,
                expires=LIFE_SECONDS + after_seconds,
                ignore_result=True,
            )
    except Exception as problem:  # noqa: BLE001 - whatever the broker's client raises, the schedule makes up for it
        logger.warning("%s%s: the wake-up could not be sent (%s); the schedule will find it", task, args, problem)
