"""The only writer of mirrored data: what ERPs, shops and files say is true (`api.md` Resources).

One verb, `upsert`, for one row and for ten thousand; the number of queries does not depend on the number of rows.
"""

from customers.imports.batch import RowResult
from customers.imports.engine import MOST_ROWS, RESOURCES, offer, upsert, upsert_one

__all__ = ["MOST_ROWS", "RESOURCES", "RowResult", "offer", "upsert", "upsert_one"]
