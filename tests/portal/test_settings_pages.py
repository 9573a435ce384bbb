"""Keys, people, roles and the base workflow of an app; and an account with its second factor."""

import re
from pathlib import Path

import httpx2
from base import add_embedder, add_workflow, with_base, work
from browsers import shut_in
from browsing import Enter, Picture, Watched
from clarifai_grpc.grpc.api.resources_pb2 import UserAppIDSet
from clarifai_grpc.grpc.api.service_pb2 import ListInputsRequest
from house import House
from people import PASSWORD, App
from playwright.sync_api import Browser, Page, expect
from test_frame import ALERT
from zoo import post, text

ZOO = UserAppIDSet(user_id="alice", app_id="zoo")
LATER = "another bower of blue"
EXAMPLE = "dora@example.com"


def ask(house: House, key: str, path: str) -> int:
    """The HTTP status with which the API answers whoever holds the key."""
    with httpx2.Client(base_url=house.api, trust_env=False) as client:
        return client.get(path, headers={"authorization": f"Key {key}"}).status_code


def settings(app: str, tab: str) -> str:
    return f"/u/alice/{app}/settings?tab={tab}"


def test_a_key_may_what_is_ticked(enter: Enter, house: House, picture: Picture) -> None:
    house.do(house.world.add_app("alice", "vault"))
    page = enter("alice", "/u/alice/vault/settings")
    page.get_by_label("Description").fill(ALERT)
    page.get_by_text("Public", exact=True).click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()
    page.get_by_label("Record a sample").click()
    page.get_by_role("button", name="Stop, and delete it").click()
    expect(page.get_by_label("Record a sample")).not_to_be_checked()
    page.get_by_role("tab", name="General").press("ArrowRight")
    expect(page.get_by_role("heading", name="No keys")).to_be_visible()
    assert page.url.endswith("?tab=keys")

    page.keyboard.press("n")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Make the key").click()
    expect(dialog.get_by_text("Tick what it may do")).to_be_visible()
    dialog.get_by_label("Name").fill(ALERT)
    dialog.get_by_label("Inputs:Delete", exact=True).check()
    expect(dialog.get_by_text("came along: Inputs:Delete needs them")).to_be_visible()
    dialog.get_by_label("Inputs:Get", exact=True).uncheck()
    expect(dialog.get_by_label("Inputs:Delete", exact=True)).not_to_be_checked()
    dialog.get_by_label("Inputs:Add", exact=True).check()
    expect(dialog.get_by_label("Inputs:Get", exact=True)).to_be_checked()
    dialog.get_by_role("button", name="Send inputs").click()
    picture(page, "settings-key")
    dialog.get_by_role("button", name="Make the key").click()
    key = page.locator(".bb-secret code").first.inner_text()
    row = page.get_by_role("row").filter(has_text=ALERT)
    expect(row).to_contain_text("Inputs Get, Add")
    inputs, collectors = (f"/v2/users/alice/apps/vault/{name}" for name in ("inputs", "collectors"))
    assert (ask(house, key, inputs), ask(house, key, collectors)) == (200, 403)

    row.get_by_role("button", name="Change").click()
    dialog.get_by_label("Name").fill("renamed")
    dialog.get_by_label("Collectors:Get", exact=True).check()
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text="renamed")).to_contain_text("Collectors Get")
    assert ask(house, key, collectors) == 200
    page.get_by_role("button", name="Delete renamed").click()
    page.get_by_role("button", name="Delete the key").click()
    expect(page.get_by_role("heading", name="No keys")).to_be_visible()
    assert ask(house, key, inputs) == 401

    page.get_by_role("tab", name="General").click()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_label("Type vault to confirm").fill("vault")
    page.get_by_role("button", name="Delete the app").click()
    page.wait_for_url(lambda url: url.endswith("/"))


def test_a_collaborator_can_do_what_was_ticked_and_no_more(
    enter: Enter, house: House, expected: list[str]
) -> None:
    house.do(house.world.add_app("alice", "shared"))
    page = enter("alice", settings("shared", "collaborators"))
    page.get_by_role("button", name="Let somebody in").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("User ID or email").fill("nobody@example.com")
    dialog.get_by_role("button", name="Send inputs").click()
    expected.append("404")
    dialog.get_by_role("button", name="Let them in").click()
    expect(dialog.get_by_text("Nobody here is called nobody@example.com")).to_be_visible()
    dialog.get_by_label("User ID or email").fill("bob@example.com")
    dialog.get_by_label("Inputs:Add", exact=True).uncheck()
    dialog.get_by_role("button", name="Let them in").click()
    expect(page.get_by_role("row").filter(has_text="bob")).to_contain_text("Inputs Get")

    with house.signed_in("bob") as bob:
        place = "/rpc/v2/users/alice/apps/shared"
        assert bob.get(f"{place}/inputs").status_code == 200
        refused = bob.post(f"{place}/inputs", json={"inputs": [{"data": {"text": {"raw": "a"}}}]})
        assert "Inputs:Add" in refused.json()["status"]["details"]
        assert bob.get(f"{place}/collectors").status_code == 403
    sign_out(page, "alice")
    expected.append("403")
    page = enter("bob", settings("shared", "general"))
    expect(page.get_by_text("Only alice, who owns the app, can change its settings.")).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    expect(page.get_by_role("button", name="Delete…")).to_have_count(0)
    page.get_by_role("tab", name="Keys").click()
    expect(page.get_by_text("Only alice sees the keys of this app")).to_be_visible()
    expect(page.get_by_role("button", name="New key")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("tab", name="Collaborators").click()
    expect(page.get_by_role("alert").first).to_contain_text("Collaborators:Get")
    sign_out(page, "bob")
    page = enter("alice", settings("shared", "collaborators"))
    page.get_by_role("button", name="Remove bob").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("heading", name="Nobody else works here")).to_be_visible()
    with house.signed_in("bob") as bob:
        assert bob.get(f"{place}/inputs").status_code == 404


def test_another_base_workflow_is_run_on_what_the_app_holds(
    enter: Enter, house: House, picture: Picture
) -> None:
    house.do(_three_indexed(house))
    held = len(house.do(house.world.ok("alice", "ListInputs", ListInputsRequest(user_app_id=ZOO))).inputs)
    page = enter("alice", settings("zoo", "workflow"))
    chosen = page.get_by_role("combobox", name="Base workflow")
    expect(chosen).to_have_value("base")
    chosen.select_option("other")
    expect(page.get_by_text("turned", exact=True)).to_be_visible()
    page.get_by_role("button", name="Set").click()
    expect(page.get_by_text(f"0 of {held}")).to_be_visible()
    picture(page, "settings-workflow")
    house.do(work(house.world))
    expect(page.get_by_text(f"{held} of {held}")).to_be_visible()
    expect(page.get_by_text("All are done.")).to_be_visible()
    chosen.select_option("")
    page.get_by_label(f"Run it on the {held} inputs").uncheck()
    page.get_by_role("button", name="Set").click()
    expect(page.get_by_text("Without one, inputs cannot be searched")).to_be_visible()
    expect(page.get_by_role("button", name=f"Index all {held} inputs anew")).to_be_enabled()
    page.reload()
    expect(chosen).to_have_value("")
    page.get_by_role("button", name=f"Index all {held} inputs anew").click()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text(f"Stopped: {held} inputs stay as they were")).to_be_visible()
    house.do(work(house.world))
    expect(page.get_by_text("All are done.")).to_be_visible()


async def _three_indexed(house: House) -> None:
    await with_base(house.world)
    await post(house.world, text("a", "1,0"), text("b", "0,1"), text("c", "3,4"))
    await work(house.world)
    await add_embedder(house.world, "turned", turn=True)
    await add_workflow(house.world, "other", "turned")


def sign_in_with(page: Page, who: str, password: str, code: str) -> None:
    page.goto("/signin?next=/account")
    page.get_by_label("User ID or email").fill(who)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/account")


def sign_out(page: Page, who: str) -> None:
    page.get_by_label(f"You: {who}").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/signin")


def test_whoever_is_invited_guards_the_account_with_a_second_factor(
    enter: Enter, house: House, chromium: Browser, picture: Picture, expected: list[str]
) -> None:
    expected.append("401")
    page = enter("root", "/admin")
    expect(page.get_by_role("row").filter(has_text="alice")).to_be_visible()
    page.keyboard.press("n")
    page.get_by_role("dialog").get_by_label("User ID").fill("dora")
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.get_by_text("This is no address")).to_be_visible()
    page.get_by_role("textbox", name="Email").fill(EXAMPLE)
    page.get_by_label("First name").fill(ALERT)
    page.get_by_role("button", name="Invite", exact=True).click()
    link = page.locator(".bb-secret code").inner_text()
    expect(page.get_by_role("row").filter(has_text="dora")).to_contain_text("invited")
    page.get_by_label("More for alice").click()
    page.keyboard.press("Escape")
    picture(page, "admin-people")

    other = shut_in(chromium, house.url)
    watched = Watched(other, house.url, ["400", "401"])  # refused passwords, and codes
    mine = other.new_page()
    mine.goto(link)
    mine.get_by_role("button", name="Continue").click()
    mine.get_by_label("New password").fill(PASSWORD)
    mine.get_by_role("button", name="Continue").click()
    mine.locator("#main").wait_for()
    mine.goto("/account")
    expect(mine.get_by_text(ALERT).last).to_be_visible()
    mine.get_by_role("tab", name="Password").click()
    mine.get_by_label("Password so far").fill("not this one")
    mine.get_by_label("New password", exact=True).fill("short")
    mine.get_by_role("button", name="Change it").click()
    expect(mine.get_by_text("5 characters: at least 10")).to_be_visible()
    for label in ("New password", "New password again"):
        mine.get_by_label(label, exact=True).fill(EXAMPLE)
    mine.get_by_role("button", name="Change it").click()
    expect(mine.get_by_text("it is the user's id or email")).to_be_visible()
    for label in ("New password", "New password again"):
        mine.get_by_label(label, exact=True).fill(LATER)
    mine.get_by_role("button", name="Change it").click()
    expect(mine.get_by_text("This is not your password.")).to_be_visible()
    mine.get_by_label("Password so far").fill(PASSWORD)
    mine.get_by_role("button", name="Change it").click()
    expect(mine.get_by_text("Your password is changed")).to_be_visible()

    mine.get_by_role("tab", name="Second factor").click()
    mine.get_by_label("Your password").fill(LATER)
    mine.get_by_role("button", name="Set it up").click()
    image = mine.get_by_alt_text("QR code")
    assert image.evaluate("async (it) => (await it.decode(), it.naturalWidth)") > 20
    mine.get_by_text("I cannot scan it").click()
    phone = App(house.world, mine.locator(".scan code").inner_text().replace(" ", ""))
    mine.get_by_label("Code", exact=True).fill("000000")
    mine.get_by_role("button", name="Switch it on").click()
    expect(mine.get_by_text("That code is wrong")).to_be_visible()
    mine.get_by_label("Code", exact=True).fill(phone.code())
    mine.get_by_role("button", name="Switch it on").click()
    shown = mine.get_by_role("status", name="Recovery codes").get_by_role("listitem")
    expect(shown).to_have_count(10)
    codes = shown.all_inner_texts()
    with mine.expect_download() as download:
        mine.get_by_role("link", name="Download").click()
    assert codes[9] in Path(download.value.path()).read_text()
    sign_out(mine, ALERT)
    sign_in_with(mine, "dora", LATER, phone.next_code())
    sign_out(mine, ALERT)
    sign_in_with(mine, "dora", LATER, codes[0])
    mine.get_by_role("tab", name="Second factor").click()
    expect(mine.get_by_text("9 recovery codes left.")).to_be_visible()
    mine.get_by_role("tab", name="Sessions").click()
    expect(mine.get_by_text("this one")).to_be_visible()
    mine.goto("/account?tab=tokens")
    mine.get_by_role("button", name="New token").click()
    mine.get_by_role("dialog").get_by_label("Name").fill("laptop")
    mine.get_by_role("dialog").get_by_label("All", exact=True).check()
    mine.get_by_role("button", name="Make the token").click()
    assert ask(house, mine.locator(".bb-secret code").first.inner_text(), "/v2/users/dora/apps") == 200

    page.get_by_role("searchbox").fill("dora")
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_label("More for dora").click()
    page.get_by_role("button", name="Switch the second factor off…").click()
    page.get_by_role("button", name="Switch it off").click()
    expect(page.get_by_role("row").filter(has_text="dora")).not_to_contain_text("second factor")
    page.get_by_label("More for dora").click()
    page.get_by_role("button", name="Disable…").click()
    page.get_by_role("button", name="Disable", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="dora")).to_contain_text("disabled")
    mine.reload()
    expect(mine.get_by_role("heading", name="Sign in")).to_be_visible()
    other.close()
    assert watched.complaints == []
    page.get_by_role("link", name="Audit log").click()
    expect(page.get_by_role("row").filter(has_text="reset a second factor")).to_contain_text("dora")


def test_a_role_reaches_a_team_and_leaves_with_it(enter: Enter, house: House) -> None:
    house.do(house.world.add_app("alice", "nightly"))
    page = enter("root", "/admin/roles")
    page.get_by_role("button", name="New role").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("ID").fill("labeller")
    dialog.get_by_role("button", name="Look and label").click()
    expect(dialog.get_by_label("Annotations:Add", exact=True)).to_be_checked()
    dialog.get_by_role("button", name="Make the role").click()
    expect(page.get_by_role("row").filter(has_text="labeller")).to_contain_text("Annotations")
    page.get_by_role("link", name="Teams").click()
    page.get_by_role("button", name="New team").click()
    dialog.get_by_label("ID").fill("night-shift")
    dialog.get_by_role("button", name="Make the team").click()
    page.get_by_label("Add somebody").fill("mallory")
    page.get_by_label("Add somebody").press("Enter")
    expect(page.get_by_role("button", name="Remove mallory")).to_be_visible()
    sign_out(page, "root")

    page = enter("alice", settings("nightly", "collaborators"))
    page.get_by_label("Role", exact=True).select_option("labeller")
    page.get_by_label("To", exact=True).select_option("night-shift")
    page.get_by_role("button", name="Give the role").click()
    expect(page.get_by_role("row").filter(has_text="team night-shift")).to_contain_text("labeller")
    with house.signed_in("mallory") as mallory, house.signed_in("root") as root:
        place = "/rpc/v2/users/alice/apps/nightly"
        assert mallory.get(f"{place}/inputs").status_code == 200
        assert mallory.get(f"{place}/collaborators").status_code == 403
        shared = mallory.get("/rpc/v2/users/mallory/apps").json()["apps"]
        assert [one["id"] for one in shared] == ["nightly"]
        assert mallory.get("/u/alice/nightly/settings").status_code == 200
        assert mallory.get("/admin/users").status_code == 403
        change = {"teams": [{"id": "night-shift", "member_ids": ["mallory"]}], "action": "remove"}
        assert root.request("PATCH", "/rpc/v1/teams", json=change).status_code == 200
        assert mallory.get(f"{place}/inputs").status_code == 404
    page.get_by_role("button", name=re.compile("Take labeller")).click()
    expect(page.get_by_text("No role is given in this app.")).to_be_visible()
