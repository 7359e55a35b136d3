"""What small dialogs have in common: GET shows the confirm page, POST calls one service and goes back."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict

from customers.access import Action
from customers.errors import InvalidInput, Refused
from customers.views import PageView, add_errors
from holds.pages.bulk import undo_tag


class Dialog(PageView):
    """A dialog about one subject. Subclasses find the subject, make the form and call the service."""

    looks = Action.VIEW
    section = "holds"
    action: ClassVar[Action]
    template = "holds/dialog.html"
    undoable: ClassVar[bool] = False
    """Whether what the service did can be taken back (`holds.recent`)."""

    def get(self, request: HttpRequest, **key: str) -> HttpResponse:
        """The dialog, or the same as a page."""
        subject = self.subject(**key)
        self.require(self.action, self.legal_entity(subject))
        return self._show(subject, self.form(subject, None))

    def post(self, request: HttpRequest, **key: str) -> HttpResponse:
        """Do it; what is wrong is said beside its field and nothing typed is lost."""
        subject = self.subject(**key)
        form = self.form(subject, request.POST)
        if not form.is_valid():
            return self._show(subject, form, status=422)
        try:
            said = self.perform(subject, form.cleaned_data)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self._show(subject, form, status=422)
        except Refused as problem:
            form.add_error(None, problem.message)
            return self._show(subject, form, status=409)
        messages.success(request, said, extra_tags=undo_tag(self.now) if self.undoable else "")
        return self.go(self.back(subject))

    def subject(self, **key: str) -> Any:
        """What the dialog is about. Raises `Http404`."""
        raise NotImplementedError

    def legal_entity(self, subject: Any) -> str | None:
        """Where the right is needed."""
        return str(subject.legal_entity_id)

    def form(self, subject: Any, data: QueryDict | None) -> Form:
        """The form, with what was typed."""
        raise NotImplementedError

    def perform(self, subject: Any, given: Mapping[str, Any]) -> str:
        """Call the service; returns what was done, in words."""
        raise NotImplementedError

    def words(self, subject: Any) -> dict[str, Any]:
        """`dialog_heading`, `summary`, `submit`, `note`, and what else the template shows."""
        raise NotImplementedError

    def back(self, subject: Any) -> str:
        """Where to go on."""
        raise NotImplementedError

    def _show(self, subject: Any, form: Form, status: int = 200) -> HttpResponse:
        context = {"form": form, "action_url": self.request.path, "cancel_url": self.back(subject), "subject": subject}
        return self.page(self.template, {**context, **self.words(subject)}, status=status)
