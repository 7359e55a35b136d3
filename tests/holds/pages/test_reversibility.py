"""Nothing irreversible by accident (`ux` 5, measure 5): every page that changes something is in this table.

A new page that takes POST turns the first test red until somebody has decided how its action is taken back, or what the
page says before it is done.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, get_resolver, reverse

from customers.models import Role
from holds.events import EventType
from holds.forced import force_hold
from holds.models import Hold
from holds.recent import WAYS
from holds.rejections import reject_hold
from tests.factories_holds import NOW, SYSTEM, a_customer, an_order, held, today

TAKEN_BACK: dict[str, str] = {
    "hold-assign": EventType.ASSIGNED,
    "hold-claim": EventType.ASSIGNED,
    "hold-snooze": EventType.SNOOZED,
    "hold-wake": EventType.WOKEN,
    "hold-note": EventType.NOTED,
    "hold-review": EventType.REVIEW_DATE_SET,
    "order-force": EventType.FORCED,
    "hold-force": EventType.FORCED,
}
"""Done at once and taken back for 15 minutes from the toast or *my recent actions*, by the event that tells of it."""

CONFIRMED = {
    "hold-release": "Release",
    "hold-reject": "Reject",
    "hold-evaluate": "Evaluate",
    "order-cancel": "Cancel order",
    "order-reopen": "Reopen",
    "customer-limit": "Change limit",
}
"""A page with this button stands between the wish and the act; it says what will happen."""

ASKED_ELSEWHERE = {
    "setup-delete": "asks first, and is refused for what is used; made again under its code",
    "journal-submit": "asks first; taken back to draft",
    "journal-post": "asks first with sums and the biggest changes; a reversing journal takes it back",
    "journal-cancel": "asks first, naming the drafts; a cancelled journal can be copied",
    "journal-generate": "shows a preview before the button; lines of a draft change nothing",
    "order-post": "the order's page names the document on the button",
    "job-cancel": "a page of its own says what is kept",
    "job-restart": "calls a worker; what is done is not done again",
    "job-retry": "tries again what failed, from the page that lists it",
    "job-apply": "does what the preview on the same page shows",
    "job-repeat": "the same evaluation again, from its page",
    "journal-export": "reads; a long one becomes a job that can be cancelled",
    "journal-many": "asks first, naming the journals; taken back to draft, copied, or reversed one by one",
    "hold-export": "reads; a long one becomes a job that can be cancelled",
    "customer-export": "reads; a long one becomes a job that can be cancelled",
    "cover-bulk-end": "asks first, naming the policies; let to run longer again by changing their dates",
    "cover-bulk-dates": "asks first, naming the policies; changed back the same way",
    "group-export": "reads; a long one becomes a job that can be cancelled",
    "group-bulk-limit": "asks first; by journal nothing changes before it is posted, by hand it is changed back",
    "group-recheck": "asks first; an evaluation can be cancelled from its page",
    "customer-bulk-journal": "lines of a draft change nothing; removed in the grid",
    "customer-bulk-review": "asks first, naming the customers; set again the same way",
    "customer-bulk-reviewed": "asks first, naming the customers; set again on the card",
    "customer-bulk-group": "asks first, naming the customers; set again the same way",
    "customer-bulk-status": "asks first, naming the customers; set again the same way",
}

CHANGED_BACK = {
    "hold-undo": "is the way back",
    "hold-undo-job": "is the way back of what a job did",
    "notifications": "chosen again on the same page",
    "notifications-read": "they stay in the list; nothing but the mark changes",
    "hold-reinstate": "is the way back of a release without posting",
    "hold-absence": "ended on the same page",
    "hold-views": "pinned and unpinned on the same page",
    "hold-view-new": "deleted on the page of views",
    "hold-view-save": "saved again",
    "hold-view-delete": "saved again from its address; asks first",
    "hold-columns": "arranged again; Reset restores the standard",
    "journal-views": "pinned and unpinned on the same page",
    "journal-view-new": "deleted on the page of views",
    "journal-view-save": "saved again",
    "journal-view-delete": "saved again from its address; asks first",
    "journal-columns": "arranged again; Reset restores the standard",
    "group-views": "pinned and unpinned on the same page",
    "group-view-new": "deleted on the page of views",
    "group-view-save": "saved again",
    "group-view-delete": "saved again from its address; asks first",
    "group-columns": "arranged again; Reset restores the standard",
    "customer-views": "pinned and unpinned on the same page",
    "customer-view-new": "deleted on the page of views",
    "customer-view-save": "saved again",
    "customer-view-delete": "saved again from its address; asks first",
    "customer-columns": "arranged again; Reset restores the standard",
    "cover-new": "ended or removed again; the record of its changes stays",
    "cover-edit": "edited back; the record of its changes stays",
    "cover-end": "let to run longer again; asks first",
    "cover-remove": "entered again; asks first, and the record of its changes stays",
    "cover-import": "edited back one by one, or with a file that was exported before",
    "cover-type-new": "changed on its page; counts for nothing by itself",
    "cover-type": "edited back",
    "customer-new-orders": "new orders are forced again on the page Force hold",
    "customer-review": "dates and the eligible limit are edited back",
    "group-new": "a group without members binds nobody; it is edited and emptied again",
    "group-edit": "edited back",
    "group-limit": "changed back, with its entry in the history",
    "group-add": "shows what changes before the button; removed again on the group's page",
    "group-remove": "added again; the page says what changes",
    "journal-new": "a draft changes nothing; it is cancelled from its page",
    "journal-change": "adds a line to a draft, which changes nothing; removed in the grid",
    "journal-lines": "a draft changes nothing; edited back, and removed lines are added again",
    "journal-line": "a row of the grid: edited back",
    "journal-add": "lines of a draft change nothing; removed in the grid",
    "journal-paste": "shows the rows before they are added; removed in the grid",
    "journal-adjust": "shows a preview before the button; taken back for 15 minutes",
    "journal-undo": "is the way back of what was done to many lines",
    "journal-check": "looks at the lines again",
    "journal-refresh": "compares the lines of a draft with what is in force",
    "journal-describe": "edited back",
    "journal-recall": "asks first; submitted again",
    "journal-copy": "a draft changes nothing; it is cancelled from its page",
    "journal-reverse": "asks first; the draft that it makes changes nothing",
    "customer-pin": "pinned and unpinned on the same tab",
    "preferences": "chosen again",
    "preferences-theme": "switched again",
    "job-schedule": "changed back in the same dialog",
    "rule-new": "a draft holds nothing; it can be discarded",
    "rule-edit": "a draft holds nothing; what counts goes on counting",
    "rule-activate": "asks first and why; the version before is restored in one action",
    "rule-shadow": "asks first and why; holds nothing, and is retired again",
    "rule-retire": "asks first and why; restored in one action",
    "rule-discard": "asks first; a discarded draft can be restored",
    "rules-start": "drafts hold nothing; each can be discarded",
    "rules-retire": "asks first and why; each is restored in one action",
    "rule-import": "shows the differences before the button; drafts hold nothing and can be discarded",
    "rule-backtest": "reads and counts; a run can be cancelled",
    "rule-restore": "asks first and why; the version before is restored the same way",
    "parameters": "edited back; decisions keep the version that they used",
    "setup-checkpoints": "edited back; decisions keep the version that they used",
    "setup-records": "deleted while nothing uses it, else closed",
    "setup-record": "edited back; its history stays",
    "setup-switch": "switched back on the same page",
    "setup-move": "moved back by the button beside it",
}

ONLY_ADDS = {
    "hold-files": "a file is evidence and stays",
    "customer-files": "a file is evidence and stays",
    "customer-note": "a note is evidence and stays; another one corrects it",
    "order-ask": "a question is evidence and stays",
    "hold-seen": "says who looks, for 45 seconds",
    "login": "signing in",
    "logout": "signing out",
}

TABLE = {**TAKEN_BACK, **CONFIRMED, **ASKED_ELSEWHERE, **CHANGED_BACK, **ONLY_ADDS}


def patterns(within: Any) -> Iterator[URLPattern]:
    for pattern in within:
        if isinstance(pattern, URLPattern):
            yield pattern
        elif str(pattern.pattern) not in {"api/", "api/v1/", "admin/"}:
            yield from patterns(pattern.url_patterns)


def changing_routes() -> set[str]:
    """Names of the pages that take POST."""
    return {
        str(pattern.name)
        for pattern in patterns(get_resolver().url_patterns)
        if hasattr(getattr(pattern.callback, "view_class", None), "post")
    }


def test_every_page_that_changes_something_is_in_the_table():
    assert changing_routes() == set(TABLE)


def test_no_page_is_in_the_table_twice():
    parts = (TAKEN_BACK, CONFIRMED, ASKED_ELSEWHERE, CHANGED_BACK, ONLY_ADDS)
    assert len(TABLE) == sum(len(part) for part in parts)


@pytest.mark.parametrize(("route", "event"), TAKEN_BACK.items(), ids=TAKEN_BACK)
def test_what_is_done_at_once_can_be_taken_back(route, event):
    assert event in WAYS


@pytest.fixture
def subject(world) -> Hold:
    return held(an_order(a_customer(limit="100"), "400"))


def address(route: str, hold: Hold) -> str:
    entity, order = hold.legal_entity_id, hold.order
    if route.startswith("hold-"):
        return f"{reverse(route)}?hold={hold.number}"
    if route == "customer-limit":
        return reverse(route, args=[entity, hold.payer.account])
    return reverse(route, args=[entity, order.number])


@pytest.mark.parametrize(("route", "button"), CONFIRMED.items(), ids=CONFIRMED)
def test_a_page_stands_between_the_wish_and_what_cannot_be_taken_back(route, button, subject, manager):
    if route == "order-reopen":
        reject_hold(id=subject.pk, actor=SYSTEM, at=NOW)
    before = (Hold.objects.get().version, Hold.objects.get().status)
    page = manager.get(address(route, subject))
    assert page.status_code == 200
    text = page.content.decode()
    assert 'method="post"' in text
    assert button in text
    assert (Hold.objects.get().version, Hold.objects.get().status) == before


def test_looking_at_any_confirming_page_changes_nothing(subject, sign_in):
    force_hold(order=subject.order_id, reason="DISPUTE", actor=SYSTEM, at=NOW, today=today)
    version = Hold.objects.get().version
    reader = sign_in(Role.CREDIT_MANAGER, name="reader")
    for route in (*TAKEN_BACK, *CONFIRMED):
        if route.startswith("hold-") and route not in {"hold-note", "hold-review"}:
            reader.get(address(route, subject))
    assert Hold.objects.get().version == version
