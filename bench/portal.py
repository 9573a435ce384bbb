"""The portal as somebody sees it: a browser in front of the demo, all of it in processes of its own."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median, quantiles

from playwright.async_api import Browser, Page, StorageState, async_playwright

from bench.rows import Row, at_most
from bowerbird.ports import free_address

CHROMIUM = "/usr/bin/chromium"
PASSWORD = "measured with a browser"
LINK = re.compile(r"/signin/link\?token=\S+")
APP = "/v2/users/acme/apps"
DIGITS = 60
ARRIVALS = 12
LABELS = 30
PAGES = 8
HEARTBEATS = ("2", "3", '42["ack"')  # of the socket itself

SET_UP = """async () => {
  const { call } = await import("bowerbird/api.js");
  const at = "/v2/users/acme/apps/bench-portal";
  await call("POST", "/v2/users/acme/apps", { apps: [{ id: "bench-portal" }] });
  const made = await call("POST", "/v2/users/acme/keys", { keys: [{ description: "bench", scopes: ["All"],
    apps: [{ id: "bench-portal", user_id: "acme" }] }] });
  await call("POST", `${at}/concepts`, { concepts: [{ id: "one" }, { id: "two" }] });
  const found = await call("GET", "/v2/users/acme/apps/digits-app/models");
  const model = found.models.find((one) => one.app_id === "digits-app");
  const source = { model_user_id: "acme", model_app_id: "digits-app", model_id: model.id,
    post_inputs_key_id: made.keys[0].id, collect_outputs: true };
  await call("POST", `${at}/collectors`, { collectors: [{ id: "all", pre_queue_random_sample: 1,
    collector_source: { api_post_model_outputs_collector_source: source } }] });
  return model.id;
}"""
SEND = """async ([model, count]) => {
  const { call } = await import("bowerbird/api.js");
  const drawn = () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
    const pen = canvas.getContext("2d");
    for (let n = 0; n < 64; n++) {
      pen.fillStyle = `rgb(0 0 0 / ${Math.random()})`;
      pen.fillRect(n % 8, n >> 3, 1, 1);
    }
    return { data: { image: { base64: canvas.toDataURL("image/png").split(",")[1] } } };
  };
  const inputs = Array.from({ length: count }, drawn);
  await call("POST", `/v2/users/acme/apps/digits-app/models/${model}/outputs`, { inputs });
}"""
POSTED = """async (count) => {
  const { call } = await import("bowerbird/api.js");
  const look = () => call("GET", "/v2/users/acme/apps/bench-portal/inputs?per_page=1000");
  while ((await look()).inputs.length < count) await new Promise((done) => setTimeout(done, 200));
}"""
NEWEST = """() => {
  const first = document.querySelector(".bb-strip li");
  const image = first?.querySelector("img");
  return image?.complete && image.naturalWidth ? first.querySelector("a, div").getAttribute("href") : null;
}"""
ARRIVED = f"(before) => {{ const now = ({NEWEST})(); return now && now !== before; }}"
WATCH = """() => {
  window.steps = [];
  let pressed = 0, input = "";
  addEventListener("keydown", () => {  // the first one, for the page's own lets nobody else hear a key
    pressed = performance.now();
    input = document.querySelector(".bb-label .work")?.dataset.input;
  }, true);
  const look = () => {
    const work = document.querySelector(".bb-label .work[data-painted]");
    if (pressed && work && work.dataset.input !== input) {
      const began = pressed;
      pressed = 0;
      requestAnimationFrame(() => window.steps.push(performance.now() - began));
    }
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
}"""
FIRST_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
SCRIPTS = """() => performance.getEntriesByType("resource").filter((one) => /\\.(js|mjs|vue)/.test(one.name))
  .reduce((sum, one) => sum + one.encodedBodySize, 0)"""


async def rows(scratch: Path) -> list[Row]:
    async with _demo(scratch / "demo") as (url, link, pid), async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            return await _measured(browser, url, link, pid)
        finally:
            await browser.close()


async def _measured(browser: Browser, url: str, link: str, pid: int) -> list[Row]:
    context = await browser.new_context(base_url=url, viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    await page.goto(link)
    await page.get_by_role("button").first.click()
    await page.get_by_label("New password").fill(PASSWORD)
    await page.get_by_role("button").first.click()
    await page.locator("#main").wait_for()
    model = await page.evaluate(SET_UP)
    cold = await _cold(browser, url, await context.storage_state())
    arrivals = await _arrivals(page, model)
    labels, messages = await _labels(page, model)
    memory = await _memory(browser, url, await context.storage_state(), pid)
    return [*cold, *_spread("prediction to its thumbnail", arrivals, 1000, 2000), *labels, messages, memory]


async def _cold(browser: Browser, url: str, state: StorageState) -> list[Row]:
    """Of a browser that has never been here, but is signed in."""
    painted, bytes_of = [], 0.0
    for _ in range(3):
        context = await browser.new_context(base_url=url, storage_state=state)
        page = await context.new_page()
        await page.goto("/", wait_until="networkidle")
        painted.append(float(await page.evaluate(FIRST_PAINT)))
        bytes_of = float(await page.evaluate(SCRIPTS))
        await context.close()
    return [
        at_most("portal: first content, cold", median(painted), 1500, "ms"),
        at_most("portal: script on first load, as sent", bytes_of / 1e6, 0.6, "MB"),
    ]


async def _arrivals(page: Page, model: str) -> list[float]:
    """From a prediction that is kept to its picture on the page of the collector, which is open."""
    await page.goto("/u/acme/bench-portal/collectors/all")
    await page.locator("#main .page").wait_for()
    clock = asyncio.get_running_loop().time
    took = []
    for _ in range(ARRIVALS):
        before = await page.evaluate(NEWEST)
        start = clock()
        await page.evaluate(SEND, [model, 1])
        await page.wait_for_function(ARRIVED, arg=before, polling="raf", timeout=20_000)
        took.append((clock() - start) * 1000)
    return took


async def _labels(page: Page, model: str) -> tuple[list[Row], Row]:
    """From a key to the next item, and what the socket carried meanwhile."""
    await page.evaluate(SEND, [model, LABELS])
    await page.evaluate(POSTED, LABELS + ARRIVALS)
    frames: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(frame)))
    await page.add_init_script(f"({WATCH})()")
    await page.goto("/u/acme/bench-portal/label?collector=all&all=1")
    await page.locator(".bb-label .work[data-painted]").wait_for()
    await page.wait_for_timeout(1000)  # a person looks; the next ones are fetched
    frames.clear()
    for done in range(LABELS):
        await page.keyboard.press("1")
        await page.wait_for_function("(n) => window.steps.length > n", arg=done, polling="raf")
    sent = [frame for frame in frames if not str(frame).startswith(HEARTBEATS)]
    steps: list[float] = await page.evaluate("window.steps")
    found = _spread("key to the next item painted", steps, 50, 50)
    return found, at_most(f"portal: socket messages over {LABELS} labels", len(sent), 0, "count")


async def _memory(browser: Browser, url: str, state: StorageState, pid: int) -> Row:
    """What an open page costs the portal's process."""
    context = await browser.new_context(base_url=url, storage_state=state)
    portal = _portal_of(pid)
    before = _resident(portal)
    for _ in range(PAGES):
        page = await context.new_page()
        await page.goto("/u/acme/bench-portal/explorer", wait_until="networkidle")
    grown = (_resident(portal) - before) / PAGES
    await context.close()
    return at_most("portal: memory of an open page, in the server", grown, 5, "MB")


def _spread(what: str, took: Sequence[float], middle: float, most: float) -> list[Row]:
    return [
        at_most(f"portal: {what}, p50", median(took), middle, "ms"),
        at_most(f"portal: {what}, p95", quantiles(took, n=20)[-1], most, "ms"),
    ]


def _portal_of(pid: int) -> int:
    """The process of the portal among those that the demo started."""
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        told = Path(f"/proc/{one}/cmdline").read_bytes().split(b"\0")
        if b"portal" in told:
            return one
        waiting += [int(child) for child in Path(f"/proc/{one}/task/{one}/children").read_text().split()]
    raise RuntimeError("the demo runs no portal")


def _resident(pid: int) -> float:
    """Its resident memory, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1000


@asynccontextmanager
async def _demo(folder: Path) -> AsyncIterator[tuple[str, str, int]]:
    """Where the portal of a demo is, the link to sign in, and the process."""
    portal, http, grpc = (free_address("127.0.0.1:0") for _ in range(3))
    command = [sys.executable, "-m", "bowerbird", "demo", "--data", str(folder), "--digits", str(DIGITS)]
    command += ["--http", http, "--grpc", grpc, "--portal", portal]
    demo = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        yield f"http://{portal}", await _link(demo), demo.pid
    finally:
        demo.terminate()
        await demo.communicate()


async def _link(demo: asyncio.subprocess.Process) -> str:
    assert demo.stdout is not None
    async for line in demo.stdout:
        if found := LINK.search(line.decode()):
            return found[0]
    raise RuntimeError("the demo printed no link to sign in")
