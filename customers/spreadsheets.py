"""CSV as spreadsheets take it: UTF-8 that they recognise, and texts that they don't run as formulas."""

BOM = b"\xef\xbb\xbf"
"""Tells spreadsheets that a CSV file is UTF-8."""
FORMULA = tuple("=+-@\t\r\n")
"""What a spreadsheet takes for the beginning of a formula."""


def as_text(text: str) -> str:
    """A cell's text; one that begins like a formula gets an apostrophe, which says that it is text."""
    return f"'{text}" if text.startswith(FORMULA) else text


def as_written(cell: str) -> str:
    """The text of a cell that `as_text` may have marked."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell
