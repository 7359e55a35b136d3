"""How a journal begins (`ux.md` 3.7): legal entity, type, and where its lines come from."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.journals import create_journal
from credit_mgmt.journals.forms import GENERATE, LINES, PASTE, NewJournalForm
from credit_mgmt.models import LimitJournal
from credit_mgmt.pages.journal_base import url_of
from customers import access
from customers.access import Action
from customers.errors import InvalidInput
from customers.models import LegalEntity
from customers.views import PageView, add_errors

Item = dict[str, Any]
NEXT_PAGE = {LINES: "journal", GENERATE: "journal-generate", PASTE: "journal-paste"}


class NewJournalPage(PageView):
    """`/journals/new/`."""

    looks = Action.MAKE_JOURNALS
    section = "journals"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for legal entity, type, and how the lines will come."""
        then = request.GET.get("then", LINES)
        initial = {"type": LimitJournal.Type.CREDIT_LIMIT, "then": then if then in NEXT_PAGE else LINES}
        return self._show(self._form(None, initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make the draft and go where its lines come from."""
        form = self._form(request.POST)
        if not form.is_valid():
            return self._show(form, status=422)
        given = dict(form.cleaned_data)
        then = given.pop("then")
        try:
            made = create_journal(**given, actor=self.actor, at=self.now)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self._show(form, status=422)
        messages.success(request, f"Journal {made.number} made.")
        return self.go(url_of(made, NEXT_PAGE[then]))

    def _form(self, data: QueryDict | None, initial: Item | None = None) -> NewJournalForm:
        entities = access.scoped(LegalEntity.objects.all(), self.actor, Action.MAKE_JOURNALS, path="code")
        return NewJournalForm(data, initial=initial, entities=list(entities.order_by("code")))

    def _show(self, form: NewJournalForm, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "dialog_heading": "New limit journal",
            "summary": "A draft changes nothing until it is posted.",
            "submit": "Make draft",
            "action_url": self.request.path,
            "cancel_url": reverse("journal-list"),
        }
        return self.page("credit_mgmt/journal_dialog.html", context, status=status)
