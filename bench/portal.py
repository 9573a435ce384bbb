"""The portal as somebody sees it: how soon a page is there, and what a collector keeps; what a page costs."""

import asyncio
from pathlib import Path
from statistics import median

from playwright.async_api import Page

from bench.portal_place import Portal, portal, resident, spread
from bench.rows import Row, at_most

ARRIVALS = 12
VISITS = 3
PAGES = 8

SET_UP = """async () => {
  const { call } = await import("bowerbird/api.js");
  const at = "/v2/users/acme/apps/bench-portal";
  await call("POST", "/v2/users/acme/apps", { apps: [{ id: "bench-portal" }] });
  const made = await call("POST", "/v2/users/acme/keys", { keys: [{ description: "bench", scopes: ["All"],
    apps: [{ id: "bench-portal", user_id: "acme" }] }] });
  const source = { model_user_id: "acme", model_app_id: "digits-app", model_id: "digits",
    post_inputs_key_id: made.keys[0].id, collect_outputs: true };
  await call("POST", `${at}/collectors`, { collectors: [{ id: "all", pre_queue_random_sample: 1,
    collector_source: { api_post_model_outputs_collector_source: source } }] });
}"""
SEND = """async () => {
  const { call } = await import("bowerbird/api.js");
  const canvas = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
  const pen = canvas.getContext("2d");
  for (let n = 0; n < 64; n++) {
    pen.fillStyle = `rgb(0 0 0 / ${Math.random()})`;
    pen.fillRect(n % 8, n >> 3, 1, 1);
  }
  const inputs = [{ data: { image: { base64: canvas.toDataURL("image/png").split(",")[1] } } }];
  await call("POST", "/v2/users/acme/apps/digits-app/models/digits/outputs", { inputs });
}"""
NEWEST = """() => {
  const first = document.querySelector(".bb-strip li");
  const image = first?.querySelector("img");
  return image?.complete && image.naturalWidth ? first.querySelector("a, div").getAttribute("href") : null;
}"""
ARRIVED = f"(before) => {{ const now = ({NEWEST})(); return now && now !== before; }}"
FIRST_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
SCRIPTS = """() => performance.getEntriesByType("resource").filter((one) => /\\.(js|mjs|vue)/.test(one.name))
  .reduce((sum, one) => sum + one.encodedBodySize, 0)"""


async def rows(scratch: Path) -> list[Row]:
    async with portal(scratch / "demo") as at:
        first = await _first_content(at)
        arrivals = await _arrivals(at.page)
        memory = await _memory(at)
        return [*first, *spread("prediction to its thumbnail", arrivals, 1000, 2000), memory]


async def _first_content(at: Portal) -> list[Row]:
    """Of a browser that has never been here, and of one that has."""
    cold, warm, bytes_of = [], [], 0.0
    for _ in range(VISITS):
        context = await at.fresh()
        page = await context.new_page()
        await page.goto("/", wait_until="networkidle")
        cold.append(float(await page.evaluate(FIRST_PAINT)))
        bytes_of = float(await page.evaluate(SCRIPTS))
        await page.goto("/u/acme/hard-cases/explorer", wait_until="networkidle")
        await page.goto("/", wait_until="networkidle")
        warm.append(float(await page.evaluate(FIRST_PAINT)))
        await context.close()
    return [
        at_most("portal: first content, cold", median(cold), 1500, "ms"),
        at_most("portal: first content, warm", median(warm), 500, "ms"),
        at_most("portal: script on first load, as sent", bytes_of / 1e6, 0.6, "MB"),
    ]


async def _arrivals(page: Page) -> list[float]:
    """From a prediction that is kept to its picture on the page of the collector, which is open."""
    await page.evaluate(SET_UP)
    await page.goto("/u/acme/bench-portal/collectors/all")
    await page.locator("#main .page").wait_for()
    clock = asyncio.get_running_loop().time
    took = []
    for _ in range(ARRIVALS):
        before = await page.evaluate(NEWEST)
        start = clock()
        await page.evaluate(SEND)
        await page.wait_for_function(ARRIVED, arg=before, polling="raf", timeout=20_000)
        took.append((clock() - start) * 1000)
    return took


async def _memory(at: Portal) -> Row:
    """What an open page costs the portal's process."""
    context, process = await at.fresh(), at.process("portal")
    before = resident(process)
    for _ in range(PAGES):
        page = await context.new_page()
        await page.goto("/u/acme/bench-portal/explorer", wait_until="networkidle")
    grown = (resident(process) - before) / PAGES
    await context.close()
    return at_most("portal: memory of an open page, in the server", grown, 5, "MB")
