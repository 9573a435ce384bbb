"""Every page there is, full of hostile text: nothing runs, and everybody can read it, light and dark."""

import os
from pathlib import Path
from typing import Literal

import pytest
from browsing import Enter
from playwright.sync_api import Page
from showroom import ADMIN, RUNS, Showroom

from bowerbird.portal.pages import found

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
MUST = os.environ.get("BOWERBIRD_REQUIRE_SERVICES") == "1"
Scheme = Literal["light", "dark"]
BROKEN_OUT = "img[src=x], svg[onload], [onerror], [onload], a[href^='javascript:'], #main script"
CHECK = """(more) => axe.run({ resultTypes: ["violations"], preload: false, ...more })
  .then(({ violations }) => violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .flatMap(({ id, nodes }) => nodes.map((at) => `${id}: ${at.html.slice(0, 200)} ${at.failureSummary}`)))"""
SCHEMES: dict[Scheme, dict[str, list[str]]] = {
    "light": {},
    "dark": {"runOnly": ["color-contrast"]},  # all that differs
}
PHONE = {"width": 390, "height": 844}
PARTS = 3  # of all pages: a test each
DESK = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.exists():
        if MUST:
            raise FileNotFoundError(AXE)
        pytest.skip("axe-core is not there: `make test` installs it, if npm is there")
    return AXE.read_text()


def opened(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("#main .page").first.wait_for()
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("part", range(PARTS))
def test_no_page_runs_what_people_wrote_or_shuts_anybody_out(
    part: int, enter: Enter, showroom: Showroom, axe: str
) -> None:
    page, wrong = enter("alice"), {}
    shown = sum(is_shown(page, address, axe, wrong) for address in showroom.addresses()[part::PARTS])
    assert wrong == {}
    assert shown > 2


def test_no_page_of_administration_shuts_anybody_out(enter: Enter, showroom: Showroom, axe: str) -> None:
    page, wrong = enter("root"), {}
    for one in found():
        if one.path.startswith(ADMIN):
            is_shown(page, one.path, axe, wrong)
    assert wrong == {}


def is_shown(page: Page, address: str, axe: str, wrong: dict[str, list[str]]) -> bool:
    """Whether the page repeats what people wrote, as text; what else is wrong with it is told."""
    opened(page, address)
    page.evaluate(axe)
    for scheme, rules in SCHEMES.items():
        page.emulate_media(color_scheme=scheme)
        if found_wrong := page.evaluate(CHECK, rules):
            wrong[f"{address} {scheme}"] = found_wrong
    page.set_viewport_size(PHONE)
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > PHONE["width"]:
        wrong[f"{address} phone"] = [f"{wide} px wide"]
    page.set_viewport_size(DESK)
    assert page.evaluate("window.hacked") is None, address
    assert page.locator(BROKEN_OUT).count() == 0, address
    return RUNS in page.locator("#main").inner_text()
