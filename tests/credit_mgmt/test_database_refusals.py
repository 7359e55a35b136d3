"""What the database itself refuses, whoever asks (`reliability.md` F22, I6, I7)."""

from collections.abc import Callable

import pytest
from django.db import Error, IntegrityError, connection, transaction

from credit_mgmt import checks, decisions
from credit_mgmt.models import CreditAccount, DecisionRecord, LimitHistory, Parameters, PolicyClock
from tests import factories as make
from tests.factories_credit import ACTOR, AT, TODAY, BlockingRuleFactory, account_of, customer_with_limit

pytestmark = pytest.mark.django_db


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def commit() -> None:
    """What a commit would do: look at the deferred constraints."""
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.fixture
def evidence() -> None:
    """A limit with history, a decision, a policy version."""
    customer = customer_with_limit("100")
    order = make.SalesOrderFactory(customer=customer)
    checked = checks.check([checks.Request(order.pk, "confirmation")], as_of={"USMF": TODAY})
    decisions.record_decisions(checked, kind="posting", actor=ACTOR, at=AT)
    commit()


TABLES = {
    "credit_mgmt_limithistory": "note = 'forged'",
    "credit_mgmt_decisionrecord": "outcome = 'passed'",
    "credit_mgmt_policyversion": "content = '{}'",
}


@pytest.mark.usefixtures("evidence")
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement", ["UPDATE {table} SET {change}", "DELETE FROM {table}", "TRUNCATE {table} CASCADE"]
)
def test_evidence_is_append_only(table: str, statement: str) -> None:
    with pytest.raises(Error, match="append-only"), transaction.atomic():
        execute(statement.format(table=table, change=TABLES[table]))


@pytest.mark.usefixtures("evidence")
def test_only_the_purge_deletes_decisions_and_only_old_ones() -> None:
    """domain 10, decision retention"""
    assert decisions.purge_decisions(legal_entity="USMF", older_than=AT) == 0
    with pytest.raises(Error, match="append-only"), transaction.atomic():
        DecisionRecord.objects.all().delete()
    later = AT.replace(year=AT.year + 2)
    [record] = DecisionRecord.objects.all()
    assert decisions.purge_decisions(legal_entity="USMF", older_than=later, keep=[record.pk]) == 0
    assert decisions.purge_decisions(legal_entity="USMF", older_than=later) == 1


@pytest.mark.parametrize(
    "change", ["limit_amount = 500", "unlimited = true", "mandatory = true", "expires_on = DATE '2030-01-01'"]
)
def test_a_limit_without_its_entry_in_the_history_does_not_commit(change: str) -> None:
    """domain 8: the current limit always equals the last history entry"""
    customer_with_limit("100")
    execute(f"UPDATE credit_mgmt_creditaccount SET {change}")
    with pytest.raises(IntegrityError, match="not its last entry"):
        commit()


def test_an_entry_without_its_limit_does_not_commit() -> None:
    account = account_of(customer_with_limit("100"))
    LimitHistory.objects.create(
        account=account, sequence=2, source="manual", previous_limit=100, limit_amount=900, previous_unlimited=False,
        unlimited=False, previous_mandatory=False, mandatory=False, effective_on=TODAY, actor="user:1", at=AT,
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="not its last entry"):
        commit()


def test_an_account_is_born_without_credit() -> None:
    customer = make.CustomerFactory()
    CreditAccount.objects.create(customer=customer, currency_id="USD", limit_amount=5)
    with pytest.raises(IntegrityError, match="not its last entry"):
        commit()


@pytest.mark.parametrize("value", ["'NaN'", "-1", "'Infinity'"])
def test_what_is_no_amount_is_no_limit(value: str) -> None:
    """reliability finding 9"""
    customer_with_limit("100")
    with pytest.raises(Error), transaction.atomic():
        execute(f"UPDATE credit_mgmt_creditaccount SET limit_amount = {value}")


def test_there_is_one_default_row_and_it_has_the_values_of_domain_10() -> None:
    row = Parameters.objects.get()
    assert row.legal_entity is None
    assert (row.credit_limit_type, row.open_orders_that_use_credit) == ("balance_all", "approved")
    assert row.posting == "internal"
    assert (row.check_credit_limit_for_sales_order, row.message_when_exceeding_credit_limit) == (True, "warning")
    assert row.decision_retention_days == 400
    checked = list(row.checkpoints.order_by("document").values_list("document", "posting", "grace_days", "pro_forma"))
    assert checked == [(name, True, None, False) for name in ("confirmation", "invoice", "packing_slip")]
    with pytest.raises(IntegrityError), transaction.atomic():
        Parameters.objects.create(legal_entity=None)


def test_a_rule_of_one_entity_is_not_aimed_at_another_entitys_customer() -> None:
    other = make.LegalEntityFactory(code="DEMF")
    BlockingRuleFactory(valid_for="table", customer=make.CustomerFactory(), legal_entity=other)
    with pytest.raises(IntegrityError, match="rule_customer_within_entity"):
        commit()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE credit_mgmt_parameters SET require_review_date = true",
        "UPDATE credit_mgmt_checkpointsetting SET posting = false",
        "DELETE FROM credit_mgmt_checkpointsetting",
        "UPDATE credit_mgmt_ruleversion SET state = 'retired'",
    ],
)
def test_no_path_changes_the_policy_without_moving_its_clock(statement: str) -> None:
    BlockingRuleFactory()
    before = PolicyClock.objects.get().version
    execute(statement)
    assert PolicyClock.objects.get().version > before


def test_a_version_is_never_given_out_twice(decide: Callable[..., object]) -> None:
    """A rolled back change leaves nothing in the cache that could be mistaken for the next one."""
    order = make.SalesOrderFactory(customer=customer_with_limit("0"))
    savepoint = transaction.savepoint()
    BlockingRuleFactory()
    assert decide(order).holds  # type: ignore[attr-defined]
    transaction.savepoint_rollback(savepoint)
    BlockingRuleFactory(type="days_overdue", days=9000)
    assert not decide(order).holds  # type: ignore[attr-defined]


@pytest.mark.usefixtures("evidence")
def test_a_decision_belongs_to_its_orders_legal_entity() -> None:
    make.LegalEntityFactory(code="DEMF")
    [record] = DecisionRecord.objects.all()
    record.pk, record.legal_entity_id = None, "DEMF"
    record.save(force_insert=True)
    with pytest.raises(IntegrityError, match="within_entity"):
        commit()
