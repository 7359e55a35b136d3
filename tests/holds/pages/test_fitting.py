"""The page *Fit to headroom* (`ux.md` 3.1): its address is what is asked, its button the release dialog."""

from decimal import Decimal

import pytest

from customers.models import CustomerTransaction, Role
from holds.models import Hold
from tests.factories_credit import give_limit
from tests.factories_holds import DAY, a_customer, a_group, a_rule, an_entity, an_invoice, an_order, held

pytestmark = pytest.mark.django_db


def shown(answer) -> str:
    return " ".join(answer.content.decode().split())


def customer_with(room: str, *values: str):
    """A customer whose orders all went on hold, and who has `room` now."""
    customer = a_customer("US-001", limit="1")
    holds = [held(an_order(customer, value)) for value in values]
    give_limit(customer, Decimal(room))
    return customer, holds


def test_what_fits_is_ticked_and_the_rest_says_what_is_missing(clerk):
    _, holds = customer_with("6250", "2140", "24300", "3900")
    answer = clerk.get("/holds/fit/", {"customer": "USMF:US-001"})
    page = shown(answer)
    assert "6,250.00" in page
    assert "running total 6,040.00" in page
    assert "does not fit, 24,090.00 short" in page
    assert "2 orders</b> · 6,040.00 USD · 210.00 left" in page
    ticked = [part.split('"')[0] for part in page.split('name="hold" value="')[1:] if "checked" in part.split(">")[0]]
    assert set(ticked) == {holds[0].number, holds[2].number}


def test_the_chosen_ones_go_to_the_release_dialog_with_what_was_set_aside(clerk):
    customer, [hold] = customer_with("9000", "400")
    an_invoice(customer, "700", due=DAY.replace(day=1))
    rule = a_rule("days_overdue", days=10, name="DO-07")
    page = shown(clerk.get("/holds/fit/", {"customer": "USMF:US-001"}))
    assert "held by Overdue 19 d" in page
    assert "Days overdue, DO-07" in page
    page = shown(clerk.get("/holds/fit/", {"customer": "USMF:US-001", "aside": f"days_overdue:{rule.rule_id}"}))
    assert "running total 400.00" in page
    assert 'name="note" value="Set aside: Days overdue, DO-07. "' in page
    dialog = shown(clerk.get("/holds/release/", {"hold": hold.number, "note": "Set aside: Days overdue, DO-07. "}))
    assert "Set aside: Days overdue, DO-07." in dialog


def test_a_promise_is_taken_for_received_with_one_click(clerk):
    customer, _ = customer_with("1000", "1500")
    invoice = an_invoice(customer, "600")
    CustomerTransaction.objects.filter(pk=invoice.pk).update(promised_on=DAY, promised_amount=600)
    page = shown(clerk.get("/holds/fit/", {"customer": "USMF:US-001"}))
    assert "use promise 600.00 of 20 Nov" in page
    assert "receipt=600" in page
    assert "running total 1,500.00" in shown(clerk.get("/holds/fit/", {"customer": "USMF:US-001", "receipt": "1100"}))


def test_a_receipt_that_is_no_amount_is_said_and_the_page_stays(clerk):
    customer_with("1000", "1500")
    for wrong in ("-1", "much", "NaN"):
        answer = clerk.get("/holds/fit/", {"customer": "USMF:US-001", "receipt": wrong})
        assert answer.status_code == 422
        assert "Expected receipt:" in shown(answer)
        assert "1,000.00" in shown(answer)
    assert clerk.get("/holds/fit/", {"customer": "USMF:US-001", "by": "luck"}).status_code == 422


def test_a_credit_group_names_its_customers(clerk):
    group = a_group("G1", limit="1000")
    hold = held(an_order(a_customer("US-7", limit="9000", credit_group=group), "1400"))
    page = shown(clerk.get("/holds/fit/", {"group": "G1"}))
    assert "credit group G1" in page
    assert hold.payer.name in page
    assert "400.00 short" in page
    assert "expected receipt" not in page


def test_who_may_not_see_it_finds_nothing_and_who_may_not_release_has_no_button(clerk, sign_in):
    customer_with("1000", "500")
    an_entity("DEMF", "EUR")
    assert sign_in(entity="DEMF").get("/holds/fit/", {"customer": "USMF:US-001"}).status_code == 404
    assert clerk.get("/holds/fit/", {"customer": "USMF:NOBODY"}).status_code == 404
    assert clerk.get("/holds/fit/", {"group": "NONE"}).status_code == 404
    page = shown(sign_in(Role.AUDITOR).get("/holds/fit/", {"customer": "USMF:US-001"}))
    assert "running total 500.00" in page
    assert "/holds/release/" not in page
    assert {hold.version for hold in Hold.objects.all()} == {1}
