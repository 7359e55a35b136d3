"""Check a document that is no order here: a free text invoice, a quotation, a sale at the counter (`domain 4.8`)."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse

from credit_mgmt import display, messages
from credit_mgmt.credit_checks import LABELS, NOT_SUPPORTED, CreditAnswer, credit_check
from credit_mgmt.engine.decision import Reason
from credit_mgmt.fields import NumberField
from credit_mgmt.masking import Mask
from customers.access import Action, NotAllowed, OutOfScope
from customers.errors import InvalidInput, NotFound
from customers.models import Currency, LegalEntity
from customers.views import PageView, add_errors


class DocumentForm(forms.Form):
    """Whose credit a document would use, and how much of it."""

    customer = forms.CharField(
        label="Customer", max_length=41, help_text="Legal entity and account, as USMF:US-001. Its payer is checked."
    )
    document = forms.ChoiceField(
        label="Document", choices=[*LABELS.items(), (NOT_SUPPORTED, "Project invoice")], initial="free_text_invoice"
    )
    amount = NumberField(
        label="Amount", max_digits=19, decimal_places=4,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "amount"}),
    )  # fmt: skip
    currency = forms.ChoiceField(label="Currency")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        currency = self.fields["currency"]
        if isinstance(currency, forms.ChoiceField):
            currency.choices = [(code, code) for code in Currency.objects.order_by("pk").values_list("pk", flat=True)]


class DocumentCheckPage(PageView):
    """GET `/check/?customer=USMF:US-001&document=quotation&amount=100&currency=USD`: a question, nothing is stored."""

    looks = Action.CHECK
    section = "check"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form, and the answer where something was asked."""
        asked = "document" in request.GET
        form = DocumentForm(request.GET if asked else None, initial=request.GET.dict())
        answer = self._ask(form) if asked and form.is_valid() else None
        context = {"form": form, **(self._answered(answer) if answer is not None else {})}
        return self.page("credit_mgmt/document_check.html", context, status=422 if form.errors else 200)

    def _ask(self, form: DocumentForm) -> CreditAnswer | None:
        """The answer of the one service; what it refuses stands beside its field."""
        given = form.cleaned_data
        entity = given["customer"].partition(":")[0]
        try:
            self.require(Action.CHECK, entity)
            return credit_check(**given, as_of=self.today_of(entity), actor=self.actor)
        except InvalidInput as problem:
            add_errors(form, problem)
        except (NotFound, OutOfScope, NotAllowed, LegalEntity.DoesNotExist):
            form.add_error("customer", "There is no such customer whose credit you may check. Write USMF:US-001.")
        return None

    def _answered(self, answer: CreditAnswer) -> dict[str, Any]:
        """The answer in words and figures, without those that the reader may not see."""
        decision = Mask(self.actor).decision(answer.decision)
        because, exposure = decision.not_checked_because, display.exposure_bar(decision.figures)
        return {
            "outcome": answer.outcome,
            "not_checked": messages.not_checked_message(because) if because else "",
            "reasons": _of_a_document(decision.reasons),
            "warnings": _of_a_document(decision.warnings),
            "exposure": {**exposure, "labels": {"this_order": "This document"}} if exposure else None,
            "group": display.group_figures(decision.figures),
        }


def _of_a_document(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    """Reasons in the words of an order, said of a document."""
    rows = display.reason_rows(reasons)
    return [{**row, "sentence": row["sentence"].replace("this order", "this document")} for row in rows]
