"""What is set up, read as a whole for the overview and its health: a fixed number of queries."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from credit_mgmt.engine.facts import CheckpointSetting
from credit_mgmt.models import Parameters
from credit_mgmt.parameter_setup import REASONS
from customers.access import Actor, scoped
from customers.models import (
    AccountStatus,
    CashDiscount,
    CreditManagementGroup,
    Customer,
    LegalEntity,
    PaymentTerms,
    Reason,
    ReferenceClock,
)
from customers.rates import rates_on


@dataclass(frozen=True, slots=True)
class Ranked:
    """Terms or a discount: its code, its rank, and whether customers have it."""

    code: str
    rank: int | None
    used: bool


@dataclass(frozen=True, slots=True)
class SetupFacts:
    """Everything that the overview and the health of the setup look at, as far as its reader may see it."""

    entities: Sequence[str]
    parameters: Mapping[str | None, Parameters]
    reasons: Sequence[Reason]
    statuses: Sequence[AccountStatus]
    groups: int
    terms: Sequence[Ranked]
    discounts: Sequence[Ranked]
    without_rate: Mapping[str, Sequence[str]]
    """By legal entity: currencies of its customers that have no rate into its accounting currency."""

    def rows(self) -> list[Parameters]:
        """The default row, then those of legal entities by their codes."""
        return [row for _, row in sorted(self.parameters.items(), key=lambda item: item[0] or "")]

    def differing(self) -> list[str]:
        """Legal entities with parameters of their own."""
        return [entity for entity in self.entities if entity in self.parameters]


def setup_facts(actor: Actor, *, today: Callable[[str], dt.date]) -> SetupFacts:
    """What is set up, as far as `actor` may see it. `today` gives the date in a legal entity's time zone."""
    entities = list(scoped(LegalEntity.objects.order_by("code"), actor, path="code"))
    rows = Parameters.objects.select_related(*REASONS).prefetch_related("checkpoints").order_by("pk")
    parameters = {row.legal_entity_id: row for row in scoped(rows, actor, shared=True)}
    customers = scoped(Customer.objects.order_by(), actor)
    return SetupFacts(
        entities=[entity.code for entity in entities],
        parameters=parameters,
        reasons=list(scoped(Reason.objects.order_by("type", "code"), actor, shared=True)),
        statuses=list(AccountStatus.objects.filter(open=True).order_by("code")),
        groups=CreditManagementGroup.objects.filter(open=True).count(),
        terms=_ranked(PaymentTerms, customers.filter(payment_terms=OuterRef("pk"))),
        discounts=_ranked(CashDiscount, customers.filter(cash_discount=OuterRef("pk"))),
        without_rate=_without_rate(entities, parameters, actor, today),
    )


def settings_of(row: Parameters | None) -> dict[str, CheckpointSetting]:
    """The checkpoints of a row as the engine reads them; none where there is no row."""
    return {
        item.document: CheckpointSetting(item.posting, item.grace_days, item.pro_forma, item.pro_forma_grace_days)
        for item in (row.checkpoints.all() if row is not None and row.pk else ())
    }


def _ranked(model: type[PaymentTerms] | type[CashDiscount], users: QuerySet[Customer]) -> list[Ranked]:
    rows = model.objects.filter(open=True).annotate(used=Exists(users)).order_by("code")
    return [Ranked(row.code, row.rank, row.used) for row in rows]


def _without_rate(
    entities: Sequence[LegalEntity],
    parameters: Mapping[str | None, Parameters],
    actor: Actor,
    today: Callable[[str], dt.date],
) -> dict[str, list[str]]:
    """One query for the currencies; the rates are cached by type and day."""
    used: dict[str, set[str]] = {}
    pairs = scoped(Customer.objects.order_by(), actor).values_list("legal_entity", "currency").distinct()
    for entity, currency in pairs:
        used.setdefault(entity, set()).add(currency)
    missing: dict[str, list[str]] = {}
    version = ReferenceClock.objects.values_list("version", flat=True).get()
    for company in entities:
        row = parameters.get(company.code) or parameters.get(None)
        foreign = used.get(company.code, set()) - {company.accounting_currency_id}
        if row is None or not foreign:
            continue
        rates = rates_on(row.credit_limit_exchange_rate_type, today(company.code), version=version)
        own = company.accounting_currency_id
        unknown = [code for code in sorted(foreign) if not rates.rates.keys() & {(code, own), (own, code)}]
        if unknown:
            missing[company.code] = unknown
    return missing
