"""`/holds/selection/`: keep what is ticked on this page, or take all that match, and go on with it.

A plain GET form like the list itself, so it works without a script: it changes nothing but what its reader has in hand.
"""

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from customers.access import Action
from customers.models import ListSelection
from customers.views import PageView
from holds.lists import read_address
from holds.lists.selections import find_selection, select_all, select_rows

SEPARATOR = "."
"""Between the numbers of a page that were selected before: one short field instead of two hundred."""


class KeepSelection(PageView):
    """`from`: the list (its query); `hold`: what is ticked; `was`: what was ticked on this page when it was drawn;
    `all`: take everything; `then`: where to go on, `from` where it is missing."""

    looks = Action.VIEW
    section = "holds"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Freeze, and back to the list."""
        query = QueryDict(request.GET.get("from", ""))
        asked = read_address(query, actor=self.actor, now=self.now, today=self.today)
        kept: ListSelection | None
        if request.GET.get("all"):
            kept = select_all(asked, actor=self.actor, at=self.now)
        else:
            kept = select_rows(
                asked,
                find_selection(request.GET.get("selected", ""), self.actor, self.now),
                put=request.GET.getlist("hold"),
                taken=request.GET.get("was", "").split(SEPARATOR),
                actor=self.actor,
                at=self.now,
            )
        then = QueryDict(request.GET.get("then", request.GET.get("from", "")).removeprefix("?"), mutable=True)
        then.pop("selected", None)
        if kept is not None:
            then["selected"] = str(kept.pk)
        return self.go(reverse("hold-list") + (f"?{then.urlencode()}" if then else ""))
