"""Searching holds by text, through an index where the database has pg_trgm and without one where it has not."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client

from customers import trigrams
from customers.models import Customer, CustomerTransaction
from holds.lists.searching import TEXT_INDEXES
from tests.holds.pages.rows import TODAY, a_customer, a_hold, a_user, an_entity, an_order

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(settings):
    settings.CREDIT_TODAY = TODAY


@pytest.fixture
def entity():
    return an_entity()


@pytest.fixture
def clerk(client: Client, entity) -> Client:
    client.force_login(a_user(entity=entity))
    return client


@pytest.fixture
def hold(entity):
    payer = a_customer(entity, "C-7", "Brightwater Dental")
    orderer = a_customer(entity, "C-8", "Kestrel Outdoor")
    order = an_order(orderer, number="SO-104233")
    order.payer = payer
    order.save()
    CustomerTransaction.objects.create(
        legal_entity=entity, series="invoice", number="INV-88120", kind="invoice", customer=payer, date=TODAY,
        currency=entity.accounting_currency, amount=10,
    )  # fmt: skip
    a_hold(an_order(a_customer(entity), number="SO-999"))
    return a_hold(order, note="promised for Thursday")


def found(client: Client, text: str) -> list[str]:
    return [row["hold"].order_number for row in client.get("/holds/", {"q": text}).context["rows"]]


@pytest.mark.parametrize("text", ["104233", "so-1042", "water", "c-7", "Kestrel", "C-8", "thursday", "INV-88120"])
def test_part_of_what_people_know_finds_the_hold(clerk, hold, text):
    assert found(clerk, text) == ["SO-104233"]


def test_its_own_number_finds_it_with_and_without_zeros(clerk, hold):
    assert found(clerk, hold.number) == ["SO-104233"]
    assert found(clerk, f"h{int(hold.number.removeprefix('H-'))}") == ["SO-104233"]


@pytest.mark.parametrize("text", ["INV-8812", "%", "_", "nothing like that"])
def test_what_is_not_there_finds_nothing(clerk, hold, text):
    assert found(clerk, text) == []


def test_an_invoice_of_another_legal_entity_finds_nothing(clerk, hold):
    other = an_entity("US01", "USD")
    theirs = a_customer(other, "C-9", "Theirs")
    CustomerTransaction.objects.create(
        legal_entity=other, series="invoice", number="INV-THEIRS", kind="invoice", customer=theirs, date=TODAY,
        currency=other.accounting_currency, amount=10,
    )  # fmt: skip
    a_hold(an_order(theirs))
    assert found(clerk, "INV-THEIRS") == []


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE indexdef LIKE '%gin_trgm_ops%'")
        return {name for (name,) in cursor.fetchall()}


class TestIndexes:
    EVERY = {index.name for index in (*trigrams.TEXT_INDEXES, *TEXT_INDEXES)}

    def test_are_made_by_the_migrations_and_answer_the_search(self, entity):
        assert indexes() == self.EVERY
        Customer.objects.bulk_create(
            Customer(legal_entity=entity, account=f"C-{n}", name=f"Customer {n}", currency=entity.accounting_currency)
            for n in range(3000)
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT gin_clean_pending_list('customer_name_text'::regclass)")
            cursor.execute("ANALYZE customers_customer; SET LOCAL enable_seqscan = off")
        assert "customer_name_text" in Customer.objects.filter(name__icontains="brightwater").explain()

    def test_where_the_extension_is_forbidden_nothing_fails_and_it_is_said_what_to_do(self, monkeypatch, caplog):
        trigrams.drop_text_indexes(connection, (*trigrams.TEXT_INDEXES, *TEXT_INDEXES))
        monkeypatch.setattr(trigrams, "CREATE_EXTENSION", "CREATE EXTENSION no_such_extension")
        with transaction.atomic():
            assert trigrams.create_text_indexes(connection, trigrams.TEXT_INDEXES) is False
        assert "create_search_indexes" in caplog.text
        assert indexes() == set()
        with pytest.raises(CommandError, match="owner of the server"):
            call_command("create_search_indexes")

    def test_are_made_up_for_by_the_command(self, capsys):
        trigrams.drop_text_indexes(connection, (*trigrams.TEXT_INDEXES, *TEXT_INDEXES))
        call_command("create_search_indexes")
        assert indexes() == self.EVERY

    def test_without_them_the_same_is_found(self, clerk, hold):
        trigrams.drop_text_indexes(connection, (*trigrams.TEXT_INDEXES, *TEXT_INDEXES))
        assert found(clerk, "water") == ["SO-104233"]
