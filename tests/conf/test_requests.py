"""What every request gets: headers, an id, a session that ends, answers about health."""

import datetime as dt
import re

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client, RequestFactory

from credit_mgmt.conf import health, middleware
from customers import clock

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


@pytest.fixture
def at(monkeypatch):
    def set_clock(**later: int) -> None:
        monkeypatch.setattr(clock, "now", lambda: NOW + dt.timedelta(**later))

    set_clock()
    return set_clock


@pytest.fixture
def signed_in(db, at):
    user = get_user_model().objects.create_user("clara", is_staff=True, is_superuser=True)
    browser = Client()
    browser.force_login(user)
    browser.get("/admin/jsi18n/")
    return browser


class TestHeaders:
    def test_allow_scripts_and_styles_of_our_own_only(self, client, db):
        policy = client.get("/login/")["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy

    def test_let_no_cache_keep_what_a_signed_in_person_sees(self, signed_in):
        assert "no-store" in signed_in.get("/admin/jsi18n/")["Cache-Control"]

    def test_let_no_cache_keep_what_a_client_with_a_token_sees(self, client):
        response = client.get("/api/v1/health/live", headers={"Authorization": "Bearer x"})
        assert "no-store" in response["Cache-Control"]

    def test_send_a_harmless_request_id_back(self, client):
        assert client.get("/api/v1/health/live", headers={"X-Request-ID": "erp-17"})["X-Request-ID"] == "erp-17"

    def test_replace_a_request_id_that_could_forge_a_log_line(self, client):
        answer = client.get("/api/v1/health/live", headers={"X-Request-ID": "a b {}"})["X-Request-ID"]
        assert answer != "a b {}"
        assert len(answer) == 32


class TestSession:
    def test_ends_after_thirty_idle_minutes(self, signed_in, at):
        at(minutes=30, seconds=1)
        assert signed_in.get("/admin/jsi18n/").status_code == 302

    def test_goes_on_while_it_is_used(self, signed_in, at):
        for minutes in (29, 58, 87):
            at(minutes=minutes)
            assert signed_in.get("/admin/jsi18n/").status_code == 200

    def test_ends_after_twelve_hours_however_busy(self, signed_in, at):
        for minutes in range(25, 12 * 60, 25):
            at(minutes=minutes)
            assert signed_in.get("/admin/jsi18n/").status_code == 200
        at(hours=12, seconds=1)
        assert signed_in.get("/admin/jsi18n/").status_code == 302

    def test_is_not_used_by_what_a_page_asks_by_itself(self, signed_in, at):
        at(minutes=20)
        assert signed_in.get("/admin/jsi18n/", headers={"X-Background": "yes"}).status_code == 200
        at(minutes=30, seconds=1)
        assert signed_in.get("/admin/jsi18n/").status_code == 302

    @pytest.mark.parametrize(
        ("minutes", "says"),
        [(20, 'hx-trigger="load delay:480s"'), (28, "You will be signed out at"), (29, "Stay signed in")],
    )
    def test_says_two_minutes_before_that_it_ends(self, signed_in, at, minutes, says):
        at(minutes=minutes)
        part = signed_in.get("/session/", headers={"HX-Request": "true", "X-Background": "yes"})
        assert says in part.content.decode()

    def test_goes_on_when_somebody_says_so(self, signed_in, at):
        at(minutes=29)
        assert "delay:1680s" in signed_in.get("/session/", headers={"HX-Request": "true"}).content.decode()
        at(minutes=58)
        assert signed_in.get("/admin/jsi18n/").status_code == 200

    def test_does_not_promise_to_go_on_after_twelve_hours(self, signed_in, at):
        for minutes in range(25, 12 * 60, 25):
            at(minutes=minutes)
            signed_in.get("/admin/jsi18n/")
        at(hours=11, minutes=59)
        part = signed_in.get("/session/", headers={"HX-Request": "true"}).content.decode()
        assert "You will be signed out at" in part
        assert "Stay signed in" not in part

    def test_has_no_page_of_its_own(self, signed_in, client):
        assert signed_in.get("/session/").status_code == 302
        assert client.get("/session/", headers={"HX-Request": "true"}).status_code == 302


class TestClientAddress:
    def test_is_the_other_end_of_the_connection_where_no_proxy_is_expected(self, settings):
        settings.PROXY_COUNT = 0
        request = RequestFactory().get("/", headers={"X-Forwarded-For": "6.6.6.6"}, REMOTE_ADDR="10.0.0.9")
        assert middleware.client_address(request) == "10.0.0.9"

    def test_is_what_our_outermost_proxy_saw_and_not_what_the_client_claims(self, settings):
        settings.PROXY_COUNT = 1
        request = RequestFactory().get("/", headers={"X-Forwarded-For": "6.6.6.6, 192.0.2.7"}, REMOTE_ADDR="10.0.0.9")
        assert middleware.client_address(request) == "192.0.2.7"


@pytest.mark.django_db
class TestHealth:
    def test_is_live_without_a_database(self, client, monkeypatch):
        monkeypatch.setattr(health, "_database_answers", lambda: False)
        assert client.get("/api/v1/health/live").status_code == 200

    def test_is_ready_when_the_database_answers(self, client, monkeypatch):
        monkeypatch.setattr(health, "_broker_answers", lambda: True)
        response = client.get("/api/v1/health/ready")
        assert response.json() == {"status": "ok", "database": "ok", "broker": "ok"}

    def test_is_ready_without_the_broker_but_says_so(self, client, settings):
        settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"  # nobody listens on port 1
        response = client.get("/api/v1/health/ready")
        assert response.status_code == 200
        assert response.json() == {"status": "degraded", "database": "ok", "broker": "down"}

    def test_is_not_ready_without_the_database(self, client, monkeypatch):
        monkeypatch.setattr(health, "_database_answers", lambda: False)
        response = client.get("/api/v1/health/ready")
        assert response.status_code == 503
        assert response["Retry-After"] == "5"


@pytest.mark.django_db
class TestDatabaseSession:
    def test_is_read_committed_without_jit(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('transaction_isolation'), current_setting('jit')")
            assert cursor.fetchone() == ("read committed", "off")


@pytest.mark.django_db
class TestApiDocuments:
    def test_are_for_everybody_and_need_nothing_inline(self, client):
        page = client.get("/api/docs/").content.decode()
        assert "<style" not in page
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))
        assert client.get("/api/schema/").status_code == 200
