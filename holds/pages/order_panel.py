"""The credit panel of an order (`ux.md` 3.19), for sales and for other systems' pages: `…/credit-panel/`."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.masking import Mask
from customers.access import Action
from customers.views import PageView
from holds.masked import masked
from holds.models import Hold, HoldReason
from holds.order_state import history_of, state_of
from holds.pages.orders import order_or_404
from holds.words import over_limit_of, used_percent_of


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
            "today": today,
            **self._figures(legal_entity, hold),
        }
        return self._framed(self.page("holds/order_panel.html", context))

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
            "reasons": [reason.message for reason in reasons],
            "hold_url": reverse("hold-detail", args=[hold.number]),
        }

    @staticmethod
    def _framed(answer: HttpResponse) -> HttpResponse:
        """Say who may show the panel inside a page: nobody, unless the deployment names sites."""
        if settings.CREDIT_PANEL_FRAMED_BY:
            answer.framed_by = settings.CREDIT_PANEL_FRAMED_BY  # type: ignore[attr-defined]
            answer.xframe_options_exempt = True
        return answer
