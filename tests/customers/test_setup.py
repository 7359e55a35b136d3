"""What administrators set up: nobody is overwritten, what is used stays, and the database keeps who changed what."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from customers import setup
from customers.access import Actor, Grant, NotAllowed, OutOfScope
from customers.errors import InvalidInput, NotFound, Refused
from customers.imports import upsert_one
from customers.models import AccountStatus, Customer, PaymentTerms, Reason, SetupChange
from customers.setup.ranks import ladder, moved, numbered
from tests.customers.conftest import Put

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]

ADA = Actor("user", 1, "Ada", (Grant("credit_administrator", None),))
KIM = Actor("user", 2, "Kim", (Grant("credit_administrator", "USMF"),))
CLERK = Actor("user", 3, "Clerk", (Grant("credit_clerk", None),))
FEED = Actor("client", 4, "ERP", (Grant("integration", None),))
WATCH = {"code": "WATCH", "description": "Watched", "processing_hold": "none"}


def watch() -> int:
    """A status, and the version at which it stands."""
    setup.add_record(kind="account-statuses", values=WATCH, actor=ADA)
    return setup.version_of("account-statuses", "WATCH")


def change(values: dict[str, Any], seen: int, actor: Actor = ADA, kind: str = "account-statuses", key: str = "WATCH"):
    return setup.change_record(kind=kind, key=key, values=values, seen=seen, actor=actor)


class TestChanging:
    def test_says_whether_anything_changed(self):
        seen = watch()
        assert change({"processing_hold": "all"}, seen) is True
        assert change({"processing_hold": "all"}, seen + 1) is False
        assert AccountStatus.objects.get(code="WATCH").processing_hold == "all"

    def test_what_a_colleague_changed_meanwhile_is_not_overwritten(self):
        seen = watch()
        change({"description": "Mine"}, seen)
        with pytest.raises(Refused, match="Ada changed it since you opened it") as refused:
            change({"description": "Theirs"}, seen)
        assert refused.value.code == "stale"
        assert AccountStatus.objects.get(code="WATCH").description == "Mine"

    def test_takes_the_right_to_set_up(self):
        seen = watch()
        for actor in (CLERK, FEED):
            with pytest.raises(NotAllowed):
                change({"description": "No"}, seen, actor)
        with pytest.raises(NotAllowed):  # all entities share it
            change({"description": "No"}, seen, KIM)

    def test_a_reason_of_another_legal_entity_is_not_there(self):
        setup.add_record(kind="reasons", values={"type": "hold", "code": "DE", "legal_entity": "DEMF"}, actor=ADA)
        with pytest.raises(OutOfScope):
            change({"description": "No"}, 1, KIM, "reasons", "hold:DE")
        with pytest.raises(OutOfScope):
            setup.add_record(kind="reasons", values={"type": "hold", "code": "D2", "legal_entity": "DEMF"}, actor=KIM)

    def test_what_is_not_there_is_not_found(self):
        for kind, key in (("account-statuses", "NONE"), ("reasons", "NOCOLON"), ("spoons", "A")):
            with pytest.raises(NotFound):
                change({}, 0, kind=kind, key=key)


BAD: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "a code that is too long": ("account-statuses", {"code": "X" * 21}, "code", "invalid_key"),
    "a group's code over ten letters": ("credit-management-groups", {"code": "X" * 11}, "code", "invalid_key"),
    "a code with a space": ("payment-terms", {"code": "NET 30"}, "code", "invalid_key"),
    "a description that is too long": ("account-statuses", {"code": "S", "description": "x" * 101}, "description",
                                      "too_long"),
    "a processing hold that there is not": ("account-statuses", {"code": "S", "processing_hold": "some"},
                                            "processing_hold", "invalid_choice"),
    "negative days": ("payment-terms", {"code": "T", "net_days": -1}, "net_days", "out_of_range"),
    "a rank that is no number": ("payment-terms", {"code": "T", "rank": "high"}, "rank", "invalid"),
    "a type of reason that there is not": ("reasons", {"type": "undo", "code": "R"}, "type", "invalid_choice"),
    "words for the customer that are too long": (
        "reasons", {"type": "hold", "code": "R", "customer_wording": "x" * 201}, "customer_wording", "too_long",
    ),
    "a code that is taken": ("payment-terms", {"code": "N30"}, "code", "duplicate"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "values", "field", "code"), BAD.values(), ids=BAD)
def test_bad_input_names_the_field_and_changes_nothing(kind, values, field, code):
    before = SetupChange.objects.count()
    with pytest.raises(InvalidInput) as refused:
        setup.add_record(kind=kind, values=values, actor=ADA)
    assert [(error.field, error.code) for error in refused.value.errors] == [(field, code)]
    assert SetupChange.objects.count() == before


class TestClosing:
    def test_what_is_closed_is_chosen_no_more_and_stays_where_it_is(self, put: Put):
        seen = watch()
        put("customers", {"key": "USMF:US-001", "account_status": "WATCH"})
        change({"open": False}, seen)
        [again] = put("customers", {"key": "USMF:US-001", "account_status": "WATCH", "country": "CA"})
        assert again.status == "updated"
        [other] = put("customers", {"key": "DEMF:DE-001", "account_status": "WATCH"}, fails=True)
        assert [(error.field, error.code) for error in other.errors] == [("account_status", "closed")]
        change({"open": True}, seen + 1)
        put("customers", {"key": "DEMF:DE-001", "account_status": "WATCH"})

    def test_what_an_erp_says_is_true_also_with_closed_terms(self, put: Put):
        """terms of customers and orders are mirrored, not chosen here"""
        change({"open": False}, setup.version_of("payment-terms", "N30"), kind="payment-terms", key="N30")
        put("customers", {"key": "USMF:US-001", "payment_terms": "N30"})
        assert Customer.objects.get(account="US-001").payment_terms_id == "N30"

    def test_a_feed_leaves_open_or_closed_what_it_finds_so(self):
        change({"open": False}, watch())
        upsert_one("account-statuses", {"code": "WATCH", "description": "From the ERP"}, actor=FEED, today=None)
        status = AccountStatus.objects.get(code="WATCH")
        assert (status.description, status.open) == ("From the ERP", False)
        with pytest.raises(NotAllowed):
            upsert_one("account-statuses", {"code": "WATCH", "open": True}, actor=FEED, today=None)


class TestDeleting:
    def test_what_nothing_uses_goes_and_its_history_stays(self):
        seen = watch()
        setup.delete_record(kind="account-statuses", key="WATCH", seen=seen, actor=ADA)
        assert not AccountStatus.objects.filter(code="WATCH").exists()
        last = setup.history_of("account-statuses", "WATCH")[0]
        assert (last.after, last.before["description"], last.actor_name) == ({}, "Watched", "Ada")

    def test_what_is_used_is_refused_with_who_uses_it_and_what_to_do(self, put: Put):
        seen = watch()
        put("customers", {"key": "USMF:US-001", "account_status": "WATCH"})
        with pytest.raises(Refused, match="is used by customers: close it instead") as refused:
            setup.delete_record(kind="account-statuses", key="WATCH", seen=seen, actor=ADA)
        assert refused.value.code == "in_use"

    def test_what_changed_since_it_was_looked_at_stays(self):
        seen = watch()
        change({"description": "Important now"}, seen)
        with pytest.raises(Refused, match="since you opened it"):
            setup.delete_record(kind="account-statuses", key="WATCH", seen=seen, actor=ADA)
        assert AccountStatus.objects.filter(code="WATCH").exists()

    def test_takes_the_right_to_set_up(self):
        with pytest.raises(NotAllowed):
            setup.delete_record(kind="account-statuses", key="WATCH", seen=watch(), actor=FEED)


class TestHistory:
    def test_each_change_has_a_number_who_made_it_and_what_it_was_before(self):
        change({"description": "Closely watched"}, watch())
        latest, first = setup.history_of("account-statuses", "WATCH")
        assert (latest.version, first.version) == (2, 1)
        assert (latest.before, latest.after) == ({"description": "Watched"}, {"description": "Closely watched"})
        assert (latest.actor, latest.actor_name) == ("user:1", "Ada")
        assert first.before == {}

    def test_a_write_that_changes_nothing_leaves_no_trace(self):
        seen = watch()
        upsert_one("account-statuses", WATCH, actor=FEED, today=None)
        AccountStatus.objects.filter(code="WATCH").update(description="Watched")
        assert setup.version_of("account-statuses", "WATCH") == seen

    def test_raw_sql_is_kept_too(self):
        watch()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE customers_accountstatus SET processing_hold = 'all' WHERE code = 'WATCH'")
        assert setup.history_of("account-statuses", "WATCH")[0].after == {"processing_hold": "all"}

    def test_it_is_never_altered(self):
        watch()
        for statement in ("UPDATE customers_setupchange SET actor = 'nobody'", "DELETE FROM customers_setupchange"):
            with (
                pytest.raises(DatabaseError, match="append-only"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)

    def test_a_reason_is_known_by_type_and_code(self):
        key = setup.add_record(kind="reasons", values={"type": "release", "code": "PAID"}, actor=ADA)
        assert key == "release:PAID"
        assert setup.version_of("reasons", key) == 1


RANKS: list[tuple[dict[str, int], str, bool, dict[str, int]]] = [
    # ranks, who moves, up, ranks then
    ({"N10": 1, "N30": 2, "N60": 3}, "N30", True, {"N10": 1, "N60": 2, "N30": 3}),
    ({"N10": 1, "N30": 2, "N60": 3}, "N30", False, {"N30": 1, "N10": 2, "N60": 3}),
    ({"N10": 1, "N30": 2, "N60": 3}, "N60", True, {"N10": 1, "N30": 2, "N60": 3}),
    ({"N10": 1, "N30": 2, "N60": 3}, "N10", False, {"N10": 1, "N30": 2, "N60": 3}),
    ({"N10": 5, "N30": 5, "N60": 9}, "N10", True, {"N30": 10, "N10": 20, "N60": 30}),
    ({"N10": 5, "N30": 5, "N60": 9}, "N30", False, {"N30": 10, "N10": 20, "N60": 30}),
    ({"N10": 5, "N30": 5, "N60": 9}, "N60", False, {"N60": 5, "N10": 9, "N30": 9}),
]


@pytest.mark.parametrize(("ranks", "code", "up", "then"), RANKS)
def test_who_moves_a_step_passes_a_neighbour_or_leaves_a_shared_step(ranks, code, up, then):
    steps = moved(ladder(ranks.items()), code, up=up)
    assert dict(numbered(steps, sorted(set(ranks.values())))) == then


class TestMovingARank:
    def test_is_one_step_and_is_kept_in_the_history(self):
        assert setup.move_rank(kind="payment-terms", code="N30", up=True, seen=1, actor=ADA) is True
        ranks = dict(PaymentTerms.objects.order_by("pk").values_list("code", "rank"))
        assert ranks == {"N30": 2, "N60": 1}
        assert setup.history_of("payment-terms", "N30")[0].after == {"rank": 2}

    def test_from_a_screen_that_shows_another_rank_is_refused(self):
        with pytest.raises(Refused, match="was changed since"):
            setup.move_rank(kind="payment-terms", code="N30", up=True, seen=7, actor=ADA)

    def test_without_a_rank_is_refused(self):
        PaymentTerms.objects.filter(code="N30").update(rank=None)
        with pytest.raises(InvalidInput, match="give it one first"):
            setup.move_rank(kind="payment-terms", code="N30", up=True, seen=None, actor=ADA)

    def test_takes_the_right_to_set_up(self):
        with pytest.raises(NotAllowed):
            setup.move_rank(kind="payment-terms", code="N30", up=True, seen=1, actor=CLERK)


def test_users_of_all_records_of_a_kind_are_counted_with_one_query(put: Put):
    watch()
    put("customers", {"key": "USMF:US-001", "account_status": "WATCH"})
    put("customers", {"key": "DEMF:DE-001", "account_status": "WATCH"})
    with CaptureQueriesContext(connection) as captured:
        found = setup.count_users(AccountStatus, [Customer.objects.all()], actor=ADA)
    assert len(captured) == 1
    assert found == {"WATCH": {"customer.account_status": 2}}
    assert setup.count_users(AccountStatus, [Customer.objects.all()], actor=KIM) == {
        "WATCH": {"customer.account_status": 1}
    }
    assert setup.count_users(Reason, [], actor=ADA) == {}
