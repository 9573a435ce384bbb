"""People look through what an app holds, and do something with it."""

import re

from browsing import Enter, Picture
from house import House
from playwright.sync_api import Page, expect
from shelves import EVIL, Shelf, drawn, image, text

COLOURS = ("red", "green", "blue", "gold", "teal", "navy", "pink", "gray")


def tiles(page: Page) -> int:
    page.locator(".bb-tile[data-painted]").first.wait_for()
    return page.locator(".bb-tile").count()


def is_unharmed(page: Page) -> bool:
    """Whether nothing that somebody wrote has run."""
    return bool(page.evaluate("window.hacked === undefined"))


def test_filters_stand_in_the_address_and_are_changed_in_place(
    enter: Enter, house: House, picture: Picture
) -> None:
    shelf = Shelf(house, "filtered")
    shelf.post(*(image(c, site="north" if n % 2 else "south", note=EVIL) for n, c in enumerate(COLOURS)))
    shelf.post(text(EVIL, site="west"), text("plain words", site="west"))
    page = enter("alice", f"{shelf.page}/explorer")
    expect(page.get_by_text("10 inputs")).to_be_visible()
    assert tiles(page) == 10
    expect(page.get_by_role("option", name=re.compile("^text")).first).to_contain_text("plain words")
    expect(page.get_by_text(EVIL).first).to_be_visible()

    counts = page.get_by_label("Counts to filter by")
    counts.get_by_role("button", name="north 4").click()
    expect(page.get_by_text("4 inputs")).to_be_visible()
    assert "site" in page.url
    expect(counts.get_by_role("button", name="south 4")).to_be_visible()  # without its own filter
    page.reload()
    expect(page.get_by_text("4 inputs")).to_be_visible()
    page.get_by_role("button", name="site = north", exact=True).click()
    page.get_by_label("Value", exact=True).fill("west")
    page.get_by_label("Not: show all others").check()
    page.get_by_role("button", name="Change", exact=True).click()
    expect(page.get_by_role("button", name="site ≠ west", exact=True)).to_be_visible()
    expect(page.get_by_text("8 inputs")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("site=west")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    picture(page, "explorer-nothing")
    page.get_by_role("button", name="Without site ≠ west: 2").click()
    expect(page.get_by_text("2 inputs")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("8 inputs")).to_be_visible()
    page.get_by_role("button", name="Remove site ≠ west").click()
    expect(page.get_by_text("10 inputs")).to_be_visible()
    page.get_by_label("Order").select_option("oldest")
    expect(page.locator(".bb-tile").last).to_contain_text("plain words")
    assert is_unharmed(page)


def test_a_jump_asks_for_what_is_seen_by_few_requests(enter: Enter, house: House) -> None:
    shelf = Shelf(house, "jumped-over")
    for start in range(0, 360, 120):
        shelf.post(*(text(f"text {n}") for n in range(start, start + 120)))
    page = enter("alice", f"{shelf.page}/explorer")
    tiles(page)
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator(".bb-grid").evaluate("box => (box.scrollTop = box.scrollHeight / 2)")
    expect(page.locator(".bb-tile[data-rank='180'][data-painted]")).to_contain_text("text 179")
    expect(page.locator(".bb-tile:not([data-painted])")).to_have_count(0)
    assert len(asked) <= 10, asked  # two pages and what is to be seen of them, then what lies beside
    assert not any("/media/" in url for url in asked)


def test_many_are_chosen_labelled_and_deleted_by_keys_alone(
    enter: Enter, house: House, picture: Picture
) -> None:
    shelf = Shelf(house, "chosen")
    ids = shelf.post(*(image(c) for c in COLOURS))[::-1]  # the newest first
    page = enter("alice", f"{shelf.page}/explorer")
    tiles(page)
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.keyboard.press("c")
    concept = page.get_by_label("Concept", exact=True)
    expect(concept).to_be_focused()
    concept.fill(EVIL)
    expect(page.get_by_text("There is no such concept yet")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("Labelled 3 inputs as"))).to_be_visible()
    first = page.locator(".bb-tile").first
    expect(first).to_contain_text(EVIL)
    picture(page, "explorer")
    page.get_by_role("button", name="Undo").click()
    expect(first).not_to_contain_text(EVIL)
    assert shelf.labels(ids[:3]) == [[], [], []]
    page.keyboard.press("c")
    page.get_by_label("Concept", exact=True).fill("dent")
    page.get_by_label("they are not").check()
    page.keyboard.press("Enter")
    expect(first).to_contain_text("✗ dent")
    assert shelf.labels(ids[:4]) == [[("dent", 0)]] * 3 + [[]]

    page.keyboard.press("Delete")
    expect(page.get_by_text("Deleted 3 inputs")).to_be_visible()
    page.get_by_role("button", name="Undo").last.click()
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    page.keyboard.press("Delete")
    page.get_by_role("status").get_by_text("Deleted 1 input")
    page.reload()  # leaving is the end of the time to undo
    expect(page.get_by_text(re.compile("[78] inputs"))).to_be_visible()
    assert page.evaluate("document.querySelectorAll('*').length") < 1500
    assert is_unharmed(page)


def test_an_input_is_shown_with_what_is_said_of_it_and_a_model_is_run(
    enter: Enter, house: House, picture: Picture
) -> None:
    shelf = Shelf(house, "examined")
    shelf.add_model()
    shelf.collect("all")
    shelf.predict("cat=0.9 dog=0.1")
    (found,) = shelf.call("GET", "/inputs")["inputs"]
    page = enter("alice", f"{shelf.page}/explorer?i={found['id']}")
    expect(page.get_by_label("Text of the input")).to_have_text("cat=0.9 dog=0.1")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/explorer/{found['id']}")
    why = page.get_by_label("Why it was kept")
    expect(why.get_by_role("link", name="all", exact=True)).to_have_attribute(
        "href", f"{shelf.page}/collectors/all"
    )
    why.get_by_role("button", name="Why? Step by step").click()
    expect(why.get_by_role("table")).to_be_visible()
    expect(page.get_by_label("Model or workflow")).to_have_value("alice/examined/said")
    page.get_by_role("button", name="Run", exact=True).click()
    models = page.get_by_label("What models say")
    expect(models.get_by_text("just now")).to_be_visible()
    expect(models.get_by_text("0.90").first).to_be_visible()
    shelf.settle()  # the collector keeps that prediction, too
    page.get_by_role("button", name="Edit").click()
    editor = page.get_by_label("Metadata as JSON")
    editor.fill("{not json")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(re.compile("This is no JSON"))).to_be_visible()
    editor.fill('{"collector_id": "all", "note": "' + EVIL.replace('"', '\\"') + '"}')
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Metadata", exact=True).get_by_text(EVIL.replace('"', '\\"'))).to_be_visible()
    kept = shelf.call("GET", f"/inputs/{found['id']}")["input"]["data"]["metadata"]
    assert (kept["note"], kept["capture"]["model_id"]) == (EVIL, "said")
    page.get_by_text("Raw JSON").click()
    picture(page, "input")
    assert is_unharmed(page)


def test_uploads_tell_what_failed_and_why(
    enter: Enter, house: House, picture: Picture, expected: list[str]
) -> None:
    expected.append("400")  # all of a call are refused
    shelf = Shelf(house, "uploaded")
    page = enter("alice", f"{shelf.page}/explorer")
    expect(page.get_by_role("heading", name="No inputs yet")).to_be_visible()
    picture(page, "explorer-empty")
    good = {"name": f"{EVIL}.png", "mimeType": "image/png", "buffer": drawn("red")}
    bad = {"name": "broken.png", "mimeType": "image/png", "buffer": b"not a picture"}
    page.keyboard.press("u")
    page.get_by_label("Choose files").set_input_files([good, bad])
    uploads = page.get_by_label("Uploads", exact=True)
    expect(uploads.get_by_role("button", name="1 Errors")).to_be_visible()
    expect(uploads.get_by_text("broken.png")).to_be_visible()
    expect(uploads.locator(".why")).not_to_be_empty()
    shelf.settle()
    expect(uploads.get_by_role("button", name="1 Processed")).to_be_visible()
    picture(page, "explorer-upload")
    uploads.get_by_role("button", name="1 Processed").click()
    expect(uploads.get_by_text(EVIL)).to_be_visible()
    uploads.get_by_role("button", name="Retry 1").click()
    expect(uploads.get_by_role("button", name="1 Errors")).to_be_visible()
    table = 'text,concepts,site\n"a, ""quoted"" line",good|new,3\nsecond,,north\n'
    page.keyboard.press("u")
    page.get_by_label("CSV", exact=True).set_input_files(
        {"name": "t.csv", "mimeType": "text/csv", "buffer": table.encode()}
    )
    expect(page.get_by_text("3 inputs")).to_be_visible()
    found = {tuple(i["data"]["metadata"].items()) for i in shelf.call("GET", "/inputs")["inputs"]}
    assert found == {(("filename", f"{EVIL}.png"),), (("site", 3),), (("site", "north"),)}
    assert is_unharmed(page)


def test_who_may_only_look_is_told_why_and_who_helps(enter: Enter, house: House) -> None:
    shelf = Shelf(house, "looked-at")
    (id,) = shelf.post(image("navy"))
    names = ("Annotations", "Concepts", "Inputs", "Models", "Workflows", "Apps", "Collectors")
    scopes = [*(f"{name}:Get" for name in names), "Search"]
    bob = {"user": {"id": "bob"}, "scopes": scopes}
    shelf.call("POST", "/collaborators", {"collaborators": [bob]})
    page = enter("bob", f"{shelf.page}/explorer")
    tiles(page)
    upload = page.get_by_role("button", name="Upload")
    expect(upload).to_have_attribute("title", re.compile("You lack Inputs:Add.* alice can give"))
    upload.click(force=True)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator(".bb-grid").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Delete")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("c")
    expect(page.get_by_role("status").get_by_text("You lack Annotations:Add")).to_be_visible()
    page.goto(f"{shelf.page}/label?ids={id}")
    page.locator(".work[data-painted]").wait_for()
    page.keyboard.press("b")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").or_(page.locator(".note.warn"))).to_contain_text("You lack")
    assert shelf.annotations(id) == []
    # Another test counts the apps that bob may see.
    shelf.call("DELETE", "/collaborators", {"collaborator_ids": ["bob"]})
