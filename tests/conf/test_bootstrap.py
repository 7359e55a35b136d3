"""`tools/bootstrap.py`: what builds .venv, with what this machine has."""

import importlib.util
import shutil
import subprocess
from types import ModuleType

import pytest

from credit_mgmt.conf.state import ROOT


@pytest.fixture
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "tools" / "bootstrap.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def has_only(monkeypatch, *names: str) -> None:
    """Pretend that this machine has these installers and no other."""
    monkeypatch.setattr(shutil, "which", lambda name: f"/somewhere/{name}" if name in names else None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if name in names else None)


class TestInstaller:
    def test_prefers_uv(self, bootstrap, monkeypatch):
        has_only(monkeypatch, "uv", "ensurepip", "pip")
        assert [line[0] for line in bootstrap.installer()] == ["/somewhere/uv", "/somewhere/uv"]

    def test_takes_the_venv_module_without_uv(self, bootstrap, monkeypatch):
        has_only(monkeypatch, "ensurepip")
        make, fill = bootstrap.installer()
        assert make[1:3] == ["-m", "venv"]
        assert fill[0] == str(bootstrap.VENV_PYTHON)

    def test_lets_pip_fill_an_environment_that_has_none(self, bootstrap, monkeypatch):
        has_only(monkeypatch, "pip")
        make, fill = bootstrap.installer()
        assert "--without-pip" in make
        assert fill[1:4] == ["-m", "pip", "--python"]

    @pytest.mark.parametrize("machine", [("uv",), ("ensurepip",), ("pip",)])
    def test_checks_every_hash_and_compiles_nothing(self, bootstrap, monkeypatch, machine):
        has_only(monkeypatch, *machine)
        assert {"--require-hashes", "--only-binary"} <= set(bootstrap.installer()[1])

    def test_says_in_one_sentence_what_is_missing(self, bootstrap, monkeypatch):
        has_only(monkeypatch)
        with pytest.raises(SystemExit, match=r"install its venv module .* or uv"):
            bootstrap.installer()


class TestEnvironment:
    def test_is_built_from_this_lock_by_this_interpreter(self, bootstrap):
        assert bootstrap.STAMP.read_text() == bootstrap.fingerprint(), "run ./run once: .venv is of another lock"

    def test_is_built_again_when_the_lock_changes(self, bootstrap, monkeypatch, tmp_path):
        before = bootstrap.fingerprint()
        changed = tmp_path / "requirements.lock"
        changed.write_bytes(bootstrap.LOCK.read_bytes() + b"# changed\n")
        monkeypatch.setattr(bootstrap, "LOCK", changed)
        assert bootstrap.fingerprint() != before


class TestCommandLine:
    def test_refuses_what_it_does_not_know_and_says_what_it_knows(self):
        done = subprocess.run([ROOT / "run", "strat"], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "./run test" in done.stderr

    def test_says_what_to_install_where_there_is_no_python(self, tmp_path):
        shell = shutil.which("sh")
        (tmp_path / "tools").mkdir()
        shutil.copy(ROOT / "run", tmp_path)
        (tmp_path / "dirname").symlink_to(shutil.which("dirname") or "")
        done = subprocess.run(
            [str(shell), str(tmp_path / "run")],
            env={"PATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "Python 3.11 to 3.14 is needed" in done.stderr


class TestLock:
    def test_names_no_host_no_path_and_no_option(self):
        lines = (ROOT / "requirements.lock").read_text().splitlines()
        bad = [line for line in lines if "://" in line or " @ " in line or line.startswith("-")]
        assert bad == []

    def test_does_not_hold_the_unmaintained_fsm(self):
        names = {line.split("==")[0] for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line}
        assert "django-fsm-2" in names
        assert "django-fsm" not in names
