"""Codes as words (ux "Reason vocabulary" and 4.3)."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from credit_mgmt import messages
from credit_mgmt.engine.decision import Decision, NotChecked, Reason, Remedy, TraceLine, Verdict, type_codes
from credit_mgmt.engine.exposure import Book
from credit_mgmt.engine.facts import Checkpoint, CustomerPosition, Question, Rule
from credit_mgmt.engine.remedies import remedies_for
from credit_mgmt.messages import phrases
from tests.engine.build import TODAY, check, group, order, policy, position, rule, setting

OVER = position(balance=203_750, limit=210_000)
IN_G1 = position(balance=50_000, limit=10**6, group="group:G1")
SHARED = (group(IN_G1, limit=50_000),)


def held_by(rule_: Rule | None, customer: CustomerPosition | None = None, facts: Any = None, **more: Any) -> Decision:
    return check(facts or order(), customer, *([rule_] if rule_ else []), **more)


CASES: list[tuple[Decision, str, str]] = [
    # a decision with one reason, its chip, its sentence
    (
        held_by(
            rule("days_overdue", name="DO-07", level="table", days=45),
            position(days_overdue=67, oldest_overdue="INV-88120"),
        ),
        "Overdue 67 d",
        "Oldest unpaid invoice INV-88120 is 67 days past due; rule DO-07 (this customer) allows 45.",
    ),
    (
        held_by(rule("account_status", name="AS-1", account_status="WATCH"), position(account_status="WATCH")),
        "Status: WATCH",
        "Customer's account status is WATCH; rule AS-1 (all customers) holds it.",
    ),
    (
        held_by(rule("payment_terms", name="PT-1", payment_terms="N90"), None, order(payment_terms="N90")),
        "Terms: N90",
        "Order terms N90 are held by rule PT-1 (all customers).",
    ),
    (
        held_by(rule("limit_expired", name="LE-1", days=0), position(expires_on=TODAY - dt.timedelta(days=12))),
        "Limit expired 12 d",
        "Credit limit ended 9 Nov 2026, 12 days ago; rule LE-1 (all customers) allows 0.",
    ),
    (
        held_by(rule("limit_expired", name="LE-1", days=0), position(expires_on=None), ignore_expiry_when_blank=False),
        "Limit expired no date",
        "Credit limit has no expiration date, which rule LE-1 (all customers) takes for expired.",
    ),
    (
        held_by(
            rule("overdue_amount", name="OA-1", amount=10_000, threshold_percent=80),
            position(balance=89_000, overdue=41_200),
        ),
        "Overdue 41,200",
        "Overdue 41,200.00 USD is above 10,000.00 USD and 90 % of the limit is used, above 80 %; "
        "rule OA-1 (all customers) holds it.",
    ),
    (
        held_by(rule("overdue_amount", name="OA-1", amount=10_000), position(overdue="41200.50", unlimited=True)),
        "Overdue 41,201",
        "Overdue 41,200.50 USD is above 10,000.00 USD; rule OA-1 (all customers) holds it.",
    ),
    (
        held_by(rule("sales_order", name="SO-1", amount=50_000), None, order(60_000)),
        "Order > 50,000",
        "Order value 60,000.00 USD is above 50,000.00 USD; rule SO-1 (all customers) holds it.",
    ),
    (
        held_by(rule("limit_used", name="CLU-03", threshold_percent=100), OVER, order(24_300)),
        "Limit 109 %",
        "With this order exposure is 228,050.00 USD, 109 % of the limit of 210,000.00 USD; "
        "rule CLU-03 (all customers) holds above 100 %.",
    ),
    (
        held_by(rule("limit_used", name="CLU-03", threshold_percent=100), position(limit=0)),
        "No credit",
        "With this order exposure is 1,000.00 USD and the customer has no credit (0.00); "
        "rule CLU-03 (all customers) holds above 100 %.",
    ),
    (
        held_by(rule("limit_used", name="CLU-03", threshold_percent=100), IN_G1, order(2_000), groups=SHARED),
        "Group limit 104 %",
        "With this order credit group G1 uses 52,000.00 USD of 50,000.00 USD, 104 %; "
        "rule CLU-03 (all customers) holds above 100 %.",
    ),
    (
        held_by(None, OVER, order("6250.01"), exceeding_is_error=True),
        "Limit 100.0 %",
        "With this order exposure is 210,000.01 USD, 100.0 % of the limit of 210,000.00 USD, over by 0.01 USD.",
    ),
    (
        held_by(
            None,
            None,
            order(payment_terms="N60", terms_rank=2, default_payment_terms="N30", default_terms_rank=1),
            check_terms=True,
        ),
        "Terms N30 → N60",
        "Order terms N60 (rank 2) rank above N30 (rank 1), customer's default.",
    ),
    (
        held_by(None, None, order(cash_discount="3%", discount_rank=2, default_discount_rank=1), check_discount=True),
        "Discount → 3%",
        "Order cash discount 3% (rank 2) ranks above rank 1, customer's default.",
    ),
    (
        held_by(None, position(processing_hold="all", account_status="STOP")),
        "On hold: STOP",
        "Account status STOP stops every posting of customer USMF:US-001.",
    ),
    (
        held_by(None, None, order(currency="GBP")),
        "Cannot be evaluated",
        "The check could not be made: no exchange rate from GBP to USD on 2026-11-21.",
    ),
]


@pytest.mark.parametrize(("decision", "chip", "sentence"), CASES, ids=[case[1] for case in CASES])
def test_each_reason_has_its_chip_and_its_sentence(decision: Decision, chip: str, sentence: str) -> None:
    """ux Reason vocabulary."""
    [reason] = decision.reasons
    assert messages.reason_chip(reason).text == chip
    assert messages.reason_message(reason) == sentence
    stored = SimpleNamespace(
        type=reason.type, account=reason.account, level=reason.level or "", evidence=dict(reason.evidence)
    )
    assert messages.reason_message(stored) == sentence


def test_a_forced_hold_says_who_and_why() -> None:
    """ux: Forced: dispute."""
    evidence = {
        "reason": "DISPUTE", "description": "Dispute", "note": "see mail", "forced_by": "M. Vance",
        "forced_on": "2026-11-17",
    }  # fmt: skip
    forced = Reason("forced", None, None, None, evidence)
    assert messages.reason_chip(forced).text == "Forced: DISPUTE"
    assert messages.reason_message(forced) == "M. Vance forced this hold on 17 Nov 2026: Dispute, “see mail”."


def test_every_reason_type_has_words() -> None:
    """A reason that was stored by an older version, without its figures, is shown all the same."""
    for code in type_codes:
        bare = Reason(code, None, None, None, {"measured": "1", "threshold": "1"})
        assert messages.reason_message(bare)
        assert messages.reason_chip(bare).label
        assert messages.reason_label(code) != code
    other = Reason("weekend", "R", "all", None, {"measured": "Saturday", "threshold": "weekdays", "rule_name": "W-1"})
    assert messages.reason_chip(other).text == "Weekend Saturday"
    assert messages.reason_message(other) == "Weekend: Saturday; rule W-1 (all customers) allows weekdays."


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("109.4", "109 %"),
        ("109.5", "110 %"),
        ("99.4", "99 %"),
        ("99.5", "99.5 %"),
        ("100", "100.0 %"),
        ("100.04", "100.0 %"),
        ("100.5", "100.5 %"),
        ("100.51", "101 %"),
        ("999", "999 %"),
        ("1000", "10×"),
        ("0", "0 %"),
        ("-5.2", "−5 %"),
    ],
)
def test_percentages(value: str, text: str) -> None:
    """ux 4.3: one decimal between 99.5 and 100.5, above 999 % as 10×."""
    assert phrases.percent(value) == text


@pytest.mark.parametrize(
    ("text", "currency", "shown"),
    [
        ("228050.00", "USD", "228,050.00 USD"),
        ("-1234.50", "EUR", "−1,234.50 EUR"),
        ("1000", "JPY", "1,000 JPY"),
        ("0.00", None, "0.00"),
        (None, "USD", "?"),
    ],
)
def test_amounts_have_separators_and_their_currency(text: str | None, currency: str | None, shown: str) -> None:
    """ux 4.3: a true minus; unknown is a question mark."""
    assert phrases.amount(text, currency) == shown


def test_a_warning_is_said_as_such() -> None:
    """domain 4.5."""
    [warning] = held_by(None, OVER, order(24_300)).warnings
    assert messages.warning_message(warning).startswith("Warning: With this order exposure is 228,050.00 USD")


def test_every_reason_not_to_check_has_words() -> None:
    """domain 4.1."""
    assert all(messages.not_checked_message(because) != because for because in NotChecked)
    assert messages.not_checked_message("grace") == "the order is within its grace days"


REMEDIES = [
    (Remedy("pay", ("days_overdue",), {"amount": "18500.00", "currency": "USD", "documents": "INV-1 INV-2"}),
     "Payment of INV-1 + INV-2, 18,500.00 USD", "clears days overdue"),
    (Remedy("pay", ("days_overdue", "limit_used"), {"amount": "5.00", "currency": "USD", "members": "USMF:US-002"}),
     "Payment of at least 5.00 USD, and payment of what USMF:US-002 has overdue", "clears days overdue and limit used"),
    (Remedy("pay", ("days_overdue",), {"members": "USMF:US-002"}),
     "Payment of what USMF:US-002 has overdue", "clears days overdue"),
    (Remedy("raise_limit", ("limit_used",), {"account": "USMF:US-001", "limit": "198050.00", "by": "18050.00",
                                             "currency": "USD", "total_limit": "228050.00"}),
     "Limit of customer USMF:US-001 to 198,050.00 or more, +18,050.00 USD", "clears limit used"),
    (Remedy("adjust_limit", ("limit_used", "limit_expired", "limit_exceeded"),
            {"group_account": "group:G1", "group_limit": "10.00", "group_by": "5.00", "group_currency": "EUR",
             "accounts": "group:G1 USMF:US-001", "expires_on": "2026-11-21"}),
     "Limit of credit group G1 to 10.00 or more, +5.00 EUR; "
     "New expiration date of 21 Nov 2026 or later for credit group G1 and customer USMF:US-001",
     "clears limit used, limit expired and limit exceeded"),
    (Remedy("change_order", ("sales_order",), {"amount": "6250.00", "currency": "USD", "terms_rank": "1",
                                               "terms_to": "N30", "terms_from": "N60", "discount_rank": "1"}),
     "Order reduced to 6,250.00 USD or less; Terms of payment N30 of rank 1 or lower instead of N60; "
     "Cash discount of rank 1 or lower", "clears order value"),
    (Remedy("change_terms", ("payment_terms",), {"terms_from": "N90"}),
     "Other terms of payment instead of N90", "clears terms of payment"),
    (Remedy("change_status", ("account_status",), {"from": "WATCH"}),
     "Change the account status from WATCH", "clears account status"),
    (Remedy("add_rate", ("cannot_be_evaluated",), {"rates": "GBP>USD EUR>USD", "date": "2026-11-21"}),
     "Add the exchange rate GBP to USD, EUR to USD for 21 Nov 2026, then check again", "clears cannot be evaluated"),
    (Remedy("complete_setup", ("cannot_be_evaluated",), {"cause": "rule X has no amount"}),
     "Complete the setup: rule X has no amount; then check again", "clears cannot be evaluated"),
    (Remedy("release_by_person", ("forced",), {}), "Release by an authorised person", "clears forced"),
]  # fmt: skip


@pytest.mark.parametrize(("remedy", "sentence", "clears"), REMEDIES, ids=[case[1][:40] for case in REMEDIES])
def test_each_remedy_has_its_sentence(remedy: Remedy, sentence: str, clears: str) -> None:
    """ux 3.2: each option states which reasons it clears."""
    assert messages.remedy_message(remedy) == sentence
    assert messages.cleared_by(remedy) == clears


def test_every_remedy_of_a_bad_day_can_be_said() -> None:
    customer = position(
        balance=10**6, overdue=500, days_overdue=90, account_status="W", processing_hold="all",
        expires_on=TODAY - dt.timedelta(days=3),
    )  # fmt: skip
    facts = order(
        9_000, payment_terms="N90", terms_rank=3, default_terms_rank=1, discount_rank=2, default_discount_rank=1
    )
    rules = policy(
        rule("limit_used", threshold_percent=80), rule("days_overdue", days=1), rule("limit_expired", days=0),
        rule("sales_order", amount=10), rule("payment_terms", payment_terms="N90"),
        rule("account_status", account_status="W"), check_terms=True, check_discount=True, exceeding_is_error=True,
    )  # fmt: skip
    found = remedies_for(
        Book([customer]), facts, policy=rules, question=Question(Checkpoint.INVOICE), setting=setting()
    )
    actions = [remedy.action for remedy in found]
    assert actions == ["change_status", "change_terms", "new_expiry", "change_order", "pay"]
    assert all(messages.remedy_message(remedy) for remedy in found)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (TraceLine("days_overdue", "1", "all", Verdict.BLOCKED, "67", "45"), "Held: 67 against 45"),
        (TraceLine("limit_used", "1", "all", Verdict.WITHIN, "228050.00", "250000.00"),
         "No match: 228,050.00 against 250,000.00"),
        (TraceLine("payment_terms", "1", "all", Verdict.WITHIN, None, "N90"), "No match: none, looked for N90"),
        (TraceLine("days_overdue", "1", "all", Verdict.SKIPPED, why="decided_by:EX-02"),
         "Not reached: EX-02 had decided"),
        (TraceLine("not_checked", None, None, Verdict.SKIPPED, why="grace"),
         "Not reached: the order is within its grace days"),
        (TraceLine("limit_expired", "1", "all", Verdict.WITHIN, None, "5", "A", "expiry_blank_ignored"),
         "No match: there is no expiration date, which is ignored"),
        (TraceLine("overdue_amount", "1", "all", Verdict.BLOCKED, "9.00", "1.00", "A", "threshold_unlimited"),
         "Held: 9.00 against 1.00; only the amount is compared, as no limit binds this order"),
        (TraceLine("sales_order", "1", "all", Verdict.UNKNOWN, "no exchange rate from GBP to USD", why="x"),
         "Cannot be evaluated: no exchange rate from GBP to USD"),
        (TraceLine("account_on_hold", None, None, Verdict.BLOCKED, "STOP", "all"),
         "Held: status STOP stops every posting"),
        (TraceLine("payment_terms_changed", None, None, Verdict.BLOCKED, "2", "1"), "Held: rank 2, was 1"),
        (TraceLine("no_rule", None, None, Verdict.WITHIN, why="no_rule_concerns"),
         "No match: no rule concerns this order"),
    ],
)  # fmt: skip
def test_each_line_of_a_trace_says_what_the_rule_did(line: TraceLine, said: str) -> None:
    """ux 3.2, Rule trace: held, not reached, did not match, excluded by, skipped."""
    assert messages.trace_message(line) == said
