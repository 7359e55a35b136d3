"""The credit panel of an order (`ux.md` 3.19), for sales and for other systems' pages: `…/credit-panel/`."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.masking import Mask
from customers.access import Action
from customers.models import SalesOrder
from customers.views import PageView
from holds.asking import ask_credit
from holds.forms import QuestionForm
from holds.masked import masked
from holds.models import Hold, HoldReason
from holds.order_state import SMALLER_HELPS, history_of, state_of
from holds.pages.dialog import Dialog
from holds.pages.orders import order_or_404
from holds.words import over_limit_of, read_message, used_percent_of


def shorten_url(order: SalesOrder, hold: Hold | None) -> str:
    """Where an order that is too large for its customer can be made smaller: in the ERP, where a deployment says so."""
    if hold is None or not settings.CREDIT_ORDER_URL or not set(hold.reason_codes) & SMALLER_HELPS:
        return ""
    names = {"legal_entity": quote(order.legal_entity_id, safe=""), "number": quote(order.number, safe="")}
    return str(settings.CREDIT_ORDER_URL.format(**names))


class OrderCreditPanel(PageView):
    """GET `/orders/NL01/SO-104233/credit-panel/`: a page of its own, without the frame, that others may embed."""

    looks = Action.VIEW

    def get(self, request: HttpRequest, legal_entity: str, number: str) -> HttpResponse:
        """The state in words; figures for those alone who may see exposure in the order's legal entity."""
        order = order_or_404(self, legal_entity, number)
        active = Hold.objects.filter(order=order, status=Hold.Status.ACTIVE)
        hold = active.select_related("assignee", "payer__credit_controller").first()
        today = self.today(order.legal_entity.time_zone)
        context = {
            "order": order,
            "state": state_of(order, hold, today),
            "history": history_of(order),
            "ask_url": self._ask_url(order, hold),
            "shorten_url": shorten_url(order, hold),
            "today": today,
            **self._figures(legal_entity, hold),
        }
        return self._framed(self.page("holds/order_panel.html", context))

    def _ask_url(self, order: SalesOrder, hold: Hold | None) -> str:
        if hold is None or not self.may(Action.ASK_CREDIT, order.legal_entity_id):
            return ""
        return reverse("order-ask", args=[order.legal_entity_id, order.number])

    def _figures(self, legal_entity: str, hold: Hold | None) -> dict[str, Any]:
        """Reasons with their numbers, for who may see them."""
        if hold is None or not self.may(Action.VIEW_EXPOSURE, legal_entity):
            return {}
        mask = Mask(self.actor)
        reasons = [masked(row, mask) for row in HoldReason.objects.filter(hold=hold, valid=True).order_by("pk")]
        money = {"kind": "amount", "unit": hold.currency, "hint": hold.currency}
        facts = [
            {"label": "Value", "value": None if hold.amount_unknown else hold.amount, **money},
            {"label": "Over limit", "value": over_limit_of(hold, mask), **money},
            {"label": "Limit used", "value": used_percent_of(hold, mask), "kind": "percent"},
            {"label": "Overdue", "value": hold.overdue_amount, **money},
        ]
        return {
            "facts": [fact for fact in facts if fact["value"]],
            "reasons": [read_message(reason) for reason in reasons],
            "hold_url": reverse("hold-detail", args=[hold.number]),
        }

    @staticmethod
    def _framed(answer: HttpResponse) -> HttpResponse:
        """Say who may show the panel inside a page: nobody, unless the deployment names sites."""
        if settings.CREDIT_PANEL_FRAMED_BY:
            answer.framed_by = settings.CREDIT_PANEL_FRAMED_BY  # type: ignore[attr-defined]
            answer.xframe_options_exempt = True
        return answer


class AskCredit(Dialog):
    """`/orders/NL01/SO-104233/ask/`: a page of its own, since the panel may stand in another system's page."""

    looks = Action.VIEW
    action = Action.ASK_CREDIT
    section = "orders"

    def subject(self, **key: str) -> SalesOrder:
        """The order of the address."""
        return order_or_404(self, key["legal_entity"], key["number"])

    def form(self, subject: SalesOrder, data: QueryDict | None) -> Form:
        """What they would like to know."""
        return QuestionForm(data)

    def perform(self, subject: SalesOrder, given: Mapping[str, Any]) -> str:
        """Ask it."""
        ask_credit(order=subject.pk, question=given["question"], actor=self.actor, at=self.now, today=self.today_of)
        return "Asked: it stands on the hold, which is due for review today."

    def words(self, subject: SalesOrder) -> dict[str, Any]:
        """What the dialog says."""
        return {
            "dialog_heading": f"Ask credit about {subject.number}",
            "summary": subject.customer.name,
            "submit": "Ask",
            "note": "Everybody who sees the hold reads it, with your name.",
        }

    def back(self, subject: SalesOrder) -> str:
        """The order."""
        return reverse("order", args=[subject.legal_entity_id, subject.number])
