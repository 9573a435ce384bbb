"""From an edit of a rule to its preview, in the browser, over many recorded predictions."""

import time
from pathlib import Path

from playwright.async_api import Page
from sqlalchemy import select

from bench.portal_place import Portal, portal, spread
from bench.preview import record
from bench.rows import Row
from bowerbird.collect.recorded import Recorded
from bowerbird.store.db import Database
from bowerbird.store.tables import models

SIZES = {10_000: 300.0, 100_000: 800.0}  # milliseconds
EDITS = 15
REST_MS = 700  # in which a person looks at what came of it
# From each key to when the preview shows what came of it.
WATCH = """() => {
  const preview = document.querySelector(".bb-preview");
  let pressed = 0, isAsked = false;
  window.edits = [];
  addEventListener("keydown", () => ([pressed, isAsked] = [performance.now(), false]), true);
  new MutationObserver(() => {
    const isBusy = preview.getAttribute("aria-busy") === "true";
    if (pressed && isBusy) isAsked = true;
    else if (pressed && isAsked) {
      const began = pressed;
      pressed = 0;
      requestAnimationFrame(() => setTimeout(() => window.edits.push(performance.now() - began)));
    }
  }).observe(preview, { attributes: true, attributeFilter: ["aria-busy"] });
}"""


async def rows(scratch: Path) -> list[Row]:
    found: list[Row] = []
    for size, limit in SIZES.items():
        async with portal(scratch / f"rules-{size}", record_per_hour=size) as at:
            await _record(at, size)
            took = await _edits(at.page, size)
        what = f"rule edit to its preview, {size:,} recorded"
        found += spread(what, took, limit, limit)
    return found


async def _record(at: Portal, size: int) -> None:
    """Predictions of the demo's model, beside the server."""
    main = Database(f"sqlite+aiosqlite:///{at.folder / 'bowerbird.db'}")
    records = Database(f"sqlite+aiosqlite:///{at.folder / 'recorded.db'}")
    try:
        async with main.read() as conn:
            model = (await conn.execute(select(models.c.seq).where(models.c.id == "digits"))).scalar_one()
        await record(Recorded(records, time.time, per_hour=size, hours=48), model, size)
    finally:
        await main.close()
        await records.close()


async def _edits(page: Page, size: int) -> list[float]:
    """Milliseconds of each, of a rule for a score that goes up by hundredths."""
    await page.goto("/u/acme/hard-cases/collectors/new")
    await page.locator("#model").click()
    await page.get_by_label("Find a model").fill("digits")
    await page.get_by_role("list", name="Models").get_by_role("button").first.click()
    field = page.get_by_label("To", exact=True)
    await field.fill("0.5")
    await page.get_by_text(f"of {size // 1000},").first.wait_for()
    await page.wait_for_timeout(2 * REST_MS)
    await page.evaluate(WATCH)
    await field.focus()
    for done in range(EDITS):
        await page.keyboard.press("ArrowUp")
        await page.wait_for_function("(n) => edits.length > n", arg=done, polling="raf")
        await page.wait_for_timeout(REST_MS)
    return [float(took) for took in await page.evaluate("edits")]
