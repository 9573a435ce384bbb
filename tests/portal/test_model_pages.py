"""Models in the portal: put in, tried, told of, deleted."""

import io
import zipfile

from api.lights import lights_zip
from api.lights import picture as drawn
from browsing import Enter, Picture
from house import House
from playwright.sync_api import expect

BYTES = "application/octet-stream"
HOSTILE = "<script>alert(1)</script> \"sees\" 'light'"


def onnx_file() -> bytes:
    """A model of the mean brightness, without what says how it is fed."""
    with zipfile.ZipFile(io.BytesIO(lights_zip())) as archive:
        return archive.read("model.onnx")


def test_an_onnx_file_is_put_in_and_tried(enter: Enter, house: House, picture: Picture) -> None:
    house.do(house.world.add_app("alice", "m-lights"))
    page = enter("alice", "/u/alice/m-lights/models")
    expect(page.get_by_role("heading", name="No models in this app yet")).to_be_visible()
    page.keyboard.press("n")
    page.get_by_role("button", name="ONNX file").click()
    upload = page.get_by_label("Choose a file")
    upload.set_input_files({"name": "lights.onnx", "mimeType": BYTES, "buffer": b"no model"})
    expect(page.get_by_role("alert")).to_contain_text("This is no ONNX model that can be read")
    upload = page.get_by_label("Another file")
    upload.set_input_files({"name": "lights.onnx", "mimeType": BYTES, "buffer": onnx_file()})
    expect(page.get_by_label("Width and height")).to_have_value("4")
    expect(page.get_by_label("ID of the model")).to_have_value("lights")
    page.get_by_label("Description").fill(HOSTILE)
    send = page.get_by_role("button", name="Upload", exact=False)
    expect(send).to_have_attribute("title", "Say the labels, one a line.")
    page.get_by_label("Labels, one a line").fill("dark\ndim light\nbright")
    expect(page.get_by_text("3 of 3 labels")).to_be_visible()
    picture(page, "model-upload")
    page.keyboard.press("Control+Enter")

    page.wait_for_url("**/models/lights")
    expect(page.get_by_text(HOSTILE)).to_be_visible()
    page.get_by_label("Choose a file").set_input_files(
        {"name": "white.png", "mimeType": "image/png", "buffer": drawn(255)}
    )
    answer = page.get_by_role("region", name="The answer")
    expect(answer.get_by_role("term").first).to_have_text("bright")
    picture(page, "model-try")
    page.get_by_text("Which concepts are answered").click()
    page.get_by_label("At most so many").fill("1")
    page.get_by_role("button", name="Ask the model").click()
    expect(answer.get_by_role("term")).to_have_count(1)

    page.get_by_role("tab", name="Versions").click()
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("tab", name="Labels and use").click()
    expect(page.get_by_role("listitem").filter(has_text="dim light")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_label("Type lights to confirm").fill("lights")
    page.get_by_role("button", name="Delete the model").click()
    page.wait_for_url("**/models")
    expect(page.get_by_role("heading", name="No models in this app yet")).to_be_visible()


def test_an_operator_is_made_by_the_form_of_its_type(enter: Enter, house: House, picture: Picture) -> None:
    house.do(house.world.add_app("alice", "m-forms"))
    page = enter("alice", "/u/alice/m-forms/models?add=1")
    picture(page, "model-types")
    page.get_by_role("button", name="Random Sampler").click()
    page.get_by_label("ID of the model").fill("a-tenth")
    share = page.get_by_label("keep fraction (must be given)")
    page.get_by_role("button", name="Make the model").click()
    expect(page.get_by_text("Say keep fraction: it has no default.")).to_be_visible()
    share.fill("10")
    expect(page.get_by_text("It must lie between 0 and 1; you wrote 10.")).to_be_visible()
    page.get_by_role("button", name="Use 0.1").click()
    expect(share).to_have_value("0.1")
    page.get_by_role("button", name="Make the model").click()
    page.wait_for_url("**/models/a-tenth")
    page.get_by_role("tab", name="Labels and use").click()
    expect(page.get_by_label("Settings of the version")).to_contain_text('"keep_fraction": 0.1')
    page.goto("/u/alice/m-forms/models?of=public")
    expect(page.get_by_role("link", name="sentiment-analysis")).to_be_visible()
    page.get_by_role("link", name="sentiment-analysis").click()
    page.get_by_label("Text", exact=True).fill("What a lovely day, I am happy")
    page.get_by_role("button", name="Ask the model").click()
    expect(page.get_by_role("term").first).to_have_text("positive")
