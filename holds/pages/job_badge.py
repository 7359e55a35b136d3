"""The badge of the top bar while jobs of the reader run, and what it says when one of them ends (`ux.md` 3.0, Live)."""

import json
import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from customers import jobs
from customers.access import Action, Actor
from customers.jobs.reading import LIVE, visible_jobs
from customers.models import Job
from customers.numbers import grouped
from customers.views import PageView
from holds.pages.jobs import title_of

Item = dict[str, Any]
MOST = 20
"""Jobs of one person that are watched at once."""
ENDED = {
    Job.Status.FINISHED: ("finished", "success"),
    Job.Status.FAILED: ("failed", "error"),
    Job.Status.CANCELLED: ("was cancelled", "info"),
}


class JobBadge(PageView):
    """GET `/jobs/badge/?job=<uuid>&job=…`: what has become of these jobs. The badge asks, while somebody sees it.

    A job that ended is told in a toast, once; the badge leads to it until the next page.
    """

    looks = Action.VIEW_JOBS
    section = "jobs"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The badge, and the toast."""
        ids = [word for word in request.GET.getlist("job")[:MOST] if _is_uuid(word)]
        mine = visible_jobs(self.actor).filter(pk__in=ids, actor=self.actor.reference).order_by("created_at", "pk")
        watched = list(mine)
        running = [job for job in watched if job.status in LIVE]
        ended = [job for job in watched if job.status not in LIVE]
        badge = badge_of(running)
        last = {"title": title_of(ended[-1]), "url": reverse("job", args=[ended[-1].pk])} if ended else None
        answer = self.page("components/jobs_badge.html", {"jobs": badge, "ended": last})
        told = [job for job in ended if str(job.pk) not in request.headers.get("HX-Current-URL", "")]
        if told:
            tone = max((ENDED[Job.Status(job.status)][1] for job in told), key=("info", "success", "error").index)
            answer["HX-Trigger"] = json.dumps({"toast": {"text": " ".join(_said(told)), "tone": tone}})
        return answer


def badge_of(running: list[Job]) -> Item:
    """How many run, where they are listed, and where the badge asks what has become of them; empty: nothing runs."""
    query = "&".join(f"job={job.pk}" for job in running[:MOST])
    asks = f"{reverse('job-badge')}?{query}" if query else ""
    return {"running": len(running), "url": reverse("job-list") + "?status=running", "badge_url": asks}


def running_jobs(actor: Actor) -> list[Job]:
    """Jobs of `actor` that are not finished yet; no more than are watched, and one. One query."""
    live = Job.objects.filter(actor=actor.reference, status__in=LIVE).only("pk")
    return list(live.order_by("created_at", "pk")[: MOST + 1])


def _said(ended: list[Job]) -> list[str]:
    """`Force hold finished, 12 changed.`"""
    changed = jobs.changed_of(ended)
    return [
        f"{title_of(job)} {ENDED[Job.Status(job.status)][0]}"
        + (f", {grouped(count)} changed." if (count := changed[job.pk]) is not None else ".")
        for job in ended
    ]


def _is_uuid(word: str) -> bool:
    try:
        uuid.UUID(word)
    except ValueError:
        return False
    return True
