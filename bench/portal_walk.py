"""The way of docs/portal.md, from an empty folder to labelled captures: what the machine takes is measured,
what a person takes is reckoned: by the Keystroke-Level Model (Card, Moran and Newell 1980), and reading."""

import asyncio
import base64
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
from playwright.async_api import FilePayload, Locator, Page, async_playwright, expect

from bench.portal_place import CHROMIUM, FLAGS, PASSWORD, SCREEN, link_of
from bench.rows import Row, at_most
from bowerbird.demo import digits, model
from bowerbird.ports import free_address

# Seconds: a key of somebody who types at an average pace, pointing and clicking, the hand between mouse and
# keys, and making up one's mind, which comes before each step.
KEY, CLICK, HAND, MIND = 0.28, 1.1 + 0.2, 0.4, 1.35
WORDS_A_SECOND = 238 / 60  # of silent reading: Brysbaert 2019
DOCS = Path(__file__).parents[1] / "docs" / "portal.md"
READ_TO = "## When something goes wrong"
SENT, SENT_LATER, LABELLED = 60, 60, 10
MOST_S = 600.0


class Newcomer:
    """Who follows the docs in a browser, and what that costs them; the page is driven without pauses."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.needed = 0.0  # seconds of their own
        self.steps = 0
        self._is_typing = False

    def think(self) -> None:
        self.steps += 1
        self.needed += MIND

    def _hand(self, *, to_keys: bool) -> None:
        self.needed += HAND if to_keys is not self._is_typing else 0
        self._is_typing = to_keys

    async def click(self, what: Locator) -> None:
        self.think()
        self._hand(to_keys=False)
        self.needed += CLICK
        await what.click()

    async def press(self, key: str) -> None:
        self.think()
        self._hand(to_keys=True)
        self.needed += KEY * (key.count("+") + 1)
        await self.page.keyboard.press(key)

    async def fill(self, what: Locator, text: str) -> None:
        """Click into a field, and type."""
        await self.click(what)
        self._hand(to_keys=True)
        self.needed += KEY * len(text)
        await what.fill(text)

    async def choose(self, what: Locator, file: FilePayload) -> None:
        """Open the dialog for files, and click the file and the button there."""
        self.think()
        self._hand(to_keys=False)
        self.needed += 3 * CLICK
        await what.set_input_files(file)

    def paste(self, lines: int) -> None:
        """Copy so many lines from the docs, one by one, into a terminal."""
        for _ in range(lines):
            self.think()
            self._hand(to_keys=False)
            self.needed += 2 * CLICK + 2 * HAND + 5 * KEY


async def rows(scratch: Path) -> list[Row]:
    began = time.perf_counter()
    async with _served(scratch / "walk") as (portal, http, link), async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await (await browser.new_context(base_url=portal, viewport=SCREEN)).new_page()
        person = Newcomer(page)
        person.paste(3)
        await _walk(person, portal, http, link)
        await browser.close()
    took = time.perf_counter() - began
    words = len(DOCS.read_text().partition(READ_TO)[0].split())
    total = took + person.needed + words / WORDS_A_SECOND
    what = f"empty folder to {LABELLED} labelled captures of one's own model, {person.steps} steps"
    return [at_most(f"portal: {what}", total, MOST_S, "s")]


async def _walk(person: Newcomer, portal: str, http: str, link: str) -> None:
    page = person.page
    await page.goto(link)
    await person.click(page.get_by_role("button").first)
    await person.fill(page.get_by_label("New password"), PASSWORD)
    await person.click(page.get_by_role("button").first)
    await page.get_by_role("heading", name="Apps", exact=True).wait_for()
    await person.press("n")
    await person.fill(page.get_by_label("ID"), "post-office")
    await person.click(page.get_by_role("button", name="Make the app"))
    await page.get_by_text("What to do next").wait_for()
    written, to_send = digits.written()
    pictures = [one.png for one in to_send]
    await _put_in(person, await asyncio.to_thread(model.trained, written), pictures[0])
    key = await _key(person)
    person.paste(1)
    await asyncio.to_thread(_send, http, key, pictures[:SENT])
    await _collect(person)
    person.paste(1)
    await asyncio.to_thread(_send, http, key, pictures[SENT : SENT + SENT_LATER])
    await page.locator(".bb-strip li").nth(LABELLED).wait_for()
    await _label(person)


async def _put_in(person: Newcomer, artifact: bytes, picture: bytes) -> None:
    page = person.page
    await person.click(page.get_by_role("link", name="Models", exact=True))
    await page.get_by_role("heading", name="No models in this app yet").wait_for()
    await person.press("n")
    await person.click(page.get_by_role("button", name="ONNX file"))
    file: FilePayload = {"name": "digits.zip", "mimeType": "application/zip", "buffer": artifact}
    await person.choose(page.get_by_label("Choose a file"), file)
    person.needed += KEY * len("\n".join(model.LABELS))  # which the zip says itself
    await person.press("Control+Enter")
    await page.wait_for_url("**/models/digits")
    await person.choose(
        page.get_by_label("Choose a file"),
        {"name": "three.png", "mimeType": "image/png", "buffer": picture},
    )
    await page.get_by_role("region", name="The answer").get_by_role("term").first.wait_for()


async def _key(person: Newcomer) -> str:
    """A key for predictions."""
    page = person.page
    await person.click(page.get_by_role("link", name="Settings", exact=True))
    await person.click(page.get_by_role("tab", name="Keys").or_(page.get_by_role("link", name="Keys")))
    await person.press("n")
    dialog = page.get_by_role("dialog")
    await person.click(dialog.get_by_role("button", name="Predict", exact=True))
    await person.fill(dialog.get_by_label("Name"), "the post office")
    await person.click(dialog.get_by_role("button", name="Make the key"))
    shown = page.locator(".bb-secret code").first
    await person.click(shown)
    return await shown.inner_text()


async def _collect(person: Newcomer) -> None:
    page = person.page
    await person.click(page.get_by_role("link", name="Collectors", exact=True))
    await page.get_by_role("heading", name="Nothing is being kept").wait_for()
    await person.press("n")
    await person.click(page.locator("#model"))
    await person.click(page.get_by_role("list", name="Models").get_by_role("button").first)
    await page.get_by_text(re.compile(r"of \d+ recorded")).wait_for()
    await person.fill(page.get_by_label("To", exact=True), "0.9")
    await person.fill(page.get_by_label("From", exact=True), "0")
    await expect(page.locator(".bb-preview [aria-busy=true], .bb-preview .old")).to_have_count(0)
    await person.click(page.get_by_role("button", name="Make a key"))
    await page.get_by_text("Made, chosen, and shown this once:").wait_for()
    await person.press("Control+Enter")
    await page.wait_for_url("**/collectors/digits-uncertain?made=1")


async def _label(person: Newcomer) -> None:
    """They know digits: a label needs no more than a step."""
    page = person.page
    await person.click(page.get_by_role("link", name="Label newest"))
    for n in range(LABELLED):
        await page.locator(".bb-label .work[data-painted]").wait_for()
        await person.press(str(n))
    await page.get_by_text(f"{LABELLED} done").wait_for()
    await page.get_by_text("All saved").wait_for()


def _send(http: str, key: str, pictures: list[bytes]) -> None:
    """As the curl command of the docs, once for each picture."""
    address = f"http://{http}/v2/users/admin/apps/post-office/models/digits/outputs"
    with httpx2.Client(headers={"authorization": f"Key {key}"}, trust_env=False) as client:
        for picture in pictures:
            image = {"base64": base64.b64encode(picture).decode()}
            client.post(address, json={"inputs": [{"data": {"image": image}}]}).raise_for_status()


@asynccontextmanager
async def _served(folder: Path) -> AsyncIterator[tuple[str, str, str]]:
    """`bowerbird serve` in an empty folder: the portal, the API, and the link that it prints."""
    portal, http, grpc = (free_address("127.0.0.1:0") for _ in range(3))
    command = [sys.executable, "-m", "bowerbird", "serve", "--data", str(folder)]
    command += ["--http", http, "--grpc", grpc, "--portal", portal]
    env = {name: value for name, value in os.environ.items() if not name.startswith("BOWERBIRD_")}
    pipe = asyncio.subprocess.PIPE
    server = await asyncio.create_subprocess_exec(
        *command, stdout=pipe, stderr=asyncio.subprocess.STDOUT, env=env
    )
    try:
        link = await link_of(server)
        await _said(server, b"portal ready")
        yield f"http://{portal}", http, link
    finally:
        server.terminate()
        await server.communicate()


async def _said(server: asyncio.subprocess.Process, sign: bytes) -> None:
    assert server.stdout is not None
    async for line in server.stdout:
        if sign in line:
            return
    raise RuntimeError(f"the server ended without {sign!r}")
