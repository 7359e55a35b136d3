"""Comparing screenshots without a library: Chromium decodes both pictures and counts the pixels that differ.

A baseline is a PNG of one block at half its size. It holds for one major version of Chromium and one set of fonts:
another one draws letters differently, which is no fault of ours, so the comparison is skipped there, and says so.
"""

import base64
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

BASELINE = Path(__file__).parent / "baseline"
MADE_WITH = BASELINE / "made_with.json"
TOLERANCE = 0.0002
"""Share of the pixels that may differ: the edge of a letter, never a tile that has gone."""
NOTICEABLE = 48
"""Difference of a colour channel (of 255) from which on a pixel counts."""

_FONT = """() => { const pen = document.createElement("canvas").getContext("2d");
    pen.font = "16px system-ui"; return pen.measureText("Credit 0123456789").width.toFixed(2); }"""
_COMPARE = """async ([one, other, noticeable]) => {
    const read = async (data) => {
        const picture = await createImageBitmap(await (await fetch("data:image/png;base64," + data)).blob());
        const canvas = new OffscreenCanvas(picture.width, picture.height);
        const pen = canvas.getContext("2d");
        pen.drawImage(picture, 0, 0);
        return pen.getImageData(0, 0, picture.width, picture.height);
    };
    const [a, b] = [await read(one), await read(other)];
    if (a.width !== b.width || a.height !== b.height) return [`${a.width}x${a.height}`, `${b.width}x${b.height}`];
    let different = 0;
    for (let at = 0; at < a.data.length; at += 4)
        if ([0, 1, 2].some((part) => Math.abs(a.data[at + part] - b.data[at + part]) > noticeable)) different++;
    return different / (a.width * a.height);
}"""


_SHRINK = """async (data) => {
    const blob = await (await fetch("data:image/png;base64," + data)).blob();
    const whole = await createImageBitmap(blob);
    const size = { resizeWidth: Math.round(whole.width / 2), resizeQuality: "high" };
    const half = await createImageBitmap(blob, size);
    const canvas = new OffscreenCanvas(half.width, half.height);
    canvas.getContext("2d").drawImage(half, 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
}"""


def drawn_by(page: Page) -> dict[str, str]:
    """What a baseline depends on beside us."""
    browser = page.context.browser
    assert browser is not None
    return {"chromium": browser.version.partition(".")[0], "fonts": page.evaluate(_FONT)}


def difference(page: Page, one: bytes, other: bytes) -> Any:
    """The share of pixels that differ; the two sizes where these differ."""
    data = [base64.b64encode(picture).decode() for picture in (one, other)]
    return _elsewhere(page, _COMPARE, [*data, NOTICEABLE])


def shrunk(page: Page, picture: bytes) -> bytes:
    """The picture at half its size: small files, and edges of letters that count for less than blocks."""
    return base64.b64decode(_elsewhere(page, _SHRINK, base64.b64encode(picture).decode()))


def _elsewhere(page: Page, script: str, argument: Any) -> Any:
    """Run a script in an empty page: the content policy of ours lets no script read a picture from data."""
    blank = page.context.new_page()
    try:
        return blank.evaluate(script, argument)
    finally:
        blank.close()


def compare(page: Page, name: str, picture: bytes) -> None:
    """Fail where `picture` is not what the baseline `name` shows; with UPDATE_BASELINE=1 it becomes the baseline."""
    file, made_with = BASELINE / f"{name}.png", drawn_by(page)
    picture = shrunk(page, picture)
    if os.environ.get("UPDATE_BASELINE"):
        BASELINE.mkdir(exist_ok=True)
        file.write_bytes(picture)
        MADE_WITH.write_text(json.dumps(made_with) + "\n")
        return
    known = json.loads(MADE_WITH.read_text())
    if known != made_with:
        pytest.skip(f"the baseline was drawn with {known}, this is {made_with}: letters differ")
    found = difference(page, file.read_bytes(), picture)
    if not isinstance(found, float | int) or found > TOLERANCE:
        seen = Path(tempfile.gettempdir()) / f"{name}-seen.png"
        seen.write_bytes(picture)
        pytest.fail(f"{name} looks different ({found}); seen: {seen}. If it is meant: UPDATE_BASELINE=1")
