"""Policies and guarantees from a file (`domain 12`): all of its rows, or a list of what is wrong with them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.cover.file import COLUMNS, import_policies
from credit_mgmt.cover.forms import CoverFileForm
from customers.access import Action
from customers.errors import FieldError, InvalidInput
from customers.views import PageView, add_errors

MOST_SHOWN = 50
"""Errors shown at once: a file with more is better mended at its source."""


class CoverImportPage(PageView):
    """`/cover/import/`."""

    looks = Action.EDIT_INSURANCE
    section = "cover"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for the file."""
        return self._show(CoverFileForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Bring it in through the one service."""
        form = CoverFileForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._show(form, status=422)
        try:
            done = import_policies(file=form.cleaned_data["file"], actor=self.actor)
        except InvalidInput as problem:
            add_errors(form, InvalidInput(_most(problem)))
            return self._show(form, status=422)
        said = f"{done.created} policies entered, {done.updated} changed, {done.unchanged} unchanged."
        messages.success(request, said)
        return self.go(f"{reverse('cover-register')}?view=all")

    def _show(self, form: CoverFileForm, status: int = 200) -> HttpResponse:
        context = {"form": form, "columns": COLUMNS, "back_url": reverse("cover-register")}
        return self.page("credit_mgmt/cover_import.html", context, status=status)


def _most(problem: InvalidInput) -> list[FieldError]:
    """The first errors, and how many there are besides."""
    errors = list(problem.errors)
    more = len(errors) - MOST_SHOWN
    if more <= 0:
        return errors
    return [*errors[:MOST_SHOWN], FieldError("file", "more", f"{more} more errors. Nothing was changed.")]
