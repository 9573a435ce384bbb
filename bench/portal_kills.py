"""Labels while everything breaks in turns: the tab crashes, the network is cut, the server is killed."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import cycle
from pathlib import Path

from playwright.async_api import Error

from bench.portal_person import Person, lost_and_doubled
from bench.portal_place import Portal, portal
from bench.rows import Row, at_most

APP = "hard-cases"
KILLS, BETWEEN = 30, 10  # kills, and labels from one to the next; the goal speaks of 200 in 2,000 labels
LABELS = KILLS * BETWEEN
KEYS = "1234567890"
MEANWHILE = 3  # labels while there is no network
UP_S = 60
ANSWERS = """async (path) => {
  const { call } = await import("bowerbird/api.js");
  const isUp = () => call("GET", path).then(() => true, () => false);
  while (!(await isUp())) await new Promise((done) => setTimeout(done, 100));
}"""

Kill = Callable[[Portal, Person], Awaitable[Person]]


async def rows(scratch: Path) -> list[Row]:
    async with portal(scratch / "kills") as at:
        await at.fill(APP, LABELS + KILLS * MEANWHILE + 100)
        person = await _sat_down(at, {})
        for n, kill in zip(range(KILLS), cycle((_crash, _cut, _server)), strict=False):
            for label in range(BETWEEN):
                await _say(person, n + label)
            # The last label was shown to be taken, and is not sent yet.
            person = await kill(at, person)
        await person.page.evaluate("dispatchEvent(new Event('online'))")
        await person.saved()
        lost, doubled = await lost_and_doubled(at, APP, person)
    during = f"over {KILLS} kills in {len(person.said)} labels"
    return [
        at_most(f"portal: labels lost {during}", lost, 0, "count"),
        at_most(f"portal: labels doubled {during}", doubled, 0, "count"),
    ]


async def _sat_down(at: Portal, said: dict[str, str]) -> Person:
    """In a new tab of the same browser, which knows what was said before."""
    person = Person(await at.page.context.new_page())
    person.said = said
    await person.open(f"/u/acme/{APP}/label")
    return person


async def _say(person: Person, n: int) -> None:
    key = KEYS[n % len(KEYS)]
    await person.say(key, key)


async def _crash(at: Portal, person: Person) -> Person:
    session = await person.page.context.new_cdp_session(person.page)
    crash = asyncio.ensure_future(session.send("Page.crash"))  # which nobody is left to answer
    await person.page.wait_for_event("crash")
    await person.page.close()
    with suppress(Error):
        await crash
    return await _sat_down(at, person.said)


async def _cut(at: Portal, person: Person) -> Person:
    context = person.page.context
    await context.set_offline(True)
    for n in range(MEANWHILE):
        await _say(person, n)
    await context.set_offline(False)
    return person


async def _server(at: Portal, person: Person) -> Person:
    """The API, which its parent starts anew; the person goes on meanwhile."""
    os.kill(at.process("api"), signal.SIGKILL)
    await _say(person, 0)
    async with asyncio.timeout(UP_S):
        await at.page.evaluate(ANSWERS, f"/v2/users/acme/apps/{APP}")
    return person
