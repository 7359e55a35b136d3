"""Insurance policies and guarantees (`ux.md` 3.6, 3.11): the forms; the register is `pages.cover_register`."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.cover import CoverLine, cover_lines, end_policy, in_order, remove_policy, save_policy
from credit_mgmt.cover.forms import EndPolicyForm, PolicyForm, values_of
from credit_mgmt.models import CoverPolicy
from credit_mgmt.pages.cover_worked import WORKED, worked
from customers import access
from customers.access import Action, Actor
from customers.errors import InvalidInput
from customers.models import Customer
from customers.views import PageView, add_errors

Item = dict[str, Any]
RELATED = ("customer__legal_entity", "type", "insurer", "coverage_type")


def policy_row(line: CoverLine, actor: Actor) -> Item:
    """A line of the register and of a customer's card, with what the reader may do."""
    policy = line.policy
    may_edit = actor.may(Action.EDIT_INSURANCE, policy.customer.legal_entity_id)
    ends = may_edit and line.in_force
    return {
        "line": line,
        "policy": policy,
        "url": reverse("cover-edit", args=[policy.pk]) if may_edit else "",
        "end_url": reverse("cover-end", args=[policy.pk]) if ends else "",
        "number": policy.identification or "no number",
        "counts": "fixed" if policy.update_percent is None else f"{policy.update_percent.normalize():f} %",
        "left": f"{line.days_left} d left" if line.days_left else "last day",
    }


class _Editor(PageView):
    """What a new and an existing policy have in common."""

    looks = Action.EDIT_INSURANCE
    section = "cover"

    def show(
        self, form: PolicyForm, owner: Customer | None, policy: CoverPolicy | None, status: int = 200
    ) -> HttpResponse:
        """The form."""
        return self.page(
            "credit_mgmt/cover_policy.html",
            {
                "form": form,
                "owner": owner,
                "policy": policy,
                "back_url": card_of(owner) if owner else reverse("cover-register"),
                "remove_url": reverse("cover-remove", args=[policy.pk]) if policy else "",
                "worked": worked({name: form[name].value() for name in WORKED}),
            },
            status=status,
        )

    def save(self, data: QueryDict, owner: Customer | None, policy: CoverPolicy | None) -> HttpResponse:
        """Save through the one service; its errors stand beside their fields."""
        form = PolicyForm(data, owner=owner)
        if not form.is_valid():
            return self.show(form, owner, policy, status=422)
        values = {**({"customer": owner.key} if owner else {}), **form.given()}
        try:
            saved = save_policy(values=values, actor=self.actor, policy=policy.pk if policy else None)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self.show(form, owner, policy, status=422)
        messages.success(self.request, f"Saved. The holds of {saved.customer.name} are looked at again.")
        return self.go(card_of(saved.customer))


class NewPolicyPage(_Editor):
    """`/cover/new/?customer=NL01:C-1`."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """An empty policy, of the customer that the address names."""
        owner = self._owner()
        initial = {"currency": owner.legal_entity.accounting_currency_id} if owner else {}
        return self.show(PolicyForm(owner=owner, initial=initial), owner, None)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Enter it."""
        return self.save(request.POST, self._owner(), None)

    def _owner(self) -> Customer | None:
        key = self.request.GET.get("customer", "")
        if not key:
            return None
        entity, _, account = key.partition(":")
        visible = access.scoped(Customer.objects.all(), self.actor, Action.VIEW_EXPOSURE)
        found = visible.filter(legal_entity=entity, account=account).select_related("legal_entity").first()
        if found is None:
            raise Http404(f"Customer {key} was not found.")
        self.require(Action.EDIT_INSURANCE, entity)
        return found


class PolicyPage(_Editor):
    """`/cover/<uuid>/`."""

    def get(self, request: HttpRequest, policy_id: uuid.UUID) -> HttpResponse:
        """The policy as it is."""
        policy = policy_or_404(self, policy_id)
        form = PolicyForm(owner=policy.customer, initial=values_of(policy))
        return self.show(form, policy.customer, policy)

    def post(self, request: HttpRequest, policy_id: uuid.UUID) -> HttpResponse:
        """Change it."""
        policy = policy_or_404(self, policy_id)
        return self.save(request.POST, policy.customer, policy)


class EndPolicyPage(PageView):
    """`/cover/<uuid>/end/`: it counts up to a day, and stays in the register."""

    looks = Action.EDIT_INSURANCE
    section = "cover"

    def get(self, request: HttpRequest, policy_id: uuid.UUID) -> HttpResponse:
        """Ask for the day."""
        policy = policy_or_404(self, policy_id)
        return self._show(policy, EndPolicyForm(today=self._today(policy)))

    def post(self, request: HttpRequest, policy_id: uuid.UUID) -> HttpResponse:
        """End it through the one service."""
        policy = policy_or_404(self, policy_id)
        form = EndPolicyForm(request.POST, today=self._today(policy))
        if not form.is_valid():
            return self._show(policy, form, status=422)
        try:
            ended = end_policy(policy=policy.pk, last_day=form.cleaned_data["last_day"], actor=self.actor)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self._show(policy, form, status=422)
        messages.success(request, f"{policy} ends on {ended.expires_on:%-d %b %Y}.")
        return self.go(card_of(policy.customer))

    def _today(self, policy: CoverPolicy) -> dt.date:
        return self.today(policy.customer.legal_entity.time_zone)

    def _show(self, policy: CoverPolicy, form: EndPolicyForm, status: int = 200) -> HttpResponse:
        context = _dialog(self.request, policy, form, f"End {policy}")
        return self.page("credit_mgmt/cover_end.html", context, status=status)


class RemovePolicyPage(PageView):
    """`/cover/<uuid>/remove/`: for one that was entered by mistake."""

    looks = Action.EDIT_INSURANCE
    section = "cover"

    def get(self, request: HttpRequest, policy_id: uuid.UUID) -> HttpResponse:
        """Ask first."""
        policy = policy_or_404(self, policy_id)
        return self.page("credit_mgmt/cover_remove.html", _dialog(request, policy, Form(), f"Remove {policy}"))

    def post(self, request: HttpRequest, policy_id: uuid.UUID) -> HttpResponse:
        """Remove it through the one service."""
        policy = policy_or_404(self, policy_id)
        remove_policy(policy=policy.pk, actor=self.actor)
        messages.success(request, f"{policy} removed. The record of its changes stays.")
        return self.go(card_of(policy.customer))


def _dialog(request: HttpRequest, policy: CoverPolicy, form: Form, heading: str) -> Item:
    return {
        "policy": policy,
        "form": form,
        "dialog_heading": heading,
        "action_url": request.path,
        "cancel_url": card_of(policy.customer),
    }


def policy_or_404(page: PageView, policy_id: uuid.UUID) -> CoverPolicy:
    """The policy of the address, as far as the reader may see it; refused where they may not change it."""
    visible = access.scoped(CoverPolicy.objects.all(), page.actor, path="customer__legal_entity")
    policy = visible.filter(pk=policy_id).select_related(*RELATED).first()
    if policy is None:
        raise Http404("The policy was not found.")
    page.require(Action.EDIT_INSURANCE, policy.customer.legal_entity_id)
    return policy


def card_of(customer: Customer) -> str:
    """The tab of the customer's card on which its cover stands."""
    return reverse("customer-panel", args=[customer.legal_entity_id, customer.account, "cover"])


def rows_of(policies: Iterable[CoverPolicy], actor: Actor, today_in: Callable[[str], dt.date]) -> Sequence[Item]:
    """Policies as the tab of a customer's card shows them: what is in force first."""
    return [policy_row(line, actor) for line in in_order(cover_lines(list(policies), today_in))]
