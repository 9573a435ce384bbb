"""Labelling as a scripted person measures it: what each label costs of keys, of time and of memory."""

import asyncio
import base64
import io
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path

from PIL import Image
from playwright.async_api import CDPSession, Page, Route

from bench import label_studio
from bench.portal_person import Person, check, labels
from bench.portal_place import Portal, Sockets, portal, resident, spread
from bench.rows import Row, at_least, at_most

# Apps: collected digits, and pictures that come with a prediction.
BLIND, OPEN, BULK = "hard-cases", "bench-open", "bench-bulk"
THINK_S = 0.3
LABELS, COLD, IMAGES, BOXES = 40, 12, 10, 2
WRONG = 10  # one in so many predictions
WARM_UP, MANY = 100, 1000
UNDONE = 120
READY = 30000  # the status of an input whose picture is there
KEYS: Iterator[str] = cycle("1234567890")


async def rows(scratch: Path) -> list[Row]:
    async with portal(scratch / "label") as at:
        await at.fill(BLIND, WARM_UP + MANY + LABELS + COLD + 100)
        ids = await _open_app(at, OPEN, LABELS + IMAGES)
        found = await _blind(at, *await _peer(scratch))
        found += await _accepted(at, ids[: LABELS + 1])
        found += await _confirmed(at, await _open_app(at, BULK, LABELS - 1))
        found += await _boxes(at, ids[LABELS : LABELS + IMAGES + 1])
        found += await _cold(at)
        return found + await _many(at)


async def _open_app(at: Portal, app: str, more: int) -> list[str]:
    """An app of an input and so many more, of which most come with a prediction. The inputs' ids."""
    place, out = f"/v2/users/acme/apps/{app}", io.BytesIO()
    Image.effect_noise((640, 480), 60).save(out, "PNG")
    await at.call("POST", "/v2/users/acme/apps", {"apps": [{"id": app}]})
    await at.call("POST", f"{place}/concepts", {"concepts": [{"id": "one"}, {"id": "two"}]})
    picture = {"data": {"image": {"base64": base64.b64encode(out.getvalue()).decode()}}}
    await at.call("POST", f"{place}/inputs", {"inputs": [picture]})
    # The worker makes it ready, in a process of its own.
    while (await at.call("GET", f"{place}/inputs"))["inputs"][0]["status"]["code"] != READY:  # noqa: ASYNC110  # no event tells
        await asyncio.sleep(0.1)
    await at.fill(app, more)
    ids = [one["id"] for one in (await at.call("GET", f"{place}/inputs?per_page=1000"))["inputs"]]
    said = {"concepts": [{"id": "one", "value": 0.9}, {"id": "two", "value": 0.1}]}
    made = [{"input_id": id, "data": said, "model_version_id": "v1"} for id in ids[:LABELS]]
    await at.call("POST", f"{place}/annotations", {"annotations": made})
    return ids


async def _peer(scratch: Path) -> tuple[float | None, str]:
    """Milliseconds that a label in Label Studio takes besides thinking, where it is there; and its name."""
    if not label_studio.COMMAND:
        return None, ""
    took, version = await label_studio.tool_time(scratch / "label-studio", LABELS, THINK_S)
    return 1000 * took, f"Label Studio {version}"


async def _blind(at: Portal, peer: float | None, name: str) -> list[Row]:
    """Nothing is proposed. Also what of the time is not the person's: half of a peer's at most."""
    most = 400.0 if peer is None else min(400.0, peer / 2)
    person = Person(await (await at.fresh()).new_page())
    sockets = Sockets(person.page)
    await person.open(f"/u/acme/{BLIND}/label")
    clock = asyncio.get_running_loop().time
    sockets.clear()
    start = clock()
    for _ in range(LABELS):
        await asyncio.sleep(THINK_S)
        key = next(KEYS)
        await person.say(key, key)
    tool = (clock() - start - LABELS * THINK_S) / LABELS
    steps = await person.steps()
    await person.saved()
    await check(at, BLIND, person)
    await person.page.context.close()
    return [
        at_most("portal: actions per label, blind", person.actions / len(person.said), 1, "each"),
        at_most("portal: time per label besides thinking", tool * 1000, most, "ms", peer, name),
        *spread("key to the next item painted, prefetched", steps, 50, 50),
        sockets.row(f"over {LABELS} labels"),
    ]


async def _accepted(at: Portal, ids: Sequence[str]) -> list[Row]:
    """A prediction is accepted where it is right."""
    person = Person(await (await at.fresh()).new_page())
    await person.open(f"/u/acme/{OPEN}/label?ids={','.join(ids)}")
    for n in range(LABELS):  # the last item is there to be gone on to
        await (person.say("two", "2") if n % WRONG == 0 else person.say("one", "Enter"))
    await person.saved()
    await check(at, OPEN, person)
    await person.page.context.close()
    actions = person.actions / len(person.said)
    return [at_most(f"portal: actions per label, one in {WRONG} predictions wrong", actions, 1, "each")]


async def _confirmed(at: Portal, ids: Sequence[str]) -> list[Row]:
    """All are chosen in the Explorer but those whose prediction is wrong, and labelled at once."""
    before, page = await labels(at, BULK, ids), await (await at.fresh()).new_page()
    await page.goto(f"/u/acme/{BULK}/explorer")
    await page.locator(".bb-tile[data-painted]").first.wait_for()
    wrong = range(0, LABELS, WRONG)
    await page.keyboard.press("Control+a")
    for rank in wrong:
        await page.locator(f".bb-tile[data-rank='{rank}']").click(modifiers=["Control"])
    right = LABELS - len(wrong)
    await page.get_by_text(f"{right} selected").wait_for()
    keys = ["c", *"one", "Enter"]
    await page.keyboard.press(keys[0])
    await page.get_by_role("dialog").get_by_label("Concept", exact=True).wait_for()
    for key in keys[1:]:
        await page.keyboard.press(key)
    await page.get_by_text(f"Labelled {right} inputs as").wait_for()
    after = await labels(at, BULK, ids)
    if (found := sum(len(after[id]) == len(before[id]) + 1 for id in ids)) != right:
        raise RuntimeError(f"{found} labelled instead of {right}")
    await page.context.close()
    actions = (1 + len(wrong) + len(keys)) / right
    return [at_most(f"portal: actions per label in the Explorer, one in {WRONG} wrong", actions, 0.3, "each")]


async def _boxes(at: Portal, ids: Sequence[str]) -> list[Row]:
    """Tool and concept are in hand; then each box is a drag, and each picture a key."""
    person = Person(await (await at.fresh()).new_page())
    sockets = Sockets(person.page)
    await person.open(f"/u/acme/{OPEN}/label?ids={','.join(ids)}")
    await person.page.keyboard.press("b")
    await person.page.keyboard.press("1")
    sockets.clear()
    drags = 0
    for _ in range(IMAGES):
        for n in range(BOXES):
            await _drag(person.page, n)
            drags += 1
            await person.page.get_by_label("Boxes", exact=True).get_by_role("listitem").nth(n).wait_for()
        await person.step("Enter")
    await person.saved()
    kept = await _kept_boxes(at, ids)
    if kept != drags:
        raise RuntimeError(f"{kept} boxes are kept, {drags} were drawn")
    await person.page.context.close()
    return [
        at_most("portal: drags per box", drags / kept, 1, "each"),
        at_most("portal: keys per picture with boxes", person.actions / IMAGES, 1, "each"),
        sockets.row(f"while {drags} boxes are dragged"),
    ]


async def _drag(page: Page, n: int) -> None:
    frame = await page.locator(".bb-picture").bounding_box()
    assert frame is not None
    x, y = frame["x"] + frame["width"] / 2 + 60 * n, frame["y"] + frame["height"] / 2
    await page.mouse.move(x - 50, y - 40)
    await page.mouse.down()
    await page.mouse.move(x, y, steps=10)
    await page.mouse.up()


async def _kept_boxes(at: Portal, ids: Sequence[str]) -> int:
    query = "&".join(f"input_ids={id}" for id in ids)
    found = await at.call("GET", f"/v2/users/acme/apps/{OPEN}/annotations?{query}&per_page=1000")
    return sum(len(one["data"].get("regions", [])) for one in found["annotations"])


async def _cold(at: Portal) -> list[Row]:
    """To an item whose picture was not there: whatever is fetched ahead fails."""
    person, seen = Person(await (await at.fresh()).new_page()), set[str]()

    async def once(route: Route) -> None:
        url = route.request.url
        await (route.continue_() if url in seen else route.abort())
        seen.add(url)

    await person.page.route("**/rpc/media/**", once)
    await person.page.add_init_script("Image.prototype.decode = async () => {}")
    await person.open(f"/u/acme/{BLIND}/label")
    for _ in range(COLD):
        await asyncio.sleep(THINK_S)
        key = next(KEYS)
        await person.say(key, key)
    steps = await person.steps()
    await person.saved()
    await person.page.context.close()
    return spread("key to the next item painted, not prefetched", steps, 300, 300)


async def _many(at: Portal) -> list[Row]:
    """A long sitting: what it costs the browser, and how far it can be taken back."""
    person = Person(await (await at.fresh()).new_page())
    await person.open(f"/u/acme/{BLIND}/label")
    for _ in range(WARM_UP):
        await _quick(person)
    heap, before = await _heap(person.page), await at.renderers()
    memory = {pid: resident(pid) for pid in before}
    for _ in range(MANY):
        await _quick(person)
    await person.saved()
    held, after = await _heap(person.page), await at.renderers()
    busiest = max(before, key=lambda pid: after.get(pid, 0) - before[pid])
    grown = 100 * (resident(busiest) / memory[busiest] - 1)
    depth = await _undone(person)
    await person.saved()
    taken_back = list(person.said)[-depth:]
    there = await labels(at, BLIND, taken_back)
    for id in taken_back:
        del person.said[id]
    await check(at, BLIND, person)
    depth = sum(not concepts for concepts in there.values())
    return [
        at_most(f"portal: memory of the page's process, grown over {MANY:,} labels by", grown, 20, "%"),
        Row("portal:   what its scripts hold then", held / 1e6, "MB", "", None, heap / 1e6, "before"),
        at_least("portal: labels taken back, one item after the other", depth, 100, ""),
    ]


async def _quick(person: Person) -> None:
    key = next(KEYS)
    await person.say(key, key)


async def _undone(person: Person) -> int:
    """How many steps back lead to the item that was labelled then."""
    for n, id in enumerate(reversed(list(person.said)[-UNDONE:])):
        await person.step("Control+z")
        if await person.shown() != id:
            return n
    return UNDONE


async def _heap(page: Page) -> float:
    """Bytes that the page's scripts hold, once what is not needed is collected."""
    session: CDPSession = await page.context.new_cdp_session(page)
    for _ in range(2):
        await session.send("HeapProfiler.collectGarbage")
    found = await session.send("Runtime.getHeapUsage")
    await session.detach()
    return float(found["usedSize"])
