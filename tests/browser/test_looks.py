"""The component page against its baseline pictures, block by block, light and dark, at 1280 pixels."""

import pytest

from tests.browser.images import TOLERANCE, compare, difference

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
BLOCKS = ("tokens", "objects", "lists", "figures", "jobs", "forms")
STILL = "*, ::before, ::after { animation: none !important; transition: none !important; caret-color: transparent }"


def quiet(page):
    """Nothing moves, nothing is focused, and fonts are there."""
    page.evaluate("document.fonts.ready")
    page.evaluate("document.activeElement?.blur()")
    page.evaluate(
        """(css) => { const sheet = new CSSStyleSheet(); sheet.replaceSync(css);
        document.adoptedStyleSheets = [sheet]; }""",
        STILL,
    )


def picture(page, block: str) -> bytes:
    return page.locator(f"#{block}").screenshot(scale="css", animations="disabled")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_components_look_as_they_did(open_page, theme):
    page = open_page("/_design/", theme=theme)
    quiet(page)
    for block in BLOCKS:
        compare(page, f"{block}-{theme}", picture(page, block))


@pytest.mark.parametrize("density", ["comfortable", "touch"])
def test_a_list_in_the_other_densities_looks_as_it_did(open_page, density):
    page = open_page(f"/_design/?density={density}")
    quiet(page)
    compare(page, f"lists-{density}", picture(page, "lists"))


def test_a_moved_block_is_noticed(open_page):
    """The comparison compares: what this size of change would be is above the tolerance."""
    page = open_page("/_design/")
    quiet(page)
    before = picture(page, "figures")
    assert difference(page, before, before) == 0
    page.evaluate("document.querySelector('#figures .tile').style.visibility = 'hidden'")
    assert difference(page, before, picture(page, "figures")) > TOLERANCE
    page.evaluate("document.querySelector('#figures .tile').remove()")
    page.evaluate("document.querySelector('#figures').style.paddingBottom = '40px'")
    assert isinstance(difference(page, before, picture(page, "figures")), list)
