"""Flags and who set them (`domain 4.1`, `13`): kept by the database, whoever sets them."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from credit_mgmt.credit_profiles import feed_customers
from credit_mgmt.flags import flags_of_customer, flags_of_order, set_by, who_took_it_out
from credit_mgmt.limits import set_limit
from credit_mgmt.models import CreditAccount
from customers.imports import upsert
from customers.models import Customer, OrderChange, ProfileChange, Role, SalesOrder
from tests.factories_holds import DAY, NOW, a_customer, a_user, an_order, parameters, today

pytestmark = pytest.mark.django_db


@pytest.fixture
def marta():
    return a_user("marta", Role.CREDIT_MANAGER)


def feed_customer(actor, **values):
    [result] = feed_customers(rows=[{"key": "USMF:US-001", **values}], actor=actor, today=today, at=NOW, replace=False)
    assert not result.errors, result.errors
    return Customer.objects.get(account="US-001")


def feed_order(actor, **values) -> SalesOrder:
    [result] = upsert("sales-orders", [{"key": "USMF:SO-1", **values}], actor=actor, today=today, replace=False)
    assert not result.errors, result.errors
    return SalesOrder.objects.get(number="SO-1")


class TestOfCustomers:
    @pytest.mark.parametrize(("name", "value"), [("excluded", True), ("ignore_until", dt.date(2026, 12, 31))])
    def test_who_set_them_is_kept_and_who_took_them_back(self, marta, name, value):
        a_customer("US-001")
        flag = flags_of_customer(feed_customer(marta, **{name: value}))[name]
        assert (flag.value, flag.actor, flag.actor_name) == (value, marta.reference, "marta")
        back = flags_of_customer(feed_customer(a_user("ben"), **{name: False if value is True else None}))[name]
        assert (back.on, back.actor_name) == (False, "ben")
        assert [set(change.after) for change in ProfileChange.objects.order_by("pk")] == [{name}, {name}]

    def test_a_customer_that_comes_with_one_is_recorded_from_the_first(self):
        flag = flags_of_customer(a_customer("US-001", excluded=True))["excluded"]
        assert (flag.on, flag.actor) == (True, "system:database")

    @pytest.mark.parametrize("name", ["unlimited", "mandatory"])
    def test_those_of_the_limit_are_in_its_history(self, marta, name):
        parameters(allow_manual_editing_of_credit_limits=True)
        customer = a_customer("US-001")
        account = CreditAccount.objects.get(customer=customer).pk
        flag_on: Any = {name: True}
        set_limit(account=account, source="manual", actor=marta, at=NOW, as_of=DAY, **flag_on)
        set_limit(account=account, source="manual", actor=a_user("ben"), at=NOW, as_of=DAY, limit_amount=Decimal(5))
        flag = flags_of_customer(Customer.objects.get(pk=customer.pk))[name]
        assert (flag.on, flag.actor_name) == (True, "marta")
        assert set_by(flag) == "set by marta on 20 Nov 2026"


class TestOfOrders:
    @pytest.mark.parametrize("name", ["exclude_from_credit_management", "intercompany"])
    def test_who_set_them_is_kept_and_who_cleared_them(self, name):
        an_order(a_customer("US-001"), number="SO-1")
        clerk = a_user("clerk-and-feed", Role.CREDIT_CLERK)
        SalesOrder.objects.update(**{name: True})
        assert flags_of_order(SalesOrder.objects.get())[name].actor == "system:database"
        if name == "intercompany":
            clerk = a_user("erp", Role.INTEGRATION)
        flag = flags_of_order(feed_order(clerk, **{name: False}))[name]
        assert (flag.on, flag.actor_name) == (False, clerk.name)
        assert [change.after for change in OrderChange.objects.order_by("pk")] == [{name: True}, {name: False}]

    def test_an_order_that_comes_with_one_is_recorded_from_the_first(self):
        an_order(a_customer("US-001"), number="SO-1", intercompany=True)
        assert OrderChange.objects.get().before == {"intercompany": False}

    def test_what_changes_nothing_of_them_records_nothing(self):
        order = an_order(a_customer("US-001"), number="SO-1")
        SalesOrder.objects.filter(pk=order.pk).update(amount=5, uninvoiced_amount=5)
        assert not OrderChange.objects.exists()

    @pytest.mark.parametrize("change", ["update", "delete"])
    def test_the_record_is_append_only(self, change):
        an_order(a_customer("US-001"), number="SO-1", intercompany=True)
        rows = OrderChange.objects.all()
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            rows.update(actor="nobody") if change == "update" else rows.delete()


class TestNotCheckedBecause:
    def test_names_the_flag_of_the_order_of_its_customer_or_of_who_pays(self, marta):
        payer = a_customer("US-009")
        customer = a_customer("US-001", invoice_account=payer)
        order = an_order(customer, number="SO-1", payer=payer)
        feed_customer(marta, excluded=True)
        order = SalesOrder.objects.select_related("customer", "payer").get(pk=order.pk)
        assert set_by(who_took_it_out(order, "customer_excluded")).startswith("set by marta")
        order = feed_order(marta, exclude_from_credit_management=True)
        assert set_by(who_took_it_out(order, "order_excluded")).startswith("set by marta")
        assert who_took_it_out(order, "grace") is None

    def test_is_silent_where_nobody_knows(self):
        order = an_order(a_customer("US-001"), number="SO-1")
        assert set_by(who_took_it_out(order, "intercompany")) == ""
