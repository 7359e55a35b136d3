"""Reference data as it is fed: legal entities, currencies, rates, terms, labels, reasons, parties (`api.md`)."""

from collections.abc import Iterable
from decimal import Decimal

from customers.access import Action
from customers.imports.batch import Batch, Entry
from customers.imports.fields import (
    Field,
    choice,
    country_code,
    currency_code,
    day,
    flag,
    key_part,
    matching,
    named,
    number,
    text,
    time_zone,
    whole,
)
from customers.imports.resource import Resource
from customers.imports.usage import OF_A_COMPANY, WITHOUT_AMOUNTS, refuse_changes, refuse_closing
from customers.models import (
    AccountStatus,
    CashDiscount,
    CreditManagementGroup,
    Currency,
    ExchangeRate,
    LegalEntity,
    Party,
    PaymentTerms,
    Reason,
)
from customers.money import HUNDRED
from customers.signing import sign

CODE = named(Field("code", key_part))
MOST_RANK = 1_000_000
label = matching(r"[^\x00-\x1f]{1,30}", "Use 1 to 30 characters.")


OPEN = Field("open", flag, default=True, ours=True, action=Action.SETUP)
"""Whether people may choose it: closed and opened again by who sets up, and left as it is by an ERP's feed."""


class SetUp(Resource):
    """What is set up: it can be closed, and the database keeps who changed it (`customers.models.history`)."""

    def check(self, batch: Batch) -> None:
        """What is chosen without a person stays open."""
        refuse_closing(batch)

    def write(self, batch: Batch) -> None:
        """Say who acts, for the history."""
        if batch.to_write:
            sign(batch.actor)
        super().write(batch)


class LegalEntities(Resource):
    """Companies of the group."""

    name = "legal-entities"
    model = LegalEntity
    key_fields = CODE
    fields = named(
        Field("name", text(100, blank=False)),
        Field("accounting_currency", currency_code, "accounting_currency_id", refers_to="currency"),
        Field("time_zone", time_zone, default="UTC"),
    )

    def check(self, batch: Batch) -> None:
        """Limits are kept in the accounting currency, so it can't change under the customers."""
        refuse_changes(batch, "accounting_currency", "accounting_currency_id", only=OF_A_COMPANY)


class Currencies(Resource):
    """Currencies and their decimals."""

    name = "currencies"
    model = Currency
    key_fields = named(Field("code", currency_code))
    fields = named(Field("minor_units", whole(0, 4), default=2))

    def check(self, batch: Batch) -> None:
        """Amounts were rounded to the decimals that the currency has."""
        refuse_changes(batch, "minor_units", "minor_units", but=WITHOUT_AMOUNTS)


class ExchangeRates(Resource):
    """Exchange rates; the same type, pair and day again replaces the rate."""

    name = "exchange-rates"
    model = ExchangeRate
    has_key = False
    key_fields = named(
        Field("rate_type", label),
        Field("from_currency", currency_code, "from_currency_id", refers_to="currency"),
        Field("to_currency", currency_code, "to_currency_id", refers_to="currency"),
        Field("valid_from", day),
    )
    fields = named(Field("rate", number(low=Decimal("1e-12"), high=Decimal(10) ** 11 - 1, places=12)))

    def parse(self, entry: Entry) -> None:
        """A rate without a type is of the type `default`."""
        if isinstance(entry.raw, dict) and "rate_type" not in entry.raw:
            entry.raw = {"rate_type": "default", **entry.raw}
        super().parse(entry)

    def check(self, batch: Batch) -> None:
        """A rate leads from one currency to another."""
        for entry in batch.good:
            if entry.identity and entry.identity[1] == entry.identity[2]:
                entry.fail("to_currency", "same_currency", "Name two different currencies.")


class PaymentTermsList(SetUp):
    """Terms of payment."""

    name = "payment-terms"
    model = PaymentTerms
    key_fields = CODE
    fields = named(
        Field("description", text(100), default=""),
        Field("net_days", whole(0, 3650), default=0),
        Field("rank", whole(-MOST_RANK, MOST_RANK), default=None),
        Field("uses_credit", flag, default=True),
        OPEN,
    )


class CashDiscounts(SetUp):
    """Cash (settlement) discounts."""

    name = "cash-discounts"
    model = CashDiscount
    key_fields = CODE
    fields = named(
        Field("description", text(100), default=""),
        Field("percent", number(high=HUNDRED), default=Decimal(0)),
        Field("rank", whole(-MOST_RANK, MOST_RANK), default=None),
        OPEN,
    )


class CreditManagementGroups(SetUp):
    """Labels that aim rules and scores."""

    name = "credit-management-groups"
    model = CreditManagementGroup
    key_fields = named(
        Field("code", matching(r"[A-Za-z0-9._-]{1,10}", "Use 1 to 10 letters, digits, '-', '_' or '.'."))
    )
    fields = named(Field("description", text(60), default=""), OPEN)


class AccountStatuses(SetUp):
    """Labels for a customer's standing."""

    name = "account-statuses"
    model = AccountStatus
    key_fields = CODE
    fields = named(
        Field("description", text(100), default=""),
        Field("processing_hold", choice(AccountStatus.ProcessingHold), default=AccountStatus.ProcessingHold.NONE.value),
        OPEN,
    )


class Reasons(SetUp):
    """Reason codes; one that names no legal entity is everybody's."""

    name = "reasons"
    model = Reason
    key_fields = named(Field("type", choice(Reason.Type)), Field("code", key_part))
    fields = named(
        Field("description", text(100), default=""),
        Field("legal_entity", key_part, "legal_entity_id", default=None, refers_to="legal entity"),
        Field("customer_wording", text(200), default="", ours=True),
        Field("requires_note", flag, default=False, ours=True),
        OPEN,
    )

    def entities_of(self, batch: Batch, entry: Entry) -> Iterable[str | None]:
        """The right is needed where the reason is, and where it will be."""
        there = [] if entry.existing is None else [entry.existing.legal_entity_id]
        if "legal_entity" in entry.given or batch.replace:
            return [*there, entry.given.get("legal_entity")]
        return there

    def check(self, batch: Batch) -> None:
        """Whoever gave this reason gave that of its legal entity."""
        super().check(batch)
        refuse_changes(batch, "legal_entity", "legal_entity_id")


class Parties(Resource):
    """Real-world organisations."""

    name = "parties"
    model = Party
    key_fields = named(Field("number", key_part))
    fields = named(
        Field("name", text(100, blank=False)),
        Field("country", country_code, default=""),
    )


RESOURCES: tuple[type[Resource], ...] = (
    LegalEntities,
    Currencies,
    ExchangeRates,
    PaymentTermsList,
    CashDiscounts,
    CreditManagementGroups,
    AccountStatuses,
    Reasons,
    Parties,
)
