"""The tabs of a hold and of a customer (`ux.md` 3.2, 3.6): documents, payments, orders, timeline, audit, rules."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from credit_mgmt import limits
from credit_mgmt.models import BlockingRule, CreditAccount, LimitHistory
from credit_mgmt.rules import retire_rule
from credit_mgmt.rules.saving import save_rule
from customers import clock
from customers.imports import upsert
from customers.models import AccountStatus, CustomerTransaction, DueItem, ExchangeRate, ProfileChange, Role, Settlement
from holds import worklist
from holds.models import Hold
from holds.order_history import orders_since
from holds.pages.hold_detail import PANELS
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
    today,
)

pytestmark = pytest.mark.django_db
ISLAND = {"HX-Request": "true", "HX-Target": "panel"}


def shown(answer) -> str:
    return answer.content.decode()


def stopped() -> Hold:
    """A customer above its limit with an overdue invoice, one that is not due, and an approved order."""
    a_rule("days_overdue", days=45, name="DO-07")
    customer = a_customer(limit="1000")
    an_invoice(customer, "300", due=DAY - dt.timedelta(days=67), number="INV-LATE")
    an_invoice(customer, "110", number="INV-SOON")
    return held(an_order(customer, "900", "SO-1"))


def a_payment(customer, amount: str, number: str, day: dt.date = DAY) -> CustomerTransaction:
    entry = CustomerTransaction.objects.create(
        legal_entity_id=customer.legal_entity_id, series="payment", kind="payment", customer=customer, date=day,
        number=number, currency_id=customer.currency_id, amount=Decimal(amount),
    )  # fmt: skip
    DueItem.objects.create(
        transaction=entry, customer=customer, currency_id=customer.currency_id, date=day, due_date=day,
        amount=-Decimal(amount), open_amount=-Decimal(amount),
    )  # fmt: skip
    return entry


@pytest.mark.parametrize("panel", PANELS)
def test_each_tab_is_an_island_and_a_page(clerk, panel):
    address = f"/holds/{stopped().number}/panels/{panel}/"
    island = shown(clerk.get(address, headers=ISLAND))
    assert "<html" not in island
    assert island.strip().startswith('<section id="panel"')
    page = shown(clerk.get(address))
    assert "<html" in page
    assert f'<a href="{address}"' in page


def test_a_tab_that_there_is_not_is_not_found(clerk):
    hold = stopped()
    assert clerk.get(f"/holds/{hold.number}/panels/secrets/").status_code == 404
    assert clerk.get("/customers/USMF/US-001/panels/trace/").status_code == 404


def test_every_segment_of_the_bar_opens_the_documents_that_add_up_to_it(clerk):
    hold = stopped()
    bar = clerk.get(f"/holds/{hold.number}/").context["exposure"]
    for part in ("overdue", "not_due", "unapplied", "delivered", "ordered"):
        answer = clerk.get(bar["urls"][part], headers=ISLAND)
        assert answer.context["total"]["amount"] == bar[part], part
    assert "INV-LATE" in shown(clerk.get(bar["urls"]["overdue"]))
    assert "INV-SOON" not in shown(clerk.get(bar["urls"]["overdue"]))


def test_an_ageing_bucket_opens_its_invoices(clerk):
    ageing = clerk.get(f"/holds/{stopped().number}/").context["ageing"]
    for bucket in ageing["buckets"]:
        assert clerk.get(bucket["url"]).context["total"]["amount"] == bucket["amount"], bucket["label"]


def test_amounts_in_several_currencies_are_added_up_with_their_rates(clerk):
    hold = stopped()
    an_entity("NL01", "EUR")
    ExchangeRate.objects.create(
        rate_type="default", from_currency_id="EUR", to_currency_id="USD", rate="1.25", valid_from=dt.date(2026, 1, 1)
    )
    invoice = an_invoice(hold.payer, "80")
    DueItem.objects.filter(transaction=invoice).delete()
    CustomerTransaction.objects.filter(pk=invoice.pk).update(currency="EUR")
    DueItem.objects.create(
        transaction_id=invoice.pk, customer=hold.payer, currency_id="EUR", date=DAY, due_date=DAY, amount=80,
        open_amount=80,
    )  # fmt: skip
    total = clerk.get(f"/holds/{hold.number}/panels/invoices/?part=not_due").context["total"]
    assert [(line.currency, line.amount, line.converted) for line in total["lines"]] == [
        ("EUR", Decimal(80), Decimal(100)),
        ("USD", Decimal(110), Decimal(110)),
    ]
    assert total["amount"] == Decimal(210)


def test_payments_say_what_they_settled_and_how_long_it_took(clerk):
    hold = stopped()
    payment = a_payment(hold.payer, "300", "P-55102")
    invoice = CustomerTransaction.objects.get(number="INV-LATE")
    CustomerTransaction.objects.filter(pk=invoice.pk).update(date=DAY - dt.timedelta(days=97))
    Settlement.objects.create(
        credit=payment.due_items.get(), debit=invoice.due_items.get(), date=DAY, amount=Decimal(250)
    )
    [row] = clerk.get(f"/holds/{hold.number}/panels/payments/").context["rows"]
    assert row["settled"] == [{"number": "INV-LATE", "amount": Decimal(250)}]
    assert row["taken"] == 97


def test_order_history_tells_holds_decisions_and_lateness(clerk):
    hold = stopped()
    clerk.post("/holds/release/", {"hold": hold.number, "mode": "without_posting", "reason": "PAID", "note": ""})
    late = an_invoice(hold.payer, "900", due=DAY - dt.timedelta(days=9), number="INV-OF-SO-1")
    CustomerTransaction.objects.filter(pk=late.pk).update(sales_order=hold.order)
    never_held = an_order(hold.payer, "5", "SO-FREE")
    rows = {row["order"].number: row for row in clerk.get(f"/holds/{hold.number}/panels/orders/").context["rows"]}
    assert rows["SO-1"]["past"].decided_by == "clerk"
    assert (rows["SO-1"]["past"].paid_late, rows["SO-1"]["past"].unpaid) == (9, True)
    assert rows["SO-1"]["hold"] == hold
    assert rows[never_held.number]["hold"] is None


def test_orders_of_long_ago_are_history(clerk):
    hold = stopped()
    records = type(hold.decision).objects.filter(order=hold.order)
    assert records.exists()
    later = DAY + dt.timedelta(days=800)
    assert not orders_since(hold.payer, later).filter(pk=hold.order_id).exists()
    assert orders_since(hold.payer, DAY).filter(pk=hold.order_id).exists()


def test_the_timeline_tells_everything_newest_first_and_names_who(clerk):
    hold = stopped()
    worklist.add_note(ids=[hold.pk], note="promised for Thursday", actor=a_user("jan"), at=NOW + dt.timedelta(hours=1))
    a_payment(hold.payer, "40", "P-1", DAY - dt.timedelta(days=3))
    parameters(allow_manual_editing_of_credit_limits=True)
    account = CreditAccount.objects.get(customer=hold.payer)
    limits.set_limit(
        account=account.pk, limit_amount=Decimal(1500), unlimited=False, mandatory=False,
        source=LimitHistory.Source.MANUAL, actor=a_user("mira"), at=NOW + dt.timedelta(hours=2), as_of=DAY,
    )  # fmt: skip
    events = clerk.get(f"/holds/{hold.number}/panels/timeline/").context["events"]
    assert [event["text"] for event in events][:2] == ["Limit 1,000.00 → 1,500.00", "Note"]
    assert [event["actor"] for event in events][:2] == ["by mira", "by jan"]
    assert events[-1]["text"] == "Payment P-1, 40.00 USD"
    assert events[-1]["actor"] == "reported by the ERP"
    assert [event["at"] for event in events] == sorted((event["at"] for event in events), reverse=True)


def test_a_change_of_status_is_told_with_who_changed_it(clerk):
    hold = stopped()
    AccountStatus.objects.create(code="WATCH")
    row = {"key": hold.payer.key, "account_status": "WATCH", "excluded": True}
    upsert("customers", [row], actor=a_user("mira"), today=today, replace=False)
    events = clerk.get(f"/holds/{hold.number}/panels/timeline/?kind=profile").context["events"]
    assert [(event["text"], event["actor"]) for event in events] == [
        ("Account status none → WATCH, Excluded from credit management no → yes", "by mira")
    ]


@pytest.mark.parametrize(
    "change", ["UPDATE customers_profilechange SET actor = 'x'", "DELETE FROM customers_profilechange"]
)
def test_a_change_of_the_profile_is_recorded_whoever_makes_it_and_never_altered(change):
    customer = a_customer()
    type(customer).objects.filter(pk=customer.pk).update(excluded=True)
    assert ProfileChange.objects.get().after == {"excluded": True}
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


@pytest.mark.parametrize(
    ("kind", "texts"),
    [("payments", ["Payment P-1, 40.00 USD"]), ("holds", ["Held"]), ("decisions", []), ("notes", ["Note"])],
)
def test_the_timeline_is_narrowed_by_kind(clerk, kind, texts):
    hold = stopped()
    worklist.add_note(ids=[hold.pk], note="called", actor=a_user("jan"), at=NOW)
    a_payment(hold.payer, "40", "P-1")
    answer = clerk.get(f"/holds/{hold.number}/panels/timeline/?kind={kind}")
    assert [event["text"] for event in answer.context["events"]] == texts


def test_the_timeline_is_paged_without_losing_or_repeating_a_line(clerk):
    hold = stopped()
    for number in range(60):  # many in the same instant: the order must be total
        a_payment(hold.payer, "1", f"P-{number:03}")
    address, texts = f"/holds/{hold.number}/panels/timeline/?kind=payments", []
    for _ in range(5):
        answer = clerk.get(address)
        texts += [event["text"] for event in answer.context["events"]]
        older = answer.context["pager"]["older_url"]
        if not older:
            break
        address = f"/holds/{hold.number}/panels/timeline/{older}"
    assert len(texts) == len(set(texts)) == 60


@pytest.mark.parametrize("after", ["nonsense", "2026-11-20~e1", "2026-11-20T00:00:00+00:00~\0"])
def test_a_cursor_of_another_list_begins_at_the_top(clerk, after):
    answer = clerk.get(f"/holds/{stopped().number}/panels/timeline/", {"after": after})
    assert answer.status_code == 200
    assert answer.context["events"]


def test_the_audit_shows_before_and_after(clerk):
    hold = stopped()
    actor = a_user("jan")
    worklist.set_review_date(ids=[hold.pk], review_date=DAY + dt.timedelta(days=3), actor=actor, at=NOW)
    worklist.set_review_date(ids=[hold.pk], review_date=DAY + dt.timedelta(days=5), actor=actor, at=NOW)
    rows = clerk.get(f"/holds/{hold.number}/panels/audit/").context["rows"]
    assert [row["event"].version for row in rows] == [3, 2, 1]
    assert rows[0]["changes"] == [{"name": "Review date", "before": "2026-11-23", "after": "2026-11-25"}]
    assert {"name": "Status", "before": "none", "after": "active"} in rows[2]["changes"]


def test_a_rule_leads_to_the_version_that_fired(clerk):
    hold = stopped()
    rule = BlockingRule.objects.get(code="DO-07")
    link = next(
        item["rule_url"] for item in clerk.get(f"/holds/{hold.number}/").context["reasons"] if "DO-07" in item["rule"]
    )
    assert "The rule of today says the same." in shown(clerk.get(link))
    save_rule(rule=rule.pk, values={"days": 90}, actor=SYSTEM, at=NOW, replace=False)
    answer = clerk.get(link)
    days = next(row for row in answer.context["rows"] if row["label"] == "Days")
    assert (days["then"], days["now"], days["changed"]) == ("45", "90", True)
    retire_rule(rule=rule.pk, why="Not needed", actor=SYSTEM, at=NOW)
    assert "This rule is not in force any more" in shown(clerk.get(link))
    assert clerk.get(f"/holds/{hold.number}/rules/nonsense/").status_code == 404


def test_at_hold_shows_what_was_found_then_and_what_changed(clerk):
    hold = stopped()
    DueItem.objects.filter(transaction__number="INV-LATE").update(open_amount=0)
    page = clerk.get(f"/holds/{hold.number}/?at=hold")
    assert [item["title"] for item in page.context["reasons"]] == ["Limit used", "Days overdue"]
    compared = {row["label"]: row for row in page.context["compared"]}
    overdue = compared["Overdue"]
    assert [overdue[key]["value"] for key in ("then", "now", "change")] == [Decimal(300), Decimal(0), Decimal(-300)]
    assert page.context["reasons_compared"]["gone"] == ["Days overdue"]
    assert page.context["exposure"]["overdue"] == Decimal(300)
    assert clerk.get(f"/holds/{hold.number}/").context["exposure"]["overdue"] == 0


def test_the_limit_says_what_is_not_in_effect_and_why(clerk):
    member = a_customer("US-ZERO", limit="0", credit_group=a_group("G9", "100"))
    hold = held(an_order(member, "400"))
    page = clerk.get(f"/holds/{hold.number}/")
    [line] = page.context["limit"]["lines"]
    assert line["off"] == "the group’s limit stands in for it"
    assert page.context["exposure"]["limit"] is None
    assert "The group is the tighter limit." in shown(page)


def test_with_all_held_orders_adds_what_they_would_use(clerk):
    hold = stopped()
    held(an_order(hold.payer, "250", "SO-2"))
    assert clerk.get(f"/holds/{hold.number}/").context["exposure"]["held_orders"] is None
    answer = clerk.get(f"/holds/{hold.number}/?held=1")
    assert answer.context["exposure"]["held_orders"] == Decimal(250)
    assert "Other held orders" in shown(answer)


def test_old_figures_are_marked_and_checking_again_is_announced(clerk):
    hold = stopped()
    Hold.objects.filter(pk=hold.pk).update(evaluated_at=clock.now() - dt.timedelta(hours=5))
    assert "The same reasons still apply." in shown(clerk.get(f"/holds/{hold.number}/"))
    DueItem.objects.filter(transaction__number="INV-LATE").update(open_amount=0)
    page = shown(clerk.get(f"/holds/{hold.number}/"))
    assert "Days overdue no longer applies. Evaluate to bring the hold up to date." in page
    Hold.objects.filter(pk=hold.pk).update(evaluated_at=clock.now())
    assert "Checked again just now" not in shown(clerk.get(f"/holds/{hold.number}/"))


def test_other_entities_see_neither_tabs_nor_documents(sign_in):
    hold = stopped()
    stranger = sign_in(Role.AUDITOR, an_entity("DE01", "EUR").code)
    for panel in PANELS:
        assert stranger.get(f"/holds/{hold.number}/panels/{panel}/").status_code == 404
    assert stranger.get("/customers/USMF/US-001/panels/invoices/").status_code == 404


@pytest.mark.parametrize("panel", ["orders", "invoices", "payments", "timeline", "notes", "audit"])
def test_the_number_of_queries_of_a_tab_does_not_grow(clerk, panel):
    hold = stopped()
    address = f"/holds/{hold.number}/panels/{panel}/"
    clerk.get(address, headers=ISLAND)
    with CaptureQueriesContext(connection) as few:
        clerk.get(address, headers=ISLAND)
    for number in range(12):
        an_invoice(hold.payer, "10")
        a_payment(hold.payer, "1", f"P-{number}")
        post(an_order(hold.payer, "1"))
        worklist.add_note(ids=[hold.pk], note=f"note {number}", actor=a_user("jan"), at=NOW)
    with CaptureQueriesContext(connection) as many:
        clerk.get(address, headers=ISLAND)
    assert len(many) <= len(few) + (1 if panel == "payments" else 0)
    assert len(many) <= 12
