"""A person comes in, looks around, and leaves."""

import re

from browsing import Enter, Picture
from house import House
from playwright.sync_api import expect

PHONE = {"width": 390, "height": 844}
ALERT = '<img src=x onerror="document.title=1">'


def test_the_frame_works_from_signing_in_to_signing_out(enter: Enter, picture: Picture) -> None:
    page = enter("alice")
    expect(page.get_by_role("heading", name="Apps", exact=True)).to_be_visible()
    picture(page, "home")
    page.keyboard.press("n")
    page.get_by_label("ID").fill("blue things")
    page.get_by_label("Description").fill(ALERT)
    expect(page.get_by_text("cannot be in an ID")).to_be_visible()
    page.get_by_label("ID").fill("bower")
    page.get_by_role("button", name="Make the app").click()
    page.wait_for_url("**/u/alice/bower")
    expect(page.get_by_text("What to do next")).to_be_visible()
    expect(page.get_by_text(ALERT)).to_be_visible()
    picture(page, "overview")

    modes = page.get_by_role("navigation", name="Modes of the app")
    expect(modes.get_by_role("link", name="Overview")).to_have_attribute("aria-current", "page")
    page.get_by_role("button", name="Sidebar").click()
    expect(page.locator(".bb-shell.slim")).to_have_count(1)
    page.keyboard.press("Control+k")
    page.keyboard.type("all ap")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url.endswith("/"))

    menu = page.get_by_label("You: alice")
    menu.click()
    page.get_by_label("dark").check()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("body")).to_have_css("background-color", "rgb(19, 20, 23)")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    picture(page, "home-dark")
    page.set_viewport_size(PHONE)
    expect(page.get_by_role("heading", name="Apps", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    picture(page, "home-phone")
    menu.click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/signin")
    page.goto("/u/alice/bower")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    picture(page, "signin")


def test_an_app_is_found_pinned_and_deleted_by_typing_its_name(enter: Enter, house: House) -> None:
    for id in ("aaa", "old-one"):
        house.do(house.world.add_app("bob", id))
    page = enter("bob")
    cards = page.locator(".bb-apps li")
    expect(cards.filter(has_text=re.compile("aaa|old-one"))).to_have_count(2)
    page.get_by_role("button", name="Pin old-one").click()
    expect(cards.first).to_contain_text("old-one")
    page.keyboard.press("/")
    page.keyboard.type("old")
    expect(cards).to_have_count(1)
    assert page.url.endswith("?q=old")
    page.get_by_label("More for old-one").click()
    page.get_by_role("button", name="Delete…").click()
    sure = page.get_by_role("button", name="Delete the app")
    expect(sure).to_be_disabled()
    page.get_by_label("Type old-one to confirm").fill("old-one")
    sure.click()
    expect(page.get_by_text("Deleted old-one")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("No app is called"))).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(cards.filter(has_text="aaa")).to_have_count(1)
    expect(cards.filter(has_text="old-one")).to_have_count(0)


def test_a_page_that_may_not_be_seen_says_who_can_change_that(enter: Enter, expected: list[str]) -> None:
    expected.append("404")
    page = enter("mallory", "/u/alice/zoo")
    expect(page.get_by_role("heading", name="You cannot see alice/zoo.")).to_be_visible()
    expect(page.get_by_text("alice can let you in")).to_be_visible()
    expect(page.get_by_role("link", name="All apps").last).to_be_visible()
    page.goto("/nowhere/at/all")
    expect(page.get_by_role("heading", name="There is no page here.")).to_be_visible()


def test_whoever_has_a_small_part_in_an_app_finds_it_and_is_told_what_they_may_not_see(
    enter: Enter, house: House, expected: list[str]
) -> None:
    house.do(house.world.add_app("alice", "attic", description="Only for those who may read it"))
    with house.signed_in("alice") as alice, house.signed_in("root") as root:
        role = {"id": "namer", "scopes": ["Concepts:Get", "Concepts:Add"]}
        assert root.post("/rpc/v1/roles", json={"roles": [role]}).status_code == 200
        given = {"role_bindings": [{"role_id": "namer", "user_id": "bob"}]}
        place = "/rpc/v1/users/alice/apps/attic/role_bindings"
        assert alice.post(place, json=given).status_code == 200
    expected.append("403")
    page = enter("bob")
    page.get_by_role("link", name="attic").click()
    tiles = page.locator(".bb-overview .tiles li")
    expect(tiles.filter(has_text="Models")).to_contain_text("You may not see them")
    expect(tiles.filter(has_text="Inputs")).to_contain_text("–")
    expect(tiles.filter(has_text="Concepts")).to_contain_text("0")
    expect(page.get_by_text("Put a model in")).to_have_count(0)
    expect(page.get_by_text("Only for those")).to_have_count(0)
    page.get_by_role("link", name="Concepts", exact=True).click()
    expect(page.get_by_role("heading", name="No concepts yet")).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("alert")).to_contain_text("Apps:Get")


def test_the_keys_are_shown_and_can_be_switched_off(enter: Enter) -> None:
    page = enter("alice", "/u/alice/zoo")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys of this page")
    expect(dialog.get_by_text("Go to Overview")).to_be_visible()
    dialog.get_by_label("Single keys are on").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("?")
    expect(dialog).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Go to")).to_be_visible()


def test_the_first_stop_of_the_keyboard_leads_past_the_frame(enter: Enter) -> None:
    page = enter("alice", "/u/alice/zoo")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    expect(page.get_by_role("main")).to_have_count(1)


def test_sessions_elsewhere_are_listed_and_ended(enter: Enter, house: House) -> None:
    with house.signed_in("root") as elsewhere:
        elsewhere.headers["user-agent"] = "curl/8"
        page = enter("root")
        page.get_by_label("You: root").click()
        page.get_by_role("button", name="Where I am signed in").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text("this one")).to_be_visible()
        dialog.get_by_role("button", name="Sign out everywhere else").click()
        expect(page.get_by_text(re.compile("Signed out of"))).to_be_visible()
        assert elsewhere.get("/rpc/v1/session").status_code == 401
