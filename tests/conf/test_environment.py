"""The environment is refused with the name of the variable and a remedy."""

import datetime as dt

import pytest
from django.core.exceptions import ImproperlyConfigured

from credit_mgmt.conf import environment


class TestDay:
    def test_is_an_iso_date_or_absent(self):
        assert environment.day("CREDIT_TODAY", "2026-01-31") == dt.date(2026, 1, 31)
        assert environment.day("CREDIT_TODAY", "") is None

    @pytest.mark.parametrize("text", ["31.01.2026", "2026-02-30", "today"])
    def test_is_nothing_else(self, text):
        with pytest.raises(ImproperlyConfigured, match=r"CREDIT_TODAY is .*: set it to a date such as"):
            environment.day("CREDIT_TODAY", text)


class TestDatabase:
    def test_is_reached_through_a_socket_in_a_folder_with_spaces(self):
        settings = environment.database("postgres://u:p%2F%40@/credit_mgmt?host=%2Ftmp%2Fa%20b")
        assert settings["NAME"] == "credit_mgmt"
        assert settings["PASSWORD"] == "p/@"
        assert settings["OPTIONS"]["host"] == "/tmp/a b"

    @pytest.mark.parametrize(
        "url", ["sqlite:///db.sqlite3", "mysql://u:secret@h/db", "postgres://u:secret@h/", "secret"]
    )
    def test_is_postgresql_and_nothing_else_and_the_password_is_not_told(self, url):
        with pytest.raises(ImproperlyConfigured, match=r"DATABASE_URL names no PostgreSQL database") as refusal:
            environment.database(url)
        assert "secret@" not in str(refusal.value)
