"""The Explorer over many inputs: how soon a jump is painted, and what stays blank while somebody scrolls."""

from pathlib import Path

from playwright.async_api import Page

from bench.portal_place import Portal, Sockets, portal, spread
from bench.rows import Row, at_most

APP = "hard-cases"
SIZES = (100_000, 1_000_000)
JUMPS = (0.5, 0.46, 0.54, 0.42, 0.58, 0.48, 0.52, 0.44, 0.56, 0.4)  # of the way down
WHEEL, WHEELS, WHEEL_MS = 120, 200, 40  # pixels at a time: four screens a second
REST_MS = 700  # in which a person looks, and what lies beside is fetched

# Points of the grid, looked at in every frame: what is no painted tile there is blank. Two points above each
# other count as one, since one of them may be the gap between two tiles.
WATCH = """() => {
  const box = document.querySelector(".bb-grid"), { left, top, width, height } = box.getBoundingClientRect();
  const tiles = [...document.querySelectorAll(".bb-tile")].map((one) => one.getBoundingClientRect());
  const columns = [...new Set(tiles.map((one) => Math.round(one.left + one.width / 2)))];
  const points = columns.flatMap((x) => [0.1, 0.3, 0.5, 0.7, 0.9].map((share) => [x, top + share * height]));
  const isPainted = (x, y) => document.elementFromPoint(x, y)?.closest(".bb-tile")?.dataset.painted;
  const isBlank = ([x, y]) => !isPainted(x, y) && !isPainted(x, y - 12);
  const since = points.map(() => 0);
  window.blanks = [];
  window.isAllPainted = () => !points.some(isBlank);
  const look = (now) => {
    points.forEach((point, n) => {
      if (isBlank(point)) since[n] ||= now;
      else if (since[n]) since[n] = (window.blanks.push(now - since[n]), 0);
    });
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
JUMP = """([share, size]) => new Promise((done) => {
  const box = document.querySelector(".bb-grid"), began = performance.now();
  box.scrollTop = share * (box.scrollHeight - box.clientHeight);
  const look = () => {
    const rank = Number(document.querySelector(".bb-tile")?.dataset.rank);
    const isThere = Math.abs(rank / size - share) < 0.01 && window.isAllPainted();
    if (isThere) setTimeout(() => done(performance.now() - began));
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})"""


async def rows(scratch: Path) -> list[Row]:
    found: list[Row] = []
    for size in SIZES:
        async with portal(scratch / f"explorer-{size}") as at:
            await at.fill(APP, size)
            found += await _measured(at, size)
    return found


async def _measured(at: Portal, size: int) -> list[Row]:
    page = await (await at.fresh()).new_page()
    sockets = Sockets(page)
    await page.goto(f"/u/acme/{APP}/explorer", wait_until="networkidle")
    await page.locator(".bb-tile[data-painted]").first.wait_for()
    await page.evaluate(WATCH)
    took = []
    for share in JUMPS:
        await page.wait_for_timeout(REST_MS)
        took.append(float(await page.evaluate(JUMP, [share, size])))
    await page.wait_for_timeout(REST_MS)
    sockets.clear()
    blanks = await _scrolled(page)
    what = f"Explorer of {size:,}"
    return [
        *spread(f"{what}, jump to the middle painted", took, 400, 400),
        at_most(f"portal: {what}, longest blank while scrolling", max(blanks, default=0), 200, "ms"),
        at_most(
            f"portal: {what}, blanks of more than 200 ms", sum(blank > 200 for blank in blanks), 0, "count"
        ),
        sockets.row(f"while scrolling over {size:,}"),
    ]


async def _scrolled(page: Page) -> list[float]:
    """How long places of the screen were blank, in milliseconds."""
    await page.evaluate("blanks.length = 0")
    await page.mouse.move(800, 500)
    start = await page.evaluate("document.querySelector('.bb-grid').scrollTop")
    for _ in range(WHEELS):
        await page.mouse.wheel(0, WHEEL)
        await page.wait_for_timeout(WHEEL_MS)
    await page.wait_for_function("isAllPainted()", polling="raf")
    moved = await page.evaluate("document.querySelector('.bb-grid').scrollTop") - start
    if moved < WHEEL * WHEELS * 0.9:
        raise RuntimeError(f"scrolled by {moved} pixels only")
    return [float(blank) for blank in await page.evaluate("blanks")]
