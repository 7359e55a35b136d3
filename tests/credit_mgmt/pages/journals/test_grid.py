"""The grid of a draft (`ux.md` 3.8): what is typed is saved, named where it is wrong, and never lost."""

import pytest
from django.test import Client

from credit_mgmt.models import LimitJournalLine
from customers.models import Customer
from tests.credit_mgmt.pages.journals.desk import LAST, cells, shown
from tests.factories_credit import customer_with_limit, give_limit
from tests.factories_journals import a_journal, line

pytestmark = pytest.mark.django_db


class TestTheGrid:
    def test_saves_what_was_typed_over_and_leaves_what_others_changed(self, clerk: Client, customer: Customer) -> None:
        other = customer_with_limit("10", account="US-2", name="Beta")
        journal = a_journal(line(customer, 1500), line(other, 20))
        unchanged = cells(2, "20.00", was=("20.00", LAST))
        LimitJournalLine.objects.filter(number=2).update(new_limit=33)
        typed = {**cells(1, "1,700.00"), **unchanged, "row": ["1", "2"], "version": str(journal.version)}
        clerk.post(f"/journals/{journal.number}/lines/", typed)
        assert list(journal.lines.order_by("number").values_list("new_limit", flat=True)) == [1700, 33]

    @pytest.mark.parametrize(
        ("new_limit", "new_to", "said"),
        [
            ("abc", LAST, "is not an amount"),
            ("=1+", LAST, "can’t be computed"),
            ("=2**9", LAST, "can’t be computed"),
            ("", LAST, "Give the new limit"),
            ("10.005", LAST, "USD has 2 decimals"),
            ("€ 10.00", LAST, "The limit is in USD"),
            ("10.00", "31 February", "is not a date"),
            ("10.00", "", "Say until when"),
        ],
    )
    def test_names_the_cell_that_is_wrong_and_keeps_what_was_typed(
        self, clerk: Client, customer: Customer, new_limit: str, new_to: str, said: str
    ) -> None:
        journal = a_journal(line(customer, 1500))
        answer = clerk.post(f"/journals/{journal.number}/lines/", cells(1, new_limit, new_to))
        assert answer.status_code == 422
        page = shown(answer)
        assert "Nothing was saved." in page
        assert said in page
        assert 'aria-invalid="true"' in page
        assert LimitJournalLine.objects.get().new_limit == 1500

    def test_keeps_what_was_typed_when_somebody_was_faster(self, clerk: Client, customer: Customer) -> None:
        journal = a_journal(line(customer, 1500))
        answer = clerk.post(f"/journals/{journal.number}/lines/", {"version": "1", **cells(1, "1,700.00")})
        assert answer.status_code == 409
        page = shown(answer)
        assert "What you typed is kept below." in page
        assert 'value="1,700.00"' in page
        assert f'value="{journal.version}"' in page

    def test_of_a_row_that_is_left_comes_back_with_its_consequences(self, clerk: Client, customer: Customer) -> None:
        journal = a_journal(line(customer, 1500))
        typed = {**cells(1, "=1500*2"), "version": str(journal.version)}
        answer = clerk.post(f"/journals/{journal.number}/lines/1/", typed, headers={"HX-Request": "true"})
        page = shown(answer)
        assert page.startswith(" <tr") or page.startswith("<tr")
        assert 'value="3,000.00"' in page
        assert 'id="journal-version" name="version" value="3"' in page
        wrong = clerk.post(f"/journals/{journal.number}/lines/1/", cells(1, "x"), headers={"HX-Request": "true"})
        assert "is not an amount" in shown(wrong)
        assert LimitJournalLine.objects.get().new_limit == 3000

    def test_shows_what_is_found_of_a_line_and_filters_by_it(self, clerk: Client, customer: Customer) -> None:
        fine = customer_with_limit("10", account="US-2", name="Beta")
        journal = a_journal(line(customer, -5), line(fine, 20))
        page = shown(clerk.get(f"/journals/{journal.number}/?show=error"))
        assert "A limit is 0 or more" in page
        assert "Beta" not in page
        assert "Adatum" not in shown(clerk.get(f"/journals/{journal.number}/?q=beta"))

    def test_says_that_the_current_limit_changed_and_compares_again(self, clerk: Client, customer: Customer) -> None:
        journal = a_journal(line(customer, 1500))
        give_limit(customer, "1200")
        address = f"/journals/{journal.number}/"
        assert "now 1,200.00" in shown(clerk.get(address))
        assert clerk.post(f"{address}check/")["Location"] == f"{address}?show=error"
        assert "refresh the line" in shown(clerk.get(address))
        clerk.post(f"{address}lines/", {"do": "refresh", "line": "1"})
        page = shown(clerk.get(address))
        assert "refresh the line" not in page
        assert LimitJournalLine.objects.get().current_limit == 1200

    def test_removes_the_lines_that_are_ticked(self, clerk: Client, customer: Customer) -> None:
        journal = a_journal(line(customer, 1500))
        address = f"/journals/{journal.number}/lines/"
        assert "Tick the lines" in shown(clerk.post(address, {"do": "remove"}))
        clerk.post(address, {"do": "remove", "line": "1"})
        assert not journal.lines.exists()

    def test_changes_the_ticked_lines_together_after_a_preview_and_takes_it_back(
        self, clerk: Client, customer: Customer
    ) -> None:
        other = customer_with_limit("10", account="US-2", name="Beta")
        journal = a_journal(line(customer, 1500), line(other, 20))
        address = f"/journals/{journal.number}/"
        asked = clerk.post(f"{address}lines/", {"do": "adjust", "line": ["1"], "row": "1"})
        assert asked["Location"] == f"{address}adjust/?line=1"
        assert "Change 1 line" in shown(clerk.get(asked["Location"]))
        how = {"adjustment": "10", "value_type": "percentage", "rounding_form": "nearest", "line": "1"}
        page = clerk.get(f"{address}adjust/", {**how, "preview": "1"})
        assert "1,650.00" in shown(page)
        assert LimitJournalLine.objects.get(number=1).new_limit == 1500
        done = clerk.post(f"{address}adjust/", dict(page.context["repeated"]), follow=True)
        assert "1 line changed." in shown(done)
        assert f'action="{address}undo/"' in shown(done)
        assert list(journal.lines.order_by("number").values_list("new_limit", flat=True)) == [1650, 20]
        assert "Changed 1 line" in shown(clerk.get("/holds/recent/"))
        assert "Changed 1 line" in shown(clerk.get(f"{address}undo/"))
        assert "1 line is again as before." in shown(clerk.post(f"{address}undo/", follow=True))
        assert LimitJournalLine.objects.get(number=1).new_limit == 1500
        assert clerk.post(f"{address}undo/").status_code == 409

    def test_names_the_lines_that_cannot_be_changed_so_and_offers_no_button(
        self, clerk: Client, customer: Customer
    ) -> None:
        journal = a_journal(line(customer, 1500))
        address = f"/journals/{journal.number}/adjust/"
        how = {"adjustment": "-2000", "value_type": "fixed", "rounding_form": "nearest"}
        page = shown(clerk.get(address, {**how, "preview": "1"}))
        assert "Would fall below zero." in page
        assert "1 line can’t be changed so" in page
        assert clerk.post(address, how).status_code == 422
        assert clerk.get(address, {**how, "adjustment": "", "preview": "1"}).status_code == 422
        assert LimitJournalLine.objects.get().new_limit == 1500

    def test_gives_removed_lines_back(self, clerk: Client, customer: Customer) -> None:
        journal = a_journal(line(customer, 1500))
        address = f"/journals/{journal.number}/"
        clerk.post(f"{address}lines/", {"do": "remove", "line": "1"})
        clerk.post(f"{address}undo/")
        assert LimitJournalLine.objects.get().new_limit == 1500
