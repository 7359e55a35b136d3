"""One credit group (`ux.md` 3.9), with its members, aged balances and history.

The group's figures are for who sees all legal entities of its members; everybody else sees that there is a group, and
the members that are theirs (`credit_mgmt.masking`).
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.credit_groups.exposures import with_held_orders
from credit_mgmt.credit_groups.phrases import binds_sentence, binds_word
from credit_mgmt.credit_groups.standing import GroupOverview, MemberStanding, overview_of
from credit_mgmt.exposure import NOT_DUE, UNAPPLIED
from credit_mgmt.limits.history import people_in, with_approver
from credit_mgmt.masking import Mask
from credit_mgmt.models import LimitHistory
from credit_mgmt.policies import read_clock
from customers import access
from customers.access import Action
from customers.models import Customer, CustomerCreditGroup, ProfileChange
from customers.money import ZERO
from customers.people import names_of
from customers.views import PageView
from holds.group_list import visible_groups
from holds.models import Hold
from holds.pages.limit_ways import ways_for_group
from holds.pages.panel_contents import Subject
from holds.pages.position import BUCKET_WORDS

Item = dict[str, Any]
SHOWN = 20


def group_or_404(page: PageView, number: str) -> CustomerCreditGroup:
    """The group of the address, as far as the reader may see it."""
    group = visible_groups(page.actor).filter(number=number).first()
    if group is None:
        raise Http404(f"Credit group {number} was not found.")
    return group


def may_manage(page: PageView, group: CustomerCreditGroup) -> bool:
    """Whether the reader may change the group: the right in all legal entities of its members."""
    entities = page.actor.entities(Action.MANAGE_CREDIT_GROUPS)
    if entities is None:
        return True
    members = set(Customer.objects.filter(credit_group=group).values_list("legal_entity_id", flat=True))
    return bool(members) and members <= entities


class GroupPage(PageView):
    """GET `/groups/G-021/`."""

    looks = Action.VIEW_EXPOSURE
    section = "customers"

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """Limit and position, members with their shares, aged balances, history."""
        group = group_or_404(self, number)
        today = self.today("UTC")
        whole = overview_of(group.pk, today)
        with_held = request.GET.get("held") == "yes"
        overview = Mask(self.actor).overview(with_held_orders(whole, read_clock()) if with_held else whole)
        holds = _holds_of(self, overview.members)
        manages = may_manage(self, group)
        history = [] if overview.withheld else _history(group)
        changes = self._changes(group)
        return self.page(
            "groups/group.html",
            {
                "group": group,
                "it": overview,
                "figures": _figures(overview, sum(holds.values()), today),
                "with_held": with_held,
                "members": [member_row(member, holds[member.customer.pk]) for member in overview.members],
                "ageing": ageing_table(overview),
                "bars": _bars(overview),
                "history": history,
                "changes": changes,
                "names": names_of(people_in(history)),
                "actions": self._actions(group, overview, manages=manages, with_held=with_held),
                "bulk_actions": _bulk(group) if manages else [],
                "today": today,
            },
        )

    def _actions(
        self, group: CustomerCreditGroup, overview: GroupOverview, *, manages: bool, with_held: bool
    ) -> list[Item]:
        """What the reader may do with the group."""
        looks = self._looks(group, overview, with_held=with_held)
        return [*self._changing(group), *looks] if manages else looks

    def _changing(self, group: CustomerCreditGroup) -> list[Item]:
        return [
            {"label": "Add members…", "url": reverse("group-add", args=[group.pk]), "icon": "plus", "primary": True},
            *ways_for_group(self, group),
            {"label": "Edit…", "url": reverse("group-edit", args=[group.pk]), "icon": "pencil", "dialog": True},
        ]

    def _looks(self, group: CustomerCreditGroup, overview: GroupOverview, *, with_held: bool) -> list[Item]:
        """What changes nothing of the group: its members' holds are looked at again, its members are a file."""
        file = reverse("group-members-file", args=[group.pk])
        known: list[Item] = [{"label": "Members as CSV", "url": file, "icon": "download"}]
        if not overview.withheld:
            label, query = ("Without held orders", "") if with_held else ("With held orders", "?held=yes")
            url = reverse("group", args=[group.pk]) + query
            known.insert(0, {"label": label, "url": url, "icon": "hand"})
        seen = {member.customer.legal_entity_id for member in overview.members}
        if any(self.may(Action.EVALUATE, entity) for entity in seen):
            url = reverse("group-recheck", args=[group.pk])
            known.insert(0, {"label": "Re-check members…", "url": url, "icon": "refresh-cw", "dialog": True})
        return known

    def _changes(self, group: CustomerCreditGroup) -> list[Item]:
        """Who joined and left, newest first, of the customers that the reader sees."""
        rows = access.scoped(
            ProfileChange.objects.filter(Q(before__credit_group=group.pk) | Q(after__credit_group=group.pk)),
            self.actor,
            Action.VIEW_EXPOSURE,
            path="customer__legal_entity",
        )
        newest = rows.select_related("customer").order_by("-at", "-pk")[:SHOWN]
        return [{"change": row, "joined": row.after.get("credit_group") == group.pk} for row in newest]


def _bulk(group: CustomerCreditGroup) -> list[Item]:
    return [{"label": "Remove from the group…", "url": reverse("group-remove", args=[group.pk]), "icon": "x"}]


def _holds_of(page: PageView, members: Iterable[MemberStanding]) -> Counter[int]:
    ids = [member.customer.pk for member in members]
    rows = access.scoped(Hold.objects.filter(status=Hold.Status.ACTIVE, payer__in=ids), page.actor)
    return Counter(dict(rows.order_by().values_list("payer").annotate(count=Count("pk"))))


def member_row(member: MemberStanding, holds: int = 0) -> Item:
    """A member as the tables draw it, with what binds it in words."""
    return {
        "member": member,
        "customer": member.customer,
        "url": reverse("customer", args=[member.customer.legal_entity_id, member.customer.account]),
        "binds": binds_word(member.binds),
        "why": binds_sentence(member.binds),
        "holds": holds,
    }


def _figures(overview: GroupOverview, holds: int, today: dt.date) -> list[Item]:
    """The strip of head figures; those of the group as a whole only to who may see them."""
    unit, used = overview.currency, overview.used
    ended = overview.expires_on is not None and overview.expires_on < today
    date = {"label": "Limit to", "value": overview.expires_on, "kind": "date", "tone": "late" if ended else ""}
    counts: list[Item] = [
        {"label": "Members", "value": len(overview.members), "kind": "count"},
        {"label": "Open holds", "value": holds, "kind": "count"},
    ]
    if overview.withheld:
        return [{"label": "Group limit", "value": "not shown", "hint": "needs all its legal entities"}, date, *counts]
    over = overview.available is not None and overview.available < 0
    hint = f"{unit}, temporary" if overview.temporary_limit is not None else unit
    return [
        {"label": "Limit", "value": overview.limit, "kind": "limit", "unit": unit, "hint": hint},
        {"label": "Exposure", "value": overview.exposure, "kind": "amount", "unit": unit},
        {"label": "Free", "value": overview.available, "kind": "amount", "unit": unit, "tone": "late" if over else ""},
        {"label": "Used", "value": used, "kind": "percent", "tone": "late" if over else ""},
        date,
        *counts,
    ]


def _bars(overview: GroupOverview) -> Item | None:
    """Each member's exposure beside the others'; nothing where the whole is not the reader's to see."""
    known = [(one.exposure, one.customer.name) for one in overview.members if one.exposure is not None]
    if overview.withheld or len(known) < 2:
        return None
    rows = [{"label": name, "value": exposure} for exposure, name in sorted(known, reverse=True)]
    return {"rows": rows, "largest": max((abs(exposure) for exposure, _ in known), default=ZERO)}


def ageing_table(overview: GroupOverview) -> Item:
    """Buckets by member, and their totals where the reader sees all members (`domain 3.3`, `3.4`)."""
    labels = [BUCKET_WORDS.get(bucket.label, bucket.label.replace("-", "–")) for bucket in overview.ageing]
    return {
        "heads": [
            {"label": label, "late": bucket.label not in (NOT_DUE, UNAPPLIED)}
            for label, bucket in zip(labels, overview.ageing, strict=True)
        ],
        "rows": [{"customer": member.customer, "amounts": _amounts(member.ageing)} for member in overview.members],
        "totals": [] if overview.withheld else _amounts(overview.ageing),
        "currency": overview.currency,
    }


def _amounts(buckets: Iterable[Any]) -> list[Any]:
    return [bucket.amount for bucket in buckets]


def _history(group: CustomerCreditGroup) -> list[LimitHistory]:
    entries: QuerySet[LimitHistory] = LimitHistory.objects.filter(account__group=group)
    return list(with_approver(entries).order_by("-sequence")[:SHOWN])


def group_of(subject: Subject) -> Item:
    """The tab *Groups* of a customer: its group, its share of it, and which limit is the tighter one, in words."""
    group = subject.customer.credit_group
    if group is None:
        return {"group": None}
    overview = Mask(subject.page.actor).overview(overview_of(group.pk, subject.today))
    mine = next(one for one in overview.members if one.customer.pk == subject.customer.pk)
    return {
        "group": group,
        "it": overview,
        "row": member_row(mine),
        "url": reverse("group", args=[group.pk]),
        "others": [one.customer for one in overview.members if one is not mine],
    }
