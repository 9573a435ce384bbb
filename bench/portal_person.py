"""Somebody who labels in the portal by a script: sees an item, thinks, presses a key; and what came of it."""

from collections.abc import Sequence
from urllib.parse import urlencode

from playwright.async_api import Page

from bench.portal_place import Portal

SHOWN = ".bb-label .work[data-painted]"
ASKED = 64  # inputs in one address
# From a key to when the next item is painted, in milliseconds, one after the other.
WATCH = """() => {
  window.steps = [];
  let pressed = 0, input = "";
  addEventListener("keydown", () => {  // the first one, for the page's own lets nobody else hear a key
    pressed = performance.now();
    input = document.querySelector(".bb-label .work")?.dataset.input;
  }, true);
  const look = () => {
    const work = document.querySelector(".bb-label .work[data-painted]");
    if (!pressed || !work || work.dataset.input === input) return;
    window.steps.push(performance.now() - pressed);
    pressed = 0;
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
}"""


class Person:
    """One who labels on a page; counts what they do."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.actions = 0
        self.said: dict[str, str] = {}  # what each input was labelled as

    async def open(self, address: str) -> None:
        await self.page.add_init_script(f"({WATCH})()")
        await self.page.goto(address)
        await self.page.locator(SHOWN).wait_for()

    async def shown(self) -> str:
        """The id of the item on the screen."""
        return str(await self.page.locator(SHOWN).get_attribute("data-input"))

    async def step(self, key: str) -> None:
        """Press a key that leads to another item, and wait until that is painted."""
        before = await self.page.evaluate("steps.length")
        self.actions += 1
        await self.page.keyboard.press(key)
        await self.page.wait_for_function("(n) => steps.length > n", arg=before, polling="raf")

    async def say(self, concept: str, key: str) -> None:
        """Label the item by a key, and go on."""
        input = await self.shown()
        await self.step(key)
        self.said[input] = concept

    async def steps(self) -> list[float]:
        return [float(took) for took in await self.page.evaluate("steps")]

    async def saved(self) -> None:
        """Wait until the server has everything."""
        await self.page.locator(".bb-saved[data-waiting='0']").wait_for(timeout=120_000)


async def labels(at: Portal, app: str, inputs: Sequence[str]) -> dict[str, list[str]]:
    """What people say of each of the inputs, as the server knows it: a concept for each annotation."""
    found: dict[str, list[str]] = {input: [] for input in inputs}
    for start in range(0, len(inputs), ASKED):
        asked = [("input_ids", input) for input in inputs[start : start + ASKED]]
        address = f"/v2/users/acme/apps/{app}/annotations?{urlencode([*asked, ('per_page', '1000')])}"
        for one in (await at.call("GET", address)).get("annotations", []):
            found[one["input_id"]] += [concept["id"] for concept in one["data"].get("concepts", [])]
    return found


async def lost_and_doubled(at: Portal, app: str, person: Person) -> tuple[int, int]:
    """How many of the labels the server does not have, and how many it has more than once."""
    there = await labels(at, app, list(person.said))
    lost = sum(concept not in there[input] for input, concept in person.said.items())
    return lost, sum(len(concepts) > 1 for concepts in there.values())


async def check(at: Portal, app: str, person: Person) -> None:
    """Raises RuntimeError unless the server has each label once."""
    lost, doubled = await lost_and_doubled(at, app, person)
    if lost or doubled:
        raise RuntimeError(f"of {len(person.said)} labels {lost} are lost and {doubled} doubled")
