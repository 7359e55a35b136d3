"""Lines made of limits that there are (`ux.md` 3.8, Generate): asked for, looked at, and only then written.

A preview is a GET, so that it has an address and writes nothing; the button below it sends the same values again.
"""

from itertools import pairwise
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.journals import jobs as journal_jobs
from credit_mgmt.journals.display import change_of
from credit_mgmt.journals.forms import GenerateForm
from credit_mgmt.journals.generation import BOUNDS, Candidate, Preview, count_found, generate_lines, preview_lines
from credit_mgmt.journals.phrases import LEFT_OUT
from credit_mgmt.journals.requests import ABSOLUTE, CUSTOMERS, Generation, as_json, read_generation
from credit_mgmt.masking import Mask
from credit_mgmt.models import LimitJournal
from credit_mgmt.pages.journal_base import Item, JournalView, url_of
from customers import jobs
from customers.access import Action
from customers.errors import InvalidInput, Refused
from customers.money import ZERO
from customers.views import add_errors


class GeneratePage(JournalView):
    """`/journals/<number>/generate/`."""

    looks = Action.MAKE_JOURNALS

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """The form; with values, what they would add."""
        journal = self.journal(number, Action.MAKE_JOURNALS)
        if "preview" not in request.GET:
            temporary = journal.type == LimitJournal.Type.TEMPORARY
            initial = {"source": CUSTOMERS, "dates": ABSOLUTE, "include_limits": True, "adjustment": ""}
            return self._show(journal, GenerateForm(temporary=temporary, initial=initial))
        form, generation = self._read(journal, request.GET)
        if generation is None:
            return self._show(journal, form, status=422)
        preview = preview_lines(journal=number, generation=generation, actor=self.actor, today=self.today_of)
        return self._show(journal, form, preview=preview)

    def post(self, request: HttpRequest, number: str) -> HttpResponse:
        """Add the lines; many of them by a job."""
        journal = self.journal(number, Action.MAKE_JOURNALS)
        form, generation = self._read(journal, request.POST)
        if generation is None:
            return self._show(journal, form, status=422)
        if count_found(journal, generation) > journal_jobs.WHILE_WAITING:
            parameters = {"journal": number, **as_json(form.given())}
            started = jobs.start_job(journal_jobs.KIND, parameters, actor=self.actor, now=self.now)
            messages.success(request, f"Lines of journal {number} are being generated.")
            return self.go(reverse("job", args=[started.pk]))
        try:
            _, made = generate_lines(journal=number, generation=generation, today=self.today_of, **self.signed)
        except Refused as problem:
            form.add_error(None, problem.message)
            return self._show(journal, form, status=409)
        messages.success(request, f"{made.added:,} lines added.")
        return self.go(url_of(journal))

    def _read(self, journal: LimitJournal, data: QueryDict) -> tuple[GenerateForm, Generation | None]:
        """The form, and the generation that it asks for; None with the errors beside their fields."""
        temporary = journal.type == LimitJournal.Type.TEMPORARY
        form = GenerateForm(data, temporary=temporary)
        if not form.is_valid():
            return form, None
        try:
            return form, read_generation(form.given(), temporary=temporary)
        except InvalidInput as problem:
            add_errors(form, InvalidInput([_in_form(error) for error in problem.errors]))
            return form, None

    def _show(
        self, journal: LimitJournal, form: GenerateForm, preview: Preview | None = None, status: int = 200
    ) -> HttpResponse:
        context: Item = {
            "journal": journal,
            "form": form,
            "preview": preview,
            "today": self.today_of(journal.legal_entity_id),
        }
        if preview is not None:
            context |= self._looked(preview)
            context["repeated"] = [
                (name, value)
                for name, values in self.request.GET.lists()
                for value in values
                if name not in ("preview", "csrfmiddlewaretoken")
            ]
        return self.page("credit_mgmt/journal_generate.html", context, status=status)

    def _looked(self, preview: Preview) -> Item:
        mask = Mask(self.actor)
        sums = [
            {
                "currency": currency,
                "up": preview.increase.get(currency, ZERO),
                "down": preview.decrease.get(currency, ZERO),
            }
            for currency in sorted({*preview.increase, *preview.decrease})
        ]
        return {
            "rows": [_row(candidate, mask) for candidate in preview.lines],
            "left_out": [{"why": LEFT_OUT[reason], "count": count} for reason, count in preview.left_out.most_common()],
            "left_out_rows": [
                {"candidate": candidate, "why": LEFT_OUT[str(candidate.outcome)]}
                for candidate in preview.left_out_rows[:10]
            ],
            "sums": sums,
            "histogram": _histogram(preview),
        }


def _in_form(error: Any) -> Any:
    """An error of a filter beside its field."""
    return type(error)(error.field.removeprefix("filter."), error.code, error.message)


def _row(candidate: Candidate, mask: Mask) -> Item:
    proposal, owner = candidate.proposal, candidate.owner
    return {
        "candidate": candidate,
        "proposal": proposal,
        "withheld": mask.hides_group(owner.group_id),
        "before": owner.temporary.amount if owner.temporary and proposal and proposal.new_from else owner.limit,
        "change": change_of(owner.limit, proposal.new_limit) if proposal else None,
    }


def _histogram(preview: Preview) -> Item:
    """How many limits change by how much, from the deepest cut to the highest rise."""
    edges = [f"..{BOUNDS[0]}", *(f"{low}..{high}" for low, high in pairwise(BOUNDS))]
    order = [*edges, f"{BOUNDS[-1]}.."]
    order.insert(order.index("0..10"), "none")
    counts = {key: preview.histogram[key] for key in order if preview.histogram[key]}
    rows = [{"label": _words(key), "count": count} for key, count in counts.items()]
    return {"rows": rows, "largest": max(counts.values(), default=0)}


def _words(bucket: str) -> str:
    if bucket == "none":
        return "no change"
    low, _, high = bucket.replace("-", "\N{MINUS SIGN}").partition("..")
    if not low:
        return f"below {high} %"
    return f"above {low} %" if not high else f"{low} to {high} %"
