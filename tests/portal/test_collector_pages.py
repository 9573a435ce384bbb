"""Collectors are made by rules with a preview that is right, watched live, mended and stopped."""

import re

from brook import Brook
from browsing import Enter, Picture
from clarifai_grpc.grpc.api.service_pb2 import DeleteKeyRequest, GetCollectorRequest
from house import House
from playwright.sync_api import Page, Response, expect

from bowerbird.auth.keys import handle_of
from bowerbird.errors import Code
from bowerbird.queue import Failure

NASTY = "<script>alert(1)</script>"


def texts(count: int, first: int = 0) -> list[str]:
    """Their greatest values go from 0.1 to 0.9, evenly, whichever part of 300 is asked for."""
    return [f"cat={0.1 + 0.8 * n / 300:.4f} dog=0.05" for n in range(first, first + count)]


def kept_of(page: Page) -> int:
    """How many recorded predictions the preview says would be kept."""
    text = page.get_by_text(re.compile(r"^[\d,]+ of 300 recorded")).inner_text()
    return int(text.split(" ")[0].replace(",", ""))


def test_rules_keep_what_their_preview_said(house: House, enter: Enter, picture: Picture) -> None:
    brook = Brook(house, "brook")
    calls = [(f"r{n}", texts(100, n), {"site": "north" if n else NASTY}) for n in (0, 100, 200)]
    for request_id, said, metadata in calls:
        brook.predict(*said, request_id=request_id, metadata=metadata)
    page = enter("alice", brook.address)
    expect(page.get_by_role("heading", name="Nothing is being kept")).to_be_visible()
    page.keyboard.press("n")
    page.locator("#model").click()
    page.get_by_label("Find a model").fill("brook-source")
    page.get_by_role("list", name="Models").get_by_role("button").click()
    expect(page.get_by_label("ID", exact=True)).to_have_value("said-uncertain")
    page.get_by_label("To", exact=True).fill("0.5")
    page.get_by_label("From", exact=True).fill("0.3")
    page.get_by_role("slider", name="the greatest value: from").press("ArrowLeft")
    expect(page.get_by_label("From", exact=True)).to_have_value("0.29")
    page.get_by_label("Add a rule to card 1").select_option("metadata")
    page.get_by_label("Field of the metadata").fill("site")
    page.get_by_label("Field of the metadata").press("Tab")
    page.get_by_role("button", name=re.compile(r"\+ north")).click()
    with page.expect_response(lambda answer: _draws(answer, 0.1)):
        page.get_by_label("Random share, in percent").fill("10")
        page.get_by_label("Random share, in percent").press("Tab")
    band = page.get_by_role("listitem").filter(has_text="How sure the model was").locator(".bb-keeps")
    expect(band).to_contain_text(re.compile(r"keeps 300 → 7\d"))
    expect(page.locator(".bb-preview [aria-busy=true], .bb-preview .old")).to_have_count(0)
    promised = kept_of(page)
    assert 40 < promised < 110
    page.get_by_text("As a graph").click()
    expect(page.get_by_role("img", name="4 nodes; what passes dedup is kept.")).to_be_visible()
    page.get_by_role("tab", name="Just missed").click()
    expect(page.locator(".bb-example").first).to_contain_text("missed score-1 by 0.")
    page.evaluate("scrollTo(0, 0)")
    picture(page, "collector-new")
    page.reload()  # what was written is still there
    expect(page.get_by_text("Your draft from before is back.")).to_be_visible()
    expect(page.get_by_label("From", exact=True)).to_have_value("0.29")
    page.get_by_role("button", name="Make a key").click()
    expect(page.get_by_text("Made, chosen, and shown this once:")).to_be_visible()
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/collectors/said-uncertain?made=1")
    expect(page.get_by_text("it is among a random 10 % of everything")).to_be_visible()
    brook.settle()
    for request_id, said, metadata in calls:
        brook.predict(*said, request_id=request_id, metadata=metadata)
    assert brook.posted() == promised
    expect(page.locator(".bb-strip li")).to_have_count(24)
    expect(page.locator(".bb-strip .text", has_text="cat=0.")).to_have_count(24)
    expect(page.get_by_text("It balances")).to_contain_text(f"300 offered = {promised} taken")
    picture(page, "collector")

    page.get_by_role("button", name="Edit").click()
    page.get_by_label("To", exact=True).fill("0.4")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/collectors/said-uncertain")
    assert written(house, "brook") == [
        "said-uncertain-rules-1",
        "said-uncertain-rules-2",
    ]  # revisions name both
    page.get_by_label("More", exact=True).click()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("textbox", name=re.compile("to confirm")).fill("said-uncertain")
    page.get_by_role("button", name="Delete the collector").click()
    page.wait_for_url("**/collectors")
    assert written(house, "brook") == []


def written(house: House, app: str) -> list[str]:
    """The workflows of an app of alice's; when there are none, no operators are left either."""
    with house.signed_in("alice") as browser:
        lists = {
            kind: [
                one["id"]
                for one in browser.get(f"/rpc/v2/users/alice/apps/{app}/{kind}").json().get(kind, [])
                if one["app_id"] == app
            ]
            for kind in ("workflows", "models")
        }
    assert bool(lists["workflows"]) == bool(lists["models"])
    return sorted(lists["workflows"])


def test_a_collector_is_watched_live_mended_paused_and_deleted(
    house: House, enter: Enter, picture: Picture
) -> None:
    brook = Brook(house, "river")
    brook.collect("all", description=NASTY, pre_queue_random_sample=1.0, collect_outputs=True)
    page = enter("alice", f"{brook.address}/all")
    expect(page.get_by_text("Nothing kept yet.")).to_be_visible()
    brook.predict(f"{NASTY} cat=0.7", request_id="live", metadata={NASTY: NASTY})
    brook.drain()
    arrived = page.locator(".bb-strip li")
    expect(arrived).to_contain_text("π 1")
    expect(arrived).to_contain_text(NASTY)
    arrived.get_by_role("button", name="why?").click()
    expect(page.get_by_text("Taken, with chance 1")).to_be_visible()
    expect(page).to_have_url(re.compile(r"why=live"))

    brook.predict("cat=1", request_id="dies")
    house.do(_bury(house))
    page.get_by_role("tab", name=re.compile("Dead letters")).click()
    expect(page.get_by_role("heading", name="no such app")).to_be_visible()
    picture(page, "collector-dead-letters")
    page.get_by_role("button", name="Redrive it").click()
    expect(page.get_by_text("Sent 1 letter on the way again")).to_be_visible()
    brook.drain()
    expect(page.get_by_role("heading", name="No dead letters")).to_be_visible()
    assert brook.posted() == 2

    house.do(
        house.world.ok("alice", "DeleteKey", DeleteKeyRequest(key_id=handle_of(brook.key)), user_id="alice")
    )
    brook.predict("cat=1", request_id="blocked")
    brook.drain()
    expect(page.get_by_role("alert")).to_contain_text("Nothing is posted since")
    expect(page.get_by_role("link", name="Choose another key")).to_be_visible()

    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    brook.settle()
    brook.predict("cat=1", request_id="paused")
    assert brook.posted() == 2
    page.get_by_role("tab", name="Revisions").click()
    expect(page.get_by_text("r2")).to_be_visible()
    page.get_by_role("tab", name="Settings").click()
    page.get_by_text("Only count", exact=True).click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()

    page.get_by_label("More", exact=True).click()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("textbox", name=re.compile("to confirm")).fill("all")
    page.get_by_role("button", name="Delete the collector").click()
    page.wait_for_url(re.compile(r"/collectors$"))
    expect(page.get_by_role("heading", name="Nothing is being kept")).to_be_visible()


def _draws(answer: Response, share: float) -> bool:
    """Whether it is the preview of rules that draw such a share at random."""
    return "/previews" in answer.url and f'"keep_fraction":{share}' in (answer.request.post_data or "")


async def _bury(house: House) -> None:
    queue, now = house.world.app.services.queue, house.world.clock()
    leased = await queue.lease(10, now=now, ttl=60, worker="w")
    await queue.bury(leased, error=Failure("post", "no such app", now))


def test_an_edit_is_compared_with_what_there_is_and_can_be_taken_back(house: House, enter: Enter) -> None:
    brook = Brook(house, "creek")
    for n in (0, 100, 200):
        brook.predict(*texts(100, n), request_id=f"r{n}")
    brook.collect("half", pre_queue_random_sample=0.5)
    page = enter("alice", f"{brook.address}/half/edit")
    expect(page.get_by_text("no change")).to_be_visible()
    page.get_by_role("button", name="rules", exact=True).click()
    page.get_by_label("Add a rule to card 1").select_option("random")
    expect(page.get_by_text(re.compile(r"−4\d %"))).to_be_visible()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/collectors/half")
    expect(page.get_by_text("it is among a random 2.0 %")).to_be_visible()
    page.get_by_role("tab", name="Revisions").click()
    page.get_by_role("button", name="Restore r1").click()
    page.get_by_role("dialog").get_by_role("button", name="Restore r1").click()
    expect(page.get_by_text("keep a random 50 %")).to_be_visible()
    page.get_by_role("link", name="Collectors", exact=True).first.click()
    page.get_by_label("Select all that are shown").check()
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="half")).to_contain_text("Paused")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("row").filter(has_text="half")).to_contain_text("On")


def test_who_may_only_look_sees_why_nothing_else_goes(house: House, enter: Enter) -> None:
    brook = Brook(house, "pool")
    brook.collect("seen", pre_queue_random_sample=1.0)
    brook.collect("other", pre_queue_random_sample=0.1, description="another one")
    brook.share(
        "bob", ["Collectors:Get", "Apps:Get", "Workflows:Get", "Models:Get", "Concepts:Get", "Inputs:Get"]
    )
    page = enter("bob", brook.address)
    row = page.get_by_role("row").filter(has_text="seen")
    expect(row).to_contain_text("On")
    pause = row.get_by_role("button", name="Pause seen")
    expect(pause).to_have_attribute("title", re.compile("You lack .*Collectors:Add"))
    pause.click(force=True)
    expect(page.get_by_role("status")).to_contain_text("You lack")
    page.get_by_label("Find a collector").fill("another")
    expect(page.get_by_role("row").filter(has_text="seen")).to_have_count(0)
    expect(page).to_have_url(re.compile("q=another"))
    assert not house.do(_is_paused(brook, "seen"))


async def _is_paused(brook: Brook, id: str) -> bool:
    request = GetCollectorRequest(user_app_id=brook.kept, collector_id=id)
    answer = await brook.world.ok("alice", "GetCollector", request)
    return bool(answer.collector.status.code == Code.COLLECTOR_INACTIVE)  # type: ignore[attr-defined]
