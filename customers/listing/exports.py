"""The page of a list's file: at once or as a job; and `/jobs/<id>/file/`, what the job made."""

import uuid

from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.urls import reverse

from customers.access import Action
from customers.jobs.reading import visible_job
from customers.listing import exporting
from customers.listing.arranging import ListPage
from customers.listing.exporting import Export
from customers.listing.files import FORMATS
from customers.listing.parts import list_url
from customers.views import PageView

NOT_ASKED = ("format", "csrfmiddlewaretoken", "after", "before", "selected", "query")


class ExportPage(ListPage):
    """GET: the file, where it has few rows; else the question whether to start a job, which POST answers."""

    export: Export = None  # type: ignore[assignment]  # given with the address

    def get(self, request: HttpRequest) -> HttpResponse:
        """The file of the list that the address asks for."""
        query, form = _asked_for(request.GET)
        asked = self.export.read(QueryDict(query), self.actor, self.now)
        if not asked.more_than(exporting.MOST_AT_ONCE):
            content = exporting.file_at_once(asked, form, self.export.name)
            return _attached(HttpResponse(content, content_type=FORMATS[form]), self._name(form))
        return self.show(
            "listing/export.html",
            {
                "form": None,
                "query": query,
                "format": form,
                "most": exporting.MOST_AT_ONCE,
                "action_url": request.path,
                "cancel_url": list_url(self.kind, query),
                "dialog_heading": f"Export {self.kind.noun}s",
            },
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        """Start the job and show it."""
        query, form = _asked_for(request.POST)
        query = request.POST.get("query", query)
        job = exporting.start_export(self.export, query=query, form=form, actor=self.actor, now=self.now)
        return self.go(reverse("job", args=[job.pk]))

    def _name(self, form: str) -> str:
        return f"{self.export.name}-{self.today('UTC')}.{form}"


class ExportFile(PageView):
    """GET `/jobs/<uuid>/file/`: the file of an export, for who started it."""

    looks = Action.VIEW
    section = "jobs"

    def get(self, request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
        """The file, part by part."""
        job = visible_job(job_id, self.actor)
        name, content = exporting.file_of(job, self.actor)
        answer = StreamingHttpResponse(content, content_type=FORMATS[str(job.parameters["format"])])
        return _attached(answer, name)


def _asked_for(params: QueryDict) -> tuple[str, str]:
    """The address of the list, and the format; CSV where none is known."""
    query = params.copy()
    form = query.get("format", "csv")
    for key in NOT_ASKED:
        query.pop(key, None)
    return query.urlencode(), form if form in FORMATS else "csv"


def _attached(answer: HttpResponse | StreamingHttpResponse, name: str) -> HttpResponse:
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer  # type: ignore[return-value]  # a stream is an answer too
