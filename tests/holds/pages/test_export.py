"""The hold list as a file: exactly what its address asks for, numbers as numbers, no formulas (`ux.md` 3.0, Export)."""

import csv
import datetime as dt
import io
import re
import zipfile
from decimal import Decimal

import pytest
from django.test import Client

from customers import clock
from customers.jobs import run_job
from customers.listing import exporting as export
from customers.models import ExportPart, Job
from holds.models import Hold
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


def rows_in(answer) -> list[list[str]]:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def sheet_of(content: bytes) -> tuple[str, list[str]]:
    """The sheet's XML and its texts."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return book.read("xl/worksheets/sheet1.xml").decode(), book.namelist()


def test_the_file_has_the_filtered_rows_in_the_order_and_with_the_columns_of_the_list(clerk, entity):
    customer = a_customer(entity)
    a_hold(an_order(customer, "300.00", number="SO-3"))
    a_hold(an_order(customer, "100.00", number="SO-1"), over_limit=None)
    a_hold(an_order(customer, "5.00", number="SO-0"))
    answer = clerk.get("/holds/export/?value_min=50&sort=value&cols=customer,value,over,ship&format=csv")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="holds-{TODAY}.csv"'
    assert rows_in(answer) == [
        ["Order", "Customer", "Value EUR", "Over limit EUR", "Ship"],
        ["SO-1", "Harbour Lane Foods BV", "100.00", "", "2026-11-24"],
        ["SO-3", "Harbour Lane Foods BV", "300.00", "18050.00", "2026-11-24"],
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_text_that_a_spreadsheet_would_calculate_is_marked_as_text(clerk, entity, text):
    a_hold(an_order(a_customer(entity, name=text), number="SO-1"))
    row = rows_in(clerk.get("/holds/export/?cols=customer&format=csv"))[1]
    assert row == ["SO-1", f"'{text}"]
    sheet, _ = sheet_of(clerk.get("/holds/export/?cols=customer&format=xlsx").content)
    assert "<f>" not in sheet


def test_negative_numbers_stay_numbers(clerk, entity):
    a_hold(an_order(a_customer(entity), number="SO-1"), used_percent=Decimal("-3.50"))
    assert rows_in(clerk.get("/holds/export/?cols=used&format=csv"))[1] == ["SO-1", "-3.50"]


def test_a_sheet_has_numbers_dates_and_texts_as_such(clerk, entity):
    a_hold(an_order(a_customer(entity), "24300.00", number="SO-1"))
    answer = clerk.get("/holds/export/?cols=value,ship,customer&format=xlsx")
    assert answer.headers["Content-Type"].endswith("spreadsheetml.sheet")
    sheet, _ = sheet_of(answer.content)
    row = sheet[sheet.index('<row r="2"') :]
    assert re.search(r'<c r="B2" s="\d"><v>24300</v></c>', row)
    assert re.search(r'<c r="C2" s="\d"><v>46350</v></c>', row)  # 24 Nov 2026, in days since 1900
    assert '<c r="D2" t="inlineStr">' in row or '<c r="D2" t="s">' in row


def test_several_currencies_name_theirs_in_each_row(client, entity):
    client.force_login(a_user("all"))
    a_hold(an_order(a_customer(entity), "10.00", number="SO-E"))
    a_hold(an_order(a_customer(an_entity("US01", "USD"), "C-2"), "20.00", number="SO-U"))
    assert rows_in(client.get("/holds/export/?cols=value&sort=order&format=csv")) == [
        ["Order", "Currency", "Value"], ["SO-E", "EUR", "10.00"], ["SO-U", "USD", "20.00"],
    ]  # fmt: skip


def test_other_legal_entities_are_not_in_the_file(clerk, entity):
    a_hold(an_order(a_customer(an_entity("US01", "USD"), "C-2"), number="SO-THEIRS"))
    assert len(rows_in(clerk.get("/holds/export/?format=csv"))) == 1


class TestAboveTheMost:
    @pytest.fixture(autouse=True)
    def _little(self, monkeypatch):
        monkeypatch.setattr("customers.listing.exporting.MOST_AT_ONCE", 3)
        monkeypatch.setattr(export, "CHUNK", 2)

    @pytest.fixture
    def holds(self, entity):
        customer = a_customer(entity)
        return [a_hold(an_order(customer, f"{number}.50", number=f"SO-{number}")) for number in range(1, 6)]

    def started(self, clerk, form="csv") -> Job:
        page = clerk.get(f"/holds/export/?sort=-value&cols=value&format={form}")
        assert "made in the background" in page.content.decode()
        answer = clerk.post("/holds/export/", {"query": page.context["query"], "format": form})
        job = Job.objects.get()
        assert answer.headers["Location"] == f"/jobs/{job.pk}/"
        return job

    @pytest.mark.django_db(transaction=True)
    def test_a_job_makes_the_same_file_and_its_page_offers_it(self, clerk, holds):
        job = self.started(clerk)
        assert clerk.get(f"/jobs/{job.pk}/file/").status_code == 409
        run_job(job.pk)
        assert f"/jobs/{job.pk}/file/" in clerk.get(f"/jobs/{job.pk}/").content.decode()
        values = [["Order", "Value EUR"], *([f"SO-{n}", f"{n}.50"] for n in range(5, 0, -1))]
        assert rows_in(clerk.get(f"/jobs/{job.pk}/file/")) == values

    @pytest.mark.django_db(transaction=True)
    def test_a_sheet_is_put_together_from_the_parts(self, clerk, holds, monkeypatch):
        monkeypatch.setattr(export, "PIECE", 512)
        job = self.started(clerk, "xlsx")
        run_job(job.pk)
        answer = clerk.get(f"/jobs/{job.pk}/file/")
        sheet, _ = sheet_of(b"".join(answer.streaming_content))
        assert re.findall(r"<v>(\d\.5)</v>", sheet) == ["5.5", "4.5", "3.5", "2.5", "1.5"]
        assert ExportPart.objects.count() > 1

    @pytest.mark.django_db(transaction=True)
    def test_only_who_started_it_fetches_it_and_only_for_a_week(self, clerk, client, entity, holds):
        job = self.started(clerk)
        run_job(job.pk)
        owner = job.actor.partition(":")[2]
        client.force_login(a_user("other", entity=entity))
        assert client.get(f"/jobs/{job.pk}/file/").status_code == 404
        from django.contrib.auth import get_user_model

        client.force_login(get_user_model().objects.get(pk=owner))
        Job.objects.update(created_at=clock.now() - export.KEPT - dt.timedelta(seconds=1))
        client.post("/holds/export/", {"query": "", "format": "csv"})
        assert client.get(f"/jobs/{job.pk}/file/").status_code == 409

    @pytest.mark.django_db(transaction=True)
    def test_what_was_closed_meanwhile_is_as_it_is_when_its_row_is_written(self, clerk, holds):
        job = self.started(clerk)
        Hold.objects.filter(pk=holds[0].pk).update(amount=Decimal("7.25"))
        run_job(job.pk)
        assert ["SO-1", "7.25"] in rows_in(clerk.get(f"/jobs/{job.pk}/file/"))
