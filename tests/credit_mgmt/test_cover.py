"""Insurance policies and guarantees (`domain 2`, `3.1`): what is refused, what is recorded, what they count when."""

import datetime as dt
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import Error, IntegrityError, connection, transaction

from credit_mgmt.checks import Request, check
from credit_mgmt.cover import CoverStatus, cover_lines, end_policy, remove_policy, save_policies, save_policy, status_on
from credit_mgmt.decisions import record_decisions, replay
from credit_mgmt.engine.decision import Decision
from credit_mgmt.exposure import position_of
from credit_mgmt.models import CoverageType, CoverChange, CoverPolicy, DecisionRecord, PolicyType
from customers.access import Actor, Grant, NotAllowed
from customers.errors import InvalidInput, NotFound
from customers.models import Customer, CustomerMark, OutboxEvent, Party, SalesOrder
from tests import factories as make
from tests.factories_credit import ACTOR, AT, TODAY, BlockingRuleFactory, account_of, customer_with_limit, insure

pytestmark = pytest.mark.django_db
CountQueries = Callable[[Callable[[], Any]], int]


@pytest.fixture
def customer() -> Customer:
    return customer_with_limit("100000", account="US-1")


@pytest.fixture
def kinds() -> None:
    """A type of each kind, a coverage type, an insurer."""
    PolicyType.objects.create(code="TURNOVER", identifier="insurance")
    PolicyType.objects.create(code="BANK", identifier="guarantee")
    CoverageType.objects.create(code="DELIVERED")
    Party.objects.create(number="ATLAS", name="Atlas Insurance")


def values_of(owner: Customer, **values: Any) -> dict[str, Any]:
    """A whole policy as the API sends it: 50,000 at 50 %, all year."""
    return {
        "customer": owner.key, "identifier": "insurance", "type": "TURNOVER", "insurer": "ATLAS",
        "coverage_type": "DELIVERED", "identification": "P-1", "effective_on": dt.date(2026, 1, 1),
        "expires_on": dt.date(2026, 12, 31), "value": Decimal("50000.00"), "currency": "USD",
        "update_percent": Decimal(50), "update_amount": None, "included_in_exposure": False, **values,
    }  # fmt: skip


def total(customer: Customer, day: dt.date = TODAY) -> Decimal | None:
    return position_of(customer, day).total_limit


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def role(name: str, *entities: str) -> Actor:
    return Actor("user", 7, "kim", tuple(Grant(name, entity) for entity in entities) or (Grant(name, None),))


class TestTheTotalLimit:
    """domain 3.1"""

    def test_is_raised_by_what_a_policy_counts(self, customer: Customer) -> None:
        insure(customer, "50000", update_percent="50")
        assert total(customer) == 125_000
        assert position_of(customer, TODAY).insurance_and_guarantees == 25_000

    def test_is_lowered_by_the_whole_value_of_one_that_exposure_includes(self, customer: Customer) -> None:
        insure(customer, "50000", update_percent="50", included_in_exposure=True)
        assert total(customer) == 75_000

    def test_is_raised_by_several_each_by_percentage_or_amount(self, customer: Customer) -> None:
        insure(customer, "50000", update_percent="50")
        insure(customer, "30000", update_amount="12345.67", identifier="guarantee")
        insure(customer_with_limit("5", account="US-2"), "7777")
        assert total(customer) == Decimal("137345.67")

    @pytest.mark.parametrize(
        ("day", "counts"),
        [("2026-03-09", 0), ("2026-03-10", 25_000), ("2026-03-20", 25_000), ("2026-03-21", 0)],
    )
    def test_has_cover_from_its_first_day_to_its_last(self, customer: Customer, day: str, counts: int) -> None:
        insure(customer, effective_on=dt.date(2026, 3, 10), expires_on=dt.date(2026, 3, 20))
        assert total(customer, dt.date.fromisoformat(day)) == 100_000 + counts

    def test_is_never_below_zero(self) -> None:
        poor = customer_with_limit("10000")
        insure(poor, "50000", included_in_exposure=True)
        assert total(poor) == 0

    def test_counts_cover_in_another_currency_at_the_rate_of_the_day(self, customer: Customer) -> None:
        """domain 1: each currency is rounded half-up once; 25,000.005 EUR is 25,000.01."""
        make.ExchangeRateFactory(rate=Decimal("1.10"), valid_from=dt.date(2026, 1, 1))
        make.ExchangeRateFactory(rate=Decimal("1.20"), valid_from=dt.date(2026, 3, 2))
        insure(customer, "50000.01", currency_id="EUR")
        assert total(customer) == 100_000 + Decimal("27500.01")
        assert total(customer, dt.date(2026, 3, 2)) == 100_000 + Decimal("30000.01")

    def test_of_a_group_is_not_raised(self, customer: Customer) -> None:
        group = make.CustomerCreditGroupFactory(number="G1")
        Customer.objects.filter(pk=customer.pk).update(credit_group=group)
        account_of(group)
        insure(customer)
        shown = position_of(Customer.objects.get(pk=customer.pk), TODAY)
        assert (shown.total_limit, shown.group and shown.group.limit) == (125_000, 0)


class TestACheck:
    @pytest.fixture
    def order(self, customer: Customer) -> SalesOrder:
        BlockingRuleFactory()
        order: SalesOrder = make.SalesOrderFactory(customer=customer, amount=Decimal(120_000))
        return order

    def test_uses_the_cover_of_its_day(self, order: SalesOrder, decide: Callable[..., Decision]) -> None:
        assert decide(order).holds
        insure(order.payer)
        assert not decide(order).holds

    def test_without_a_rate_for_the_cover_holds_the_order(
        self, order: SalesOrder, decide: Callable[..., Decision]
    ) -> None:
        """domain 4.9: never silently nothing, and never silently enough."""
        make.CurrencyFactory(code="EUR")
        insure(order.payer, "9000000", currency_id="EUR")
        decision = decide(order)
        assert [reason.type for reason in decision.reasons] == ["cannot_be_evaluated"]
        assert decision.reasons[0].evidence["missing_rates"] == "EUR>USD"
        shown = position_of(order.payer, TODAY)
        assert (shown.total_limit, shown.available, shown.missing_rate) == (None, None, "EUR>USD")
        assert shown.bar() is None

    def test_is_stored_with_the_cover_it_was_made_from_and_replays_when_that_is_gone(self, order: SalesOrder) -> None:
        policy = insure(order.payer)
        [checked] = check([Request(order.pk, "confirmation")], as_of={"USMF": TODAY})
        [record] = record_decisions([checked], kind="posting", actor=ACTOR, at=AT)
        remove_policy(policy=policy.pk, actor=ACTOR)
        assert replay(DecisionRecord.objects.get(pk=record)) == checked.decision

    def test_costs_no_query_more(self, order: SalesOrder, decide: Callable[..., Decision],
                                 count_queries: CountQueries) -> None:  # fmt: skip
        decide(order)
        bare = count_queries(lambda: decide(order))
        for _ in range(5):
            insure(order.payer)
        assert count_queries(lambda: decide(order)) == bare <= 4


BAD: list[tuple[str, dict[str, Any], str, str]] = [
    # name, what is sent, the field and the code of the error
    ("101 %", {"update_percent": Decimal(101)}, "update_percent", "out_of_range"),
    ("less than nothing", {"update_percent": Decimal(-1)}, "update_percent", "out_of_range"),
    ("above the value", {"update_percent": None, "update_amount": Decimal("50000.01")}, "update_amount", "above_value"),
    ("both ways", {"update_amount": Decimal(1)}, "update_amount", "ambiguous"),
    ("neither way", {"update_percent": None}, "update_percent", "required"),
    ("NaN", {"value": Decimal("NaN")}, "value", "not_a_number"),
    ("half a cent", {"value": Decimal("1.005")}, "value", "too_many_decimals"),
    ("ends before it starts", {"expires_on": dt.date(2025, 12, 31)}, "expires_on", "ends_before_it_starts"),
    ("a guarantee that covers something", {"identifier": "guarantee", "type": "BANK"}, "coverage_type",
     "only_for_insurance"),
    ("a type of the other kind", {"type": "BANK"}, "type", "other_identifier"),
    ("an unknown type", {"type": "NONE"}, "type", "unknown_reference"),
    ("an unknown insurer", {"insurer": "NOBODY"}, "insurer", "unknown_reference"),
    ("an unknown customer", {"customer": "USMF:GONE"}, "customer", "unknown_reference"),
    ("no value", {"value": None}, "value", "invalid"),
    ("no kind that there is", {"identifier": "promise"}, "identifier", "invalid_choice"),
]  # fmt: skip


@pytest.mark.usefixtures("kinds")
class TestSaving:
    @pytest.mark.parametrize(("sent", "field", "code"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
    def test_what_makes_no_sense_is_refused_by_name(
        self, customer: Customer, sent: dict[str, Any], field: str, code: str
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            save_policy(values=values_of(customer, **sent), actor=ACTOR)
        assert [(error.field, error.code) for error in refused.value.errors] == [(field, code)]
        assert refused.value.errors[0].message.rstrip(".")
        assert not CoverPolicy.objects.exists()

    def test_is_recorded_signed_told_and_marks_the_customer(self, customer: Customer) -> None:
        policy = save_policy(values=values_of(customer), actor=role("credit_manager"))
        save_policy(
            values={"update_percent": None, "update_amount": Decimal(10)}, actor=ACTOR, policy=policy.pk, replace=False
        )
        entered, changed = CoverChange.objects.filter(policy_id=policy.pk).order_by("sequence")
        assert (entered.actor, entered.actor_name, entered.before) == ("user:7", "kim", {})
        assert (entered.after["value"], entered.after["insurer"]) == ("50000.0000", "ATLAS")
        assert changed.before == {"update_percent": "50.0000", "update_amount": None}
        assert changed.after == {"update_percent": None, "update_amount": "10.0000"}
        events = OutboxEvent.objects.filter(type="cover_changed").order_by("sequence")
        assert [event.key for event in events] == [f"cover:{policy.pk}:1", f"cover:{policy.pk}:2"]
        assert {(event.legal_entity_id, event.subject) for event in events} == {("USMF", customer.key)}
        mark = CustomerMark.objects.get(customer=customer)
        assert mark.causes[-1] == {"kind": "cover", "subject": customer.key}

    def test_the_same_again_changes_nothing(self, customer: Customer) -> None:
        policy = save_policy(values=values_of(customer), actor=ACTOR)
        save_policy(values=values_of(customer), actor=ACTOR, policy=policy.pk)
        assert CoverChange.objects.count() == OutboxEvent.objects.filter(type="cover_changed").count() == 1

    def test_takes_the_kind_of_its_type(self, customer: Customer) -> None:
        values = values_of(customer, type="BANK", coverage_type=None)
        del values["identifier"]
        assert save_policy(values=values, actor=ACTOR).identifier == "guarantee"

    def test_never_moves_a_policy_to_another_customer(self, customer: Customer) -> None:
        policy = save_policy(values=values_of(customer), actor=ACTOR)
        other = make.CustomerFactory(account="US-2")
        with pytest.raises(InvalidInput) as refused:
            save_policy(values={"customer": other.key}, actor=ACTOR, policy=policy.pk, replace=False)
        assert [(error.field, error.code) for error in refused.value.errors] == [("customer", "immutable")]

    def test_many_need_the_statements_of_one_and_each_fails_alone(
        self, customer: Customer, count_queries: CountQueries
    ) -> None:
        save_policies(rows=[values_of(customer)], actor=ACTOR)
        one = count_queries(lambda: save_policies(rows=[values_of(customer)], actor=ACTOR))
        others = [customer_with_limit("1") for _ in range(20)]
        many = count_queries(lambda: save_policies(rows=[values_of(other) for other in others], actor=ACTOR))
        assert many == one
        rows = [values_of(customer), values_of(customer, update_percent=Decimal(101))]
        assert [row.status for row in save_policies(rows=rows, actor=ACTOR)] == ["created", "failed"]
        assert [row.status for row in save_policies(rows=rows, actor=ACTOR, atomic=True)] == ["failed", "failed"]

    @pytest.mark.parametrize(
        ("name", "may"),
        [("credit_manager", True), ("credit_administrator", True), ("integration", True), ("credit_clerk", False),
         ("viewer", False), ("auditor", False), ("approver", False)],
    )  # fmt: skip
    def test_is_for_managers_administrators_and_the_feed(self, customer: Customer, name: str, *, may: bool) -> None:
        """ux Permission contract: clerks read."""
        if may:
            save_policy(values=values_of(customer), actor=role(name, "USMF"))
            return
        with pytest.raises(NotAllowed):
            save_policy(values=values_of(customer), actor=role(name, "USMF"))

    def test_of_a_customer_out_of_scope_is_not_found(self, customer: Customer) -> None:
        policy = save_policy(values=values_of(customer), actor=ACTOR)
        stranger = role("credit_manager", "DEMF")
        for attempt in (
            lambda: save_policy(values=values_of(customer), actor=stranger),
            lambda: save_policy(values={"value": Decimal(1)}, actor=stranger, policy=policy.pk, replace=False),
            lambda: save_policy(values={"value": Decimal(1)}, actor=stranger, policy=uuid.uuid4(), replace=False),
        ):
            with pytest.raises(NotFound):
                attempt()


class TestEnding:
    def test_shortens_a_policy_and_never_extends_it(self, customer: Customer) -> None:
        policy = insure(customer)
        assert end_policy(policy=policy.pk, last_day=TODAY, actor=ACTOR).expires_on == TODAY
        for day, code in ((dt.date(2027, 1, 1), "later_than_agreed"), (dt.date(2025, 1, 1), "ends_before_it_starts")):
            with pytest.raises(InvalidInput) as refused:
                end_policy(policy=policy.pk, last_day=day, actor=ACTOR)
            assert [(error.field, error.code) for error in refused.value.errors] == [("last_day", code)]

    def test_removing_leaves_the_record(self, customer: Customer) -> None:
        policy = insure(customer)
        with pytest.raises(NotAllowed):
            remove_policy(policy=policy.pk, actor=role("credit_clerk", "USMF"))
        remove_policy(policy=policy.pk, actor=ACTOR)
        assert not CoverPolicy.objects.exists()
        last = CoverChange.objects.order_by("-sequence")[0]
        assert (last.before["value"], last.after, last.actor) == ("50000.0000", {}, "system:tests")
        with pytest.raises(NotFound):
            remove_policy(policy=policy.pk, actor=ACTOR)


class TestLines:
    def test_say_where_a_policy_stands(self, customer: Customer) -> None:
        policy = insure(customer, effective_on=dt.date(2026, 3, 1), expires_on=dt.date(2026, 5, 31))
        days = {"2026-02-28": "not_yet", "2026-03-01": "in_force", "2026-04-30": "in_force", "2026-05-01": "expiring",
                "2026-05-31": "expiring", "2026-06-01": "expired"}  # fmt: skip
        assert {day: status_on(policy, dt.date.fromisoformat(day)) for day in days} == {
            day: CoverStatus(status) for day, status in days.items()
        }

    def test_count_in_the_accounts_currency_or_say_that_a_rate_is_missing(
        self, customer: Customer, count_queries: CountQueries
    ) -> None:
        make.ExchangeRateFactory(rate=Decimal("1.10"))
        make.CurrencyFactory(code="GBP")
        for currency in ("EUR", "GBP", "USD"):
            insure(customer, "100.01", currency_id=currency)
        policies = list(CoverPolicy.objects.select_related("customer__legal_entity").order_by("currency"))
        lines = cover_lines(policies, lambda _: TODAY)
        assert [line.amount for line in lines] == [Decimal("55.01"), None, Decimal("50.01")]
        one = count_queries(lambda: cover_lines(policies[:1], lambda _: TODAY))
        assert count_queries(lambda: cover_lines(policies, lambda _: TODAY)) == one


class TestTheDatabase:
    """reliability F22: what it refuses, whoever asks."""

    @pytest.fixture
    def policy(self, customer: Customer) -> CoverPolicy:
        return insure(customer)

    @pytest.mark.parametrize(
        ("values", "constraint"),
        [
            ({"update_percent": Decimal("100.0001")}, "cover_percent_up_to_100"),
            ({"update_percent": None}, "cover_counts_by_percent_or_amount"),
            ({"update_amount": Decimal(1)}, "cover_counts_by_percent_or_amount"),
            ({"update_percent": None, "update_amount": Decimal("50000.01")}, "cover_amount_up_to_its_value"),
            ({"value": Decimal(-1)}, "cover_amounts_are_numbers"),
            ({"expires_on": dt.date(2025, 12, 31)}, "cover_starts_before_it_ends"),
            ({"identifier": "promise"}, "cover_identifier_is_known"),
            ({"identifier": "guarantee"}, "cover_type_of_its_identifier"),
            ({"identifier": "guarantee", "coverage_type_id": "ANY"}, "guarantee_without_coverage_type"),
        ],
    )
    def test_refuses_what_makes_no_sense(self, policy: CoverPolicy, values: dict[str, Any], constraint: str) -> None:
        CoverageType.objects.create(code="ANY")
        execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            CoverPolicy.objects.filter(pk=policy.pk).update(**values)

    def test_keeps_a_policy_with_its_customer_and_a_type_of_a_known_kind(self, policy: CoverPolicy) -> None:
        other = make.CustomerFactory(account="US-2")
        with pytest.raises(Error, match="stays with its customer"), transaction.atomic():
            CoverPolicy.objects.filter(pk=policy.pk).update(customer=other)
        with pytest.raises(IntegrityError, match="policy_type_identifier_is_known"), transaction.atomic():
            PolicyType.objects.create(code="X", identifier="promise")

    @pytest.mark.usefixtures("policy")
    def test_refuses_what_is_no_number_in_raw_sql(self) -> None:
        for column, constraint in (("value", "cover_amounts"), ("update_percent", "cover_percent")):
            with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
                execute(f"UPDATE credit_mgmt_coverpolicy SET {column} = 'NaN'")

    def test_records_what_raw_sql_changes_and_never_alters_the_record(self, policy: CoverPolicy) -> None:
        execute(f"UPDATE credit_mgmt_coverpolicy SET value = 1 WHERE id = '{policy.pk}'")
        execute("SET CONSTRAINTS ALL IMMEDIATE")
        last = CoverChange.objects.order_by("-sequence")[0]
        assert (last.sequence, last.before, last.after) == (2, {"value": "50000.0000"}, {"value": "1.0000"})
        for statement in ("UPDATE {} SET actor = 'x'", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
            with pytest.raises(Error, match="append-only"), transaction.atomic():
                execute(statement.format("credit_mgmt_coverchange"))
