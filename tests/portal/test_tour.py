"""One person's first day: from signing in to a redriven dead letter and a workflow that was drawn."""

import re
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from browsers import CHROMIUM
from browsing import Picture, drag
from clarifai_grpc.grpc.api.resources_pb2 import UserAppIDSet
from clarifai_grpc.grpc.api.service_pb2 import ListAnnotationsRequest
from house import House
from lamps import ask, lamp, lamps, put_model
from people import PASSWORD, App, sign_in, with_second_factor
from playwright.sync_api import BrowserContext, Page, expect

from bowerbird.queue import Failure

LAMPS = UserAppIDSet(user_id="vera", app_id="street-lamps")
BASE = "/u/vera/street-lamps"


@dataclass
class Vera:
    """Who takes the tour; she has a second factor."""

    house: House
    authenticator: App

    def send(self, request_id: str, pictures: list[bytes]) -> None:
        self.house.world.clock.now = time.time()  # pages say how long ago it was
        self.house.do(ask(self.house.world, "vera", LAMPS, pictures, request_id))

    def bury(self) -> None:
        """What waits to be posted has failed for good."""
        self.house.do(self._buried())

    async def _buried(self) -> None:
        queue, now = self.house.world.app.services.queue, self.house.world.clock()
        leased = await queue.lease(10, now=now, ttl=60, worker="w")
        await queue.bury(leased, error=Failure("post", "the app was full", now))

    def labels(self) -> int:
        request = ListAnnotationsRequest(user_app_id=LAMPS, user_ids=["vera"], list_all_annotations=True)
        answer = self.house.do(self.house.world.ok("vera", "ListAnnotations", request))
        return sum(not a.model_version_id for a in answer.annotations)  # type: ignore[attr-defined]


async def moved_in(house: House) -> Vera:
    world = house.world
    world.tokens["vera"] = await world.app.create_user("vera", "vera@example.com", password=PASSWORD)
    app, _ = await with_second_factor(world, (await sign_in(world, "vera")).token, PASSWORD)
    return Vera(house, app)


@pytest.fixture
def executable() -> Path:
    """The browser that people have."""
    return CHROMIUM


@pytest.fixture
def vera(house: House) -> Vera:
    return house.do(moved_in(house))


def test_the_tour(
    context: BrowserContext, house: House, vera: Vera, picture: Picture, expected: list[str]
) -> None:
    page = context.new_page()
    expected.append("401")  # until she has said who she is
    come_in(page, vera, picture)
    make_app(page, picture)
    house.do(put_model(house.world, "vera", LAMPS))
    vera.send("before", list(lamps(40)))
    make_collector(page, picture)
    house.do(house.world.collecting.plans.refresh())
    watch_arrivals(page, vera, picture)
    page.goto(BASE)
    expect(page.get_by_role("link", name="Label what was kept")).to_be_visible()
    label_two(page, vera, picture)
    page.goto(BASE)
    expect(page.get_by_role("heading", name="All set up")).to_be_visible()
    redrive_and_pause(page, vera, picture)
    draw_workflow(page, picture)
    page.get_by_label("You: vera").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/signin")
    page.goto(BASE)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def come_in(page: Page, vera: Vera, picture: Picture) -> None:
    page.goto("/signin")
    page.get_by_label("User ID or email").fill("vera")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Code").fill(vera.authenticator.code(1))
    picture(page, "tour-signin")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Apps", exact=True)).to_be_visible()


def make_app(page: Page, picture: Picture) -> None:
    page.keyboard.press("n")
    page.get_by_label("ID").fill("street-lamps")
    page.get_by_label("Description").fill("Which lamps need a look")
    page.get_by_role("button", name="Make the app").click()
    page.wait_for_url(f"**{BASE}")
    expect(page.get_by_text("What to do next")).to_be_visible()
    picture(page, "tour-app")


def make_collector(page: Page, picture: Picture) -> None:
    page.goto(f"{BASE}/collectors")
    page.get_by_role("heading", name="Nothing is being kept").wait_for()
    page.keyboard.press("n")
    page.locator("#model").click()
    page.get_by_label("Find a model").fill("lamp-light")
    page.get_by_role("list", name="Models").get_by_role("button").click()
    expect(page.get_by_label("ID", exact=True)).to_have_value("lamp-light-uncertain")
    page.get_by_label("To", exact=True).fill("0.55")
    page.get_by_label("From", exact=True).fill("0")
    page.get_by_label("Description").fill("Lamps that the model is unsure of")
    expect(page.get_by_text(re.compile(r"^\d+ of 40 recorded"))).to_be_visible()
    expect(page.locator(".bb-preview [aria-busy=true], .bb-preview .old")).to_have_count(0)
    page.locator("h1").scroll_into_view_if_needed()
    picture(page, "tour-rules")
    page.get_by_role("button", name="Make a key").click()
    expect(page.get_by_text("Made, chosen, and shown this once:")).to_be_visible()
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/collectors/lamp-light-uncertain?made=1")


def watch_arrivals(page: Page, vera: Vera, picture: Picture) -> None:
    arrived = page.locator(".bb-strip li")
    expect(page.get_by_text("Nothing kept yet.")).to_be_visible()
    vera.send("live", list(lamps(30, 100)))
    vera.house.do(vera.house.world.drain())
    expect(arrived.first).to_contain_text("π")
    expect(page.locator("#bb-tab")).to_contain_text(re.compile(r"of 30 in the last hour.*Waiting\s*0"))
    page.get_by_role("button", name="Not now").click()
    page.wait_for_load_state("networkidle")
    picture(page, "tour-live")
    page.emulate_media(color_scheme="dark")
    picture(page, "tour-live-dark")
    page.emulate_media(color_scheme="light")


def label_two(page: Page, vera: Vera, picture: Picture) -> None:
    page.goto(f"{BASE}/label?collector=lamp-light-uncertain&all=1")
    for key in ("1", "2"):
        page.locator(".bb-label .work[data-painted]").wait_for()
        if key == "2":
            picture(page, "tour-label")
        page.keyboard.press(key)
    expect(page.get_by_text("2 done")).to_be_visible()
    expect(page.get_by_text("All saved")).to_be_visible()
    assert vera.labels() == 2


def redrive_and_pause(page: Page, vera: Vera, picture: Picture) -> None:
    vera.send("lost", [lamp(0.5, 7)])
    vera.bury()
    page.goto(f"{BASE}/collectors/lamp-light-uncertain")
    page.get_by_role("tab", name=re.compile("Dead letters")).click()
    expect(page.get_by_role("heading", name="the app was full")).to_be_visible()
    picture(page, "tour-dead-letter")
    page.get_by_role("button", name="Redrive it").click()
    expect(page.get_by_text("Sent 1 letter on the way again")).to_be_visible()
    vera.house.do(vera.house.world.drain())
    expect(page.get_by_role("heading", name="No dead letters")).to_be_visible()
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()


def draw_workflow(page: Page, picture: Picture) -> None:
    page.goto(f"{BASE}/workflows?new=1")
    page.get_by_label("ID of the workflow").fill("needs-a-look")
    palette = page.get_by_label("What can be added")
    board = page.locator(".bb-board").bounding_box()
    assert board is not None
    drag(
        page,
        palette.get_by_role("button", name="lamp-light", exact=True),
        (board["x"] + 150, board["y"] + 90),
    )
    page.mouse.up()
    page.get_by_label("Find what to add").fill("score filter")
    sure = palette.get_by_role("button", name="Prediction Score Filter")
    drag(page, sure, (board["x"] + 430, board["y"] + 90))
    page.mouse.up()
    model = page.get_by_role("group", name=re.compile("^lamp-light,"))
    drag(page, model.locator(".port.out"), page.get_by_role("group", name=re.compile("^prediction-score")))
    page.mouse.up()
    expect(page.get_by_role("group", name="reads from lamp-light")).to_have_count(1)
    settings = page.get_by_label("Settings of prediction-score-filter")
    settings.get_by_label("Score").select_option("max_prob")
    settings.get_by_role("spinbutton", name=re.compile("^hi", re.IGNORECASE)).fill("0.55")
    page.keyboard.press("Control+s")
    page.wait_for_url("**/workflows/needs-a-look")
    page.get_by_role("button", name="Run on…").click()
    photo = {"name": "lamp.jpg", "mimeType": "image/jpeg", "buffer": lamp(0.5, 3)}
    page.get_by_label("Choose a file").set_input_files(photo)
    page.get_by_role("button", name="Run", exact=False).last.click()
    expect(page.get_by_label("Run the workflow")).to_contain_text("It passes, by prediction-score-filter.")
    picture(page, "tour-workflow")
