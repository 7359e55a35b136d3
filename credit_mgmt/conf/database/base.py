"""The connection that the setting `ENGINE` names."""

import select
from typing import Any

from django.db.backends.postgresql import base
from psycopg2.extensions import TRANSACTION_STATUS_INERROR


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL, asked whether it is still there only where its end of the connection has something to say.

    Django sends `SELECT 1` before the first statement of every request. A server that ended the session (a restart, a
    fail-over, an administrator) has closed its end, which the operating system tells for nothing. Where the network
    swallowed the connection without a word neither way knows better.
    """

    def is_usable(self) -> bool:
        """Whether the connection can be used: asked of the server after an error, or where it has sent something."""
        if self.connection is None or self.connection.closed:
            return False
        # An IntegrityError is no error of the connection, but leaves a transaction in which nothing can be asked.
        failed = self.connection.info.transaction_status == TRANSACTION_STATUS_INERROR
        if failed or self.errors_occurred or _has_something_to_say(self.connection):
            return bool(super().is_usable())
        return True


def _has_something_to_say(connection: Any) -> bool:
    """Whether anything came unasked on an idle connection: its end, or a notice."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))
