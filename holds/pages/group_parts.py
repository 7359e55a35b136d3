"""The hold list by customer, as the page draws it, and the rows of one customer in place (`ux.md` 3.1)."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.templatetags.bars import meter
from customers import numbers
from customers.access import Action
from customers.listing.parts import list_url
from customers.ordering import page_in_order
from customers.views import PageView
from holds.lists import HoldList, read_address
from holds.lists.columns import HOLDS, facts_of, related_of
from holds.lists.grouping import SORTS, Group, Grouped, grouped
from holds.lists.tallies import MOST
from holds.pages import list_parts, list_rows

Item = dict[str, Any]
COLUMNS = (
    ("customer", "Customer", ""),
    ("count", "Holds", "right"),
    ("value", "Value", "right"),
    ("", "Exposure and limit", ""),
    ("", "Free limit", "right"),
    ("held", "Oldest", "right"),
    ("ship", "Next ship", ""),
)
SORT_WORDS = {
    "customer": "customer", "value": "value", "count": "number of holds", "held": "oldest hold",
    "ship": "next ship date",
}  # fmt: skip
MOST_IN_PLACE = 50
"""Rows of one customer that are shown in place; the rest is a link away."""


def group_context(found: HoldList, can_decide: bool) -> Item:
    """What the page shows instead of single rows."""
    address = found.address
    many = found.count.more or found.count > MOST
    page = grouped(
        found.asked, after=address.params.get("after", ""), before=address.params.get("before", ""), many=many
    )
    unit = list_parts.currency(found)
    heads = [
        address.head(name if not many or name == "customer" else "", label, align, page.order.words)
        for name, label, align in COLUMNS
    ]
    for head in heads:
        head["unit"] = unit if head["label"] in ("Value", "Free limit") else ""
    return {
        "grouped": True,
        "groups": [_row(group, found, can_decide) for group in page.groups],
        "heads": heads,
        "order_text": _order_text(page, many),
        "pager": {
            **found.address.pager(found.page),
            "newer_url": address.page_url("before", page.before),
            "older_url": address.page_url("after", page.after),
        },
    }


def _order_text(page: Grouped, many: bool) -> str:
    if many:
        most = numbers.grouped(MOST)
        return f"By customer, in the order of names, as more than {most} holds match: narrow the list to sort by more"
    words = [
        SORT_WORDS[word.removeprefix("-")] + (", highest first" if word.startswith("-") else "")
        for word in page.order.words
        if word.removeprefix("-") in SORTS
    ]
    return f"By customer, sorted by {', then '.join(words)}"


def _row(group: Group, found: HoldList, can_decide: bool) -> Item:
    key = group.payer.key
    query = found.address.url(group="", sort=None, payer=key).removeprefix("?")
    here = {"from": found.address.url(group="", sort=None).removeprefix("?"), "payer": key}
    limit, exposure = (group.bar or {}).get("limit"), (group.bar or {}).get("exposure")
    days = found.asked.days
    today = days.by_entity.get(group.payer.legal_entity_id, days.elsewhere)
    return {
        "group": group,
        "key": key,
        "slug": f"{group.payer.legal_entity_id}-{group.payer.pk}",
        "url": list_url(HOLDS, query),
        "customer_url": reverse("customer", args=[group.payer.legal_entity_id, group.payer.account]),
        "rows_url": f"{reverse('hold-group')}?{urlencode(here)}",
        "decide_url": f"{reverse('hold-selection')}?{urlencode({'from': query, 'all': '1'})}" if can_decide else "",
        "fit_url": f"{reverse('hold-fit')}?{urlencode({'customer': key})}" if can_decide else "",
        "exposure": exposure,
        "limit": limit,
        "width": meter(exposure, limit) if exposure is not None and limit else "",
        "over": exposure is not None and limit is not None and exposure > limit,
        "past": group.ships is not None and group.ships < today,
        "today": today,
    }


class GroupRows(PageView):
    """GET `/holds/customer/?from=…&payer=NL01:C-1`: the rows of one customer, for the place below its line."""

    looks = Action.VIEW
    section = "holds"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The rows; without htmx the list of this customer as a page."""
        query = QueryDict(request.GET.get("from", ""), mutable=True)
        key = request.GET.get("payer", "")
        if not key:
            raise Http404("Name the customer.")
        query.setlist("payer", [key])
        query.setlist("group", [""])
        if not request.headers.get("HX-Request"):
            return self.go(list_url(HOLDS, query.urlencode()))
        asked = read_address(query, actor=self.actor, now=self.now, today=self.today)
        columns = [column for column in list_rows.columns_of(asked) if column.name != "customer"]
        page = page_in_order(asked.matching, asked.order, per=MOST_IN_PLACE, related=related_of(columns))
        facts = facts_of(page.rows, columns, self.now, self.today, asked.reader.mask)
        listed = list_rows.query_of(asked)
        rows = [list_rows.row_of(hold, asked, facts, listed=listed) for hold in page.rows]
        context = {
            "rows": rows,
            "columns": columns,
            "heads": [{"label": column.label, "align": "right" if column.right else ""} for column in columns],
            "bulk_actions": any(self.may(action) for action in (Action.RELEASE, Action.WORK_HOLDS)),
            "more_url": list_url(HOLDS, query.urlencode()) if page.after else "",
        }
        return self.page("holds/_group_rows.html", context)
