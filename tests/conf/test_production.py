"""What a deployment refuses to start with (dependencies: production refuses the demo users)."""

import datetime as dt
import os
import subprocess
import sys

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.test import override_settings

from credit_mgmt.conf import embedded, production
from credit_mgmt.conf.state import ROOT

STRONG_KEY = "a1b2c3d4e5f6g7h8i9j0" * 3


@pytest.fixture
def deployed():
    with override_settings(
        CREDIT_DEPLOYED=True,
        SECRET_KEY=STRONG_KEY,
        CREDIT_SECRET_KEY_GIVEN=True,
        ALLOWED_HOSTS=["credit.example"],
        CREDIT_TODAY=None,
    ):
        yield


def run_python(env: dict[str, str], *line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *line], cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60
    )


def refused() -> set[str]:
    return {str(problem.id) for problem in production.problems()}


@pytest.mark.django_db
class TestDeployment:
    def test_starts_when_nothing_is_wrong(self, deployed):
        assert production.problems() == []

    @pytest.mark.parametrize("key", ["x", "short", "a" * 60])
    def test_does_not_start_with_a_weak_key(self, deployed, key):
        with override_settings(SECRET_KEY=key):
            assert refused() == {"credit.E001"}

    def test_does_not_start_with_a_key_that_each_process_invents(self, deployed):
        with override_settings(CREDIT_SECRET_KEY_GIVEN=False):
            assert refused() == {"credit.E001"}

    def test_does_not_start_without_hosts(self, deployed):
        with override_settings(ALLOWED_HOSTS=[]):
            assert refused() == {"credit.E002"}

    def test_does_not_start_on_a_pinned_day_and_runs_no_command_either(self, deployed):
        with override_settings(CREDIT_TODAY=dt.date(2026, 1, 31)):
            assert refused() == {"credit.E003"}
            with pytest.raises(SystemCheckError, match=r"credit\.E003"):
                call_command("check")

    def test_does_not_start_with_demo_users_and_migrates_nothing_either(self, deployed):
        get_user_model().objects.create_user("clara", email="clara@demo.invalid")
        assert refused() == {"credit.E004"}
        with pytest.raises(SystemCheckError, match=r"passwords are public: clara"):
            call_command("check", databases=["default"])

    def test_names_every_problem_at_once(self, deployed, monkeypatch):
        monkeypatch.setattr(connection, "close", lambda: None)  # it is this test's own
        both = pytest.raises(SystemExit, match=r"(?s)credit\.E002: .*credit\.E003: .*Unset CREDIT_TODAY")
        with override_settings(ALLOWED_HOSTS=[], CREDIT_TODAY=dt.date(2026, 1, 31)), both:
            production.refuse_if_unsafe()


@pytest.mark.django_db
class TestDemonstration:
    def test_may_have_demo_users_and_a_pinned_day(self, deployed):
        get_user_model().objects.create_user("clara", email="clara@demo.invalid")
        with override_settings(CREDIT_DEPLOYED=False, CREDIT_TODAY=dt.date(2026, 1, 31)):
            assert production.problems() == []


class TestProcess:
    """The real processes, without a demonstration's environment."""

    @pytest.fixture
    def env(self, django_db_setup):
        names = ("CREDIT_TESTING", "CREDIT_DEMO", "DEBUG", "SECRET_KEY", "DJANGO_ALLOW_ASYNC_UNSAFE")
        inherited = {name: value for name, value in os.environ.items() if name not in names}
        migrated = os.environ["DATABASE_URL"].replace(f"/{embedded.DATABASE}?", f"/{connection.settings_dict['NAME']}?")
        return {**inherited, "DATABASE_URL": migrated, "CELERY_BROKER_URL": "memory://"}

    @pytest.mark.parametrize(
        "line",
        [
            ["-c", "import credit_mgmt.conf.wsgi"],
            *(["-m", "credit_mgmt.conf.commands", role] for role in ("worker", "beat")),
        ],
        ids=["web", "worker", "beat"],
    )
    def test_does_not_start_without_a_key(self, env, line):
        done = run_python(env, *line)
        assert done.returncode == 1
        assert "credit.E001" in done.stderr

    def test_passes_djangos_own_deployment_checks(self, env):
        env |= {"SECRET_KEY": STRONG_KEY, "ALLOWED_HOSTS": "credit.example"}
        done = run_python(env, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
        assert done.returncode == 0, done.stderr
