"""Checks of documents that are no orders here: against the total credit limit only (`domain 4.8`).

Free text invoices, quotations, point-of-sale and call-centre orders kept elsewhere are never put on hold: the answer is
passed, warning or error. It is the same engine and the same book as any check, with the rules left out.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from credit_mgmt.checks import limit_only
from credit_mgmt.engine.decide import decide
from credit_mgmt.engine.decision import Decision, Outcome
from credit_mgmt.engine.facts import Checkpoint, OrderFacts, Question
from credit_mgmt.exposure import Position, positions
from credit_mgmt.loading import load_book
from credit_mgmt.policies import current_setup, read_clock, setting_for
from customers.access import Action, Actor, authorize
from customers.errors import InvalidInput, NotFound
from customers.models import Currency, Customer
from customers.money import LARGEST, ZERO, round_half_up

LABELS = {
    "free_text_invoice": "Free text invoice",
    "quotation": "Quotation",
    "pos": "Point-of-sale order",
    "call_center": "Call-centre order",
}
DOCUMENTS = tuple(LABELS)
NOT_SUPPORTED = "project_invoice"
_INVOICED_AT_ONCE = ("free_text_invoice", "pos")
"""These are stopped by an account status that stops invoices; the others by one that stops everything."""


@dataclass(frozen=True, slots=True)
class CreditAnswer:
    """`passed`, `warning` or `error`, the decision behind it, and the position of the customer that pays."""

    outcome: str
    decision: Decision
    position: Position


def credit_check(
    *, customer: str, amount: Decimal, currency: str, document: str, as_of: dt.date, actor: Actor
) -> CreditAnswer:
    """Whether a document of `amount` in `currency` keeps within the customer's total limit, group first.

    Asks only: nothing is stored, nothing uses credit. Raises `InvalidInput`, `NotFound`, `OutOfScope`, `NotAllowed`.
    """
    payer, ordering = _customers(customer, actor)
    _refuse_bad_input(amount, currency, document)
    clock = read_clock()
    setup = current_setup(clock)
    book = load_book(payer_ids=[payer.pk], as_of=as_of, setup=setup, clock=clock)
    ignored = [day for day in (payer.ignore_until, ordering.ignore_until) if day is not None]
    order = OrderFacts(
        id=0, key=document, legal_entity=payer.legal_entity_id, customer=ordering.key, payer=payer.key,
        currency=currency, amount=amount, uninvoiced=amount, delivered=ZERO,
        customer_excluded=payer.excluded or ordering.excluded, ignore_until=max(ignored, default=None),
    )  # fmt: skip
    decision = decide(
        book,
        order,
        policy=limit_only(setup.policy),
        question=Question(Checkpoint.INVOICE if document in _INVOICED_AT_ONCE else Checkpoint.CONFIRMATION),
        setting=setting_for(payer.legal_entity_id, as_of, setup=setup, clock=clock),
    )
    return CreditAnswer(outcome_of(decision), decision, positions([payer.pk], as_of)[payer.pk])


def outcome_of(decision: Decision) -> str:
    """The answer of `domain 4.8`: what would hold an order is an error here."""
    if decision.outcome is Outcome.HELD:
        return "error"
    return "warning" if decision.warnings else "passed"


def _customers(key: str, actor: Actor) -> tuple[Customer, Customer]:
    """The customer that pays, and the customer itself."""
    entity, _, account = key.partition(":")
    authorize(actor, Action.CHECK, entity, f"Customer {key}")
    found = Customer.objects.select_related("invoice_account").filter(legal_entity=entity, account=account).first()
    if found is None:
        raise NotFound(f"Customer {key} was not found.")
    return found.invoice_account or found, found


def _refuse_bad_input(amount: Decimal, currency: str, document: str) -> None:
    if document == NOT_SUPPORTED:
        message = f"Project invoices are not supported. Use one of: {', '.join(DOCUMENTS)}."
        raise InvalidInput.of("document", "project_invoice_not_supported", message)
    if document not in DOCUMENTS:
        raise InvalidInput.of("document", "invalid_choice", f"Use one of: {', '.join(DOCUMENTS)}.")
    if not (amount.is_finite() and ZERO <= amount <= LARGEST):
        raise InvalidInput.of("amount", "out_of_range", f"Give an amount from 0 to {LARGEST}.")
    known = Currency.objects.filter(pk=currency).first()
    if known is None:
        raise InvalidInput.of("currency", "unknown_reference", f"There is no currency {currency}.")
    if amount != round_half_up(amount, known.minor_units):
        message = f"Amounts in {currency} have {known.minor_units} decimals."
        raise InvalidInput.of("amount", "too_many_decimals", message)
