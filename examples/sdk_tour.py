"""The official SDK against this server: apps, a model, inputs, predictions, concepts, annotations, workflows.

It wants an environment of its own, since it pins other versions than the server:

    python -m venv sdk && sdk/bin/pip install 'clarifai==12.2.*'
    export CLARIFAI_PAT=...   # as `bowerbird users create` printed it
    sdk/bin/python sdk_tour.py --user YOU --base http://127.0.0.1:18080

`--base` is the gRPC address: that is what the SDK talks.
"""

import argparse
import base64
import os
import struct
import sys
import tempfile
import time
import uuid
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

from clarifai.client.app import App
from clarifai.client.input import Inputs
from clarifai.client.model import Model
from clarifai.client.user import User

MODEL_ZIP = Path(__file__).with_name("brightness.zip")
WAIT_S = 30
WORKFLOW = """
workflow:
  id: surely
  nodes:
    - id: look
      model:
        model_id: brightness
        model_version_id: VERSION
    - id: sure
      model:
        model_id: sure
        model_type_id: prediction-score-filter
        output_info:
          params:
            score: max_prob
            lo: 0.5
      node_inputs:
        - node_id: look
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--user", default=os.environ.get("CLARIFAI_USER_ID"))
    parser.add_argument("--pat", default=os.environ.get("CLARIFAI_PAT"))
    parser.add_argument("--base", default="http://127.0.0.1:18080", help="the gRPC address")
    arguments = parser.parse_args()
    user = User(user_id=arguments.user, base_url=arguments.base, pat=arguments.pat)
    app_id = f"sdk-{uuid.uuid4().hex[:8]}"
    app = user.create_app(app_id)
    try:
        look_at_apps(user, app_id)
        model = make_model(app)
        predict(model)
        run_workflow(app, model)
        inputs = app.inputs()
        post_inputs(inputs)
        read_inputs(inputs, app)
        annotate(inputs, app)
        tidy_up(inputs, model)
    finally:
        user.delete_app(app_id)
    print("all of it worked")


def look_at_apps(user: User, app_id: str) -> None:
    ids = [app.id for app in user.list_apps()]
    expect(app_id in ids, f"the new app among {ids}")
    expect(user.app(app_id).id == app_id, "the app by its id")
    print(f"apps         {', '.join(ids)}")


def make_model(app: App) -> Model:
    """A model whose file is in the URL itself."""
    model = app.create_model("brightness", model_type_id="visual-classifier")
    url = f"data:application/zip;base64,{base64.b64encode(MODEL_ZIP.read_bytes()).decode()}"
    model = model.create_version_by_url(
        url=url, input_field_maps={"image": "pixels"}, output_field_maps={"concepts": "logits"}
    )
    expect([m.id for m in app.list_models()] == ["brightness"], "one model")
    print(f"model        {model.id}, versions {[v.model_version.id[:8] for v in model.list_versions()]}")
    return app.model("brightness")


def predict(model: Model) -> None:
    for name, shade in (("black", 0), ("white", 255)):
        answer = model.predict_by_bytes(png(shade), input_type="image")
        concepts = answer.outputs[0].data.concepts
        print(f"predicted    {name}: {concepts[0].name} {concepts[0].value:.2f}")
        expect(concepts[0].name == {"black": "dark", "white": "bright"}[name], f"{name} told right")
    answer = model.predict_by_bytes(png(128), input_type="image", output_config={"max_concepts": 1})
    expect(len(answer.outputs[0].data.concepts) == 1, "no more concepts than asked for")


def run_workflow(app: App, model: Model) -> None:
    """A workflow from a file, which describes an operator that is made with it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "workflow.yml")
        version = next(iter(model.list_versions())).model_version.id  # the newest
        file.write_text(WORKFLOW.replace("VERSION", version))
        workflow = app.create_workflow(str(file), display=False)
        answer = workflow.predict_by_bytes(png(255), input_type="image")
        outputs = answer.results[0].outputs
        expect([len(one.data.concepts) for one in outputs] == [2, 2], "the sure one is kept")
        workflow.export(str(file))
        expect("model_id: sure" in file.read_text(), "the operator in the file")
    print(f"workflow     {workflow.id}: {', '.join(one.model.id for one in outputs)}")


def post_inputs(inputs: Inputs) -> None:
    inputs.upload_from_bytes("black", image_bytes=png(0), labels=["dark"])
    inputs.upload_from_bytes("white", image_bytes=png(255))
    inputs.upload_text("note", "a text beside the pictures")
    more = [Inputs.get_input_from_bytes(f"grey-{n}", image_bytes=png(100 + n)) for n in range(5)]
    inputs.upload_inputs(more)
    print("posted       3 inputs one by one, 5 at once")


def read_inputs(inputs: Inputs, app: App) -> None:
    found = wait_for(lambda: list(inputs.list_inputs()), lambda them: len(them) == 8 and all_ready(them))
    print(f"listed       {', '.join(sorted(one.id for one in found))}")
    expect(len(list(inputs.list_inputs(input_type="text"))) == 1, "one text")
    expect(inputs.get_input("black").id == "black", "an input by its id")
    expect(app.get_input_count() == 8, "a count of 8 inputs")
    black = [one for one in found if one.id == "black"]
    expect(inputs.download_inputs(black) == [png(0)], "the very bytes that were posted")
    print("downloaded   black, unchanged")


def annotate(inputs: Inputs, app: App) -> None:
    box = Inputs.get_bbox_proto("white", "bright", [0.1, 0.1, 0.9, 0.9])
    inputs.upload_annotations([box])
    concepts = sorted(concept.id for concept in app.list_concepts())
    print(f"annotated    white; concepts {', '.join(concepts)}")
    expect("bright" in concepts, "the concept of the annotation")
    found = list(inputs.list_annotations())
    expect(any(one.input_id == "white" for one in found), "the annotation")


def tidy_up(inputs: Inputs, model: Model) -> None:
    inputs.delete_inputs(list(inputs.list_inputs()))
    wait_for(lambda: list(inputs.list_inputs()), lambda them: not them)
    print("deleted      the inputs")


def all_ready(inputs: Iterable[object]) -> bool:
    return all(one.status.code == 30000 for one in inputs)


def wait_for(ask: Callable[[], list], is_so: Callable[[list], bool]) -> list:
    end = time.monotonic() + WAIT_S
    while not is_so(found := ask()):
        if time.monotonic() > end:
            sys.exit(f"waited in vain: {found}")
        time.sleep(0.2)
    return found


def expect(is_so: bool, what: str) -> None:
    if not is_so:
        sys.exit(f"expected {what}")


def png(shade: int) -> bytes:
    """A grey square of 16 by 16 pixels."""
    side = 16
    rows = b"".join(b"\0" + bytes([shade]) * side for _ in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


if __name__ == "__main__":
    main()
