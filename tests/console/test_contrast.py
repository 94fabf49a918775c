"""Words can be read on every page in both themes: no text is nearer to its background than 3 : 1."""

from __future__ import annotations

import pytest

from tests.console.conftest import Visitors
from tests.console.house import House

PAGES = (
    "/",
    "/try",
    "/conversations",
    "/leads",
    "/leads?view=missed",
    "/personas",
    "/plugins",
    "/permissions",
    "/secrets",
    "/models",
    "/settings",
    "/settings?tab=keys",
    "/settings?tab=sessions",
    "/settings?tab=audit",
)
_FAINT = """() => {
  const channels = colour => { const canvas = document.createElement("canvas"); canvas.width = canvas.height = 1;
    const pen = canvas.getContext("2d"); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255]; };
  const over = (top, under) => [0, 1, 2].map(n => top[n] * top[3] + under[n] * (1 - top[3]));
  const light = colour => { const [r, g, b] = colour.map(c => { c /= 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = element => { const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(channels(getComputedStyle(at).backgroundColor));
    const page = matchMedia("(prefers-color-scheme: dark)").matches ? [17, 23, 26] : [255, 255, 255];
    return layers.reverse().reduce((under, top) => top[3] ? over(top, under) : under, page); };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent.trim(), element = node.parentElement;
    if (!text || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (element.closest("[disabled], [aria-disabled=true], [data-testid=stIconMaterial], script, style")) continue;
    const range = document.createRange(); range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) continue;
    const ground = behind(element), said = over(channels(getComputedStyle(element).color), ground);
    const [a, b] = [light(said), light(ground)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 3) faint.push(`${ratio.toFixed(1)} ${text.slice(0, 40)}`);
  }
  return { faint, texts: document.body.innerText.length };
}"""


@pytest.fixture(scope="module")
def places(house: House) -> tuple[str, ...]:
    """The pages of the navigation, and those of one lead, one conversation and one plugin."""
    visitor = house.server.visitor("en-GB")
    visitor.say("What does it cost?")
    visitor.say("We are Harbour Foods, my phone is +44 20 7946 0123, my colleague's is +49 30 1234567")
    lead = house.api.get("/leads", params={"limit": 1}).json()["items"][0]["id"]
    items = (f"/lead?id={lead}", f"/conversation?id={visitor.conversation}", "/plugins?name=customer_profile")
    return (*PAGES, *items)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_background(
    house: House, visit: Visitors, places: tuple[str, ...], scheme: str
) -> None:
    faint = {}
    for path in places:
        page = visit(path, scheme=scheme)
        found = page.evaluate(_FAINT)
        assert found["texts"] > 50, path
        if found["faint"]:
            faint[path] = found["faint"]
        page.context.close()
    assert not faint


def test_the_measure_sees_faint_text(visit: Visitors) -> None:
    page = visit("/models")
    page.add_style_tag(content="p { color: #eee !important; }")
    assert page.evaluate(_FAINT)["faint"]
