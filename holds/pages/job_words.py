"""What the page of a run says: its tallies, and what one should know of it (`ux.md` 3.5)."""

import datetime as dt
from typing import Any

from django.utils import timezone

from credit_mgmt.journals.phrases import LEFT_OUT
from credit_mgmt.templatetags.formats import exact_time
from customers import jobs
from customers.jobs.reading import LIVE
from customers.models import Job
from holds.outcomes import EVALUATED, count_outcomes
from holds.previewing import APPLY_WITHIN, is_applicable

Item = dict[str, Any]
TONES = {"ready": "ready", "released": "ready", "failed": "late"}


def tallies(result: Item, progress: jobs.Progress) -> list[Item]:
    """The numbers of the result; what failed and what a cancel skipped stand last."""
    told = [
        {"label": name.replace("_", " ").capitalize(), "value": value, "tone": TONES.get(name, ""), "url": ""}
        for name, value in result.items()
        if isinstance(value, int)
    ]
    told += [
        {"label": f"Left out: {LEFT_OUT.get(why, why)}", "value": count, "tone": ""}
        for why, count in sorted(result.get("left_out", {}).items(), key=lambda item: (-item[1], item[0]))
    ]
    told.append({"label": "Failed", "value": len(result.get("failed", [])), "tone": "late"})
    return told + _skipped(progress)


def evaluated(job: Job, result: Item, progress: jobs.Progress) -> list[Item]:
    """What became of the holds that were evaluated: each is in one of the tallies after the first."""
    counts = count_outcomes(job)
    looked_at = result.get("evaluated", 0)
    told = [
        {"label": "Evaluated", "value": looked_at, "tone": "", "url": ""},
        {"label": "As before", "value": max(0, looked_at - sum(counts.values())), "tone": "", "url": ""},
    ]
    told += [
        {"label": words, "value": counts.get(name, 0), "tone": TONES.get(name, ""), "url": f"?outcome={name}"}
        for name, (_, words) in EVALUATED.items()
    ]
    if progress.failed:
        told.append({"label": "Not evaluated", "value": progress.failed, "tone": "late"})
    return told + _skipped(progress)


def _skipped(progress: jobs.Progress) -> list[Item]:
    return [{"label": "Skipped", "value": progress.skipped, "tone": ""}] if progress.skipped else []


def note(job: Job, now: dt.datetime) -> str:
    """What one should know of a run as it is now."""
    if job.status == Job.Status.QUEUED:
        return "Waiting for a worker."
    if job.status == Job.Status.CANCELLED:
        return job.message or "Cancelled. What was finished keeps its effect."
    if not job.parameters.get("preview"):
        return ""
    if is_applicable(job, now) and job.finished_at is not None:
        return f"Nothing was changed. It can be applied for {_minutes(job.finished_at + APPLY_WITHIN - now)}."
    return "Nothing is changed." if job.status in LIVE else "Nothing was changed. It is too old to be applied."


def rules(result: Item) -> str:
    """By which rules an evaluation went, and whether they are others by now (`domain 7`)."""
    by = result.get("rules")
    if by is None:
        return ""
    as_of = exact_time(dt.datetime.fromisoformat(by["as_of"]).astimezone(timezone.get_current_timezone()))
    changed = "; rules changed since, evaluate again" if by["changed_since"] else ""
    return f"With rules as of {as_of}, version {by['version']}{changed}."


def _minutes(remaining: dt.timedelta) -> str:
    minutes = max(1, round(remaining.total_seconds() / 60))
    return "another minute" if minutes == 1 else f"another {minutes} minutes"
