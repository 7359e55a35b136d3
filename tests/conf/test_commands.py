"""One source of command lines for `./run` and docker-compose.yml."""

import pytest
import yaml

from credit_mgmt.conf import commands
from credit_mgmt.conf.state import ROOT


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


class TestCompose:
    def test_has_the_production_shape(self, services):
        assert set(services) == {"prepare", "web", "worker", "beat", "postgres", "redis"}

    def test_starts_the_processes_that_run_starts(self, services):
        assert {role: services[role]["command"] for role in commands.ROLES} == {role: [role] for role in commands.ROLES}
        entry = 'ENTRYPOINT ["python", "-m", "credit_mgmt.conf.commands"]'
        assert entry in (ROOT / "Dockerfile").read_text().splitlines()

    def test_is_no_demonstration_and_has_no_secret_in_it(self, services):
        for role in commands.ROLES:
            environment = services[role]["environment"]
            assert "CREDIT_DEMO" not in environment
            assert environment["SECRET_KEY"] == "${SECRET_KEY:-}"

    def test_runs_the_worker_in_processes_and_one_schedule(self, services):
        assert services["worker"]["environment"]["WORKER_POOL"] == "prefork"
        assert services["beat"]["deploy"]["replicas"] == 1


class TestCommand:
    def test_binds_web_to_this_machine_unless_told_otherwise(self):
        assert "127.0.0.1:8000" in commands.command("web", {})
        assert "0.0.0.0:80" in commands.command("web", {"HOST": "0.0.0.0", "PORT": "80"})

    def test_runs_the_worker_in_processes_unless_told_otherwise(self):
        assert commands.command("worker", {})[-4:-2] == ["--pool", "prefork"]
        assert commands.command("worker", {"WORKER_POOL": "threads"})[-4:-2] == ["--pool", "threads"]

    def test_refuses_a_role_that_it_does_not_know(self):
        with pytest.raises(SystemExit, match=r"web\|worker"):
            commands.main(["wep"])
