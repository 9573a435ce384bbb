"""Workflows in the portal: drawn by dragging, checked while drawn, saved, and run on an input."""

import re
from pathlib import Path

import pytest
from api.lights import picture as drawn
from api.lights import post_model, uploaded
from browsing import Enter, Picture, drag
from clarifai_grpc.grpc.api.resources_pb2 import Model, NodeInput, Workflow, WorkflowNode
from house import House
from playwright.sync_api import Locator, Page, expect

from bowerbird.errors import WorkflowGraphInvalid
from bowerbird.workflows.graph import Graph
from bowerbird.workflows.types import find_type, model_types
from bowerbird.workflows.written import parse

HOSTILE = '<img src=x onerror=alert(1)> "keeps" {{ 1 + 1 }}'
HEARTBEATS = ("2", "3", "40", '42["ack"')  # of the socket itself


def node(page: Page, id: str) -> Locator:
    return page.get_by_role("group", name=re.compile(f"^{id},"))


def on_board(page: Page, x: float, y: float) -> tuple[float, float]:
    box = page.locator(".bb-board").bounding_box()
    assert box is not None
    return box["x"] + x, box["y"] + y


@pytest.fixture
def app(house: House) -> str:
    house.do(house.world.add_app("alice", "w-draw"))
    model = Model(id="lights", model_type_id="visual-classifier", model_version=uploaded())
    house.do(post_model(house.world, model, "alice", user_id="alice", app_id="w-draw"))
    return "/u/alice/w-draw/workflows"


def test_a_workflow_is_drawn_saved_and_run(
    enter: Enter, app: str, picture: Picture, expected: list[str]
) -> None:
    page = enter("alice", app)
    frames: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(frame)))
    expect(page.get_by_role("heading", name="No workflows in this app yet")).to_be_visible()
    page.keyboard.press("n")
    page.get_by_label("ID of the workflow").fill("sure")
    palette = page.get_by_label("What can be added")
    frames.clear()
    drag(page, palette.get_by_role("button", name="lights", exact=True), on_board(page, 150, 90))
    page.mouse.up()
    lights = node(page, "lights")
    expect(lights).to_be_visible()
    page.get_by_label("Find what to add").fill("image crop")
    drag(page, palette.get_by_role("button", name="Image Cropper"), on_board(page, 430, 90))
    page.mouse.up()
    crop = node(page, "image-crop")

    drag(page, lights.locator(".port.out"), crop)
    words = "image-crop takes boxes, but lights gives concepts. Put a detector before it."
    expect(crop.get_by_role("alert")).to_have_text(words)
    picture(page, "workflow-misfit")
    page.mouse.up()
    expect(page.get_by_role("status").filter(has_text=words)).to_be_visible()
    crop.focus()
    page.keyboard.press("Delete")
    expect(crop).to_be_hidden()
    page.keyboard.press("Control+z")
    expect(crop).to_be_visible()
    page.keyboard.press("Control+Shift+Z")
    expect(crop).to_be_hidden()

    lights.focus()
    page.keyboard.press("/")
    page.keyboard.type("Concept Thresholder")
    page.keyboard.press("Enter")
    threshold = node(page, "concept-thresholder")
    expect(threshold).to_be_focused()
    expect(threshold.get_by_role("alert")).to_contain_text("it has no default")
    page.keyboard.press("Enter")
    settings = page.get_by_label("Settings of concept-thresholder")
    expect(settings.get_by_role("button", name="Add all 3")).to_be_visible()
    settings.get_by_role("button", name="Add a concept").click()
    settings.get_by_label("Concept 1").fill("bright")
    settings.get_by_label("Threshold 1").fill("7")
    expect(threshold.get_by_role("alert")).to_contain_text("bright must lie between 0 and 1")
    settings.get_by_label("Threshold 1").fill("0.7")
    expect(threshold.get_by_role("alert")).to_be_hidden()
    page.get_by_label("Find what to add").fill("random")
    drag(page, palette.get_by_role("button", name="Random Sampler"), on_board(page, 430, 250))
    page.mouse.up()
    sample = node(page, "random-sample")
    lights.focus()
    page.keyboard.press("c")
    sample.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="reads from lights")).to_have_count(2)
    page.get_by_role("button", name="Disconnect lights from random-sample").click()
    expect(page.get_by_role("group", name="reads from lights")).to_have_count(1)
    drag(page, lights.locator(".port.out"), sample)
    page.mouse.up()
    expect(page.get_by_role("group", name="reads from lights")).to_have_count(2)
    page.get_by_label("keep fraction (must be given)").fill("1")
    expect(page.get_by_text("(lights and then concept-thresholder) or (lights and then")).to_be_visible()
    assert [frame for frame in frames if not str(frame).startswith(HEARTBEATS)] == []
    page.keyboard.press("Control+s")

    page.wait_for_url("**/workflows/sure")
    page.get_by_role("button", name="Run on…").click()
    chosen = {"name": "black.png", "mimeType": "image/png", "buffer": drawn(0)}
    page.get_by_label("Choose a file").set_input_files(chosen)
    page.get_by_role("button", name="Run", exact=False).last.click()
    told = page.get_by_label("Run the workflow")
    expect(told.get_by_role("listitem")).to_contain_text(["lights", "concept-thresholder", "random-sample"])
    expect(told.get_by_role("listitem").nth(0)).to_contain_text("dark 0.867")
    expect(told.get_by_role("listitem").nth(1)).to_contain_text("dropped it")
    expect(told).to_contain_text("It passes, by random-sample.")
    picture(page, "workflow-run")

    threshold.click()
    settings.get_by_label("Threshold 1").fill("0.01")
    expect(told).to_contain_text("As it is drawn; nothing is saved.")
    page.get_by_role("button", name="Run", exact=False).last.click()
    expect(told.get_by_role("listitem").nth(1)).to_contain_text("bright 0.0")
    expect(told).to_contain_text("It passes, by concept-thresholder and random-sample.")
    expect(page.get_by_text("not saved")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("all saved")).to_be_visible()
    page.get_by_role("button", name="As a list").click()
    expect(page.get_by_role("listitem").filter(has_text="Reads from lights")).to_have_count(2)
    page.get_by_role("button", name="Close the settings").click()
    page.get_by_label("Description").fill(HOSTILE)
    page.keyboard.press("Control+s")
    expect(page.get_by_text("all saved")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Settings of concept-thresholder").click()
    expect(settings.get_by_label("Threshold 1")).to_have_value("0.01")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    exported = Path(download.value.path()).read_text()
    written = parse(exported).workflow
    assert [n.id for n in written.nodes] == ["lights", "concept-thresholder", "random-sample"]
    assert written.nodes[1].model.output_info.data.concepts[0].value == pytest.approx(0.01)
    page.get_by_role("link", name="All workflows").click()
    expect(page.get_by_text(HOSTILE)).to_be_visible()

    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="New workflow")).to_be_visible()
    expect(palette.get_by_role("button").first).to_be_visible()
    chosen = {
        "name": "w.yml",
        "mimeType": "text/yaml",
        "buffer": exported.replace('"sure"', '"again"').encode(),
    }
    page.get_by_label("File to import").set_input_files(chosen)
    expect(page.get_by_role("group", name="reads from lights")).to_have_count(2)
    expect(page.get_by_label("ID of the workflow")).to_have_value("again")
    threshold.click()
    expect(settings.get_by_label("Threshold 1")).to_have_value("0.01")
    page.get_by_role("button", name="Run on…").click()
    page.get_by_label("Choose a file").set_input_files(
        {"name": "black.png", "mimeType": "image/png", "buffer": drawn(0)}
    )
    page.get_by_role("button", name="Run", exact=False).last.click()
    expect(told).to_contain_text("It passes, by concept-thresholder and random-sample.")
    expected.append("400")
    broken = {"name": "w.yml", "mimeType": "text/yaml", "buffer": b"workflow:\n  nodes: 3\n"}
    page.get_by_label("File to import").set_input_files(broken)
    expect(page.get_by_text("line 2: workflow: id is missing")).to_be_visible()
    page.keyboard.press("Control+s")
    page.wait_for_url("**/workflows/again")


PAIRS = """async () => {
  const { whyNot } = await import("bowerbird/workflows/graph.js");
  const { modelTypes } = await import("bowerbird/models/uses.js");
  const types = Object.fromEntries((await modelTypes()).map((type) => [type.id, type]));
  const node = (id, type) => ({ id, type, reads: [] });
  const fits = (a, b) => !whyNot([node("a", a), node("b", b)], types, "a", "b");
  const ids = Object.keys(types);
  return ids.flatMap((a) => ids.filter((b) => fits(a, b)).map((b) => `${a} ${b}`));
}"""


def test_the_editor_connects_what_the_api_would_take(enter: Enter) -> None:
    page = enter("alice", "/u/alice/zoo/workflows")
    ids = [type.id for type in model_types()]
    taken = {f"{a} {b}" for a in ids for b in ids if _is_taken(a, b)}
    assert set(page.evaluate(PAIRS)) == taken


def _is_taken(first: str, second: str) -> bool:
    nodes = [
        WorkflowNode(id=id, model=Model(model_type_id=type)) for id, type in (("a", first), ("b", second))
    ]
    nodes[1].node_inputs.append(NodeInput(node_id="a"))
    try:
        Graph.of(Workflow(nodes=nodes), lambda model: find_type(model.model_type_id))
    except WorkflowGraphInvalid:
        return False
    return True
