"""What administrators set up by hand: made, changed, closed, opened again, deleted while unused (`ux.md` 3.11).

The import service writes it (`customers.imports`): pages, the API, the admin and files obey the same rules. Here
stands what people need beside that: the right to set up, not overwriting a colleague, and the history.
"""

from customers.setup.kinds import KINDS, Kind, kind_of
from customers.setup.ranks import move_rank
from customers.setup.records import add_record, change_record, delete_record, find_record, history_of, version_of
from customers.setup.users import count_users

__all__ = [
    "KINDS",
    "Kind",
    "add_record",
    "change_record",
    "count_users",
    "delete_record",
    "find_record",
    "history_of",
    "kind_of",
    "move_rank",
    "version_of",
]
