"""Static files are collected once for each state of their sources, so that a second start is quick."""

import pytest

from credit_mgmt.conf import prepare


@pytest.fixture
def collected(monkeypatch, tmp_path):
    """The folders that were collected, and a source that the test may change."""
    source = tmp_path / "source.css"
    source.write_text("a {}")
    calls = []

    class Finder:
        def list(self, ignored):
            return [("source.css", self)]

        def path(self, name):
            return str(tmp_path / name)

    monkeypatch.setattr(prepare, "get_finders", lambda: [Finder()])
    monkeypatch.setattr(prepare, "call_command", lambda name, **options: calls.append(name))
    (tmp_path / "root").mkdir()
    return calls


class TestCollectStatic:
    def test_does_nothing_the_second_time(self, collected, tmp_path):
        prepare.collect_static(tmp_path / "root")
        prepare.collect_static(tmp_path / "root")
        assert collected == ["collectstatic"]

    def test_collects_again_when_a_source_changed(self, collected, tmp_path):
        prepare.collect_static(tmp_path / "root")
        (tmp_path / "source.css").write_text("a { color: red }")
        prepare.collect_static(tmp_path / "root")
        assert collected == ["collectstatic", "collectstatic"]

    def test_collects_again_after_an_interrupted_time(self, collected, tmp_path, monkeypatch):
        prepare.collect_static(tmp_path / "root")
        (tmp_path / "source.css").write_text("a { color: red }")
        monkeypatch.setattr(prepare, "call_command", lambda *_, **__: pytest.fail("interrupted"))
        with pytest.raises(pytest.fail.Exception):
            prepare.collect_static(tmp_path / "root")
        assert not (tmp_path / "root" / ".collected-from").exists()
