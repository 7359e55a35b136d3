"""The peek: why, what clears it, how bad, and the actions, beside the list (`ux.md` 3.2). At most ten queries."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt import display
from customers.access import Action
from customers.views import PageView
from holds.pages import hold_blocks as blocks
from holds.pages.hold_actions import actions_of
from holds.pages.hold_detail import closing, hold_or_404, why_context

Item = dict[str, Any]
LIST_KEYS_LEFT_OUT = ("peek",)


class HoldPeek(PageView):
    """GET `/holds/H-000123/peek/`: the panel for htmx; a page of its own for everybody else."""

    looks = Action.VIEW
    section = "holds"

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """The panel; `from` is the query of the list that it stands beside."""
        came_from = request.GET.get("from", "")
        context = peek_context(self, number, came_from)
        template = "holds/_peek.html" if request.headers.get("HX-Request") else "holds/peek.html"
        return self.page(template, context)


def peek_context(page: PageView, number: str, came_from: str = "") -> Item:
    """What `holds/_peek.html` shows of the hold. Raises `Http404` where the reader may not see it."""
    hold = hold_or_404(number, page)
    standing = blocks.standing_now(page, hold, with_position=False)
    listed = f"{reverse('hold-list')}{f'?{came_from}' if came_from else ''}"
    detail = reverse("hold-detail", args=[hold.number])
    decision = standing.decision
    context = why_context(page, hold, standing)
    return {
        **context,
        "actions": actions_of(page, hold, back=f"{listed}{'&' if came_from else '?'}peek={hold.number}"),
        "exposure": blocks.exposure(standing, {}),
        "with_order": decision is not None,
        "group": display.group_figures(decision.figures if decision is not None else None),
        "warnings": closing(hold),
        "detail_url": f"{detail}?{urlencode({'from': came_from})}" if came_from else detail,
        "close_url": listed,
        "peeked": hold.number,
    }


def peek_of_list(page: PageView) -> Item:
    """The context of the panel that the address of a list names with `peek`; empty where none, or none visible."""
    query = page.request.GET.copy()
    numbers = query.pop("peek", [])
    if not numbers or not numbers[-1]:
        return {}
    try:
        return peek_context(page, str(numbers[-1]), query.urlencode())
    except Http404:
        return {}
