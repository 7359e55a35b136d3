"""What do the rules say of this order, real or imagined, and what if it were otherwise (`ux` 3.10, Tester)?

The decision is that of a posting, made by the same function from the same facts; nothing is stored, and nothing uses
credit.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from credit_mgmt.engine import whatif
from credit_mgmt.engine.condense import Facts, condense
from credit_mgmt.engine.decide import decide
from credit_mgmt.engine.decision import Decision
from credit_mgmt.engine.facts import Checkpoint, OrderFacts, Policy, Question
from credit_mgmt.gathering import Manner, Request, gather
from credit_mgmt.loading import load_book, order_facts
from credit_mgmt.policies import current_setup, read_clock, setting_for
from customers.access import Action, Actor, authorize
from customers.errors import FieldError, InvalidInput, NotFound
from customers.models import Currency, Customer, Document, PaymentTerms, SalesOrder
from customers.money import LARGEST, ZERO

AT_THE_COUNTER = (SalesOrder.Type.POS, SalesOrder.Type.CALL_CENTER)
"""Orders of these types are checked against the limit alone (`domain 4.8`)."""
MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Imagined:
    """An order that there is not: its customer by key, its value in `currency`, perhaps its terms."""

    customer: str
    amount: Decimal
    currency: str
    payment_terms: str | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What would be otherwise; None is as it is. `amount` in the order's currency, `overdue` and `limit` in the
    accounting currency of the customer that pays."""

    amount: Decimal | None = None
    payment_terms: str | None = None
    days_overdue: int | None = None
    overdue: Decimal | None = None
    limit: Decimal | None = None

    def any(self) -> bool:
        """Whether anything is changed at all."""
        return self != Changes()


@dataclass(frozen=True, slots=True)
class Trial:
    """The decision as things are, the one with the changes, and the facts that the first was made from."""

    facts: Facts
    decision: Decision
    changed: Decision | None = None


def try_order(
    *,
    order: str | Imagined,
    actor: Actor,
    today: Callable[[str], dt.date],
    document: str = Document.CONFIRMATION,
    pro_forma: bool = False,
    in_any_case: bool = False,
    changes: Changes = Changes(),
) -> Trial:
    """Decide on an order by its key (`USMF:SO-1`) or on an imagined one, with and without `changes`.

    With `in_any_case` neither grace, nor a release, nor a checkpoint that is off answers for it. Raises
    `InvalidInput`, `NotFound`, `OutOfScope`, `NotAllowed`.
    """
    _refuse_bad_changes(changes, document)
    question = Question(Checkpoint(document), pro_forma, in_any_case)
    if isinstance(order, Imagined):
        facts, policy = _imagined(order, question, actor, today)
    else:
        facts, policy = _real(order, question, actor, today)
    decision = _decided(facts, policy)
    changed = _decided(_with(facts, changes), policy) if changes.any() else None
    return Trial(facts, decision, changed)


def _decided(facts: Facts, policy: Policy) -> Decision:
    return decide(facts.book(), facts.order, policy=policy, question=facts.question, setting=facts.setting)


def _real(key: str, question: Question, actor: Actor, today: Callable[[str], dt.date]) -> tuple[Facts, Policy]:
    entity, _, number = key.partition(":")
    authorize(actor, Action.VIEW_EXPOSURE, entity, f"Order {key}")
    order = SalesOrder.objects.filter(legal_entity=entity, number=number).first()
    if order is None:
        raise NotFound(f"Order {key} was not found.")
    request = Request(order.pk, question.checkpoint, question.pro_forma)
    manner = Manner(evaluation=question.evaluation, limit_only=order.order_type in AT_THE_COUNTER)
    gathered = gather([request], {entity: today(entity)}, manner)
    batch, setting = gathered.batch, gathered.batch.settings[entity]
    as_it_is = order_facts(gathered.rows[order.pk], gathered.setup)
    return condense(batch.days[setting.as_of].book, as_it_is, question, setting), batch.policy


def _imagined(
    wanted: Imagined, question: Question, actor: Actor, today: Callable[[str], dt.date]
) -> tuple[Facts, Policy]:
    entity, _, account = wanted.customer.partition(":")
    authorize(actor, Action.VIEW_EXPOSURE, entity, f"Customer {wanted.customer}")
    related = ("invoice_account", "payment_terms", "cash_discount")
    found = Customer.objects.select_related(*related).filter(legal_entity=entity, account=account).first()
    if found is None:
        raise InvalidInput.of("customer", "unknown_reference", f"There is no customer {wanted.customer}.")
    _refuse_bad_order(wanted)
    terms = _terms(wanted.payment_terms, "payment_terms") or found.payment_terms
    order = _order_of(found, wanted, terms)
    clock = read_clock()
    setup = current_setup(clock)
    setting = setting_for(entity, today(entity), setup=setup, clock=clock)
    payer = found.invoice_account or found
    book = load_book(payer_ids=[payer.pk], as_of=setting.as_of, setup=setup, clock=clock)
    return condense(book, order, question, setting), setup.policy


def _order_of(customer: Customer, wanted: Imagined, terms: PaymentTerms | None) -> OrderFacts:
    """The order as the engine would see it, on the customer's own discount."""
    payer, default, discount = customer.invoice_account or customer, customer.payment_terms, customer.cash_discount
    ignored = [day for day in (customer.ignore_until, payer.ignore_until) if day is not None]
    return OrderFacts(
        id=0,
        key="",
        legal_entity=customer.legal_entity_id,
        customer=customer.key,
        payer=payer.key,
        currency=wanted.currency,
        amount=wanted.amount,
        uninvoiced=wanted.amount,
        delivered=ZERO,
        payment_terms=terms.code if terms else None,
        terms_rank=terms.rank if terms else None,
        default_terms_rank=default.rank if default else None,
        uses_credit=terms is None or terms.uses_credit,
        cash_discount=discount.code if discount else None,
        discount_rank=discount.rank if discount else None,
        default_discount_rank=discount.rank if discount else None,
        customer_excluded=customer.excluded or payer.excluded,
        ignore_until=max(ignored, default=None),
        default_payment_terms=default.code if default else None,
        default_cash_discount=discount.code if discount else None,
    )


def _with(facts: Facts, changes: Changes) -> Facts:
    """The facts as they would be; each step is one that remedies take, too."""
    terms = _terms(changes.payment_terms, "if_payment_terms")
    if changes.amount is not None:
        facts = whatif.with_order_amount(facts, changes.amount)
    if terms is not None:
        facts = whatif.with_terms(facts, terms.code, terms.rank)
        facts = replace(facts, order=replace(facts.order, uses_credit=terms.uses_credit))
    if changes.days_overdue is not None:
        facts = whatif.with_days_overdue(facts, changes.days_overdue)
    if changes.overdue is not None:
        facts = whatif.with_overdue(facts, changes.overdue)
    return facts if changes.limit is None else whatif.with_own_limit(facts, changes.limit)


def _terms(code: str | None, field: str) -> PaymentTerms | None:
    if code is None:
        return None
    found = PaymentTerms.objects.filter(pk=code).first()
    if found is None:
        raise InvalidInput.of(field, "unknown_reference", f"There are no terms of payment {code}.")
    return found


def _refuse_bad_order(wanted: Imagined) -> None:
    errors = [] if _fits(wanted.amount) else [_out_of_range("amount")]
    if not Currency.objects.filter(pk=wanted.currency).exists():
        errors.append(FieldError("currency", "unknown_reference", f"There is no currency {wanted.currency}."))
    if errors:
        raise InvalidInput(errors)


def _refuse_bad_changes(changes: Changes, document: str) -> None:
    errors = [
        _out_of_range(f"if_{name}")
        for name in ("amount", "overdue", "limit")
        if not _fits(getattr(changes, name) or ZERO)
    ]
    if not 0 <= (changes.days_overdue or 0) <= MOST_DAYS:
        words = f"Give a number of days from 0 to {MOST_DAYS}."
        errors.append(FieldError("if_days_overdue", "out_of_range", words))
    if document not in Document.values:
        errors.append(FieldError("document", "invalid_choice", f"Use one of: {', '.join(Document.values)}."))
    if errors:
        raise InvalidInput(errors)


def _fits(amount: Decimal) -> bool:
    return amount.is_finite() and ZERO <= amount <= LARGEST


def _out_of_range(field: str) -> FieldError:
    return FieldError(field, "out_of_range", f"Give an amount from 0 to {LARGEST}.")
