"""What is done about the members of a credit group without changing it: their holds are evaluated, they are a file."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.credit_groups.phrases import binds_word
from credit_mgmt.credit_groups.standing import GroupOverview, overview_of
from credit_mgmt.masking import Mask
from customers import access
from customers.access import Action
from customers.errors import Refused
from customers.listing.columns import Value
from customers.listing.files import FORMATS, as_csv
from customers.models import CustomerCreditGroup
from customers.spreadsheets import BOM
from customers.views import PageView
from holds.evaluation import MOST_SELECTED, start_evaluation
from holds.models import Hold
from holds.pages.credit_groups import group_or_404
from holds.pages.dialog import Dialog
from holds.pages.selection import plural

HEADS = (
    "Entity", "Account", "Name", "Currency", "Own limit", "Own exposure", "Exposure in {0}", "Rate", "Rate date",
    "Share %", "Tighter", "Overdue in {0}", "Days overdue", "Limit to",
)  # fmt: skip


class RecheckDialog(Dialog):
    """`/groups/G-021/recheck/`: all holds of the members are evaluated in the background (`domain 7`)."""

    looks = Action.VIEW_EXPOSURE
    action = Action.EVALUATE
    section = "customers"

    def subject(self, **key: str) -> CustomerCreditGroup:
        """The group of the address."""
        return group_or_404(self, key["number"])

    def legal_entity(self, subject: CustomerCreditGroup) -> None:
        """The right somewhere: holds elsewhere are left out."""

    def form(self, subject: CustomerCreditGroup, data: QueryDict | None) -> forms.Form:
        """Nothing is asked."""
        return forms.Form(data)

    def perform(self, subject: CustomerCreditGroup, given: Mapping[str, Any]) -> str:
        """Start the job. Raises `Refused` where there is nothing to evaluate."""
        ids = self._holds(subject)
        if not ids:
            raise Refused("nothing_on_hold", f"No order of a member of {subject.pk} is on hold.")
        if len(ids) > MOST_SELECTED:
            raise Refused("too_many", f"More than {MOST_SELECTED:,} orders are on hold: evaluate all holds instead.")
        self.job = start_evaluation(parameters={"holds": ids}, actor=self.actor, now=self.now)
        return f"{plural(len(ids), 'hold')} of the members: being checked again."

    def words(self, subject: CustomerCreditGroup) -> dict[str, Any]:
        """What the dialog says."""
        return {
            "dialog_heading": f"Re-check the members of {subject.pk}",
            "summary": f"{plural(len(self._holds(subject)), 'order')} on hold",
            "submit": "Evaluate",
            "note": "In the background, oldest hold first; what is ready is released as the parameters say.",
        }

    def back(self, subject: CustomerCreditGroup) -> str:
        """The run, once it is started; the group before."""
        job = getattr(self, "job", None)
        return reverse("job", args=[job.pk]) if job is not None else reverse("group", args=[subject.pk])

    def _holds(self, group: CustomerCreditGroup) -> list[str]:
        rows = Hold.objects.filter(status=Hold.Status.ACTIVE, payer__credit_group=group)
        found = access.scoped(rows, self.actor, self.action).order_by("held_at", "pk")
        return [str(pk) for pk in found.values_list("pk", flat=True)[: MOST_SELECTED + 1]]


class MembersFile(PageView):
    """GET `/groups/G-021/members.csv`: the members that the reader sees, with their figures as numbers."""

    looks = Action.VIEW_EXPOSURE
    section = "customers"

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """The table of the group's page as a file."""
        group = group_or_404(self, number)
        overview = Mask(self.actor).overview(overview_of(group.pk, self.today("UTC")))
        heads = [head.format(overview.currency) for head in HEADS]
        answer = HttpResponse(BOM + as_csv([heads, *_cells(overview)]), content_type=FORMATS["csv"])
        answer["Content-Disposition"] = f'attachment; filename="{number}-members-{self.today("UTC")}.csv"'
        answer["X-Content-Type-Options"] = "nosniff"
        return answer


def _cells(overview: GroupOverview) -> Iterator[list[Value]]:
    for member in overview.members:
        customer, rate = member.customer, member.rate
        yield [
            customer.legal_entity_id, customer.account, customer.name, member.currency,
            "Unlimited" if member.own_limit is None else member.own_limit, member.own_exposure, member.exposure,
            rate.rate if rate else None, rate.valid_from if rate else None,
            None if member.share is None else round(member.share, 2), binds_word(member.binds), member.overdue,
            member.days_overdue, member.expires_on,
        ]  # fmt: skip
