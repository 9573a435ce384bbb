"""The portal for tests: served once, and looked at in a browser where there is one."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsers import CHROMIUM, SHELL, Browsers, browsers_of_a_process
from browsing import Enter, Picture, Watched
from house import House
from house import house as opened_house
from people import PASSWORD
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect
from showroom import Showroom

from bowerbird.portal.cookies import COOKIE

MUST = os.environ.get("BOWERBIRD_REQUIRE_SERVICES") == "1"
PATIENCE_MS = 60_000  # other tests load the machine meanwhile
expect.set_options(timeout=PATIENCE_MS)
CALM_MS = 400
# Nothing has changed for a while, and all pictures that can be seen are there.
CALM = """(calm) => new Promise((done) => {
  const isSeen = (image) => image.getBoundingClientRect().top < innerHeight;
  const look = () => ([...document.images].filter(isSeen).every((image) => image.complete) ? done() : wait());
  let timer;
  const wait = () => { clearTimeout(timer); timer = setTimeout(look, calm); };
  new MutationObserver(wait).observe(document, { subtree: true, childList: true, characterData: true });
  wait();
})"""
PICTURES = Path(__file__).parents[2] / "docs" / "images" / "portal"


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """World, API and portal; all tests of a process share them, so each makes an app of its own."""
    with opened_house(tmp_path_factory.mktemp("house") / "data") as made:
        yield made


@pytest.fixture(scope="session")
def showroom(house: House) -> Showroom:
    return Showroom(house)


@pytest.fixture(scope="session")
def browsers() -> Iterator[Browsers]:
    with browsers_of_a_process() as made:
        yield made


@pytest.fixture
def executable() -> Path:
    """Where the browser is; tests that are about the whole of it have a fixture of their own."""
    return SHELL if SHELL.exists() else CHROMIUM


@pytest.fixture
def chromium(executable: Path, browsers: Browsers) -> Iterator[Browser]:
    if not executable.exists():
        if MUST:
            raise FileNotFoundError(executable)
        pytest.skip(f"no browser at {executable}")
    with browsers.used(executable) as browser:
        yield browser


@pytest.fixture
def expected() -> list[str]:
    """Parts of what the browser may complain of, as the test is about that."""
    return []


@pytest.fixture
def context(
    browsers: Browsers, chromium: Browser, house: House, expected: list[str]
) -> Iterator[BrowserContext]:
    """A browser as if new. The test fails when it complained, or asked another host for anything."""
    with browsers.context(chromium, house.url) as made:
        made.set_default_timeout(PATIENCE_MS)
        watched = Watched(made, house.url, expected)
        yield made
    watched.stop()
    assert watched.complaints == []


@pytest.fixture
def enter(context: BrowserContext, house: House) -> Enter:
    """Opens a page for somebody who has signed in: `page = enter("alice", "/u/alice/zoo")`."""

    def entered(who: str, path: str = "/", password: str = PASSWORD) -> Page:
        context.add_cookies([{"name": COOKIE, "value": house.session(who, password), "url": house.url}])
        page = context.new_page()
        page.goto(path)
        page.locator("#main").wait_for()
        return page

    return entered


@pytest.fixture
def picture() -> Picture:
    """Keeps a picture of a page for the documentation, when BOWERBIRD_PICTURES=1 asks for them."""

    def take(page: Page, name: str) -> None:
        if os.environ.get("BOWERBIRD_PICTURES") == "1":
            PICTURES.mkdir(parents=True, exist_ok=True)
            page.evaluate(CALM, CALM_MS)
            taken = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide")))
            small = taken.convert("RGB").quantize(256, dither=Image.Dither.NONE)
            small.save(PICTURES / f"{name}.png", optimize=True)

    return take
