"""The peek: why, what clears it, how bad, and the actions, beside the list (`ux.md` 3.2). At most ten queries."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from credit_mgmt import display
from customers.access import Action
from customers.views import PageView
from holds.pages import hold_blocks as blocks
from holds.pages.hold_actions import actions_of
from holds.pages.hold_detail import closing, hold_or_404, segment_urls, why_context

Item = dict[str, Any]


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
    standing = blocks.standing_now(page, hold)
    listed = f"{reverse('hold-list')}{f'?{came_from}' if came_from else ''}"
    detail = reverse("hold-detail", args=[hold.number])
    decision = standing.decision
    context = why_context(page, hold, standing)
    return {
        **context,
        "actions": actions_of(page, hold, back=f"{listed}{'&' if came_from else '?'}peek={hold.number}"),
        "exposure": blocks.exposure(standing, segment_urls(hold)),
        "with_order": decision is not None,
        "group": display.group_figures(decision.figures if decision is not None else None),
        "warnings": closing(hold),
        "detail_url": f"{detail}?{urlencode({'from': came_from})}" if came_from else detail,
        "close_url": listed,
        "peeked": hold.number,
    }


def peek_of_list(page: PageView) -> SafeString:
    """The panel that the address of a list names with `peek`, drawn; empty where it names none, or none visible.

    A link of the list itself leads to the hold's page; this is for who has no script, and for a link that was sent on.
    """
    query = page.request.GET.copy()
    numbers = [str(number) for number in query.pop("peek", []) if number]
    if not numbers:
        return SafeString("")
    try:
        context = peek_context(page, numbers[-1], query.urlencode())
    except Http404:
        return SafeString("")
    frame = {"now": page.now, "today": page.today("UTC")}
    return render_to_string("holds/_peek.html", {**frame, **context}, request=page.request)
