"""The tester's page (`ux.md` 3.10): a question by address, answered by the check itself."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from credit_mgmt.models import DecisionRecord
from customers.models import PaymentTerms, Role
from tests.factories_holds import DAY, a_customer, a_group, a_rule, a_user, an_entity, an_invoice, an_order, parameters

pytestmark = pytest.mark.django_db


def signed_in(role: str = Role.VIEWER, entity: str | None = None) -> Client:
    client = Client()
    actor = a_user(f"{role}-{entity or 'all'}", role, entity)
    client.force_login(get_user_model().objects.get(username=actor.name))
    return client


@pytest.fixture
def reader() -> Client:
    an_entity()
    parameters()
    return signed_in()


def shown(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_without_a_question_there_is_the_form_and_no_error(reader):
    answer = reader.get("/rules/test/")
    assert answer.status_code == 200
    assert "What do the rules say of an order?" in shown(answer)


def test_a_real_order_shows_every_rule_with_what_it_compared(reader):
    a_rule("sales_order", name="SO-01", amount=300, currency_id="USD")
    a_rule("days_overdue", name="DO-01", days=30)
    an_order(a_customer(), "400", number="SO-7")
    answer = reader.get("/rules/test/?order=USMF:SO-7")
    [said] = answer.context["answers"]
    assert said["words"] == "Held for 1 reason"
    assert [(step["rule"], step["verdict"]) for step in said["steps"] if step["rule"]] == [
        ("DO-01", "passed"),
        ("SO-01", "held"),
    ]
    assert [(step["version"], step["url"]) for step in said["steps"] if step["rule"] == "SO-01"] == [
        (1, "/rules/SO-01/versions/1/")
    ]
    assert "Order value 400.00 USD is above 300.00 USD" in shown(answer)
    assert not DecisionRecord.objects.exists()


def test_a_bare_number_is_enough_where_it_is_unique(reader):
    an_order(a_customer(), "400", number="SO-7")
    assert reader.get("/rules/test/?order=SO-7").context["order"].key == "USMF:SO-7"
    an_order(a_customer("DE-1", entity=an_entity("DEMF", "EUR")), "400", number="SO-7")
    answer = reader.get("/rules/test/?order=SO-7")
    assert answer.status_code == 422
    assert "SO-7 is an order of DEMF, USMF: write DEMF:SO-7." in shown(answer)


def test_typed_values_and_what_if_stand_side_by_side(reader):
    a_rule("sales_order", name="SO-01", amount=300, currency_id="USD")
    PaymentTerms.objects.create(code="N10", net_days=10)
    a_customer()
    address = "/rules/test/?customer=USMF:US-001&amount=400&currency=USD&payment_terms=N10&if_amount=300"
    answer = reader.get(address)
    as_it_is, what_if = answer.context["answers"]
    assert (as_it_is["words"], what_if["words"]) == ("Held for 1 reason", "Passed")
    assert 'value="300"' in shown(answer)


def test_grace_is_said_and_the_rules_are_asked_in_any_case(reader):
    a_rule("sales_order", name="SO-01", amount=300, currency_id="USD")
    an_order(a_customer(), "400", number="SO-7")
    [said] = reader.get("/rules/test/?order=SO-7&document=picking_list").context["answers"]
    assert said["words"] == "Not checked: this checkpoint is not enabled"
    [said] = reader.get("/rules/test/?order=SO-7&document=picking_list&in_any_case=on").context["answers"]
    assert said["words"] == "Held for 1 reason"


@pytest.mark.parametrize(
    ("asked", "field", "words"),
    [
        ({"order": "SO-NONE"}, "order", "There is no such order"),
        ({"order": "XX:SO-7"}, "order", "There is no such order"),
        ({"order": "SO-7", "customer": "USMF:US-001"}, "customer", "not both"),
        ({"customer": "USMF:US-001"}, "amount", "Give the value of the order, or the number of an order."),
        ({"customer": "USMF:US-001", "amount": "1"}, "currency", "Give its currency"),
        ({"customer": "USMF:NO", "amount": "1", "currency": "USD"}, "customer", "There is no customer USMF:NO."),
        ({"customer": "XX:NO", "amount": "1", "currency": "USD"}, "customer", "There is no customer XX:NO."),
        ({"customer": "USMF:US-001", "amount": "-1", "currency": "USD"}, "amount", "from 0 to"),
        ({"order": "SO-7", "if_limit": "-5"}, "if_limit", "from 0 to"),
        ({"order": "SO-7", "if_days_overdue": "many"}, "if_days_overdue", "Enter a whole number."),
        ({"order": "SO-7", "document": "quotation"}, "document", "Select a valid choice."),
    ],
)
def test_what_cannot_be_tried_is_said_beside_its_field(reader, asked, field, words):
    an_order(a_customer(), "400", number="SO-7")
    answer = reader.get("/rules/test/", asked)
    assert answer.status_code == 422
    assert words in answer.context["form"].errors[field][0]


def test_orders_of_other_entities_do_not_exist_and_groups_keep_their_figures(reader):
    group = a_group(limit="100")
    an_order(a_customer(credit_group=group), "400", number="SO-7")
    a_customer("DE-1", entity=an_entity("DEMF", "EUR"), credit_group=group)
    local, other = signed_in(Role.VIEWER, "USMF"), signed_in(Role.VIEWER, "DEMF")
    assert other.get("/rules/test/?order=USMF:SO-7").status_code == 422
    a_rule("limit_used", name="LU-01")
    page = shown(local.get("/rules/test/?order=USMF:SO-7"))
    assert "its figures are shown to those who see all its legal entities" in page
    assert "400.00 of 100.00" not in page


def test_who_sees_no_exposure_has_no_tester(reader):
    assert signed_in(Role.SALES_VIEWER).get("/rules/test/").status_code == 403


def test_the_page_costs_few_queries(reader, django_assert_max_num_queries):
    customer = a_customer()
    an_invoice(customer, "100", due=DAY)
    for number in range(8):
        a_rule("sales_order", name=f"SO-{number}", amount=300 + number, currency_id="USD")
    an_order(customer, "400", number="SO-7")
    reader.get("/rules/test/?order=SO-7")
    with django_assert_max_num_queries(16):
        reader.get("/rules/test/?order=SO-7&if_amount=5")
