"""Every parameter of `domain 10` with every value that it may have, in the default row and in an entity's own row.

Each story returns what somebody would see; the table says what that is for each value. It is told twice: once with the
value in the default row, and once with it in the entity's own row while the default row says something else.
"""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from credit_mgmt import checks, limits
from credit_mgmt.exposure import positions
from credit_mgmt.models import CreditAccount, LimitHistory, Parameters
from credit_mgmt.parameter_setup import FIELDS, save_parameters
from credit_mgmt.rules import activate_rule, draft_rule
from customers.errors import InvalidInput, Refused
from customers.models import (
    CashDiscount,
    Currency,
    Customer,
    DueItem,
    ExchangeRate,
    OutboxEvent,
    PaymentTerms,
    Reason,
    SalesOrder,
)
from holds import retention
from holds.evaluation import evaluate
from holds.models import Hold
from holds.orders import cancel_order, feed_orders
from holds.posting import Posting
from holds.releases import release_hold
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
    paid,
    post,
    reasons,
    today,
)

pytestmark = pytest.mark.django_db
LATE = DAY - dt.timedelta(days=40)
LATER = NOW + dt.timedelta(hours=1)


class Days(dict[str, dt.date]):
    """The same day everywhere."""

    def __missing__(self, key: str) -> dt.date:
        return DAY


def told(posting: Posting) -> str:
    """What became of a posting, with why."""
    if posting.decision is None:
        return posting.outcome
    because = [reason.type for reason in posting.decision.reasons]
    warned = ["warned"] if posting.decision.warnings else []
    return " ".join([posting.outcome, *because, *warned])


def asked(order: SalesOrder) -> str:
    """What a check of the order says."""
    decision = checks.check_order(order.pk, checkpoint="confirmation", as_of={"USMF": DAY})
    return " ".join([decision.outcome.value, *(reason.type for reason in decision.reasons)])


# --- the stories, one for each parameter ------------------------------------------------------------------------------


def what_counts_as_exposure() -> str:
    """600 invoiced, 100 delivered, 100 ordered, of 1,000: which of 250, 350, 450 and 5,000 still pass?"""
    customer = a_customer(limit="1000")
    an_invoice(customer, "600")
    delivered, ordered = an_order(customer, "100"), an_order(customer, "100")
    for order, documents in ((delivered, ("confirmation", "packing_slip")), (ordered, ("confirmation",))):
        for document in documents:
            assert post(order, document).outcome == "posted"
    a_rule()
    amounts = ("250", "350", "450", "5000")
    return " ".join(amount for amount in amounts if asked(an_order(customer, amount)) == "passed")


def another_order_that_nobody_approved() -> str:
    a_rule()
    customer = a_customer(limit="1000")
    an_order(customer, "500")
    return asked(an_order(customer, "600"))


def an_order_above_the_limit_with_a_rule() -> str:
    a_rule()
    return told(post(an_order(a_customer(limit="100"), "400")))


def an_order_above_the_limit_without_a_rule() -> str:
    return told(post(an_order(a_customer(limit="100"), "400")))


def a_member_of_a_group_that_is_full() -> str:
    a_rule()
    return asked(an_order(a_customer(limit="1000", credit_group=a_group(limit="100")), "400"))


def an_unlimited_member_of_a_group_that_is_full() -> str:
    a_rule()
    return asked(an_order(a_customer(limit=None, credit_group=a_group(limit="100")), "400"))


def terms_that_are_easier_than_the_customers() -> str:
    PaymentTerms.objects.filter(code="N30").update(rank=1)
    PaymentTerms.objects.create(code="N90", rank=3, net_days=90)
    customer = a_customer(payment_terms_id="N30")
    return asked(an_order(customer, "400", payment_terms_id="N90"))


def a_discount_that_is_easier_than_the_customers() -> str:
    CashDiscount.objects.create(code="D1", rank=1, percent=1)
    CashDiscount.objects.create(code="D3", rank=3, percent=3)
    customer = a_customer(cash_discount_id="D1")
    return asked(an_order(customer, "400", cash_discount_id="D3"))


def a_limit_without_a_date() -> str:
    a_rule("limit_expired", days=0)
    return asked(an_order(a_customer(limit="1000"), "400"))


def an_order_that_grows_by(amount: str) -> str:
    """Stopped at 400 of 100, released without posting; the ERP sends it with a larger amount, then it is posted."""
    a_rule()
    order = an_order(a_customer(limit="100"), "400")
    release(held(order))
    row = {
        "key": order.key, "customer": order.customer.key, "payment_terms": "N30",
        "lines": [{"number": 1, "quantity": Decimal(1), "unit_price": Decimal(amount)}],
    }  # fmt: skip
    feed_orders([row], actor=SYSTEM, at=LATER, today=today)
    return told(post(order))


def an_order_that_grows_a_lot_after_its_release() -> str:
    return an_order_that_grows_by("4000")


def an_order_that_grows_a_little_after_its_release() -> str:
    return an_order_that_grows_by("420")


def release(hold: Hold, **options: Any) -> Hold:
    values = {"mode": "without_posting", "reason": "PAID", "actor": a_user(), "at": NOW, "today": today, **options}
    return release_hold(id=hold.pk, **values)


def a_limit_changed_by_hand() -> str:
    account = CreditAccount.objects.get(customer=a_customer(limit="100"))
    return _changed(account, "200")


def a_limit_above_the_eligible_one() -> str:
    customer = a_customer(limit="100")
    Customer.objects.filter(pk=customer.pk).update(
        eligible_credit_limit=150, eligible_credit_limit_currency="USD", eligible_credit_limit_date=DAY
    )
    account = CreditAccount.objects.select_related("customer", "currency").get(customer=customer)
    changed = _changed(account, "200")
    account.refresh_from_db()
    warned = "warned" if changed == "changed" and limits.eligibility.warning_of(account, DAY) else ""
    return f"{changed} {warned}".strip()


def _changed(account: CreditAccount, limit: str) -> str:
    try:
        limits.set_limit(
            account=account.pk, limit_amount=Decimal(limit), source=LimitHistory.Source.MANUAL, actor=SYSTEM, at=NOW,
            as_of=DAY,
        )  # fmt: skip
    except Refused as refused:
        return refused.code
    return "changed"


def a_payment_comes_and_the_evaluation_runs() -> str:
    a_rule()
    customer = a_customer(limit="1000")
    invoice = an_invoice(customer, "1000")
    order = an_order(customer, "400")
    hold = held(order)
    paid(invoice)
    evaluate(hold_ids=[hold.pk], actor=SYSTEM, at=LATER, today=Days())
    hold = Hold.objects.get(pk=hold.pk)
    order.refresh_from_db()
    reason = f" {hold.release_reason.code}" if hold.release_reason else ""
    return f"{hold.status} {order.document_status}{reason}"


def a_held_order_is_modified() -> str:
    a_rule()
    order = an_order(a_customer(limit="100"), "400")
    hold = held(order)
    row = {
        "key": order.key, "customer": order.customer.key, "payment_terms": "N30",
        "lines": [{"number": 1, "quantity": Decimal(1), "unit_price": Decimal(90)}],
    }  # fmt: skip
    feed_orders([row], actor=SYSTEM, at=LATER, today=today)
    hold = Hold.objects.get(pk=hold.pk)
    reason = f" {hold.release_reason.code}" if hold.release_reason else ""
    return f"{hold.status}{' ready' if hold.ready_to_release else ''}{reason}"


def a_held_order_is_cancelled() -> str:
    a_rule()
    order = an_order(a_customer(limit="100"), "400")
    hold = held(order)
    cancel_order(order=order.pk, actor=SYSTEM, at=LATER)
    hold = Hold.objects.get(pk=hold.pk)
    return f"{hold.status} {hold.release_reason.code if hold.release_reason else 'without a code'}"


def an_order_in_euros() -> str:
    """1,000 euros of a limit of 1,200 dollars: 1,100 at one rate, 1,300 at the other."""
    Currency.objects.get_or_create(code="EUR")
    for rate_type, rate in (("default", "1.1"), ("budget", "1.3")):
        ExchangeRate.objects.create(
            rate_type=rate_type, from_currency_id="EUR", to_currency_id="USD", rate=Decimal(rate), valid_from=LATE
        )
    a_rule()
    return asked(an_order(a_customer(limit="1200"), "1000", currency_id="EUR"))


def what_the_erp_is_told_of_a_hold() -> str:
    a_rule()
    held(an_order(a_customer(limit="100"), "400"))
    return str(OutboxEvent.objects.get(type="hold_placed").data["remove_blocked_load_lines"])


def a_document_is_posted() -> str:
    order = an_order(a_customer(), "400")
    outcome = post(order).outcome
    return f"{outcome} {order.document_status}"


def a_release_without_a_review_date() -> str:
    a_rule()
    hold = held(an_order(a_customer(limit="100"), "400"))
    try:
        return release(hold).status
    except InvalidInput as problem:
        return f"{problem.errors[0].field} {problem.errors[0].code}"


def a_draft_without_a_backtest() -> str:
    draft = draft_rule(values={"type": "days_overdue", "days": 9, "legal_entity": "USMF"}, actor=SYSTEM, at=NOW)
    try:
        return activate_rule(rule=draft.rule_id, why="Needed", actor=SYSTEM, at=NOW).state
    except Refused as problem:
        return problem.code


def a_forgotten_forty_cents() -> str:
    a_rule("days_overdue", days=10)
    customer = a_customer()
    an_invoice(customer, "0.40", due=LATE)
    return asked(an_order(customer, "400"))


def an_invoice_that_is_wholly_disputed() -> str:
    a_rule("days_overdue", days=10)
    customer = a_customer()
    invoice = an_invoice(customer, "100", due=LATE)
    DueItem.objects.filter(transaction=invoice).update(disputed_amount=100)
    assert positions([customer.pk], DAY)[customer.pk].balance == 100
    return asked(an_order(customer, "400"))


def a_decision_of_a_hundred_days_ago() -> str:
    post(an_order(a_customer(), "400"))
    before = retention.outdated("USMF", NOW + dt.timedelta(days=100))
    assert before is not None
    return "kept" if before < NOW else "deleted"


# --- the table --------------------------------------------------------------------------------------------------------


class Row(NamedTuple):
    """A parameter with one of its values, the story, and what is seen in it; `also` is set up beside it."""

    parameter: str
    value: Any
    story: Callable[[], str]
    seen: str
    also: dict[str, Any] = {}


GROUP, UNLIMITED = a_member_of_a_group_that_is_full, an_unlimited_member_of_a_group_that_is_full
AUTO = {"automatic_release_reason": "AUTO"}
TABLE = (
    Row("credit_limit_type", "balance_all", what_counts_as_exposure, ""),
    Row("credit_limit_type", "balance_packing_slip", what_counts_as_exposure, "250"),
    Row("credit_limit_type", "balance", what_counts_as_exposure, "250 350"),
    Row("credit_limit_type", "none", what_counts_as_exposure, "250 350 450 5000"),
    Row("open_orders_that_use_credit", "approved", another_order_that_nobody_approved, "passed"),
    Row("open_orders_that_use_credit", "all", another_order_that_nobody_approved, "held limit_used"),
    Row("check_credit_limit_for_sales_order", True, an_order_above_the_limit_with_a_rule, "held limit_used warned"),
    Row("check_credit_limit_for_sales_order", False, an_order_above_the_limit_with_a_rule, "posted"),
    Row("message_when_exceeding_credit_limit", "warning", an_order_above_the_limit_without_a_rule, "posted warned"),
    Row("message_when_exceeding_credit_limit", "error", an_order_above_the_limit_without_a_rule, "held limit_exceeded"),
    Row("check_customer_credit_groups_credit_limit", True, GROUP, "held limit_used"),
    Row("check_customer_credit_groups_credit_limit", False, GROUP, "passed"),
    Row("unlimited_customers_skip_the_group_limit", False, UNLIMITED, "held limit_used"),
    Row("unlimited_customers_skip_the_group_limit", True, UNLIMITED, "passed"),
    Row("check_when_payment_terms_are_increased", False, terms_that_are_easier_than_the_customers, "passed"),
    Row("check_when_payment_terms_are_increased", True, terms_that_are_easier_than_the_customers,
        "held payment_terms_changed"),
    Row("check_when_settlement_discount_is_increased", False, a_discount_that_is_easier_than_the_customers, "passed"),
    Row("check_when_settlement_discount_is_increased", True, a_discount_that_is_easier_than_the_customers,
        "held settlement_discount_changed"),
    Row("ignore_limit_expired_when_date_is_blank", True, a_limit_without_a_date, "passed"),
    Row("ignore_limit_expired_when_date_is_blank", False, a_limit_without_a_date, "held limit_expired"),
    Row("allow_edit_of_order_value_after_release", False, an_order_that_grows_a_lot_after_its_release,
        "held limit_used warned"),
    Row("allow_edit_of_order_value_after_release", True, an_order_that_grows_a_lot_after_its_release, "posted"),
    Row("release_tolerance_percent", Decimal(0), an_order_that_grows_a_little_after_its_release,
        "held limit_used warned"),
    Row("release_tolerance_percent", Decimal(5), an_order_that_grows_a_little_after_its_release, "posted"),
    Row("allow_manual_editing_of_credit_limits", False, a_limit_changed_by_hand, "manual_editing_off"),
    Row("allow_manual_editing_of_credit_limits", True, a_limit_changed_by_hand, "changed"),
    Row("enforce_eligible_credit_limit", "no", a_limit_above_the_eligible_one, "changed",
        {"allow_manual_editing_of_credit_limits": True}),
    Row("enforce_eligible_credit_limit", "warn", a_limit_above_the_eligible_one, "changed warned",
        {"allow_manual_editing_of_credit_limits": True}),
    Row("enforce_eligible_credit_limit", "refuse", a_limit_above_the_eligible_one, "above_eligible",
        {"allow_manual_editing_of_credit_limits": True}),
    Row("automatically_release", "no", a_payment_comes_and_the_evaluation_runs, "active open", AUTO),
    Row("automatically_release", "without_posting", a_payment_comes_and_the_evaluation_runs, "released open AUTO",
        AUTO),
    Row("automatically_release", "with_posting", a_payment_comes_and_the_evaluation_runs,
        "released confirmation AUTO", AUTO),
    Row("automatic_release_reason", "AUTO", a_payment_comes_and_the_evaluation_runs, "released open AUTO",
        {"automatically_release": "without_posting"}),
    Row("automatic_release_reason", "PAID", a_payment_comes_and_the_evaluation_runs, "released open PAID",
        {"automatically_release": "without_posting"}),
    Row("modified_order_reason", "GONE", a_held_order_is_modified, "released ready GONE"),
    Row("modified_order_reason", None, a_held_order_is_modified, "active ready"),
    Row("cancelled_order_reason", "GONE", a_held_order_is_cancelled, "cancelled GONE"),
    Row("cancelled_order_reason", None, a_held_order_is_cancelled, "cancelled without a code"),
    Row("credit_limit_exchange_rate_type", "default", an_order_in_euros, "passed"),
    Row("credit_limit_exchange_rate_type", "budget", an_order_in_euros, "held limit_used"),
    Row("remove_blocked_load_lines", False, what_the_erp_is_told_of_a_hold, "False"),
    Row("remove_blocked_load_lines", True, what_the_erp_is_told_of_a_hold, "True"),
    Row("posting", "internal", a_document_is_posted, "posted confirmation"),
    Row("posting", "external", a_document_is_posted, "cleared open"),
    Row("require_review_date", False, a_release_without_a_review_date, "released"),
    Row("require_review_date", True, a_release_without_a_review_date, "review_date required"),
    Row("require_backtest_before_activation", False, a_draft_without_a_backtest, "active"),
    Row("require_backtest_before_activation", True, a_draft_without_a_backtest, "needs_backtest"),
    Row("ignore_open_items_below", Decimal(0), a_forgotten_forty_cents, "held days_overdue"),
    Row("ignore_open_items_below", Decimal("0.41"), a_forgotten_forty_cents, "passed"),
    Row("disputed_amounts_count_as_overdue", True, an_invoice_that_is_wholly_disputed, "held days_overdue"),
    Row("disputed_amounts_count_as_overdue", False, an_invoice_that_is_wholly_disputed, "passed"),
    Row("decision_retention_days", 400, a_decision_of_a_hundred_days_ago, "kept"),
    Row("decision_retention_days", 99, a_decision_of_a_hundred_days_ago, "deleted"),
)  # fmt: skip
WINDOWS = (
    "dso_1_months", "dso_2_months", "average_balance_1_months", "average_balance_2_months", "average_limit_months",
    "average_exposure_months",
)  # fmt: skip
"""The windows of statistics (`domain 10`): they decide nothing of a check."""


def other_value(row: Row) -> Any:
    """Another value of the same parameter."""
    return next(one.value for one in TABLE if one.parameter == row.parameter and one.value != row.value)


@pytest.fixture(autouse=True)
def _world() -> None:
    an_entity()
    an_entity("DEMF")
    reasons()


@pytest.mark.parametrize("where", ["the default row", "the entity's own row"])
@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.parameter}={row.value}")
def test_each_value_does_what_it_says(row: Row, where: str) -> None:
    """domain 10; an entity without a row of its own follows the default row, and one that has a row does not."""
    if where == "the default row":
        save_parameters(legal_entity="DEMF", values={row.parameter: other_value(row), **row.also}, actor=SYSTEM)
        save_parameters(legal_entity=None, values={row.parameter: row.value, **row.also}, actor=SYSTEM)
    else:
        save_parameters(legal_entity=None, values={row.parameter: other_value(row), **row.also}, actor=SYSTEM)
        save_parameters(legal_entity="USMF", values={row.parameter: row.value, **row.also}, actor=SYSTEM)
    assert row.story() == row.seen


def test_every_parameter_and_every_choice_is_in_the_table() -> None:
    """A parameter that is added is told here too, with all its values."""
    assert {row.parameter for row in TABLE} | set(WINDOWS) == set(FIELDS)
    for name, field in FIELDS.items():
        if name in WINDOWS:
            continue
        values = {row.value for row in TABLE if row.parameter == name}
        assert len(values) >= 2, name
        if field.choices:
            assert values == {value for value, _ in field.choices}, name


def test_the_defaults_are_those_of_the_specification() -> None:
    """domain 10, the values in italics."""
    row = Parameters()
    defaults = {name: getattr(row, name) for name in FIELDS if name not in WINDOWS and not name.endswith("_reason")}
    assert defaults == {
        "credit_limit_type": "balance_all",
        "open_orders_that_use_credit": "approved",
        "check_credit_limit_for_sales_order": True,
        "message_when_exceeding_credit_limit": "warning",
        "check_customer_credit_groups_credit_limit": True,
        "unlimited_customers_skip_the_group_limit": False,
        "check_when_payment_terms_are_increased": False,
        "check_when_settlement_discount_is_increased": False,
        "ignore_limit_expired_when_date_is_blank": True,
        "allow_edit_of_order_value_after_release": False,
        "allow_manual_editing_of_credit_limits": False,
        "enforce_eligible_credit_limit": "no",
        "automatically_release": "no",
        "credit_limit_exchange_rate_type": "default",
        "remove_blocked_load_lines": False,
        "posting": "internal",
        "require_review_date": False,
        "release_tolerance_percent": 0,
        "ignore_open_items_below": 0,
        "disputed_amounts_count_as_overdue": True,
        "decision_retention_days": 400,
        "require_backtest_before_activation": False,
    }
    assert [getattr(row, name) for name in WINDOWS] == [12, 6, 12, 6, 12, 12]


def test_a_reason_of_another_entity_is_no_reason_here() -> None:
    """domain 1: a reason is valid in its legal entity, or in all."""
    Reason.objects.create(type="release", code="DE-ONLY", legal_entity_id="DEMF")
    with pytest.raises(InvalidInput) as problem:
        save_parameters(legal_entity="USMF", values={"cancelled_order_reason": "DE-ONLY"}, actor=SYSTEM)
    assert problem.value.errors[0].field == "cancelled_order_reason"
