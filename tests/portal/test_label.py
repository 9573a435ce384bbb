"""People label by keys: nothing is lost, nothing is doubled, and what is blind stays blind."""

import json
import re

from browsing import Enter, Picture
from house import House
from playwright.sync_api import BrowserContext, Page, Response, expect
from shelves import EVIL, Shelf, image, text

COLOURS = ("red", "green", "blue", "gold", "teal", "navy", "pink", "gray")
ALL_SAVED = "All saved"


def shown(page: Page) -> str:
    """The id of the item that is on the screen, once it is."""
    work = page.locator(".bb-label .work[data-painted]")
    work.wait_for()
    return str(work.get_attribute("data-input"))


def press(page: Page, *keys: str) -> None:
    """Press each key once the item is painted, as somebody does who looks at it."""
    for key in keys:
        shown(page)
        page.keyboard.press(key)


def saved(page: Page) -> None:
    expect(page.get_by_text(ALL_SAVED)).to_be_visible()


def test_five_are_labelled_by_keys_with_undo_and_a_reload_in_the_middle(
    enter: Enter, house: House, picture: Picture, expected: list[str]
) -> None:
    # What is taken back before the server has it is not there to be deleted; what was sent when the page
    # was loaded anew is sent again, and is there already.
    expected += ["404", "400"]
    shelf = Shelf(house, "labelled")
    shelf.concepts("cat", "dog", "cow")
    ids = shelf.post(*(image(c) for c in COLOURS))[::-1]
    page = enter("alice", f"{shelf.page}/label")
    assert shown(page) == ids[0]
    picture(page, "label")
    press(page, "1", "2", "3")
    assert shown(page) == ids[3]
    press(page, "Control+z")
    assert shown(page) == ids[2]
    saved(page)
    assert shelf.labels(ids[:4]) == [[("cat", 1)], [("dog", 1)], [], []]
    press(page, "Control+Shift+Z")
    assert shown(page) == ids[3]
    press(page, "ArrowUp", "x", " ")  # the last concept is highlighted: not a cow; and one is skipped
    page.get_by_text("3 left").wait_for()
    page.reload()  # what was said is known, and not asked again; what was skipped is
    assert shown(page) == ids[5]
    press(page, "ArrowLeft")
    assert shown(page) == ids[4]
    press(page, "1", "l")
    page.keyboard.type(EVIL)
    page.keyboard.press("Enter")
    assert shown(page) == ids[6]
    press(page, "m", "1", "2", "2", "Enter")  # several: a cat, and not a dog
    saved(page)
    wanted = [("cat", 1), ("dog", 1), ("cow", 1), ("cow", 0), ("cat", 1)]
    found = shelf.labels(ids)
    assert [one[0] for one in found[:5]] == wanted
    assert found[5][0][0].startswith("img-src-x")
    assert found[6:] == [[("cat", 1), ("dog", 0)], []]
    assert all(len(shelf.annotations(id)) == 1 for id in ids[:7])
    expect(page.get_by_text(EVIL).first).to_be_visible()
    assert page.evaluate("window.hacked === undefined")
    assert page.evaluate("document.querySelectorAll('*').length") < 1500


def test_labels_wait_on_this_computer_while_the_server_is_away(
    enter: Enter, context: BrowserContext, house: House, expected: list[str]
) -> None:
    shelf = Shelf(house, "away")
    shelf.concepts("cat", "dog")
    ids = shelf.post(*(image(c) for c in COLOURS[:4]))[::-1]
    expected.append("ERR_FAILED")
    page = enter("alice", f"{shelf.page}/label")
    page.on("dialog", lambda dialog: dialog.accept())  # leaving with unsent labels asks
    writes = re.compile(r"/annotations$")
    context.route(writes, lambda route: route.abort())
    press(page, "1", "2")
    expect(page.get_by_text("Offline: 2 kept on this computer")).to_be_visible()
    assert shelf.labels(ids) == [[], [], [], []]
    page.reload()
    assert shown(page) == ids[2]  # they are labelled already, though the server does not know
    expect(page.get_by_text("Offline: 2 kept on this computer")).to_be_visible()
    # One write arrives whose answer is lost: sent again, it is there once.
    kept = [(ids[0], {"concepts": [{"id": "cat", "value": 1}]})]
    made = [{"id": "of-alice", "input_id": id, "data": data} for id, data in kept]
    shelf.call("POST", "/annotations", {"annotations": made})
    expected.append("400")
    context.unroute(writes)
    page.evaluate("dispatchEvent(new Event('online'))")
    saved(page)
    assert shelf.labels(ids) == [[("cat", 1)], [("dog", 1)], [], []]
    assert [len(shelf.annotations(id)) for id in ids] == [1, 1, 0, 0]


def test_boxes_are_drawn_by_mouse_and_by_keys(enter: Enter, house: House, picture: Picture) -> None:
    shelf = Shelf(house, "boxed")
    shelf.concepts("cat", "dog")
    (id,) = shelf.post(image("teal"))
    page = enter("alice", f"{shelf.page}/label?ids={id}")
    press(page, "b", "1")  # the concept that boxes get
    frame = page.locator(".bb-picture").bounding_box()
    assert frame
    x, y = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2
    page.mouse.move(x - 120, y - 100)
    page.mouse.down()
    page.mouse.move(x - 40, y - 20, steps=3)
    page.mouse.up()
    boxes = page.get_by_label("Boxes", exact=True)
    expect(boxes.get_by_role("button", name="1 cat", exact=True)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("2")  # names the chosen one anew
    expect(boxes.get_by_role("button", name="1 dog", exact=True)).to_be_visible()
    press(page, "Escape", "b", "b", "ArrowLeft", "Shift+ArrowDown", "Enter")
    expect(boxes.get_by_role("button", name="2 dog", exact=True)).to_be_visible()
    picture(page, "label-boxes")
    page.mouse.move(x + 2, y + 2)
    page.mouse.down()
    page.mouse.move(x + 3, y + 3)  # a slip of the hand
    page.mouse.up()
    saved(page)
    made = [a["data"]["regions"][0] for a in shelf.annotations(id)]
    assert [r["data"]["concepts"][0]["id"] for r in made] == ["dog", "dog"]
    by_mouse, by_keys = (r["region_info"]["bounding_box"] for r in made)
    assert by_mouse["left_col"] < by_mouse["right_col"] < 0.5
    assert 0.2 < by_keys["right_col"] - by_keys["left_col"] < 0.4
    press(page, "]", "Delete")
    saved(page)
    assert len(shelf.annotations(id)) == 1
    press(page, "Backspace", "Backspace")  # undoes the deletion, then the box by keys
    saved(page)
    expect(boxes.get_by_role("listitem")).to_have_count(1)


def test_of_a_blind_item_no_prediction_reaches_the_browser(
    enter: Enter, context: BrowserContext, house: House, picture: Picture
) -> None:
    shelf = Shelf(house, "blind")
    shelf.add_model()
    shelf.collect("all")
    shelf.predict("secretly=0.93")
    answers: list[str] = []

    def listen(response: Response) -> None:
        if "/rpc/" in response.url:
            answers.append(f"{response.url} {_body(response)}")

    context.on("response", listen)
    page = enter("alice", f"{shelf.page}/label?collector=all")
    shown(page)
    context.remove_listener("response", listen)
    expect(page.get_by_text("● BLIND")).to_be_visible()
    picture(page, "label-blind")
    told = "\n".join(answers)
    assert "label_items" in told
    assert "0.93" not in told.replace("secretly=0.93", "")
    item = next(json.loads(a.partition(" ")[2]) for a in answers if "label_items" in a)["items"][0]
    assert (item["is_blind"], "predictions" in item) == (True, False)
    assert "inclusion_probability" not in item["input"]["data"]["metadata"]["capture"]
    assert "0.93" not in page.content().replace("secretly=0.93", "")
    page.keyboard.press("Enter")  # there is nothing to agree to
    expect(page.get_by_text("Choose a concept by its number first")).to_be_visible()


def test_what_may_be_seen_comes_with_its_prediction_and_one_key_accepts_it(
    enter: Enter, house: House
) -> None:
    shelf = Shelf(house, "open")
    ids = shelf.post(text("one"), text("two"))[::-1]
    said = {"concepts": [{"id": "cat", "value": 0.8}, {"id": "dog", "value": 0.1}]}
    by_model = [{"input_id": id, "data": said, "model_version_id": "v1"} for id in ids]
    shelf.call("POST", "/annotations", {"annotations": by_model})
    page = enter("alice", f"{shelf.page}/label")
    expect(page.get_by_role("button", name="Accept cat")).to_be_visible()
    press(page, "Enter", "x")
    expect(page.get_by_text("2 items labelled")).to_be_visible()
    saved(page)
    own = [[a for a in shelf.annotations(id) if not a.get("model_version_id")] for id in ids]
    assert [a[0]["data"]["concepts"][0].get("value", 0) for a in own] == [1, 0]
    page.keyboard.press("Control+z")
    assert shown(page) == ids[1]


def _body(response: Response) -> str:
    try:
        return response.text()
    except Exception:  # a redirect or an aborted one has no body
        return ""
