"""A file of invoices that nobody here made comes in, and every day inside it answers as the file itself does.

The story: somebody has a CSV of invoices with the dates on which they were settled. It is imported, all or nothing;
then overdue amounts and days overdue of every customer, on several days, are what the file's own columns imply
(`domain 3.3`). The expectation is worked out from the CSV alone.
"""

import csv
import datetime as dt
import io
import random
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models import Min, Sum

from customers.models import Customer, CustomerTransaction, DueItem, LegalEntity, Settlement
from customers.receivables import due_items_on, overdue_on
from tests.workbooks import a_workbook

pytestmark = pytest.mark.django_db

HEADER = (
    "countryCode,customerID,PaperlessDate,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,Disputed,SettledDate,"
    "PaperlessBill,DaysToSettle,DaysLate"
)
REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "late-payment-histories.csv"
Overdue = dict[str, tuple[Decimal, int]]
"""Overdue amount and days overdue by customer, of those that have any."""


def parse(text: str) -> dt.date:
    month, day, year = map(int, text.split("/"))
    return dt.date(year, month, day)


def write(day: dt.date) -> str:
    return f"{day.month}/{day.day}/{day.year}"


def implied_by(content: str, day: dt.date) -> Overdue:
    """What the file's columns say was overdue on `day`: billed by then, due before it, settled after it or never."""
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    days: dict[str, int] = defaultdict(int)
    for row in csv.DictReader(io.StringIO(content)):
        due = parse(row["DueDate"])
        settled = parse(row["SettledDate"]) if row["SettledDate"] else None
        if parse(row["InvoiceDate"]) <= day and due < day and (settled is None or settled > day):
            key = f"{row['countryCode']}:{row['customerID']}"
            amounts[key] += Decimal(row["InvoiceAmount"])
            days[key] = max(days[key], (day - due).days)
    return {key: (amount, days[key]) for key, amount in amounts.items()}


def computed_on(day: dt.date) -> Overdue:
    """What the system says was overdue on `day`: a plain sum over due items."""
    items = due_items_on(day).annotate(overdue=overdue_on(day)).filter(overdue__gt=0)
    rows = items.values_list("customer__legal_entity", "customer__account").annotate(
        amount=Sum("overdue"), oldest=Min("due_date")
    )
    return {
        f"{entity}:{account}": (amount, (day - oldest).days)
        for entity, account, amount, oldest in rows.order_by("customer__legal_entity", "customer__account")
    }


def days_to_ask(content: str) -> Iterator[dt.date]:
    """Days from the first invoice to after the last settlement, about a month apart."""
    rows = list(csv.DictReader(io.StringIO(content)))
    day = min(parse(row["InvoiceDate"]) for row in rows)
    last = max(parse(row["SettledDate"] or row["DueDate"]) for row in rows) + dt.timedelta(days=40)
    while day <= last:
        yield day
        day += dt.timedelta(days=29)


def invented(customers: int = 6, invoices: int = 80) -> str:
    """A file like the real one, small, the same every time; some invoices open, some disputed."""
    chance = random.Random(7)
    lines = [HEADER]
    for number in range(invoices):
        customer = chance.randrange(customers)
        billed = dt.date(2024, 1, 1) + dt.timedelta(days=chance.randrange(300))
        due = billed + dt.timedelta(days=30)
        settled = None if chance.random() < 0.2 else billed + dt.timedelta(days=chance.randrange(80))
        amount = Decimal(chance.randrange(100, 100_000)) / 100
        late = max(0, (settled - due).days) if settled else ""
        lines.append(
            f"{391 + customer % 2},C-{customer},{write(billed)},{number:010d},{write(billed)},{write(due)},{amount},"
            f"{chance.choice(['Yes', 'No'])},{write(settled) if settled else ''},Paper,"
            f"{(settled - billed).days if settled else ''},{late}"
        )
    return "\n".join(lines) + "\n"


def line(number: int = 1, **changes: str) -> str:
    """One line of a file, good unless changed."""
    fields = {
        "countryCode": "391", "customerID": "C-1", "PaperlessDate": "1/1/2024", "invoiceNumber": f"{number:010d}",
        "InvoiceDate": "1/2/2024", "DueDate": "2/1/2024", "InvoiceAmount": "55.94", "Disputed": "No",
        "SettledDate": "1/15/2024", "PaperlessBill": "Paper", "DaysToSettle": "13", "DaysLate": "0",
    }  # fmt: skip
    return ",".join((fields | changes).values())


def file_of(*lines: str) -> str:
    return "\n".join([HEADER, *lines]) + "\n"


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Run the command on some content and return what it said."""

    def command(content: str | bytes, *arguments: str, create: bool = True) -> tuple[str, str]:
        path = tmp_path / "receivables.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        out, err = io.StringIO(), io.StringIO()
        options = ["--create-entities"] if create else []
        call_command("import_receivables", str(path), *options, *arguments, stdout=out, stderr=err)
        return out.getvalue(), err.getvalue()

    return command


def nothing_is_there() -> bool:
    return not any(model.objects.exists() for model in (LegalEntity, Customer, CustomerTransaction, DueItem))


def test_every_day_answers_as_the_invented_file_implies(run: Any) -> None:
    content = invented()
    run(content)
    for day in days_to_ask(content):
        assert computed_on(day) == implied_by(content, day), day


def test_every_day_answers_as_the_real_file_implies_for_every_customer(run: Any) -> None:
    if not REAL.exists():
        pytest.skip("The real file is not part of the product: it lies in shared/data beside the repository, or not.")
    content = REAL.read_text()
    said, progress = run(content)
    assert "invoices: 2466 created" in said
    assert "payments: 2,466 of 2,466" in progress
    assert (Customer.objects.count(), LegalEntity.objects.count()) == (100, 5)
    days = list(days_to_ask(content))
    assert len(days) > 20
    for day in days:
        assert computed_on(day) == implied_by(content, day), day


def test_the_same_file_again_changes_nothing(run: Any) -> None:
    content = invented()
    run(content)
    before = list(Settlement.objects.order_by("pk").values())
    said, _ = run(content)
    assert "invoices: 0 created, 0 updated, 80 unchanged" in said
    assert list(Settlement.objects.order_by("pk").values()) == before


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(run: Any) -> None:
    said, _ = run(invented(), "--dry-run")
    assert "invoices: 80 created" in said
    assert "nothing was written" in said
    assert nothing_is_there()


def test_a_customer_that_is_there_keeps_its_name(run: Any) -> None:
    run(file_of(line(1)))
    Customer.objects.update(name="Contoso")
    run(file_of(line(1), line(2)))
    assert Customer.objects.get().name == "Contoso"


def test_an_invoice_without_settled_date_stays_open_and_a_disputed_one_is_disputed(run: Any) -> None:
    run(file_of(line(1, SettledDate="", Disputed="Yes")))
    item = DueItem.objects.get()
    assert (item.open_amount, item.disputed_amount) == (Decimal("55.94"), Decimal("55.94"))


def test_a_workbook_is_read_as_it_is_typed(run: Any) -> None:
    row: list[Any] = [391, "C-1", None, 1, dt.date(2024, 1, 2), dt.date(2024, 2, 1), 55.94, "No", dt.date(2024, 1, 15)]
    said, _ = run(a_workbook([HEADER.split(","), row]))
    assert "invoices: 1 created" in said
    item = DueItem.objects.get(amount__gt=0)
    assert (item.due_date, item.amount, item.open_amount) == (dt.date(2024, 2, 1), Decimal("55.94"), 0)


def test_a_cell_without_a_value_is_named_at_its_row(run: Any) -> None:
    broken = {"formula": "=1/0", "value": "#DIV/0!"}
    row: list[Any] = [391, "C-1", None, 1, dt.date(2024, 1, 2), 45323, broken, "No", None]
    with pytest.raises(CommandError) as refused:
        run(a_workbook([HEADER.split(","), row]))
    assert "Line 2: DueDate '45323' is not a date" in str(refused.value)
    assert "Line 2: InvoiceAmount can't be read. The cell holds the error #DIV/0!" in str(refused.value)
    assert nothing_is_there()


def test_columns_formats_and_signs_are_options(run: Any) -> None:
    content = "no;account;billed;due;gross\r\nI-1;C-1;2024-01-02;2024-02-01;1'000.00\r\n"
    run(
        content, "--delimiter=;", "--thousands='", "--date-format=%Y-%m-%d", "--legal-entity=DEMF", "--currency=EUR",
        "--invoice-column=no", "--customer-column=account", "--date-column=billed", "--due-column=due",
        "--amount-column=gross", "--disputed-column=", "--settled-column=",
    )  # fmt: skip
    item = DueItem.objects.get()
    assert (item.customer.key, item.open_amount, item.currency_id) == ("DEMF:C-1", 1000, "EUR")
    assert item.due_date == dt.date(2024, 2, 1)


def test_a_byte_order_mark_is_skipped(run: Any) -> None:
    run(b"\xef\xbb\xbf" + file_of(line()).encode())
    assert CustomerTransaction.objects.filter(kind="invoice").count() == 1


def test_separators_of_thousands_are_read_where_they_are_named(run: Any) -> None:
    run(file_of(line(InvoiceAmount='"1,000.00"')), "--thousands=,")
    assert CustomerTransaction.objects.filter(amount=1000).count() == 2


GOOD = line(1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (file_of(GOOD, line(2, InvoiceAmount='"1,000.00"')), r"Line 3: InvoiceAmount '1,000.00' .*--thousands"),
        (file_of(GOOD, line(2, InvoiceAmount="1,000.00")), r"Line 3 has 13 fields .* names 12: .*1,000\.00"),
        (file_of(GOOD, line(2, InvoiceAmount="")), "Line 3: InvoiceAmount is empty"),
        (file_of(GOOD, line(2, InvoiceAmount="NaN")), "Line 3: InvoiceAmount 'NaN' is not an amount"),
        (file_of(GOOD, line(2, InvoiceAmount="1e400")), "Line 3: InvoiceAmount '1e400' is not an amount"),
        (file_of(GOOD, line(2, InvoiceAmount="9" * 400)), "Line 3: InvoiceAmount Give a number from"),
        (file_of(GOOD, line(2, InvoiceAmount="-5.00")), "Line 3: InvoiceAmount Give a number from"),
        (file_of(GOOD, line(2, InvoiceAmount="٣.٠٠")), "Line 3: InvoiceAmount .* is not an amount"),
        (file_of(GOOD, line(2, InvoiceAmount="1.005")), "Line 3: InvoiceAmount Amounts in USD have 2 decimals"),
        (file_of(GOOD, line(2, DueDate="31/12/2024")), "Line 3: DueDate '31/12/2024' is not a date"),
        (file_of(GOOD, line(2, InvoiceDate="")), "Line 3: InvoiceDate '' is not a date"),
        (file_of(GOOD, line(2, InvoiceDate="1/2/0201")), "Line 3: InvoiceDate Give a date between"),
        (file_of(GOOD, line(2, Disputed="maybe")), "Line 3: Disputed 'maybe' is neither yes nor no"),
        (file_of(GOOD, line(2, customerID="")), "Line 3: customerID is empty"),
        (file_of(GOOD, line(2, customerID="C 2")), "Line 3: customerID Use 1 to 20 letters"),
        (file_of(GOOD, line(1)), "Line 3: invoiceNumber invoice 0000000001 stands on line 2 already"),
        (file_of(GOOD, line(2, SettledDate="1/1/2024"), "x" * 30_000), "Line 4 is longer than"),
        (file_of(GOOD).replace("DueDate", "Fällig"), "no column DueDate.* The columns are: .*Fällig"),
        (file_of(GOOD).replace("PaperlessBill", "DueDate"), "names a column twice: DueDate"),
        (file_of(GOOD, line(2))[:-20], "Line 3 has 9 fields .* is the file cut off"),
        (file_of(GOOD, line(2, customerID='"C-2')), "cut off, or a quotation mark missing"),
        (file_of(GOOD).encode("utf-16"), "UTF-16"),
        (file_of(GOOD, line(2, customerID="Müller")).encode("cp1252"), "Line 3 is not utf-8: name the file's encoding"),
        (file_of(GOOD, line(2, customerID="C\0")), "Line 3 has a NUL byte"),
        (",".join(f"c{n}" for n in range(201)) + "\n", "names more than 200 columns"),
        ("", "The file is empty"),
    ],
)
def test_a_bad_file_is_refused_with_the_line_and_nothing_is_changed(run: Any, content: Any, message: str) -> None:
    with pytest.raises(CommandError, match=message) as refusal:
        run(content)
    assert "Nothing was imported." in str(refusal.value)
    assert nothing_is_there()


def test_all_bad_lines_are_named_not_only_the_first(run: Any) -> None:
    with pytest.raises(CommandError) as refusal:
        run(file_of(line(1, DueDate="soon"), GOOD.replace("0000000001", "2"), line(3, InvoiceAmount="much")))
    assert [text[:7] for text in str(refusal.value).splitlines()] == ["Line 2:", "Line 4:", "Nothing"]


def test_a_file_cut_off_within_a_column_that_is_read_is_refused(run: Any) -> None:
    content = "entity,account,no,billed,due,gross\n391,C-1,I-1,1/2/2024,2/1/2024,55.9"
    arguments = [
        "--entity-column=entity", "--customer-column=account", "--invoice-column=no", "--date-column=billed",
        "--due-column=due", "--amount-column=gross", "--disputed-column=", "--settled-column=",
    ]  # fmt: skip
    with pytest.raises(CommandError, match="cut off within gross"):
        run(content, *arguments)
    assert nothing_is_there()
    run(content + "4\n", *arguments)


def test_entities_are_created_only_when_asked_for(run: Any) -> None:
    with pytest.raises(CommandError, match=r"Line 2: countryCode There is no legal entity 391"):
        run(file_of(GOOD), create=False)


@pytest.mark.parametrize(
    "option", ["--encoding=klingon", "--delimiter=::", "--currency=dollars", "--thousands=.", "--legal-entity=A B"]
)
def test_a_bad_option_is_refused(run: Any, option: str) -> None:
    with pytest.raises(CommandError):
        run(file_of(GOOD), option)
    assert nothing_is_there()


def test_a_file_that_is_not_there_is_said() -> None:
    with pytest.raises(CommandError, match="can't be read: No such file"):
        call_command("import_receivables", "nowhere.csv")
