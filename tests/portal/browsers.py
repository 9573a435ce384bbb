"""Browsers that stay open from test to test."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import (
    Browser,
    BrowserContext,
    Playwright,
    ProxySettings,
    ViewportSize,
    sync_playwright,
)

CHROMIUM = Path("/usr/bin/chromium")
SHELL = Path("/usr/bin/chromium-headless-shell")  # the same without its frame: a page costs it half
ARGS = (
    "--no-sandbox",
    "--renderer-process-limit=1",  # a page in a new process costs a third more
)
VIEWPORT = ViewportSize(width=1280, height=800)


@dataclass
class Browsers:
    """The browsers of a process. Playwright's event loop is its thread's while one is used, and only then:
    other tests run loops of their own."""

    _playwright: Playwright
    _loop: asyncio.AbstractEventLoop
    _started: dict[Path, Browser] = field(default_factory=dict)
    _opened: dict[Browser, BrowserContext] = field(default_factory=dict)

    @contextmanager
    def used(self, executable: Path) -> Iterator[Browser]:
        with self._playing():
            if executable not in self._started:
                launch = self._playwright.chromium.launch
                self._started[executable] = launch(executable_path=executable, args=ARGS)
            yield self._started[executable]

    @contextmanager
    def context(self, browser: Browser, url: str) -> Iterator[BrowserContext]:
        """A context that knows nothing of whoever had it before; only scripts and styles are in its cache."""
        if browser not in self._opened:
            self._opened[browser] = shut_in(browser, url)
            self._opened[browser].new_page()
        context = self._opened[browser]
        yield context
        empty, *pages = context.pages
        for page in pages:
            page.close()
        context.unroute_all()
        context.clear_cookies()
        session = context.new_cdp_session(empty)
        session.send("Storage.clearDataForOrigin", {"origin": url, "storageTypes": "all"})
        session.detach()

    def close(self) -> None:
        with self._playing():
            for browser in self._started.values():
                browser.close()

    @contextmanager
    def _playing(self) -> Iterator[None]:
        asyncio._set_running_loop(self._loop)
        try:
            yield
        finally:
            asyncio._set_running_loop(None)


def shut_in(browser: Browser, url: str) -> BrowserContext:
    """A context that reaches one address: what it asks of others, of this machine as well, goes to a proxy
    that is not there. To hear of each request, and look where it goes, would cost a tenth of a page."""
    nowhere: ProxySettings = {"server": "http://127.0.0.1:9", "bypass": url.removeprefix("http://")}
    return browser.new_context(base_url=url, viewport=VIEWPORT, proxy=nowhere)


@contextmanager
def browsers_of_a_process() -> Iterator[Browsers]:
    with sync_playwright() as playwright:
        loop = asyncio.get_running_loop()
        made = Browsers(playwright, loop)
        asyncio._set_running_loop(None)
        yield made
        made.close()
        asyncio._set_running_loop(loop)  # it is left as Playwright knows it
