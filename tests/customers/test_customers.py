"""Customers, invoice accounts and credit groups as they are fed (`domain 1`, `3.4`)."""

import pytest
from django.db import IntegrityError, connection

from customers.access import Actor, Grant
from customers.imports import upsert
from customers.models import Customer
from tests.customers.conftest import Put
from tests.factories import CustomerFactory, LegalEntityFactory, SalesOrderFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]


def test_a_customer_without_name_and_currency_is_called_as_its_party_and_pays_as_its_entity(put: Put) -> None:
    put("parties", {"number": "P1", "name": "Fabrikam"})
    put("customers", {"key": "DEMF:A", "party": "P1"}, {"key": "DEMF:B"})
    by_account = {customer.account: customer for customer in Customer.objects.filter(legal_entity="DEMF")}
    assert (by_account["A"].name, by_account["B"].name) == ("Fabrikam", "B")
    assert by_account["A"].currency_id == "EUR"


class TestInvoiceAccounts:
    def test_may_be_created_in_the_same_call_in_any_order(self, put: Put) -> None:
        put("customers", {"key": "USMF:A", "invoice_account": "USMF:B"}, {"key": "USMF:B"})
        assert Customer.objects.get(account="A").invoice_account == Customer.objects.get(account="B")

    def test_the_customer_itself_means_none(self, put: Put) -> None:
        put("customers", {"key": "USMF:A", "invoice_account": "USMF:A"})
        assert Customer.objects.get(account="A").invoice_account is None

    def test_are_of_the_same_entity(self, put: Put) -> None:
        [result] = put("customers", {"key": "USMF:A", "invoice_account": "DEMF:DE-001"}, fails=True)
        assert [(error.field, error.code) for error in result.errors] == [("invoice_account", "other_entity")]

    def test_must_exist(self, put: Put) -> None:
        [result] = put("customers", {"key": "USMF:A", "invoice_account": "USMF:X"}, fails=True)
        assert result.errors[0].code == "unknown_reference"

    def test_are_one_level_only_upwards(self, put: Put) -> None:
        put("customers", {"key": "USMF:A", "invoice_account": "USMF:US-001"})
        [result] = put("customers", {"key": "USMF:B", "invoice_account": "USMF:A"}, fails=True)
        assert result.errors[0].code == "one_level"

    def test_are_one_level_only_downwards(self, put: Put) -> None:
        put("customers", {"key": "USMF:A", "invoice_account": "USMF:US-001"}, {"key": "USMF:B"})
        [result] = put("customers", {"key": "USMF:US-001", "invoice_account": "USMF:B"}, fails=True)
        assert result.errors[0].code == "one_level"

    def test_are_one_level_only_within_a_call(self, put: Put) -> None:
        results = put(
            "customers",
            {"key": "USMF:A", "invoice_account": "USMF:B"}, {"key": "USMF:B", "invoice_account": "USMF:C"},
            {"key": "USMF:C"}, fails=True,
        )  # fmt: skip
        assert [result.status for result in results] == ["failed", "failed", "created"]

    def test_that_failed_take_those_who_name_them_along(self, put: Put) -> None:
        results = put(
            "customers", {"key": "USMF:A", "invoice_account": "USMF:B"}, {"key": "USMF:B", "currency": "XXX"},
            fails=True,
        )  # fmt: skip
        assert [result.errors[0].code for result in results] == ["unknown_reference", "unknown_reference"]

    def test_can_be_turned_round_in_one_call(self, put: Put) -> None:
        put("customers", {"key": "USMF:A", "invoice_account": "USMF:B"}, {"key": "USMF:B"})
        put("customers", {"key": "USMF:A"}, {"key": "USMF:B", "invoice_account": "USMF:A"})
        assert Customer.objects.get(account="B").invoice_account == Customer.objects.get(account="A")

    def test_when_changed_open_orders_move_with_them_and_closed_ones_stay(self, put: Put) -> None:
        payer = CustomerFactory(account="B")
        customer = Customer.objects.get(account="US-001")
        open_order = SalesOrderFactory(customer=customer)
        closed = SalesOrderFactory(customer=customer, document_status="invoice", uninvoiced_amount=0)
        [result] = put("customers", {"key": "USMF:US-001", "invoice_account": "USMF:B"})
        open_order.refresh_from_db()
        closed.refresh_from_db()
        assert result.changed == {"invoice_account"}
        assert (open_order.payer, closed.payer) == (payer, customer)
        assert (open_order.version, closed.version) == (2, 1)

    def test_the_database_refuses_one_of_another_entity(self) -> None:
        stranger = CustomerFactory(legal_entity=LegalEntityFactory(code="OTHER"))
        Customer.objects.filter(account="US-001").update(invoice_account=stranger)
        with pytest.raises(IntegrityError, match="customer_pays_within_entity"), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class TestReasons:
    def test_a_status_reason_is_the_entitys_or_everybodys(self, put: Put) -> None:
        put(
            "reasons", {"key": "status:ALL"}, {"key": "status:US", "legal_entity": "USMF"},
            {"key": "status:DE", "legal_entity": "DEMF"}, {"key": "hold:US"},
        )  # fmt: skip
        put("customers", {"key": "USMF:US-001", "status_reason": "ALL"})
        put("customers", {"key": "USMF:US-001", "status_reason": "US"})
        [result] = put("customers", {"key": "USMF:US-001", "status_reason": "DE"}, fails=True)
        assert [(error.field, error.code) for error in result.errors] == [("status_reason", "other_entity")]


class TestCreditGroups:
    def test_members_come_from_any_entity_and_leave_when_not_named(self, put: Put) -> None:
        group = {"number": "G1", "currency": "USD", "members": ["USMF:US-001", "DEMF:DE-001"]}
        assert [put("credit-groups", group)[0].status for _ in range(2)] == ["created", "unchanged"]
        [result] = put("credit-groups", group | {"members": ["DEMF:DE-001"]})
        assert result.changed == {"members"}
        assert [customer.key for customer in Customer.objects.filter(credit_group="G1")] == ["DEMF:DE-001"]

    def test_a_patch_without_members_keeps_them(self, put: Put) -> None:
        put("credit-groups", {"number": "G1", "currency": "USD", "members": ["USMF:US-001"]})
        put("credit-groups", {"number": "G1", "description": "Contoso"}, replace=False)
        assert Customer.objects.get(account="US-001").credit_group_id == "G1"

    def test_a_customer_is_in_at_most_one(self, put: Put) -> None:
        put("credit-groups", {"number": "G1", "currency": "USD", "members": ["USMF:US-001"]})
        [result] = put("credit-groups", {"number": "G2", "currency": "USD", "members": ["USMF:US-001"]}, fails=True)
        assert [(error.field, error.code) for error in result.errors] == [("members[0]", "in_other_group")]
        results = put(
            "credit-groups", {"number": "G3", "currency": "USD", "members": ["DEMF:DE-001"]},
            {"number": "G4", "currency": "USD", "members": ["DEMF:DE-001"]}, fails=True,
        )  # fmt: skip
        assert [result.status for result in results] == ["created", "failed"]

    def test_a_member_may_change_groups_within_a_call(self, put: Put) -> None:
        put("credit-groups", {"number": "G1", "currency": "USD", "members": ["USMF:US-001"]})
        put(
            "credit-groups", {"number": "G2", "currency": "USD", "members": ["USMF:US-001"]},
            {"number": "G1", "currency": "USD", "members": []},
        )  # fmt: skip
        assert Customer.objects.get(account="US-001").credit_group_id == "G2"

    def test_an_unknown_member_is_refused(self, put: Put) -> None:
        row = {"number": "G1", "currency": "USD", "members": ["USMF:US-001", "USMF:X"]}
        [result] = put("credit-groups", row, fails=True)
        assert [(error.field, error.code) for error in result.errors] == [("members[1]", "unknown_reference")]

    def test_a_group_needs_the_right_in_all_entities_of_its_members(self) -> None:
        feeder = Actor("client", 1, "ERP", (Grant("integration", "USMF"),))
        row = {"number": "G1", "currency": "USD", "members": ["USMF:US-001", "DEMF:DE-001"]}
        [result] = upsert("credit-groups", [row], actor=feeder, today=None)
        assert result.status == "failed"
        [result] = upsert("credit-groups", [row | {"members": ["USMF:US-001"]}], actor=feeder, today=None)
        assert result.status == "created"
