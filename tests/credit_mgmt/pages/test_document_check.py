"""Check a document (`domain 4.8`): passed, warning or error with figures; a question that stores nothing."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from credit_mgmt.models import DecisionRecord
from customers.models import AccountStatus, Currency, Customer, Role
from holds.models import Hold
from tests.factories_holds import a_customer, a_group, a_rule, a_user, an_entity, an_invoice, parameters

pytestmark = pytest.mark.django_db
ASKED = {"customer": "USMF:US-001", "document": "free_text_invoice", "amount": "400", "currency": "USD"}


def signed_in(role: str = Role.CREDIT_CLERK, entity: str | None = None) -> Client:
    client = Client()
    actor = a_user(f"{role}-{entity or 'all'}", role, entity)
    client.force_login(get_user_model().objects.get(username=actor.name))
    return client


@pytest.fixture
def clerk() -> Client:
    an_entity()
    return signed_in()


def asked(client: Client, status: int = 200, **given: str):
    answer = client.get("/check/", {**ASKED, **given})
    assert answer.status_code == status
    return answer


def shown(answer) -> str:
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize(
    ("amount", "message", "outcome"),
    [
        ("400", "warning", "passed"),
        ("400", "error", "passed"),
        ("400.01", "warning", "warning"),
        ("400.01", "error", "error"),
    ],
)
@pytest.mark.parametrize("document", ["free_text_invoice", "quotation", "pos", "call_center"])
def test_the_total_limit_alone_decides(clerk, document, amount, message, outcome):
    """domain 4.8: no rule is looked at, however strict."""
    parameters(message_when_exceeding_credit_limit=message)
    a_rule("sales_order", amount=1, currency_id="USD")
    an_invoice(a_customer(limit="1000"), "600")
    answer = asked(clerk, document=document, amount=amount)
    assert answer.context["outcome"] == outcome
    assert answer.context["exposure"]["this_order"] is not None
    assert "This document" in shown(answer)
    assert "order exposure" not in shown(answer)
    assert not DecisionRecord.objects.exists()
    assert not Hold.objects.exists()


def test_the_group_is_first_and_says_its_figures(clerk):
    group = a_group(limit="500")
    a_customer(limit="1000", credit_group=group)
    answer = asked(clerk, amount="501")
    assert answer.context["outcome"] == "warning"
    assert "Credit group <b>G1</b> uses 501.00 of 500.00 USD. The group is the tighter limit." in shown(answer)


def test_a_project_invoice_is_refused_beside_its_field(clerk):
    a_customer()
    answer = asked(clerk, 422, document="project_invoice")
    assert "Project invoices are not supported." in answer.context["form"].errors["document"][0]
    assert "outcome" not in answer.context


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"amount": ""}, "amount", "required"),
        ({"amount": "abc"}, "amount", "number"),
        ({"amount": "-1"}, "amount", "Give an amount from 0"),
        ({"amount": "1.001"}, "amount", "2 decimals"),
        ({"currency": "XXX"}, "currency", "valid choice"),
        ({"document": "letter"}, "document", "valid choice"),
        ({"customer": ""}, "customer", "required"),
        ({"customer": "USMF:NOBODY"}, "customer", "no such customer"),
        ({"customer": "NOWHERE:US-001"}, "customer", "no such customer"),
        ({"customer": "US-001"}, "customer", "no such customer"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(clerk, given, field, words):
    a_customer()
    answer = asked(clerk, 422, **given)
    assert words in answer.context["form"].errors[field][0]


def test_an_account_on_hold_stops_it_where_its_status_says_so(clerk):
    """domain 4.7: *invoice* stops what is invoiced at once, not a quotation."""
    customer = a_customer()
    status = AccountStatus.objects.create(code="STOP", description="Stopped", processing_hold="invoice")
    Customer.objects.filter(pk=customer.pk).update(account_status=status)
    found = {document: asked(clerk, document=document).context["outcome"] for document in ("free_text_invoice", "pos")}
    assert found == {"free_text_invoice": "error", "pos": "error"}
    assert asked(clerk, document="quotation").context["outcome"] == "passed"


def test_a_missing_rate_is_an_error_that_names_it(clerk):
    """domain 4.9."""
    a_customer()
    Currency.objects.create(code="CHF")
    answer = asked(clerk, currency="CHF")
    assert answer.context["outcome"] == "error"
    assert "CHF" in answer.context["reasons"][0]["sentence"]


def test_a_customer_that_is_excluded_is_not_checked_and_it_says_so(clerk):
    a_customer(excluded=True)
    answer = asked(clerk, amount="99999")
    assert (answer.context["outcome"], bool(answer.context["not_checked"])) == ("passed", True)


def test_who_may_not_check_sees_no_page_and_no_customer_of_others(clerk):
    a_customer()
    assert signed_in(Role.AUDITOR).get("/check/").status_code == 403
    an_entity("DEMF")
    german = signed_in(Role.CREDIT_CLERK, "DEMF")
    assert "no such customer" in asked(german, 422).context["form"].errors["customer"][0]


def test_the_page_is_found_in_the_menu_and_costs_few_queries(clerk, django_assert_max_num_queries):
    a_customer()
    assert "Check a document" in shown(clerk.get("/holds/"))
    clerk.get("/check/", ASKED)
    with django_assert_max_num_queries(22):
        asked(clerk)
