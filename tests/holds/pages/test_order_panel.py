"""The credit panel of an order (`ux.md` 3.19): what sales may read out, no figures without the right."""

import datetime as dt
import re

import pytest

from customers.models import Role
from holds.forced import force_hold
from holds.models import Hold
from holds.order_state import SAFE
from holds.words import ORDER
from tests.factories_holds import (
    DAY,
    NOW,
    a_customer,
    a_group,
    a_rule,
    a_user,
    an_entity,
    an_invoice,
    an_order,
    held,
    post,
    today,
)

pytestmark = pytest.mark.django_db
PANEL = "/orders/USMF/SO-1/credit-panel/"
AMOUNT = re.compile(r"\d[.,]\d|\d\s*%|\bUSD\b|\d{4,}(?<!2026)")
"""What an amount, a percentage or a currency looks like."""


def words(answer) -> str:
    """The text of a page as it is read, without what stands in tags."""
    body = answer.content.decode().partition("<body>")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body))


@pytest.fixture
def seller(sign_in):
    """A viewer: somebody in sales, without exposure figures (`ux.md` ruling 7)."""
    return sign_in(Role.SALES_VIEWER)


def stopped(**fields) -> Hold:
    a_rule("days_overdue", days=45, name="DO-07")
    customer = a_customer(limit="1234", **fields)
    an_invoice(customer, "317.77", due=DAY - dt.timedelta(days=67), number="INV-88120")
    return held(an_order(customer, "1888.88", "SO-1"))


def test_a_seller_reads_why_what_to_do_and_whom_to_ask(seller):
    hold = stopped()
    hold.payer.credit_controller_id = a_user("mira").user_id
    hold.payer.save()
    page = words(seller.get(PANEL))
    assert "invoice INV-88120 is overdue" in page
    assert "goes beyond what is agreed" in page
    assert "Pay invoice INV-88120" in page
    assert "mira" in page
    assert "A person decides." in page


def test_no_figure_leaks_to_a_seller(seller):
    stopped()
    answer = seller.get(PANEL)
    page = words(answer)
    assert not AMOUNT.findall(page.replace("INV-88120", "")), page
    for figure in ("1,888", "1888", "317", "1,234", "1234", "152", "67", "LU", "DO-07", "limit"):
        assert figure not in page.replace("INV-88120", ""), figure
    assert "facts" not in answer.context
    assert "reasons" not in answer.context


def test_who_sees_exposure_reads_the_figures_too(clerk):
    hold = stopped()
    page = words(clerk.get(PANEL))
    assert "invoice INV-88120 is overdue" in page
    assert "1,888.88 USD" in page
    assert "67 days past due" in page
    assert f"/holds/{hold.number}/" in clerk.get(PANEL).content.decode()


def test_a_seller_sees_no_figures_anywhere_else(seller):
    """The same right everywhere: the list is empty, the hold is not found, the order is without decisions."""
    hold = stopped()
    assert seller.get("/holds/").context["rows"] == []
    assert seller.get(f"/holds/{hold.number}/").status_code == 404
    assert seller.get(f"/holds/{hold.number}/peek/").status_code == 404
    assert seller.get("/customers/USMF/US-001/").status_code == 403
    assert seller.get("/holds/export/?format=csv").status_code in (403, 404, 409) or b"SO-1" not in b"".join(
        seller.get("/holds/export/?format=csv")
    )
    order = seller.get("/orders/USMF/SO-1/")
    assert order.context["decisions"] == []
    assert "317" not in words(order)
    assert "1,234" not in words(order)
    assert seller.get("/").headers["Location"] == "/orders/"


def test_the_right_in_one_entity_shows_no_figure_of_another(sign_in, world):
    stopped()
    other = an_entity("DE01", "EUR").code
    client = sign_in(Role.SALES_VIEWER, "USMF", name="both")
    a_user("both", Role.CREDIT_CLERK, other)
    assert not AMOUNT.findall(words(client.get(PANEL)).replace("INV-88120", ""))
    assert client.get("/holds/").context["rows"] == []


def test_another_members_invoice_is_not_named(seller):
    """A credit group is one limit; who else is in it is nobody's business."""
    group = a_group("G1", "9000")
    a_rule("days_overdue", days=45, name="DO-07")
    mine, other = a_customer("US-001", credit_group=group), a_customer("US-002", credit_group=group)
    hold = held(an_order(mine, "1888.88", "SO-1"))
    hold.reasons.create(
        type="days_overdue", account="group:G1", added_at=NOW, evidence={"document": "INV-7", "member": other.account}
    )
    page = words(seller.get(PANEL))
    assert "an invoice is overdue" in page
    assert "INV-7" not in page
    assert other.account not in page


def test_every_reason_has_words_that_a_customer_may_hear():
    assert set(ORDER) <= set(SAFE)
    for said in SAFE.values():
        assert not re.search(r"\d|limit|exposure|rule|risk", f"{said.why} {said.todo}", re.IGNORECASE)


def test_an_order_that_is_not_held_says_so(seller):
    order = an_order(a_customer(), "10", "SO-1")
    assert "Not checked yet" in words(seller.get(PANEL))
    post(order)
    assert "Passed at confirmation on 20 Nov 2026: it goes on." in words(seller.get(PANEL))


def test_a_forced_hold_does_not_tell_its_note(seller):
    order = an_order(a_customer(), "10", "SO-1")
    force_hold(order=order.pk, reason="DISPUTE", note="goods were stolen", actor=a_user("jan"), at=NOW, today=today)
    page = words(seller.get(PANEL))
    assert "we stopped it by hand" in page
    assert "stolen" not in page
    assert "DISPUTE" not in page


def test_an_order_of_another_entity_does_not_exist(sign_in):
    stopped()
    assert sign_in(Role.SALES_VIEWER, an_entity("DE01", "EUR").code).get(PANEL).status_code == 404


def test_nobody_may_frame_it_unless_a_deployment_says_who(seller, settings):
    stopped()
    answer = seller.get(PANEL)
    assert answer["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    settings.CREDIT_PANEL_FRAMED_BY = ["https://erp.example.com"]
    answer = seller.get(PANEL)
    assert "X-Frame-Options" not in answer
    assert "frame-ancestors https://erp.example.com" in answer["Content-Security-Policy"]
    assert seller.get("/orders/")["X-Frame-Options"] == "DENY"


def test_it_takes_few_queries(seller, django_assert_max_num_queries):
    stopped()
    with django_assert_max_num_queries(9):
        seller.get(PANEL)


def test_a_seller_asks_and_the_answerer_finds_the_question(seller, clerk):
    hold = stopped()
    assert "Ask credit…" in words(seller.get(PANEL))
    assert seller.post("/orders/USMF/SO-1/ask/", {"question": ""}).status_code == 422
    answer = seller.post("/orders/USMF/SO-1/ask/", {"question": "They pay on Thursday."}, follow=True)
    assert "Asked: it stands on the hold" in answer.content.decode()
    assert "Sales asked" in words(seller.get(PANEL))
    assert "They pay on Thursday." not in words(seller.get(PANEL)), "others in sales read it not"
    page = clerk.get(f"/holds/{hold.number}/").content.decode()
    assert "Sales asks" in page
    assert "They pay on Thursday." in page
    assert hold.number in clerk.get("/holds/?view=review").content.decode()


def test_an_order_that_is_not_held_is_not_asked_about(seller, world):
    order = an_order(a_customer())
    assert "Ask credit" not in words(seller.get(f"/orders/USMF/{order.number}/credit-panel/"))
    assert seller.post(f"/orders/USMF/{order.number}/ask/", {"question": "?"}).status_code == 409


def test_an_order_that_is_too_large_is_shortened_where_the_erp_shows_it(seller, settings):
    stopped()
    assert "Shorten order" not in words(seller.get(PANEL))
    settings.CREDIT_ORDER_URL = "https://erp.example/{legal_entity}/{number}"
    assert 'href="https://erp.example/USMF/SO-1"' in seller.get(PANEL).content.decode()
    Hold.objects.update(reason_codes=["days_overdue"])
    assert "Shorten order" not in words(seller.get(PANEL))
