"""A tour of the portal: how soon it answers what somebody does, and how long it is busy at a stretch."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import quantiles

from playwright.async_api import Page

from bench.portal_place import Portal, portal
from bench.rows import Row, at_most

APP = "/u/acme/hard-cases"
INPUTS = 2_000
REST_MS = 150
# As the metric "interaction to next paint": the longest event of each interaction. Those below 16 ms are not
# told one by one, only counted. Tasks of less than 50 ms are none to speak of.
WATCH = """() => {
  window.slow = {};
  window.tasks = [0];
  const observe = (how, take) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ buffered: true, ...how });
  observe({ type: "event", durationThreshold: 16 }, ({ interactionId, duration }) => {
    if (interactionId) window.slow[interactionId] = Math.max(duration, window.slow[interactionId] ?? 0);
  });
  observe({ type: "longtask" }, (one) => window.tasks.push(one.duration));
}"""
FOUND = "[Object.values(slow), performance.interactionCount, tasks]"


class Tour:
    """What is seen on the way."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.took: list[float] = []  # of the interactions, in milliseconds
        self.tasks: list[float] = []

    async def visit(self, address: str, look: Callable[[Page], Awaitable[None]]) -> None:
        await self.page.goto(address, wait_until="networkidle")
        await look(self.page)
        await self.page.wait_for_timeout(REST_MS)
        slow, count, tasks = await self.page.evaluate(FOUND)
        self.took += [*slow, *[8.0] * (count - len(slow))]  # the others are below 16
        self.tasks += tasks


async def rows(scratch: Path) -> list[Row]:
    async with portal(scratch / "tour") as at:
        await at.fill("hard-cases", INPUTS)
        return await _toured(at)


async def _toured(at: Portal) -> list[Row]:
    page = await (await at.fresh()).new_page()
    await page.add_init_script(f"({WATCH})()")
    tour = Tour(page)
    await tour.visit("/", _palette)
    await tour.visit(APP, _palette)
    await tour.visit(f"{APP}/collectors", _keys("/", "Escape", "?", "Escape"))
    await tour.visit(f"{APP}/collectors/uncertain-or-sampled", _tabs)
    await tour.visit(f"{APP}/collectors/uncertain-or-sampled/edit", _rules)
    await tour.visit(f"{APP}/explorer", _explorer)
    await tour.visit(f"{APP}/label", _label)
    await tour.visit(f"{APP}/concepts", _keys("Tab", "Tab", "Tab"))
    await tour.visit(f"{APP}/workflows", _keys("Tab", "Tab", "Tab"))
    await tour.visit(f"{APP}/settings", _tabs)
    what = f"of {len(tour.took)} interactions on a tour"
    return [
        at_most(f"portal: interaction to next paint, p75 {what}", quantiles(tour.took, n=4)[2], 200, "ms"),
        at_most("portal: longest task on a tour", max(tour.tasks), 100, "ms"),
    ]


def _keys(*keys: str) -> Callable[[Page], Awaitable[None]]:
    async def press(page: Page) -> None:
        for key in keys:
            await page.keyboard.press(key)
            await page.wait_for_timeout(REST_MS)

    return press


async def _palette(page: Page) -> None:
    await _keys("Control+k", "d", "i", "g", "ArrowDown", "Escape", "Escape")(page)


async def _tabs(page: Page) -> None:
    tabs = page.get_by_role("tab")
    for n in range(await tabs.count()):
        await tabs.nth(n).click()
        await page.wait_for_timeout(REST_MS)


async def _rules(page: Page) -> None:
    await page.get_by_label("To", exact=True).focus()
    await _keys("ArrowUp", "ArrowUp", "ArrowDown")(page)
    await page.get_by_label("Random share, in percent").fill("5")
    await page.get_by_text("As a graph").click()


async def _explorer(page: Page) -> None:
    await page.locator(".bb-grid").focus()
    await _keys("ArrowRight", " ", "Shift+ArrowDown", "Shift+ArrowDown", "PageDown", "PageDown")(page)
    await _keys("Escape", "End", "Home")(page)
    await page.locator(".bb-tile[data-painted]").nth(2).click()
    await _keys("j", "j", "j", "k", "Escape")(page)
    await page.get_by_label("Order").select_option("oldest")
    await page.wait_for_timeout(REST_MS)


async def _label(page: Page) -> None:
    await page.locator(".bb-label .work[data-painted]").wait_for()
    await _keys(*"1234567890", " ", "ArrowLeft", "Control+z", "ArrowRight", "b", "b", "ArrowLeft", "Enter")(
        page
    )
