"""Concepts in the portal: made, renamed, told in another language, related, found again."""

import re

from browsing import Enter, Picture
from clarifai_grpc.grpc.api.resources_pb2 import Data, Input, Text
from clarifai_grpc.grpc.api.service_pb2 import PostInputsRequest
from house import House
from playwright.sync_api import expect
from world import World

HOSTILE = '<img src=x onerror=alert(1)> & "co"'


async def label(world: World, concepts: dict[str, float]) -> None:
    """One text that a person has labelled."""
    given = Input(data=Data(text=Text(raw="woof")))
    for id, value in concepts.items():
        given.data.concepts.add(id=id, value=value)
    await world.ok(
        "alice", "PostInputs", PostInputsRequest(inputs=[given]), user_id="alice", app_id="c-words"
    )
    await world.drain()


def test_concepts_are_made_named_in_two_languages_and_related(
    enter: Enter, house: House, picture: Picture, expected: list[str]
) -> None:
    house.do(house.world.add_app("alice", "c-words"))
    page = enter("alice", "/u/alice/c-words/concepts")
    expect(page.get_by_role("heading", name="No concepts yet")).to_be_visible()
    for name in ("dog", "puppy", HOSTILE):
        page.keyboard.press("n")
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_role("button", name="Make it").click()
        page.wait_for_url("**?i=*")
        expect(page.get_by_role("complementary").get_by_label("Name", exact=True)).to_have_value(name)
        page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=HOSTILE)).to_be_visible()

    page.get_by_role("button", name="Open puppy").click()
    panel = page.get_by_role("complementary", name="puppy")
    panel.get_by_label("Language", exact=True).fill("de")
    panel.get_by_label("Name there").fill("Welpe")
    panel.get_by_role("button", name="Add German").click()
    expect(panel.get_by_role("cell", name="Welpe")).to_be_visible()
    panel.get_by_label("It…").select_option("hyponym")
    panel.get_by_label("Concept", exact=True).fill("dog")
    panel.get_by_label("Knowledge graph", exact=True).fill("animals")
    panel.get_by_role("button", name="Relate").click()
    expect(panel.get_by_role("listitem")).to_contain_text("is a kind of")
    picture(page, "concepts")

    panel.get_by_role("button", name="dog", exact=True).click()
    panel = page.get_by_role("complementary", name="dog")
    expect(panel.get_by_role("listitem")).to_contain_text("is more general than")
    expected.append("400")
    panel.get_by_label("It…").select_option("hyponym")
    panel.get_by_label("Concept", exact=True).fill("puppy")
    panel.get_by_label("Knowledge graph", exact=True).fill("animals")
    panel.get_by_role("button", name="Relate").click()
    expect(panel.get_by_role("alert")).to_contain_text("would be a hyponym of itself")

    panel.get_by_label("Name", exact=True).fill("hound")
    panel.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Open hound")).to_be_visible()
    house.do(label(house.world, {"dog": 1, "puppy": 0}))
    page.reload()
    expect(page.get_by_role("row", name="hound")).to_contain_text("1 · 0")
    expect(page.get_by_role("row", name="puppy")).to_contain_text("0 · 1")
    expect(page.get_by_role("complementary", name="hound")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("complementary", name="puppy")).to_be_visible()

    page.keyboard.press("Escape")
    page.get_by_role("button", name=HOSTILE).click()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete the concept").click()
    expect(page.get_by_role("button", name=HOSTILE)).to_have_count(0)
    page.get_by_role("button", name="Open hound").click()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete the concept").click()
    expect(page.get_by_text("'dog' is in use: 1 input is annotated as it, or as not")).to_be_visible()


def test_who_may_only_look_is_told_why_the_buttons_are_off(enter: Enter, house: House) -> None:
    house.do(house.world.add_app("alice", "c-shared"))
    with house.signed_in("alice") as browser:
        scopes = ["Concepts:Get"]
        given = {"collaborators": [{"user": {"id": "bob"}, "scopes": scopes}]}
        answer = browser.post("/rpc/v2/users/alice/apps/c-shared/collaborators", json=given)
        assert answer.status_code == 200, answer.text
    page = enter("bob", "/u/alice/c-shared/concepts")
    make = page.get_by_role("button", name="New concept")
    expect(make).to_have_attribute("aria-disabled", "true")
    expect(make).to_have_attribute("title", re.compile("Concepts:Add is missing. alice, who owns the app"))
