"""How long background work took, how fast it goes and how long it still takes, in words (`ux.md` 3.5)."""

import datetime as dt

from customers.models import Job
from customers.numbers import grouped


def took(job: Job) -> str:
    """How long a run took, from start to end; empty while it runs."""
    if job.started_at is None or job.finished_at is None:
        return ""
    return _duration((job.finished_at - job.started_at).total_seconds())


def _duration(seconds: float) -> str:
    whole = max(0, round(seconds))
    if whole < 1:
        return "under 1 s"
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60}:{whole % 60:02} min" if whole < 3600 else f"{whole // 3600}:{whole % 3600 // 60:02} h"


def _speed(job: Job, done: int, now: dt.datetime) -> float:
    if job.started_at is None or done == 0:
        return 0.0
    return done / max(0.5, (now - job.started_at).total_seconds())


def rate(job: Job, done: int, now: dt.datetime) -> str:
    """How many a second, where it is one at least."""
    speed = _speed(job, done, now)
    return f"{grouped(round(speed))} per s" if speed >= 1 else ""


def left(job: Job, done: int, remaining: int, now: dt.datetime) -> str:
    """How long the `remaining` ones take at the speed of those that are done."""
    speed = _speed(job, done, now)
    return f"{_duration(remaining / speed)} left" if speed and remaining else ""
