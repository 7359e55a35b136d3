"""Pictures of every page for `docs/screenshots`: light and dark, 1280 and 390 pixels wide, as small WebP files.

    CREDIT_DEMO=1 ./run          (in another terminal: the demonstration company)
    .venv/bin/python -m tools.screenshots --url http://localhost:8000 --user NAME --password PASSWORD

Logins are those that `./run manage seed_demo --print-users` prints. Pages are found as a person finds them: by links.
"""

import argparse
import base64
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Page, sync_playwright

OUT = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
WIDTHS = {1280: 860, 390: 844}
"""Widths and heights of the windows."""
MOST_BYTES = 6 * 1024 * 1024
INSTALLED = ("chromium", "chromium-browser", "google-chrome")
# Chromium draws the picture and packs it: no library for pictures is needed.
_PACK = """async (data) => {
    const picture = await createImageBitmap(await (await fetch("data:image/png;base64," + data)).blob());
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    canvas.getContext("2d").drawImage(picture, 0, 0);
    const packed = await canvas.convertToBlob({ type: "image/webp", quality: 0.82 });
    const bytes = new Uint8Array(await packed.arrayBuffer());
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
}"""
Shot = tuple[str, Callable[[Page], Any]]


def _go(address: str) -> Callable[[Page], Any]:
    return lambda page: page.goto(address)


def _link(address: str, selector: str, suffix: str = "") -> Callable[[Page], Any]:
    """The page behind the first link `selector` of a page, or one below it."""

    def opened(page: Page) -> None:
        page.goto(address)
        found = page.locator(selector).first.get_attribute("href") or ""
        page.goto(found.partition("?")[0] + suffix)

    return opened


def _key(address: str, *keys: str, typed: str = "", wait: str = "dialog[open]") -> Callable[[Page], Any]:
    """What a key opens on a page."""

    def opened(page: Page) -> None:
        page.goto(address)
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_selector(wait)
        if typed:
            page.keyboard.type(typed)
            page.wait_for_selector("#palette [role=option]")

    return opened


def _peek(page: Page) -> None:
    page.goto("/holds/")
    number = (page.locator("[data-row]").first.get_attribute("id") or "").removeprefix("row-")
    page.goto(f"/holds/?peek={number}")


def _backtest(page: Page) -> None:
    """A backtest of the first rule, run to its end."""
    page.goto("/rules/")
    page.goto((page.locator("main table tbody a").first.get_attribute("href") or "").partition("?")[0] + "backtest/")
    page.get_by_role("button", name="Run").click()
    page.wait_for_selector("#result-title", timeout=60_000)


GENERATED = (
    "?preview=1&source=customers&include_limits=on&adjustment=10&value_type=percentage&round_off=1000"
    "&rounding_form=up&dates=absolute&new_from=2027-01-01&new_to=2027-12-31"
)
ROW = "[data-row] td.doc a"
SHOTS: tuple[Shot, ...] = (
    ("holds", _go("/holds/?view=open")),
    ("holds-ready", _go("/holds/?view=ready")),
    ("holds-by-customer", _go("/holds/?view=open&group=customer")),
    ("holds-peek", _peek),
    ("holds-nothing", _go("/holds/?q=nothing-is-called-this")),
    ("hold", _link("/holds/?view=open", ROW)),
    ("hold-timeline", _link("/holds/?view=open", ROW, "panels/timeline/")),
    ("hold-trace", _link("/holds/?view=open", ROW, "panels/trace/")),
    ("release", _key("/holds/?view=open", "j", "r")),
    ("snooze", _key("/holds/?view=open", "j", "h")),
    ("reject", _key("/holds/?view=open", "j", "d")),
    ("evaluate", _go("/holds/evaluate/")),
    ("recent", _go("/holds/recent/")),
    ("orders", _go("/orders/")),
    ("order", _link("/orders/?view=on-hold", "main td.doc a, main th.doc a, main table tbody a")),
    ("order-panel", _link("/orders/?view=on-hold", "main table tbody a", "credit-panel/")),
    ("customers", _go("/customers/")),
    ("customer", _link("/customers/", "main table tbody a")),
    ("journals", _go("/journals/")),
    ("journal", _link("/journals/?view=my-drafts", "[data-row] td.doc a")),
    ("journal-post", _link("/journals/?view=my-drafts", "[data-row] td.doc a", "post/")),
    ("journal-generate", _link("/journals/?view=my-drafts", "[data-row] td.doc a", f"generate/{GENERATED}")),
    ("journal-new", _key("/journals/", "c")),
    ("groups", _go("/groups/")),
    ("group", _link("/groups/", "main table tbody a")),
    ("cover", _go("/cover/")),
    ("cover-types", _go("/cover/types/")),
    ("limits-tab", _link("/customers/", "main table tbody a", "panels/limits/")),
    ("schedules", _go("/jobs/schedules/")),
    ("notifications", _go("/me/notifications/")),
    ("document-check", _go("/check/?customer=USMF%3AUS-001&document=quotation&amount=25000&currency=USD")),
    ("rules", _go("/rules/")),
    ("rule", _link("/rules/", "main table tbody a")),
    ("rule-versions", _link("/rules/", "main table tbody a", "versions/")),
    ("rule-health", _go("/rules/health/")),
    ("rule-tester", _go("/rules/test/?customer=NL01%3AC-10427&amount=25000&currency=EUR&if_limit=500000")),
    ("backtest", _backtest),
    ("setup", _go("/setup/")),
    ("checkpoints", _go("/setup/checkpoints/")),
    ("parameters", _link("/setup/parameters/", "main table tbody a")),
    ("reasons", _go("/setup/reasons/")),
    ("terms", _go("/setup/payment-terms/")),
    ("jobs", _go("/jobs/")),
    ("palette", _key("/holds/?view=open", "Control+k", typed="release SO-", wait="#palette[open]")),
    ("keys", _key("/holds/?view=open", "?")),
    ("search", _go("/search/?q=SO-10")),
    ("preferences", _go("/preferences/")),
    ("components", _go("/_design/")),
)


def windows(browser: Browser, url: str) -> Iterator[tuple[str, Page]]:
    """A window of each width in each theme, with its name."""
    for width, height in WIDTHS.items():
        for theme in ("light", "dark"):
            context = browser.new_context(
                base_url=url, color_scheme=theme, viewport={"width": width, "height": height}, reduced_motion="reduce"
            )
            page = context.new_page()
            page.set_default_timeout(15_000)
            yield f"{theme}-{width}", page
            context.close()


def sign_in(page: Page, user: str, password: str) -> None:
    """As a person does."""
    page.goto("/login/")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/login/" not in address)


def keep(page: Page, file: Path) -> None:
    """Write what the window shows as WebP."""
    page.evaluate("document.fonts.ready")
    page.wait_for_load_state("networkidle")
    png = base64.b64encode(page.screenshot(animations="disabled")).decode()
    blank = page.context.new_page()  # our own pages may not read pictures from data
    file.write_bytes(base64.b64decode(blank.evaluate(_PACK, png)))
    blank.close()


def main() -> int:
    """Make them all. Says which pages could not be drawn, and fails then, or where the files are too large."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://localhost:8000", help="where the demonstration runs")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--only", default="", help="comma list of pages, else all")
    asked = parser.parse_args()
    only = {name for name in asked.only.split(",") if name}
    OUT.mkdir(parents=True, exist_ok=True)
    failed = []
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, INSTALLED)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for window, page in windows(browser, asked.url):
            page.goto("/login/")
            if not only or "login" in only:
                keep(page, OUT / f"login-{window}.webp")
            sign_in(page, asked.user, asked.password)
            wanted = [(name, open_it) for name, open_it in SHOTS if not only or name in only]
            failed += [f"{name}-{window}" for name, open_it in wanted if not _shoot(page, name, window, open_it)]
        browser.close()
    size = sum(file.stat().st_size for file in OUT.glob("*.webp"))
    print(f"{len(list(OUT.glob('*.webp')))} pictures, {size / 1024:,.0f} KB in {OUT.name}")
    for name in failed:
        print(f"not drawn: {name}")
    return 1 if failed or size > MOST_BYTES else 0


def _shoot(page: Page, name: str, window: str, open_it: Callable[[Page], Any]) -> bool:
    """One picture; False, and why, where the page could not be reached."""
    try:
        open_it(page)
        keep(page, OUT / f"{name}-{window}.webp")
    except Error as problem:
        print(f"{name}-{window}: {problem.message.splitlines()[0]}")
        return False
    return True


if __name__ == "__main__":
    raise SystemExit(main())
