"""The tester of rules (`ux.md` 3.10): an order, real or typed, and what every rule says of it, as it is and what if."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt import display
from credit_mgmt.engine.decision import Decision, Outcome
from credit_mgmt.engine.facts import Rule
from credit_mgmt.fields import NumberField
from credit_mgmt.masking import Mask
from credit_mgmt.policies import current_policy
from credit_mgmt.tester import Changes, Imagined, Trial, try_order
from customers import access
from customers.access import Action, NotAllowed, OutOfScope
from customers.errors import FieldError, InvalidInput, NotFound
from customers.models import Currency, Document, LegalEntity, PaymentTerms, SalesOrder
from customers.views import PageView, add_errors

Item = dict[str, Any]
TYPED = ("customer", "amount", "currency", "payment_terms")
WHAT_IF = ("if_amount", "if_payment_terms", "if_days_overdue", "if_overdue", "if_limit")
NO_ORDER = "There is no such order whose exposure you may see. Write it like USMF:SO-1001."
NO_CUSTOMER = "There is no such customer whose exposure you may see. Write it like USMF:US-001."


def _amount(label: str, help_text: str = "") -> NumberField:
    typed = forms.TextInput(attrs={"inputmode": "decimal", "class": "amount"})
    return NumberField(label=label, required=False, max_digits=19, decimal_places=4, help_text=help_text, widget=typed)


class TesterForm(forms.Form):
    """An order, or the values of one; and what would be otherwise. An empty field means: as it is."""

    order = forms.CharField(label="Order", required=False, max_length=41, help_text="Number, or as USMF:SO-1001.")
    customer = forms.CharField(label="Customer", required=False, max_length=41, help_text="As USMF:US-001.")
    amount = _amount("Order value")
    currency = forms.ChoiceField(label="Currency", required=False)
    payment_terms = forms.ChoiceField(label="Terms of payment", required=False)
    document = forms.ChoiceField(label="Checked at", choices=Document.choices, required=False)
    in_any_case = forms.BooleanField(
        label="Ask the rules in any case",
        required=False,
        help_text="Also where grace days, a release or a checkpoint that is off would let the document pass.",
    )
    if_amount = _amount("Order value")
    if_payment_terms = forms.ChoiceField(label="Terms of payment", required=False)
    if_days_overdue = forms.IntegerField(
        label="Days overdue", required=False, min_value=0, widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )
    if_overdue = _amount("Overdue amount", "In the customer's accounting currency.")
    if_limit = _amount("Credit limit", "In the customer's accounting currency.")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        terms = list(PaymentTerms.objects.order_by("code").values_list("code", flat=True))
        self._offer("currency", Currency.objects.order_by("code").values_list("code", flat=True), "Choose a currency")
        self._offer("payment_terms", terms, "The customer's")
        self._offer("if_payment_terms", terms, "As they are")

    def _offer(self, name: str, codes: Iterable[str], empty: str) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", empty), *((code, code) for code in codes)]

    @property
    def what_if(self) -> list[forms.BoundField]:
        """The fields that change something."""
        return [self[name] for name in WHAT_IF]

    def changes(self) -> Changes:
        """What would be otherwise."""
        given = {name.removeprefix("if_"): self.cleaned_data[name] for name in WHAT_IF}
        return Changes(**{**given, "payment_terms": given["payment_terms"] or None})

    def imagined(self) -> Imagined:
        """The order that was typed. Raises `InvalidInput` that names what is missing."""
        given = self.cleaned_data
        needed = {"customer": "the customer", "amount": "the value of the order", "currency": "its currency"}
        missing = [
            FieldError(name, "required", f"Give {words}, or the number of an order.")
            for name, words in needed.items()
            if given[name] in (None, "")
        ]
        if missing:
            raise InvalidInput(missing)
        return Imagined(given["customer"], given["amount"], given["currency"], given["payment_terms"] or None)


class RuleTesterPage(PageView):
    """GET `/rules/test/?order=USMF:SO-1&if_limit=5000`: a question, nothing is stored."""

    looks = Action.VIEW_EXPOSURE
    section = "rules"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form, and the answer where something was asked."""
        asked = any(request.GET.get(name) for name in ("order", *TYPED))
        form = TesterForm(request.GET if asked else None, initial=request.GET.dict())
        trial = self._ask(form) if asked and form.is_valid() else None
        context: Item = {"form": form, "asked": asked, **(self._answered(trial) if trial is not None else {})}
        return self.page("credit_mgmt/rule_tester.html", context, status=422 if form.errors else 200)

    def _ask(self, form: TesterForm) -> Trial | None:
        """The answer of the one service; what it refuses stands beside its field."""
        given = form.cleaned_data
        if given["order"] and given["customer"]:
            form.add_error("customer", "Give an order or a customer, not both.")
            return None
        field, words = ("order", NO_ORDER) if given["order"] else ("customer", NO_CUSTOMER)
        try:
            return try_order(
                order=self._key(given["order"]) if given["order"] else form.imagined(),
                actor=self.actor,
                today=self.today_of,
                document=given["document"] or Document.CONFIRMATION,
                in_any_case=given["in_any_case"],
                changes=form.changes(),
            )
        except InvalidInput as problem:
            add_errors(form, problem)
        except (NotFound, OutOfScope, NotAllowed, LegalEntity.DoesNotExist):
            form.add_error(field, words)
        return None

    def _key(self, typed: str) -> str:
        """The key of the order that was typed; a bare number is looked up among those that the reader sees."""
        if ":" in typed:
            return typed
        visible = access.scoped(SalesOrder.objects.all(), self.actor, Action.VIEW_EXPOSURE)
        found = list(visible.filter(number=typed).order_by("legal_entity_id").values_list("legal_entity_id", flat=True))
        if len(found) > 1:
            message = f"{typed} is an order of {', '.join(found)}: write {found[0]}:{typed}."
            raise InvalidInput.of("order", "ambiguous", message)
        return f"{found[0]}:{typed}" if found else typed

    def _answered(self, trial: Trial) -> Item:
        """The answer as the reader may see it: verdict, reasons and every rule that was looked at."""
        mask, order = Mask(self.actor), trial.facts.order
        answers = [("As it is", trial.decision), ("What if", trial.changed)]
        return {
            "order": order,
            "answers": [_answer(title, mask.decision(one)) for title, one in answers if one is not None],
        }


def _answer(title: str, decision: Decision) -> Item:
    """A decision as the page draws it."""
    rules = {rule.id: rule for rule in current_policy().rules if not rule.shadow}
    steps = display.trace_steps(decision.trace)
    passed = "not_checked" if decision.outcome is Outcome.NOT_CHECKED else "passed"
    return {
        "title": title,
        "words": display.outcome_words(decision),
        "badge": "held" if decision.holds else passed,
        "reasons": display.reason_rows(decision.reasons),
        "steps": [_named(step, rules.get(line.rule or "")) for step, line in zip(steps, decision.trace, strict=True)],
    }


def _named(step: Item, rule: Rule | None) -> Item:
    """The step with the version of its rule, and the way to it."""
    if rule is None or rule.version is None:
        return step
    return {**step, "version": rule.version, "url": reverse("rule-version", args=[rule.name, rule.version])}
