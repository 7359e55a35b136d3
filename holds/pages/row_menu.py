"""The actions on a row of the hold list (`ux.md` 3.0, key `.`): a dialog, and without a script a page."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from customers.access import Action
from customers.views import PageView
from holds.pages.hold_actions import actions_of, small_actions_of
from holds.pages.hold_detail import hold_or_404

Item = dict[str, Any]


class RowMenu(PageView):
    """GET `/holds/H-1/actions/?from=…`: what the reader may do with the hold, then where else it leads."""

    looks = Action.VIEW_EXPOSURE
    section = "holds"

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """The actions, the same as on the hold's page; what is done leads back to the list."""
        hold = hold_or_404(number, self)
        listed = request.GET.get("from", "")
        back = f"{reverse('hold-list')}{f'?{listed}' if listed else ''}"
        return self.page(
            "holds/row_menu.html",
            {
                "hold": hold,
                "actions": [*actions_of(self, hold, back=back), *small_actions_of(self, hold, back=back)],
                "ways": _ways(number, hold.payer.legal_entity_id, hold.payer.account, request.GET.urlencode()),
                "cancel_url": back,
                "nothing_to_do": True,
            },
        )


def _ways(number: str, entity: str, account: str, query: str) -> list[Item]:
    came_from = f"?{query}" if query else ""
    return [
        {"label": "Open the hold", "url": reverse("hold-detail", args=[number]) + came_from, "icon": "eye"},
        {"label": "Customer", "url": reverse("customer", args=[entity, account]), "icon": "landmark"},
    ]
