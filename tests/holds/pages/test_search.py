"""Search and palette (`ux.md` 3.16): everything by number or verb, exact keys first, only what the reader may see."""

import pytest

from customers.access import POLICY, Action
from customers.models import Role
from holds.finding import find
from holds.models import Hold
from holds.pages.commands import filtered_list
from tests.factories_holds import a_customer, a_rule, an_entity, an_invoice, an_order, held, paid, parameters, stranger

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true", "HX-Target": "palette-found"}


def labels(answer) -> list[str]:
    return [item["label"] for _, items in answer.context["groups"] for item in items]


def urls(answer) -> list[str]:
    return [item["url"] for _, items in answer.context["groups"] for item in items]


@pytest.fixture
def company(world):
    """Solano with an order on hold and one that is free, and another customer with a similar number."""
    solano = a_customer("C-10", limit="1000")
    solano.name = "Solano Tools"
    solano.save()
    hold = held(an_order(solano, "1400", "SO-104233"))
    an_order(solano, "10", "SO-1042330")
    an_order(a_customer("C-11"), "10", "ASO-104233")
    an_invoice(solano, "10", number="INV-88120")
    return hold


def test_an_order_on_hold_leads_to_its_hold_first_then_to_itself_then_to_longer_numbers(clerk, company):
    answer = clerk.get("/search/?q=so-104233")
    assert urls(answer)[:2] == [f"/holds/{company.number}/", "/orders/USMF/SO-104233/"]
    assert {"SO-1042330", "ASO-104233"} <= set(labels(answer))
    assert labels(answer).index("SO-1042330") > 1


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("USMF:SO-104233", "/orders/USMF/SO-104233/"),
        ("c-10", "/customers/USMF/C-10/"),
        ("solano", "/customers/USMF/C-10/"),
        ("INV-88120", "/customers/USMF/C-10/panels/invoices/"),
        ("inv-88120", "/customers/USMF/C-10/panels/invoices/"),
        ("parameters", "/setup/parameters/"),
        ("grace", "/setup/"),
        ("dark", "/preferences/"),
        ("Ready", "/holds/?view=ready"),
    ],
)
def test_numbers_names_and_pages_are_found(clerk, company, text, url):
    assert url in urls(clerk.get("/search/", {"q": text}))


def test_a_hold_is_found_by_its_number_with_or_without_zeros(clerk, company):
    for text in (company.number, company.number.lower(), f"h{int(company.number[2:])}"):
        assert urls(clerk.get("/search/", {"q": text}))[0] == f"/holds/{company.number}/"


def test_a_rule_is_found_by_its_name(clerk, company):
    rule = a_rule(name="DO-07")
    assert f"/rules/{rule.rule.code}/" in urls(clerk.get("/search/?q=do-07"))


def test_a_verb_offers_its_dialog_and_does_nothing(clerk, company):
    released = clerk.get("/search/?q=release SO-104233")
    assert urls(released)[0] == f"/holds/release/?hold={company.number}"
    assert labels(released)[0] == "Release SO-104233…"
    forced = clerk.get("/search/?q=Force hold Solano")
    assert urls(forced)[0] == "/holds/force/?customer=USMF%3AC-10"
    assert Hold.objects.get(pk=company.pk).status == "active"


class TestRaisingALimit:
    def found(self, person) -> list[str]:
        return urls(person.get("/search/?q=raise limit solano"))

    def test_leads_to_a_line_in_a_journal_where_limits_change_by_journal_only(self, manager, clerk, company):
        for person in (manager, clerk):
            assert self.found(person)[0] == "/journals/change/?customer=USMF%3AC-10"

    def test_leads_to_the_dialog_where_they_may_be_changed_by_hand(self, manager, company):
        parameters(allow_manual_editing_of_credit_limits=True)
        assert self.found(manager)[0] == "/customers/USMF/C-10/limit/"

    def test_leads_who_only_makes_journals_to_a_journal(self, clerk, company):
        parameters(allow_manual_editing_of_credit_limits=True)
        expected = "limit/" if Role.CREDIT_CLERK in POLICY[Action.EDIT_CREDIT_PROFILE] else "change/"
        assert expected in self.found(clerk)[0]

    def test_is_not_offered_to_who_may_do_neither(self, sign_in, company):
        assert not [url for url in self.found(sign_in(Role.AUDITOR)) if "limit/" in url or "/change/" in url]

    def test_asks_for_the_parameters_once_whatever_is_found(self, manager, company, django_assert_max_num_queries):
        for number in range(20, 40):
            customer = a_customer(f"C-{number}")
            customer.name = f"Solano {number}"
            customer.save()
        self.found(manager)
        with django_assert_max_num_queries(7):
            self.found(manager)


def test_an_exact_match_comes_with_what_can_be_done(clerk, company):
    found = labels(clerk.get("/search/?q=SO-104233"))
    assert {"Release SO-104233…", "Reject SO-104233…", "Snooze SO-104233…"} <= set(found)


def test_who_may_not_act_is_offered_no_action(sign_in, company):
    found = labels(sign_in(Role.AUDITOR).get("/search/?q=SO-104233"))
    assert "SO-104233" in found
    assert not [label for label in found if label.endswith("…")]


def test_nothing_outside_the_readers_entities_is_found(sign_in, company):
    there = sign_in(Role.CREDIT_CLERK, an_entity("DE01", "EUR").code)
    for text in ("SO-104233", "Solano", "INV-88120", company.number):
        assert not [url for url in urls(there.get("/search/", {"q": text})) if "USMF" in url or company.number in url]
    assert find("SO-104233", actor=stranger()) == []


def test_filters_become_the_address_of_a_list():
    item = filtered_list("reason:overdue owner:me value>10000 solano")
    assert item is not None
    assert item["url"] == "/holds/?reason=days_overdue&owner=me&value_min=10000&q=solano"
    assert filtered_list("SO-104233") is None
    assert filtered_list("USMF:SO-104233") is None


def test_one_letter_finds_no_object(clerk, company, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert find("S", actor=stranger()) == []


def test_the_palette_gets_the_same_answer_as_a_list_of_options(clerk, company):
    page = clerk.get("/search/?q=SO-104233", headers=FRAGMENT).content.decode()
    assert "<html" not in page
    assert 'role="option"' in page
    assert f'href="/holds/{company.number}/"' in page


@pytest.mark.parametrize("text", ["SO-104233", "Solano", "release SO", "x' OR 1=1 --", "%", "_" * 200, "\\", ""])
def test_a_search_takes_at_most_six_queries_whatever_is_typed(clerk, company, django_assert_max_num_queries, text):
    for number in range(20):
        an_order(company.payer, "10", f"SO-X{number}")
    for headers in ({}, FRAGMENT):
        with django_assert_max_num_queries(6):
            assert clerk.get("/search/", {"q": text}, headers=headers).status_code == 200


def test_a_percent_sign_is_a_letter_like_others(clerk, company):
    assert [label for label in labels(clerk.get("/search/", {"q": "%%%"})) if label.startswith("SO")] == []


def test_without_words_it_offers_the_holds_that_i_worked_on_last(clerk, company):
    clerk.post(f"/holds/{company.number}/note/", {"note": "called them"})
    assert labels(clerk.get("/search/")) == ["SO-104233"]


def test_what_nothing_is_called_says_so(clerk, world):
    answer = clerk.get("/search/?q=nothing-like-this")
    assert "Nothing is called “nothing-like-this”." in answer.content.decode()


def test_a_payment_leads_to_the_payments(clerk, company):
    invoice = an_invoice(company.payer, "10", number="PAY-1")
    invoice.series, invoice.kind = "payment", "payment"
    paid(invoice)
    invoice.save()
    assert "/customers/USMF/C-10/panels/payments/" in urls(clerk.get("/search/?q=pay-1"))
