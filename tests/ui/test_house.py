"""Promises of the interface as a whole: budgets, policy, documentation."""

import gzip
import re

import pytest
from django.conf import settings

TEMPLATES = settings.BASE_DIR / "templates"
STATIC = settings.BASE_DIR / "credit_mgmt" / "static" / "credit"
COMPONENTS = sorted((TEMPLATES / "components").glob("*.html"))
PARTS = {"action", "brand", "field_errors", "filter_chip", "jobs_badge", "toast", "user_menu", "dialog", "dialog_page"}


def compressed(files):
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)


def test_styles_stay_within_15_kb_compressed():
    assert compressed((STATIC / "css").glob("*.css")) <= 15 * 1024


def scripts_of(template):
    return {STATIC / name for name in re.findall(r'{% static "credit/(js/[\w-]+\.js)" %}', template.read_text())}


BASE = TEMPLATES / "base.html"
WITH_SCRIPTS = [template for template in sorted(TEMPLATES.rglob("*.html")) if scripts_of(template) - scripts_of(BASE)]


@pytest.mark.parametrize("template", [BASE, *WITH_SCRIPTS], ids=lambda path: path.stem)
def test_the_own_scripts_of_a_page_stay_within_10_kb_compressed(template):
    """`ux` Server budget: what a first visit transfers"""
    assert compressed(scripts_of(BASE) | scripts_of(template)) <= 10 * 1024


def test_every_own_script_is_loaded_by_a_page():
    loaded = scripts_of(BASE).union(*map(scripts_of, WITH_SCRIPTS))
    assert {path for path in (STATIC / "js").glob("*.js")} == {path for path in loaded if "vendor" not in path.parts}


@pytest.mark.parametrize(
    "template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES))
)
def test_no_template_needs_more_than_the_strict_content_policy(template):
    text = template.read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", text)


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda path: path.stem)
def test_every_component_opens_with_what_it_is_and_its_context(component):
    assert re.match(r"({% extends [^%]*%})?{% comment %}\s*\w", component.read_text())


def test_every_component_is_in_the_readme():
    readme = (TEMPLATES / "components" / "README.md").read_text()
    missing = {path.stem for path in COMPONENTS if f"components/{path.name}" not in readme}
    assert missing - PARTS == set()


def test_every_icon_that_a_template_names_is_in_the_sprite():
    sprite = (STATIC / "icons" / "sprite.svg").read_text()
    named = {name for file in TEMPLATES.rglob("*.html") for name in re.findall(r'{% icon "([\w-]+)"', file.read_text())}
    assert {name for name in named if f'id="{name}"' not in sprite} == set()


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


TOKENS = dict(
    (name, (light, dark))
    for name, light, dark in re.findall(
        r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", (STATIC / "css" / "tokens.css").read_text()
    )
)
TEXT_PAIRS = [
    *[
        (text, ground)
        for text in ("text", "text-2", "text-3")
        for ground in ("bg", "surface", "row-hover", "row-selected")
    ],
    *[
        (state, f"{state}-fill")
        for state in ("held", "ready", "approval", "forced", "running", "failed", "rejected", "neutral")
    ],
    ("on-accent", "accent"),
    ("accent", "surface"),
    ("accent", "accent-soft"),
    ("negative", "surface"),
]


@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_has_a_contrast_of_at_least_4_5(ink, ground, theme):
    assert contrast(TOKENS[ink][theme], TOKENS[ground][theme]) >= 4.5


@pytest.mark.parametrize("ground", ["bg", "surface", "sunken", "row-selected"])
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_field_borders_have_a_contrast_of_at_least_3(ground, theme):
    assert contrast(TOKENS["line-strong"][theme], TOKENS[ground][theme]) >= 3
