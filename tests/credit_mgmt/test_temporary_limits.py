"""Temporary limits (`domain 3.1`, `8`): set and taken back through journals, never two on one day."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from credit_mgmt.limits import LimitChange, set_limits
from credit_mgmt.limits.temporary import (
    NewTemporaryLimit,
    Withdrawal,
    set_temporary_limits,
    withdraw_temporary_limits,
)
from credit_mgmt.models import CreditAccount, LimitHistory, TemporaryLimit
from customers.access import Actor, Grant, NotAllowed
from customers.errors import InvalidInput, NotFound, Refused
from customers.models import CustomerMark, OutboxEvent
from tests import factories as make
from tests.factories_credit import ACTOR, AT, TODAY, account_of, customer_with_limit, give_limit

pytestmark = pytest.mark.django_db
MARCH = (dt.date(2026, 3, 1), dt.date(2026, 3, 31))


@pytest.fixture
def account() -> CreditAccount:
    return account_of(customer_with_limit("100"))


def asked(account: CreditAccount, amount: str, first: dt.date, last: dt.date, line: int = 1) -> NewTemporaryLimit:
    return NewTemporaryLimit(account.pk, Decimal(amount), first, last, journal="USMF-00001", journal_line=line)


def give(*limits: NewTemporaryLimit, **options: Any) -> list[TemporaryLimit]:
    common: dict[str, Any] = {"actor": ACTOR, "at": AT, "as_of": TODAY}
    return set_temporary_limits(limits=limits, **common | options)


def refusals(*limits: NewTemporaryLimit, day: dt.date = TODAY) -> dict[str, str]:
    """What is wrong, by field, where these were set on `day`; nothing is."""
    with transaction.atomic():
        try:
            give(*limits, as_of=day)
        except InvalidInput as refused:
            return {error.field: error.message for error in refused.errors}
        transaction.set_rollback(True)
    return {}


def take_back(limit: TemporaryLimit, day: dt.date = TODAY, **options: Any) -> TemporaryLimit:
    withdrawal = Withdrawal(limit.pk, journal="USMF-00002", journal_line=1)
    common: dict[str, Any] = {"actor": ACTOR, "at": AT, "as_of": day}
    [taken] = withdraw_temporary_limits(withdrawals=[withdrawal], **common | options)
    return taken


def commit() -> None:
    """Let deferred triggers look, as at commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


class TestSetting:
    def test_is_written_down_with_its_journal_and_told(self, account: CreditAccount) -> None:
        [limit] = give(asked(account, "250", *MARCH, line=7))
        commit()
        entry = LimitHistory.objects.get(temporary_limit=limit)
        assert (entry.sequence, entry.kind, entry.source, entry.journal, entry.journal_line) == (
            2, "temporary", "journal", "USMF-00001", 7,
        )  # fmt: skip
        assert (entry.previous_limit, entry.limit_amount, entry.actor, entry.effective_on) == (
            100, 100, "system:tests", TODAY,
        )  # fmt: skip
        event = OutboxEvent.objects.order_by("-sequence")[0]
        assert (event.type, event.key) == ("limit_changed", f"limit:{account.pk}:2")
        assert event.data["temporary_limit"] == {
            "amount": "250.00", "valid_from": "2026-03-01", "valid_to": "2026-03-31", "withdrawn_from": None,
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("amount", "first", "kind"),
        [("250", TODAY, "limit_raised"), ("50", TODAY, "limit"), ("250", TODAY + dt.timedelta(days=1), "limit")],
    )
    def test_lets_held_orders_be_looked_at(
        self, account: CreditAccount, amount: str, first: dt.date, kind: str
    ) -> None:
        CustomerMark.objects.all().delete()
        give(asked(account, amount, first, MARCH[1]))
        assert [cause["kind"] for cause in CustomerMark.objects.get().causes] == [kind]

    def test_of_several_periods_is_possible(self, account: CreditAccount) -> None:
        april = (dt.date(2026, 4, 1), dt.date(2026, 4, 30))
        assert len(give(asked(account, "250", *april, line=1), asked(account, "300", *MARCH, line=2))) == 2

    def test_of_a_thousand_needs_the_statements_of_one(self, count_queries: Callable[[Callable[[], Any]], int]) -> None:
        accounts = [account_of(customer_with_limit("100")) for _ in range(20)]
        one = count_queries(lambda: give(asked(accounts[0], "1", *MARCH)))
        assert count_queries(lambda: give(*(asked(other, "1", *MARCH) for other in accounts[1:]))) == one

    def test_needs_the_right_to_post_in_every_entity_of_a_group(self) -> None:
        group = make.CustomerCreditGroupFactory()
        for code in ("USMF", "DEMF"):
            make.CustomerFactory(legal_entity=make.LegalEntityFactory(code=code), credit_group=group)
        limit = asked(give_limit(group, "1000"), "2000", *MARCH)
        manager = Actor("user", 1, "m", (Grant("credit_manager", "USMF"), Grant("credit_clerk", "DEMF")))
        with pytest.raises(NotAllowed):
            give(limit, actor=manager)
        assert give(limit, actor=Actor("user", 1, "m", (Grant("credit_manager", None),)))

    def test_of_an_account_that_is_not_there_is_not_found(self, account: CreditAccount) -> None:
        with pytest.raises(NotFound):
            give(NewTemporaryLimit(0, Decimal(1), *MARCH, journal="J"))


WRONG = [
    ({"amount": "-0.01"}, "amount", "out_of_range"),
    ({"amount": "NaN"}, "amount", "out_of_range"),
    ({"amount": "0.001"}, "amount", "too_many_decimals"),
    ({"first": dt.date(26, 3, 1)}, "valid_from", "out_of_range"),
    ({"first": dt.date(2026, 3, 31), "last": dt.date(2026, 3, 30)}, "valid_to", "before_start"),
    ({"first": dt.date(2026, 2, 1), "last": dt.date(2026, 2, 28)}, "valid_to", "in_the_past"),
]


class TestRefusing:
    @pytest.mark.parametrize(("values", "field", "code"), WRONG)
    def test_names_the_row_and_the_field(
        self, account: CreditAccount, values: dict[str, Any], field: str, code: str
    ) -> None:
        good = asked(account_of(customer_with_limit("1")), "5", *MARCH)
        sound: dict[str, Any] = {"amount": "5", "first": MARCH[0], "last": MARCH[1]}
        bad = asked(account, **sound | values)
        with pytest.raises(InvalidInput) as refused:
            give(good, bad)
        assert [(error.field, error.code) for error in refused.value.errors] == [(f"limits[1].{field}", code)]
        assert not TemporaryLimit.objects.exists(), "all or none"

    @pytest.mark.parametrize(
        ("first", "last", "refused"),
        [
            ("2026-03-31", "2026-04-30", True),  # the last day is part of the period
            ("2026-04-01", "2026-04-30", False),
            ("2026-02-01", "2026-03-01", True),  # and so is the first
            ("2026-02-01", "2026-02-28", False),
            ("2026-03-10", "2026-03-11", True),
            ("2026-02-01", "2026-04-30", True),
        ],
    )
    def test_shared_days_are_refused_before_the_database_does(
        self, account: CreditAccount, first: str, last: str, refused: bool
    ) -> None:
        give(asked(account, "250", *MARCH))
        other = asked(account, "300", dt.date.fromisoformat(first), dt.date.fromisoformat(last))
        assert list(refusals(other, day=dt.date(2026, 2, 1))) == (["limits[0].valid_from"] if refused else [])

    def test_the_other_limit_is_named(self, account: CreditAccount) -> None:
        give(asked(account, "250", *MARCH))
        assert refusals(asked(account, "1", *MARCH)) == {
            "limits[0].valid_from": "2026-03-01 to 2026-03-31 belongs to the temporary limit of 250.00 USD of "
            "USMF-00001: choose other days, or take it back."
        }

    def test_two_lines_that_share_days_name_the_later_one(self, account: CreditAccount) -> None:
        lines = [asked(account, "1", dt.date(2026, 3, 20), dt.date(2026, 4, 1), 1), asked(account, "2", *MARCH, 2)]
        [(field, message)] = refusals(*lines).items()
        assert (field, message.split(":")[0]) == ("limits[0].valid_from", "2026-03-01 to 2026-03-31 belongs to line 2")

    def test_the_same_days_of_another_account_are_free(self, account: CreditAccount) -> None:
        give(asked(account, "250", *MARCH), asked(account_of(customer_with_limit("1")), "5", *MARCH))


class TestTakingBack:
    def test_frees_the_days_from_today_on(self, account: CreditAccount) -> None:
        [limit] = give(asked(account, "250", *MARCH))
        tenth = dt.date(2026, 3, 10)
        assert take_back(limit, tenth).withdrawn_from == tenth
        commit()
        limit.refresh_from_db()
        assert (limit.withdrawn_from, limit.last_day) == (tenth, dt.date(2026, 3, 9))
        assert LimitHistory.objects.get(kind="withdrawn").journal == "USMF-00002"
        assert not refusals(asked(account, "1", tenth, MARCH[1]), day=tenth)
        assert refusals(asked(account, "1", dt.date(2026, 3, 9), MARCH[1]), day=tenth)

    def test_before_the_first_day_leaves_nothing_of_it(self, account: CreditAccount) -> None:
        [limit] = give(asked(account, "250", dt.date(2026, 4, 1), dt.date(2026, 4, 30)))
        assert take_back(limit).withdrawn_from == dt.date(2026, 4, 1)
        give(asked(account, "300", dt.date(2026, 3, 15), dt.date(2026, 5, 1)))
        commit()

    def test_twice_or_after_the_end_is_refused(self, account: CreditAccount) -> None:
        [march, april] = give(
            asked(account, "250", *MARCH), asked(account, "250", dt.date(2026, 4, 1), dt.date(2026, 4, 30))
        )
        with pytest.raises(Refused, match="ended on 2026-03-31"):
            take_back(march, dt.date(2026, 4, 1))
        take_back(april)
        with pytest.raises(Refused, match="already"):
            take_back(april)
        with pytest.raises(NotFound):
            take_back(TemporaryLimit(pk=0))

    @pytest.mark.parametrize(("amount", "kind"), [("250", "limit"), ("50", "limit_raised")])
    def test_lets_held_orders_be_looked_at(self, account: CreditAccount, amount: str, kind: str) -> None:
        [limit] = give(asked(account, amount, *MARCH))
        CustomerMark.objects.all().delete()
        take_back(limit)
        assert [cause["kind"] for cause in CustomerMark.objects.get().causes] == [kind]


class TestTheDatabase:
    """Whoever bypasses the service is refused."""

    COLUMNS = "(account_id, amount, valid_from, valid_to, journal, actor, at)"

    def execute(self, statement: str, *values: Any) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)

    def insert(self, account: CreditAccount, values: str) -> None:
        self.execute(f"INSERT INTO credit_mgmt_temporarylimit {self.COLUMNS} VALUES (%s, {values})", account.pk)

    @pytest.mark.parametrize(
        ("values", "constraint"),
        [
            ("5, '2026-03-31', '2026-04-02', 'J', 'user:1', now()", "one_temporary_limit_per_day"),
            ("5, '2026-05-02', '2026-05-01', 'J', 'user:1', now()", "temporary_limit_has_a_period"),
            ("5, '2026-05-02', 'infinity', 'J', 'user:1', now()", "temporary_limit_has_a_period"),
            ("-1, '2026-05-01', '2026-05-01', 'J', 'user:1', now()", "temporary_limit_is_a_number"),
            ("'NaN', '2026-05-01', '2026-05-01', 'J', 'user:1', now()", "temporary_limit_is_a_number"),
            ("5, '2026-05-01', '2026-05-01', '', 'user:1', now()", "temporary_limit_names_its_journal"),
        ],
    )
    def test_refuses_by_name(self, account: CreditAccount, values: str, constraint: str) -> None:
        give(asked(account, "250", *MARCH))
        with pytest.raises(DatabaseError, match=constraint):
            self.insert(account, values)

    def test_refuses_a_limit_without_its_entry(self, account: CreditAccount) -> None:
        self.insert(account, "5, '2026-05-01', '2026-05-01', 'J', 'user:1', now()")
        with pytest.raises(IntegrityError, match="without an entry"):
            commit()

    def test_refuses_to_take_back_without_an_entry(self, account: CreditAccount) -> None:
        give(asked(account, "250", *MARCH))
        commit()
        self.execute("UPDATE credit_mgmt_temporarylimit SET withdrawn_from = '2026-03-10'")
        with pytest.raises(IntegrityError, match="without an entry"):
            commit()

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE credit_mgmt_temporarylimit SET amount = 6",
            "UPDATE credit_mgmt_temporarylimit SET valid_to = '2026-06-30'",
            "DELETE FROM credit_mgmt_temporarylimit",
            "TRUNCATE credit_mgmt_temporarylimit CASCADE",
        ],
    )
    def test_refuses_to_change_what_was_set(self, account: CreditAccount, statement: str) -> None:
        give(asked(account, "250", *MARCH))
        commit()
        with pytest.raises(DatabaseError, match="append-only"):
            self.execute(statement)


class TestALimitOfAJournal:
    def test_changes_whatever_manual_editing_says_and_names_journal_and_line(self, account: CreditAccount) -> None:
        """domain 8: no -> limits change only through journals"""
        change = LimitChange(account.pk, limit_amount=Decimal(500), journal="USMF-00003", journal_line=2)
        [entry] = set_limits(changes=[change], source="journal", actor=ACTOR, at=AT, as_of=TODAY)
        assert entry is not None
        assert (entry.limit_amount, entry.source, entry.journal, entry.journal_line) == (
            500,
            "journal",
            "USMF-00003",
            2,
        )

    @pytest.mark.parametrize(("source", "journal"), [("journal", ""), ("feed", "USMF-00003")])
    def test_and_no_other_names_its_journal(self, account: CreditAccount, source: str, journal: str) -> None:
        change = LimitChange(account.pk, limit_amount=Decimal(500), journal=journal)
        with pytest.raises(IntegrityError, match="limit_of_a_journal_names_it"), transaction.atomic():
            set_limits(changes=[change], source=source, actor=ACTOR, at=AT, as_of=TODAY)

    def test_needs_the_right_to_post(self, account: CreditAccount) -> None:
        change = LimitChange(account.pk, limit_amount=Decimal(500), journal="USMF-00003")
        clerk = Actor("user", 1, "c", (Grant("credit_clerk", "USMF"),))
        with pytest.raises(NotAllowed):
            set_limits(changes=[change], source="journal", actor=clerk, at=AT, as_of=TODAY)
