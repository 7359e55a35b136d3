"""Adding customers to a credit group and removing them, after a look at what changes (`domain 3.4`, `ux.md` 3.9)."""

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.credit_groups import change_members
from credit_mgmt.credit_groups.standing import customers_of, overview_of, overview_with
from credit_mgmt.credit_groups.suggestions import suggest_members
from customers import access
from customers.access import Action, authorize_each
from customers.errors import InvalidInput
from customers.models import Customer, CustomerCreditGroup
from customers.views import PageView
from holds.pages.credit_group_forms import require_group
from holds.pages.credit_groups import group_or_404
from holds.pages.selection import plural

Item = dict[str, Any]
FOUND = 30
BECAUSE = {"same_party": "the same party as", "same_account": "the same account number as"}


class ChangeMembers(PageView):
    """What both pages have in common: the group, the customers chosen, and the group before and after."""

    looks = Action.VIEW_EXPOSURE
    section = "customers"

    def group(self, number: str) -> CustomerCreditGroup:
        """The group, for who may manage it."""
        group = group_or_404(self, number)
        require_group(self, group)
        return group

    def chosen(self, keys: list[str]) -> list[Customer]:
        """The customers chosen, of legal entities in which the reader manages groups."""
        entities = {key.partition(":")[0] for key in keys}
        authorize_each(self.actor, Action.MANAGE_CREDIT_GROUPS, entities)
        return customers_of(keys)

    def compared(self, group: CustomerCreditGroup, chosen: list[Customer], *, leave: bool = False) -> Item:
        """The group as it is and as it would be; what each customer takes over."""
        today = self.today("UTC")
        keys = [customer.key for customer in chosen]
        before = overview_of(group.pk, today)
        after = overview_with(group.pk, today, leave=keys) if leave else overview_with(group.pk, today, join=keys)
        standing = {member.customer.pk: member for member in (before if leave else after).members}
        return {
            "before": before,
            "after": after,
            "over": after.available is not None and after.available < 0,
            "lines": [{"customer": one, "member": standing.get(one.pk)} for one in chosen],
            "expires_on": before.expires_on,
            "today": today,
        }


class AddMembersPage(ChangeMembers):
    """`/groups/G-021/members/add/`: search, tick, see what changes, add."""

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """What was found and what is suggested, with boxes; what is ticked, with what it would change."""
        group = self.group(number)
        return self._show(group, list(dict.fromkeys(request.GET.getlist("member"))))

    def post(self, request: HttpRequest, number: str) -> HttpResponse:
        """Add the ticked customers."""
        group = group_or_404(self, number)
        keys = list(dict.fromkeys(request.POST.getlist("member")))
        try:
            if not keys:
                raise InvalidInput.of("join", "required", "Tick at least one customer.")
            change_members(group=group.pk, join=keys, actor=self.actor, today=self.today_of, at=self.now)
        except InvalidInput as problem:
            return self._show(group, keys, problem=problem)
        messages.success(request, f"{plural(len(keys), 'customer')} added to {group.pk}.")
        return self.go(reverse("group", args=[group.pk]))

    def _show(
        self, group: CustomerCreditGroup, keys: list[str], *, problem: InvalidInput | None = None
    ) -> HttpResponse:
        chosen = [] if problem else self.chosen(keys)
        text = self.request.GET.get("q", "").strip()
        suggested = suggest_members(group=group.pk, customers=keys, actor=self.actor)
        alike = {one.customer.pk for one in suggested}
        context = {
            "group": group,
            "q": text,
            "found": [_choice(one, keys) for one in self._found(group, text) if one.pk not in alike],
            "searched": bool(text),
            "suggested": [
                {**_choice(one.customer, keys), "because": f"{BECAUSE[one.because]} {one.of}"}
                for one in suggested
                if one.customer.credit_group_id != group.pk
            ],
            "chosen": chosen,
            "preview": self.compared(group, chosen) if chosen else None,
            "errors": [error.message for error in problem.errors] if problem else [],
            "back_url": reverse("group", args=[group.pk]),
        }
        return self.page("groups/add.html", context, status=422 if problem else 200)

    def _found(self, group: CustomerCreditGroup, text: str) -> list[Customer]:
        """Customers by account or name, of the legal entities in which the reader manages groups."""
        if not text:
            return []
        rows = access.scoped(Customer.objects.all(), self.actor, Action.MANAGE_CREDIT_GROUPS)
        entity, _, account = text.partition(":")
        matching = Q(account__icontains=text) | Q(name__icontains=text)
        if account:
            matching |= Q(legal_entity=entity, account=account)
        rows = rows.filter(matching).exclude(credit_group=group)
        return list(rows.order_by("legal_entity", "account")[:FOUND])


def _choice(customer: Customer, keys: list[str]) -> Item:
    """A customer with its box; one of another group would have to leave that first."""
    return {"customer": customer, "checked": customer.key in keys, "elsewhere": customer.credit_group_id or ""}


class RemoveMembersPage(ChangeMembers):
    """`/groups/G-021/members/remove/?member=NL01:C-1`: what the group is without them, then the button."""

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """The confirmation."""
        group = self.group(number)
        keys = list(dict.fromkeys(request.GET.getlist("member")))
        return self._show(group, self.chosen(keys))

    def post(self, request: HttpRequest, number: str) -> HttpResponse:
        """Remove them."""
        group = group_or_404(self, number)
        keys = list(dict.fromkeys(request.POST.getlist("member")))
        if not keys:
            return self._show(group, [], status=422)
        change_members(group=group.pk, leave=keys, actor=self.actor, today=self.today_of, at=self.now)
        messages.success(request, f"{plural(len(keys), 'customer')} removed from {group.pk}.")
        return self.go(reverse("group", args=[group.pk]))

    def _show(self, group: CustomerCreditGroup, chosen: list[Customer], status: int = 200) -> HttpResponse:
        context = {
            "group": group,
            "chosen": chosen,
            "preview": self.compared(group, chosen, leave=True) if chosen else None,
            "form": None,
            "action_url": self.request.path,
            "cancel_url": reverse("group", args=[group.pk]),
            "dialog_heading": f"Remove from group {group.pk}",
            "nothing_to_do": not chosen,
            "danger": True,
        }
        return self.page("groups/remove.html", context, status=status)
