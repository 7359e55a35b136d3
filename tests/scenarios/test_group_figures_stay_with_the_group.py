"""Group figures are for people granted all member entities (`domain 3.4`, `reliability.md` S16): nobody else reads one.

A group over two entities, an order of each kind that its limit stops, every page and every API answer, read by people
of one entity only. The figures are numbers that occur nowhere else, so that one of them on a page is a leak, whoever
added the page: all routes are walked as they are registered.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from credit_mgmt.exposure import position_of
from credit_mgmt.models import BlockingRule, DecisionRecord
from customers.jobs import run_job
from customers.models import Job, JobItem, Role, SalesOrder
from holds import evaluation
from holds.models import Hold
from holds.pages.customers import PANELS as OF_CUSTOMERS
from holds.pages.hold_detail import PANELS as OF_HOLDS
from holds.releases import release_hold
from tests.api_client import client
from tests.factories_holds import (
    DAY,
    NOW,
    SYSTEM,
    a_customer,
    a_group,
    a_rule,
    a_user,
    an_entity,
    an_invoice,
    an_order,
    held,
    parameters,
    post,
    reasons,
    today,
)

pytestmark = pytest.mark.django_db
OURS, THEIRS = "USMF", "DEMF"


@pytest.fixture
def group(settings: Any) -> Any:
    """Limit 70,001; the other entity's member owes 50,003; ours owes 9,000 and has 21,000 on hold, of 12,000 and 9,000.

    So the group's exposure is 59,003 without a held order, 71,003 and 68,003 with one of them.
    """
    settings.CREDIT_TODAY = DAY
    for entity in (OURS, THEIRS):
        an_entity(entity)
    reasons()
    a_rule()
    parameters(message_when_exceeding_credit_limit="error")
    group = a_group("G1", limit="70001")
    ours = a_customer("US-1", limit="100000", credit_group=group)
    theirs = a_customer("DE-1", limit="100000", credit_group=group, entity=an_entity(THEIRS))
    an_invoice(theirs, "50003", number="INV-THEIRS", due=DAY.replace(day=1))
    group.use_member_days_overdue = True
    group.save()
    a_rule("days_overdue", name="late", days=5)
    an_invoice(ours, "9000")
    held(an_order(ours, "12000", "SO-STOPPED"))
    released = held(an_order(ours, "13000", "SO-RELEASED"))
    release_hold(id=released.pk, mode="without_posting", reason="PAID", actor=SYSTEM, at=NOW, today=today)
    post(an_order(ours, "14000", "SO-SHOP", order_type="pos"))
    a_rule("sales_order", name="big", amount=Decimal(1000), currency_id="USD")  # so that an evaluation finds something
    job = evaluation.start_evaluation(parameters={}, actor=SYSTEM, now=NOW)
    run_job(job.pk)
    return group


def forbidden(group: Any) -> list[str]:
    """Every figure that tells of the group or of the other entity's member, in all ways of writing it.

    Our own amounts are whole thousands; what the group's limit or its other member is part of ends in another digit.
    """
    standing = position_of(SalesOrder.objects.get(number="SO-STOPPED").payer, DAY).group
    assert standing is not None
    stored = " ".join(DecisionRecord.objects.values_list("content", flat=True))
    amounts = {Decimal(text) for text in re.findall(r"\d{4,}\.\d\d", stored)}
    amounts |= {abs(one) for one in (standing.limit, standing.exposure, standing.available) if one is not None}
    others = {amount for amount in amounts if amount % 1000}
    assert {Decimal(70001), Decimal(59003)} & others
    percents = {Decimal(text) for text in re.findall(r'percent":"(\d+\.\d\d)"', stored)} - {Decimal("100.00")}
    said = {f"{amount:,.2f}" for amount in others} | {f"{amount:.2f}" for amount in others}
    said |= {f"{percent:.2f}" for percent in percents} | {f"{percent:.0f}\N{NO-BREAK SPACE}%" for percent in percents}
    return sorted(said | {"INV-THEIRS", "DEMF:DE-1"})


def leaks(text: str, figures: list[str]) -> list[str]:
    """Where one of the figures stands in the text, with what stands around it."""
    there = [figure for figure in figures if figure in text]
    found = [re.search(rf"(?<![\d,.]){re.escape(figure)}(?!\d)", text) for figure in there]
    return [text[max(0, match.start() - 60) : match.end() + 20] for match in found if match]


def routes(patterns: Any, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, prefix + str(pattern.pattern))
        else:
            yield prefix + str(pattern.pattern), pattern


def known(hold: Hold, group: Any) -> dict[str, Any]:
    """What the arguments of addresses can be."""
    rule = BlockingRule.objects.get(type="limit_used").pk
    job = Job.objects.first()
    return {
        "legal_entity": OURS, "account": "US-1", "code": OURS, "rule_id": rule, "rule": rule, "entity": OURS,
        "job_id": job.pk if job else None, "panel": None, "number": None, "way": "next",
    }  # fmt: skip


def addresses(hold: Hold, group: Any) -> Iterator[str]:
    """Every page that can be asked for with what there is."""
    values = known(hold, group)
    numbers = {"group": group.pk, "order": "SO-STOPPED"}
    for text, pattern in routes(get_resolver().url_patterns):
        name = str(pattern.name or "")
        if text.startswith(("api/", "admin/", "_", "accounts/", "health")) or not name or name in {"login", "logout"}:
            continue
        arguments = list(pattern.pattern.converters) or list(getattr(pattern.pattern.regex, "groupindex", ()))
        for panel in _panels(name) if "panel" in arguments else [None]:
            given = {one: values.get(one) for one in arguments}
            if "number" in arguments:
                given["number"] = numbers.get(name.partition("-")[0], hold.number)
            if name.startswith("rule"):
                given |= {one: value for one, value in RULE.items() if one in arguments}
            if panel:
                given["panel"] = panel
            if None in given.values():
                continue
            yield reverse(name, kwargs=given)


RULE = {"code": "limit_used", "number": 1}
"""The rule of `a_rule`."""


def _panels(name: str) -> list[str]:
    return list(OF_CUSTOMERS if name.startswith("customer") else OF_HOLDS)


def queries(hold: Hold) -> list[str]:
    """The same pages asked for more."""
    columns = "cols=order,customer,why,value,over,used,free,rule,credit_group"
    return [
        f"/holds/?{columns}", f"/holds/?{columns}&sort=-over", "/holds/?group=customer", "/holds/?view=all",
        f"/holds/?over_min=1000&{columns}", f"/holds/?peek={hold.number}",
        f"/holds/export/?{columns}", f"/holds/{hold.number}/?at=hold", f"/holds/{hold.number}/?held=1",
        f"/holds/release/?hold={hold.number}", f"/holds/reject/?hold={hold.number}",
        f"/admin/holds/hold/{hold.pk}/change/", f"/admin/credit_mgmt/decisionrecord/{hold.decision_id}/change/",
        "/admin/holds/holdreason/", "/admin/credit_mgmt/limithistory/", "/admin/credit_mgmt/creditaccount/",
        f"/admin/holds/holdreason/{hold.reasons.first().pk}/change/",
        f"/holds/fit/?customer={OURS}:US-1", "/holds/fit/?group=G1", "/holds/force/?customer=USMF:US-1",
        "/orders/USMF/SO-STOPPED/check/?document=confirmation", "/search/?q=SO-STOPPED", "/holds/?status=released",
    ]  # fmt: skip


def test_no_page_shows_a_group_figure_to_a_reader_of_one_entity(group: Any) -> None:
    figures = forbidden(group)
    hold = Hold.objects.get(order__number="SO-STOPPED")
    reader = _signed_in(OURS, Role.AUDITOR, Role.CREDIT_MANAGER, Role.CREDIT_ADMINISTRATOR)
    seen = 0
    for address in [*addresses(hold, group), *queries(hold)]:
        answer = reader.get(address)
        assert answer.status_code < 500, address
        text = (b"".join(answer) if answer.streaming else answer.content).decode(errors="replace")
        assert leaks(text, figures) == [], address
        seen += answer.status_code == 200
    assert seen > 40


def test_the_same_pages_show_them_to_a_reader_of_all_entities(group: Any) -> None:
    """The walk finds what is there: without it the test above could not fail."""
    figures = forbidden(group)
    hold = Hold.objects.get(order__number="SO-STOPPED")
    reader = _signed_in(None, Role.CREDIT_MANAGER)
    for address in (f"/holds/{hold.number}/", "/groups/G1/", "/orders/USMF/SO-STOPPED/", "/groups/", "/holds/"):
        assert leaks(reader.get(address).content.decode(), figures), address


API = (
    "holds", "holds?ordering=-held_at", "holds?over_limit_gte=1", "decisions", "customers", "customers/USMF:US-1",
    "customers/USMF:US-1/credit", "credit-groups", "credit-groups/G1", "credit-groups/G1/credit",
    "credit-groups/G1/members/suggestions", "limit-history", "limit-history?credit_group=G1", "sales-orders", "jobs",
    "events", "temporary-limits", "holds/recent",
)  # fmt: skip


@pytest.mark.parametrize("role", [Role.CREDIT_MANAGER, Role.INTEGRATION])
def test_no_api_answer_shows_a_group_figure_to_a_client_of_one_entity(group: Any, role: str) -> None:
    figures = forbidden(group)
    api = client(f"local-{role}", role, OURS)
    hold = Hold.objects.get(order__number="SO-STOPPED")
    rule = BlockingRule.objects.get(type="limit_used").pk
    decisions = [f"decisions/{pk}" for pk in DecisionRecord.objects.values_list("pk", flat=True)]
    asked = [api.get(path) for path in (*API, f"holds/{hold.pk}", *decisions)]
    document = {"document": "confirmation"}
    check = {"customer": "USMF:US-1", "amount": "30000.00", "currency": "USD", "document": "pos"}
    asked += [
        api.post("sales-orders/USMF:SO-STOPPED/check", document),
        api.post("sales-orders/USMF:SO-STOPPED/post", document),
        api.post("sales-orders/USMF:SO-SHOP/post", document),
        api.post("credit-checks", check),
        api.post(f"blocking-rules/{rule}/test", {"order": "USMF:SO-STOPPED"}),
        api.post("holds/fit", {"credit_group": "G1"}),
        api.post("holds/fit", {"customer": "USMF:US-1"}),
        api.post("credit-groups/G1/members/preview", {"leave": ["USMF:US-1"]}),
    ]
    for answer in asked:
        assert leaks(str(answer.body), figures) == [], answer.response.request["PATH_INFO"]
    assert sum(answer.status == 200 for answer in asked) > 8


def test_a_check_counts_the_whole_group_whatever_its_caller_may_see(group: Any) -> None:
    """domain 3.4, reliability finding 8"""
    api = client("local", Role.INTEGRATION, OURS)
    decision = api.post("sales-orders/USMF:SO-STOPPED/check", {"document": "confirmation"}).is_(200)
    assert decision["outcome"] == "held"
    reason = next(one for one in decision["reasons"] if one["type"] == "limit_used")
    assert reason["account"] == "group:G1"
    assert reason["message"].startswith("Group limit: credit group G1 has no room for this order")
    assert "measured" not in reason["evidence"]


def test_a_job_keeps_no_group_figure(group: Any) -> None:
    """What an evaluation found is read by everybody who sees the job."""
    kept = list(JobItem.objects.values_list("result", flat=True))
    assert "Group limit" in str(kept)
    assert not leaks(str(kept), forbidden(group))


def _signed_in(entity: str | None, *roles: str) -> Client:
    for role in roles:
        a_user("reader", role, entity)
    people = get_user_model().objects.filter(username="reader")
    people.update(is_staff=True)
    browser = Client()
    browser.force_login(people.get())
    return browser
