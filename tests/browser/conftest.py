"""A browser for tests: Chromium through Playwright, against Django's live server.

`open_page(theme=…, width=…, scripts=…)` gives a page that fails the test on script errors and on anything that the
content policy refused; `violations(page)` runs axe on it.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Error, Page, Playwright, sync_playwright

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
INSTALLED = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OpenPage = Callable[..., Page]


def _launch(playwright: Playwright) -> Browser:
    """The system's Chromium (or the one that CHROMIUM names), else the one that Playwright installed."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, INSTALLED)), None)
    try:
        return playwright.chromium.launch(executable_path=path, args=FLAGS)
    except Error as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no Chromium to test pages with; install chromium or set CHROMIUM to its path ({error.message})")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the whole run."""
    # Playwright's loop makes Django think that tests run asynchronously; they do not.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = _launch(playwright)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def open_page(chromium: Browser, live_server: Any) -> Iterator[OpenPage]:
    """Open pages of the live server; what they complained about fails the test at its end."""
    complaints: list[str] = []
    contexts = []

    def opened(
        address: str = "/", *, theme: Literal["light", "dark"] = "light", width: int = 1280, scripts: bool = True
    ) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            color_scheme=theme,
            viewport={"width": width, "height": 900},
            java_script_enabled=scripts,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda note: complaints.append(note.text) if "Content Security" in note.text else None)
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def violations() -> Callable[[Page], list[str]]:
    """What axe finds on a page, one line each: rule and element."""

    def found(page: Page) -> list[str]:
        page.evaluate(AXE)
        # Entering elements fade in; half-transparent text has no contrast yet.
        page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished))")
        result = page.evaluate("axe.run(document)")
        return [f"{rule['id']}: {node['html'][:160]}" for rule in result["violations"] for node in rule["nodes"]]

    return found
