"""`manage.py import_receivables FILE`: invoices and their payments from a file, all or nothing."""

import codecs
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from customers.access import system_actor
from customers.imports.fields import Wrong, currency_code, key_part
from customers.imports.files import BadFile, read_table
from customers.imports.receivables_file import Columns, FileMapping, Rejected, load, plan

SHOWN = 50
MOST_UNPACKED = 1024 * 1024 * 1024
"""Bytes of a workbook: who runs this command chose the file, and it may have as many rows as a spreadsheet can."""
COLUMNS = {
    "entity": ("countryCode", "the legal entity's code"),
    "customer": ("customerID", "the customer's account"),
    "invoice": ("invoiceNumber", "the invoice's number"),
    "date": ("InvoiceDate", "the invoice date"),
    "due": ("DueDate", "the due date"),
    "amount": ("InvoiceAmount", "the amount, with a decimal point"),
    "disputed": ("Disputed", "yes where the whole invoice is disputed; empty: the file has no such column"),
    "settled": ("SettledDate", "the date of payment, empty where it is open; empty: the file has no such column"),
}


class Command(BaseCommand):
    """Import customers, invoices and the payments that settled dates imply."""

    help = (
        "Import customers, invoices and the payments that their settled dates imply from a CSV file or a workbook "
        "(.xlsx, its first visible sheet). "
        "All or nothing: one bad line, and nothing is written."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which file, how to read it, what to do with it."""
        parser.add_argument("file", type=Path, metavar="FILE")
        for name, (default, what) in COLUMNS.items():
            parser.add_argument(
                f"--{name}-column", default=default, metavar="NAME", help=f"column of {what} (default: {default})"
            )
        parser.add_argument("--legal-entity", default="", metavar="CODE", help="all lines are of this legal entity")
        parser.add_argument("--create-entities", action="store_true", help="create legal entities that do not exist")
        parser.add_argument("--currency", default="USD", metavar="CODE", help="of all amounts (default: USD)")
        parser.add_argument(
            "--date-format", default="%m/%d/%Y", metavar="FORMAT", help="as Python writes it (default: %%m/%%d/%%Y)"
        )
        parser.add_argument("--thousands", default="", metavar="SIGN", help="separator of thousands, if there is one")
        parser.add_argument("--delimiter", default=",", metavar="SIGN", help="between fields (default: ,)")
        parser.add_argument("--encoding", default="utf-8", help="of the file (default: utf-8, with or without a mark)")
        parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, check, write; say what was done or what is wrong."""
        mapping = self._mapping(options)
        try:
            with options["file"].open("rb") as file:
                rows = read_table(
                    file, columns=mapping.columns.names(), encoding=options["encoding"], delimiter=options["delimiter"],
                    most_unpacked=MOST_UNPACKED,
                )  # fmt: skip
                planned = plan(rows, mapping)
            counts = load(
                planned, mapping, actor=system_actor("import_receivables"),
                create_entities=options["create_entities"], dry_run=options["dry_run"], progress=self._progress,
            )  # fmt: skip
        except OSError as error:
            raise CommandError(f"The file can't be read: {error.strerror}: {error.filename}.") from error
        except BadFile as error:
            raise CommandError(f"{error} Nothing was imported.") from error
        except Rejected as rejected:
            raise CommandError(self._report(rejected)) from rejected
        for resource, numbers in counts.items():
            self.stdout.write(f"{resource}: " + ", ".join(f"{number} {status}" for status, number in numbers.items()))
        self.stdout.write("Dry run: nothing was written." if options["dry_run"] else "Imported.")

    def _mapping(self, options: dict[str, Any]) -> FileMapping:
        try:
            codecs.lookup(options["encoding"])
            currency = currency_code(options["currency"])
            entity = key_part(options["legal_entity"]) if options["legal_entity"] else ""
        except LookupError as error:
            raise CommandError(f"There is no encoding {options['encoding']}.") from error
        except Wrong as wrong:
            raise CommandError(wrong.message) from wrong
        if len(options["delimiter"]) != 1:
            raise CommandError("The delimiter is one character.")
        if options["thousands"] in {".", "-"} or options["thousands"].isdigit() or len(options["thousands"]) > 1:
            raise CommandError("The separator of thousands is one character other than a digit, a point or a minus.")
        columns = Columns(**{name: options[f"{name}_column"] for name in COLUMNS} | ({"entity": ""} if entity else {}))
        return FileMapping(columns, currency, entity, options["date_format"], options["thousands"])

    def _progress(self, resource: str, done: int, total: int) -> None:
        self.stderr.write(f"{resource}: {done:,} of {total:,}")
        self.stderr.flush()

    @staticmethod
    def _report(rejected: Rejected) -> str:
        """The first errors by line, how many there are, and that nothing was done."""
        lines = [
            f"Line {error.line}: {error.column + ' ' if error.column else ''}{error.message}"
            for error in rejected.errors[:SHOWN]
        ]
        more = len(rejected.errors) - SHOWN
        if more > 0:
            lines.append(f"... and {more:,} more.")
        return "\n".join([*lines, "Nothing was imported."])
