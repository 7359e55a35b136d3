"""Lists that people look at (`ux.md` 3.0, List contract): one machine, which every list of every room uses.

`address` reads what is asked for, `paging` (and `customers.ordering`, along an index) finds the page. `kinds` says what
a list is, `columns` and `views` how it is arranged, `selections` what was chosen from it, `parts` what stands around
its rows, `files` and `exporting` make it a file. Their pages are `arranging` and `exports`, with `urls`.
"""

from customers.listing.address import KEEPS_SELECTION, PAGING, RELATIVE, Address, plus_working_days, read_day
from customers.listing.paging import CountUpTo, Key, Page, is_cursor, page_of, sort_keys

__all__ = [
    "KEEPS_SELECTION",
    "PAGING",
    "RELATIVE",
    "Address",
    "CountUpTo",
    "Key",
    "Page",
    "is_cursor",
    "page_of",
    "plus_working_days",
    "read_day",
    "sort_keys",
]
