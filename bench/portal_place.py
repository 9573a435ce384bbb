"""A portal to measure: the demo in processes of its own, a browser before it, and somebody signed in."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, WebSocket, async_playwright

from bench.crowd import fill_app
from bench.rows import Row, at_most
from bowerbird.ports import free_address
from bowerbird.store.db import Database

CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--enable-precise-memory-info")
SCREEN: ViewportSize = {"width": 1280, "height": 800}
PASSWORD = "measured with a browser"
LINK = re.compile(r"/signin/link\?token=\S+")
DIGITS = 60
HEARTBEATS = ("2", "3", "40", '42["ack"')  # of the socket itself
CALL = """async ([method, path, body]) => {
  const { call } = await import("bowerbird/api.js");
  return call(method, path, body ?? undefined);
}"""


@dataclass(frozen=True, slots=True)
class Portal:
    """What is measured. The demo's model, digits, is in digits-app; what it collected, in hard-cases."""

    url: str
    folder: Path
    pid: int  # of the demo, whose children serve
    browser: Browser
    page: Page  # where acme is signed in

    async def call(self, method: str, path: str, body: object = None) -> Any:  # JSON
        """The API's answer to the person of the page. Raises playwright's Error for a refusal."""
        return await self.page.evaluate(CALL, [method, path, body])

    async def fresh(self) -> BrowserContext:
        """A browser that has never been here, but is signed in."""
        state = await self.page.context.storage_state()
        return await self.browser.new_context(base_url=self.url, viewport=SCREEN, storage_state=state)

    async def fill(self, app: str, size: int) -> None:
        """Add so many inputs like the first of the app."""
        db = Database(f"sqlite+aiosqlite:///{self.folder / 'bowerbird.db'}")
        try:
            await fill_app(db, app, size)
        finally:
            await db.close()

    def process(self, name: str) -> int:
        """The process of a part, such as "portal" or "api", among those that the demo started."""
        waiting = [self.pid]
        while waiting:
            one = waiting.pop()
            told = Path(f"/proc/{one}/cmdline").read_bytes().split(b"\0")
            if name.encode() in told:
                return one
            waiting += [int(child) for child in Path(f"/proc/{one}/task/{one}/children").read_text().split()]
        raise RuntimeError(f"the demo runs no {name}")

    async def renderers(self) -> dict[int, float]:
        """The processes of the browser that show pages, each with the seconds that it was busy."""
        session = await self.browser.new_browser_cdp_session()
        found = await session.send("SystemInfo.getProcessInfo")
        await session.detach()
        return {one["id"]: one["cpuTime"] for one in found["processInfo"] if one["type"] == "renderer"}


@asynccontextmanager
async def portal(folder: Path, **settings: object) -> AsyncIterator[Portal]:
    """Serve it, and sign in."""
    async with _demo(folder, settings) as (url, link, pid), async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            page = await (await browser.new_context(base_url=url, viewport=SCREEN)).new_page()
            await page.goto(link)
            await page.get_by_role("button").first.click()
            await page.get_by_label("New password").fill(PASSWORD)
            await page.get_by_role("button").first.click()
            await page.locator("#main").wait_for()
            yield Portal(url, folder, pid, browser, page)
        finally:
            await browser.close()


@asynccontextmanager
async def _demo(folder: Path, settings: dict[str, object]) -> AsyncIterator[tuple[str, str, int]]:
    """Where the portal of a demo is, the link to sign in, and the process."""
    portal, http, grpc = (free_address("127.0.0.1:0") for _ in range(3))
    command = [sys.executable, "-m", "bowerbird", "demo", "--data", str(folder), "--digits", str(DIGITS)]
    command += ["--http", http, "--grpc", grpc, "--portal", portal]
    env = os.environ | {f"BOWERBIRD_{name.upper()}": str(value) for name, value in settings.items()}
    demo = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=env)
    try:
        yield f"http://{portal}", await link_of(demo), demo.pid
    finally:
        demo.terminate()
        await demo.communicate()


async def link_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async for line in process.stdout:
        if found := LINK.search(line.decode()):
            return found[0]
    raise RuntimeError("no link to sign in was printed")


class Sockets:
    """What a page sends over its sockets, but for what keeps them open. Made before the page is loaded."""

    def __init__(self, page: Page) -> None:
        self._frames: list[str] = []
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: self._frames.append(str(frame)))

    def clear(self) -> None:
        self._frames.clear()

    def row(self, during: str) -> Row:
        sent = [frame for frame in self._frames if not frame.startswith(HEARTBEATS)]
        return at_most(f"portal: socket messages {during}", len(sent), 0, "count")


def resident(pid: int) -> float:
    """The resident memory of a process, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1000


def spread(what: str, took: Sequence[float], middle: float, most: float) -> list[Row]:
    """Times in milliseconds: the middle one, and which one in twenty exceeds."""
    return [
        at_most(f"portal: {what}, p50", median(took), middle, "ms"),
        at_most(f"portal: {what}, p95", quantiles(took, n=20, method="inclusive")[-1], most, "ms"),
    ]
