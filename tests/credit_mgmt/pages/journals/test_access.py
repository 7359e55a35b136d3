"""Who may see and do what on the pages of journals (`domain 13`)."""

import pytest
from django.test import Client

from customers.models import Customer, Role
from tests import factories as make
from tests.credit_mgmt.pages.journals.desk import cells, shown, signed_in
from tests.factories_journals import a_journal, line, post

pytestmark = pytest.mark.django_db


class TestWhoMay:
    def test_readers_see_and_change_nothing(self, customer: Customer) -> None:
        journal = a_journal(line(customer, 1500))
        reader = signed_in(Role.VIEWER, "USMF")
        page = shown(reader.get(f"/journals/{journal.number}/"))
        assert "1,500.00" in page
        assert "new_limit-1" not in page
        for address in ("lines/", "add/", "paste/", "generate/", "submit/", "post/", "copy/", "check/", "refresh/"):
            assert reader.post(f"/journals/{journal.number}/{address}").status_code == 403, address
        assert reader.get("/journals/new/").status_code == 403
        assert "New journal" not in shown(reader.get("/journals/"))

    def test_clerks_do_not_post(self, clerk: Client, customer: Customer) -> None:
        journal = a_journal(line(customer, 1500))
        assert clerk.get(f"/journals/{journal.number}/post/").status_code == 403
        assert clerk.post(f"/journals/{journal.number}/post/").status_code == 403

    def test_sales_viewers_see_no_limits(self, customer: Customer) -> None:
        assert signed_in(Role.SALES_VIEWER).get("/journals/").status_code == 403

    def test_journals_of_other_legal_entities_do_not_exist(self, clerk: Client, customer: Customer) -> None:
        make.LegalEntityFactory(code="DEMF")
        other = a_journal(legal_entity="DEMF")
        for address in ("", "lines/1/", "post/", "generate/", "paste/", "export/", "add/", "find/", "reverse/"):
            verb = clerk.post if address in {"lines/1/"} else clerk.get
            assert verb(f"/journals/{other.number}/{address}").status_code in {404, 403}, address
        assert clerk.get(f"/journals/{other.number}/").status_code == 404
        assert other.number not in shown(clerk.get("/journals/"))
        assert clerk.post("/journals/cancel/", {"journal": other.number}).status_code == 404

    def test_what_is_posted_offers_no_fields_and_refuses_them(self, manager: Client, customer: Customer) -> None:
        posted = post(a_journal(line(customer, 1500)))
        page = shown(manager.get(f"/journals/{posted.number}/"))
        assert "new_limit-1" not in page
        assert manager.post(f"/journals/{posted.number}/lines/", cells(1, "7.00")).status_code == 409
        assert manager.post(f"/journals/{posted.number}/check/").status_code == 409
