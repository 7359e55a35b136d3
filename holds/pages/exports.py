"""`/holds/export/`: the list as a file, at once or as a job; `/jobs/<id>/file/`: what the job made."""

import uuid

from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.urls import reverse

from customers.access import Action
from customers.jobs.reading import visible_job
from customers.views import PageView
from holds.lists import read_address
from holds.lists.export import FORMATS, MOST_AT_ONCE, file_at_once, file_of, start_export


class ExportPage(PageView):
    """GET: the file, where it has few rows; else the question whether to start a job, which POST answers."""

    looks = Action.VIEW
    section = "holds"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The file of the list that the address asks for."""
        query, form = _asked_for(request.GET)
        asked = read_address(QueryDict(query), actor=self.actor, now=self.now, today=self.today)
        if asked.matching.order_by().values("pk")[: MOST_AT_ONCE + 1].count() <= MOST_AT_ONCE:
            content = file_at_once(asked, form, self.actor, self.today)
            return _attached(HttpResponse(content, content_type=FORMATS[form]), self._name(form))
        return self.page(
            "holds/export.html",
            {
                "form": None,
                "query": query,
                "format": form,
                "most": MOST_AT_ONCE,
                "action_url": request.path,
                "cancel_url": f"{reverse('hold-list')}?{query}",
                "dialog_heading": "Export holds",
            },
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        """Start the job and show it."""
        query, form = _asked_for(request.POST)
        job = start_export(query=request.POST.get("query", query), form=form, actor=self.actor, now=self.now)
        return self.go(reverse("job", args=[job.pk]))

    def _name(self, form: str) -> str:
        return f"holds-{self.today('UTC')}.{form}"


class ExportFile(PageView):
    """GET `/jobs/<uuid>/file/`: the file of an export, for who started it."""

    looks = Action.VIEW
    section = "jobs"

    def get(self, request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
        """The file, part by part."""
        job = visible_job(job_id, self.actor)
        content = file_of(job, self.actor)
        form = str(job.parameters["format"])
        answer = StreamingHttpResponse(content, content_type=FORMATS[form])
        return _attached(answer, f"holds-{job.created_at:%Y-%m-%d}.{form}")


def _asked_for(params: QueryDict) -> tuple[str, str]:
    """The address of the list, and the format; CSV where none is known."""
    query = params.copy()
    form = query.get("format", "csv")
    for key in ("format", "csrfmiddlewaretoken", "after", "before", "selected", "query"):
        query.pop(key, None)
    return query.urlencode(), form if form in FORMATS else "csv"


def _attached(answer: HttpResponse | StreamingHttpResponse, name: str) -> HttpResponse:
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer  # type: ignore[return-value]  # a stream is an answer too
