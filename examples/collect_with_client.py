"""The whole flow with nothing but the official client: a model, a collector, predictions, what was kept.

pip install clarifai-grpc==12.2.11
export CLARIFAI_PAT=...   # as `bowerbird users create` printed it
python collect_with_client.py --channel grpc
python collect_with_client.py --channel json
"""

import argparse
import base64
import os
import struct
import sys
import time
import uuid
import zlib
from pathlib import Path
from typing import Any

from clarifai_grpc.channel.clarifai_channel import ClarifaiChannel
from clarifai_grpc.grpc.api import resources_pb2, service_pb2, service_pb2_grpc
from clarifai_grpc.grpc.api.status import status_code_pb2
from google.protobuf.struct_pb2 import Struct

MODEL_ZIP = Path(__file__).with_name("brightness.zip")
SHADES = [round(255 * step / 10) for step in range(11)]  # from black to white
UNSURE = {4, 5, 6}  # the steps of which the model is at most 80 % sure
WAIT_S = 30

# Posting takes these scopes. The key gets them for one app and nothing else.
POSTING = [
    *("Inputs:Add", "Inputs:Get", "Annotations:Add", "Annotations:Get", "Concepts:Add", "Concepts:Get"),
    *("Models:Get", "Workflows:Get", "Predict"),
]


class Api:
    """The API as one user, in one app."""

    def __init__(self, stub: service_pb2_grpc.V2Stub, pat: str) -> None:
        self.stub = stub
        self.metadata = (("authorization", f"Key {pat}"),)
        self.place = resources_pb2.UserAppIDSet(user_id="me")

    def call(self, rpc: str, **fields: object) -> Any:
        request = getattr(service_pb2, f"{rpc}Request")(user_app_id=self.place, **fields)
        answer = getattr(self.stub, rpc)(request, metadata=self.metadata)
        if answer.status.code != status_code_pb2.SUCCESS:
            sys.exit(f"{rpc}: {answer.status.description} {answer.status.details}")
        return answer


def main() -> None:
    arguments = parse()
    api = Api(connect(arguments), arguments.pat)
    app_id = f"brightness-{uuid.uuid4().hex[:8]}"
    app = api.call("PostApps", apps=[resources_pb2.App(id=app_id)]).apps[0]
    api.place = resources_pb2.UserAppIDSet(user_id=app.user_id, app_id=app_id)
    print(f"app        {app.user_id}/{app_id}")
    try:
        put_into_production(api)
        collect(api, posting_key(api, app))
        predict(api)
        read_back(api)
    finally:
        clean_up(api)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--channel", choices=("grpc", "json"), default="grpc")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--grpc-port", type=int, default=18080)
    parser.add_argument("--http-port", type=int, default=8080)
    parser.add_argument("--pat", default=os.environ.get("CLARIFAI_PAT"), help="default: $CLARIFAI_PAT")
    arguments = parser.parse_args()
    if not arguments.pat:
        parser.error("say --pat, or set CLARIFAI_PAT")
    return arguments


def connect(arguments: argparse.Namespace) -> service_pb2_grpc.V2Stub:
    if arguments.channel == "grpc":
        channel = ClarifaiChannel.get_insecure_grpc_channel(base=arguments.host, port=arguments.grpc_port)
    else:
        channel = ClarifaiChannel.get_json_channel(base_url=f"http://{arguments.host}:{arguments.http_port}")
    return service_pb2_grpc.V2Stub(channel)


def put_into_production(api: Api) -> None:
    """Upload an ONNX model. It could also come from a URL, or run on another server."""
    zipped = base64.b64encode(MODEL_ZIP.read_bytes()).decode()
    upload = resources_pb2.PretrainedModelConfig(model_zip_url=f"data:application/zip;base64,{zipped}")
    version = resources_pb2.ModelVersion(pretrained_model_config=upload)
    model = resources_pb2.Model(id="brightness", model_type_id="visual-classifier", model_version=version)
    made = api.call("PostModels", models=[model]).model
    print(f"model      {made.id}, version {made.model_version.id}")


def posting_key(api: Api, app: resources_pb2.App) -> str:
    """A key for the collector. Keys belong to users, so the call names no app; the key does."""
    key = resources_pb2.Key(
        type="app_specific_key",
        description="posts what the collector keeps",
        scopes=POSTING,
        apps=[resources_pb2.App(id=app.id, user_id=app.user_id)],
    )
    request = service_pb2.PostKeysRequest(
        user_app_id=resources_pb2.UserAppIDSet(user_id=app.user_id), keys=[key]
    )
    answer = api.stub.PostKeys(request, metadata=api.metadata)
    if answer.status.code != status_code_pb2.SUCCESS:
        sys.exit(f"PostKeys: {answer.status.description} {answer.status.details}")
    return answer.keys[0].id


def collect(api: Api, key: str) -> None:
    """A collector of the predictions of which the model is not sure."""
    params = Struct()
    params.update({"score": "max_prob", "hi": 0.8})
    unsure = resources_pb2.Model(
        id="unsure",
        model_type_id="prediction-score-filter",
        output_info=resources_pb2.OutputInfo(params=params),
    )
    api.call("PostModels", models=[unsure])
    node = resources_pb2.WorkflowNode(id="unsure", model=resources_pb2.Model(id="unsure"))
    api.call("PostWorkflows", workflows=[resources_pb2.Workflow(id="worth-a-look", nodes=[node])])
    source = resources_pb2.APIPostModelOutputsCollectorSource(
        model_user_id=api.place.user_id,
        model_app_id=api.place.app_id,
        model_id="brightness",
        post_inputs_key_id=key,
    )
    collector = resources_pb2.Collector(
        id="hard-cases",
        description="What the model is at most 80 % sure of",
        pre_queue_workflow_id="worth-a-look",
        collect_outputs=True,
        collector_source=resources_pb2.CollectorSource(api_post_model_outputs_collector_source=source),
    )
    made = api.call("PostCollectors", collectors=[collector]).collectors[0]
    shown = made.collector_source.api_post_model_outputs_collector_source.post_inputs_key_id
    print(f"collector  {made.id}, posting with the key {shown}…")


def predict(api: Api) -> None:
    """As any caller would: nothing here knows of the collector."""
    for step, shade in enumerate(SHADES):
        metadata = Struct()
        metadata.update({"step": step})
        image = resources_pb2.Image(base64=png(shade))
        given = resources_pb2.Input(data=resources_pb2.Data(image=image, metadata=metadata))
        answer = api.call("PostModelOutputs", model_id="brightness", inputs=[given])
        best = answer.outputs[0].data.concepts[0]
        print(f"predicted  step {step:2}: {best.name} {best.value:.2f}")


def read_back(api: Api) -> None:
    """Wait for the worker, then show what it posted: first the inputs, then what was predicted of them."""
    end = time.monotonic() + WAIT_S
    while len(said := annotations(api)) < len(UNSURE) and time.monotonic() < end:
        time.sleep(0.2)
    found = kept(api)
    for one in sorted(found, key=lambda one: one.data.metadata["step"]):
        capture = one.data.metadata["capture"]
        print(
            f"kept       step {one.data.metadata['step']:2.0f} as {one.id}: {said[one.id].name}, called by "
            f"{capture['caller_user_id']}, taken with probability {capture['inclusion_probability']:.0f}"
        )
    steps = {int(one.data.metadata["step"]) for one in found}
    if steps != UNSURE:
        sys.exit(f"expected the steps {sorted(UNSURE)} to be kept, not {sorted(steps)}")
    print("as expected: the steps in the middle, and no others")


def annotations(api: Api) -> dict[str, resources_pb2.Concept]:
    """The best concept of each annotated input. Annotations by models are listed only when asked for."""
    found = api.call("ListAnnotations", list_all_annotations=True, per_page=100).annotations
    return {one.input_id: one.data.concepts[0] for one in found}


def kept(api: Api) -> list[resources_pb2.Input]:
    """The inputs that this collector posted: it leaves its id in their metadata."""
    metadata = Struct()
    metadata["collector_id"] = "hard-cases"
    annotation = resources_pb2.Annotation(data=resources_pb2.Data(metadata=metadata))
    query = resources_pb2.Query(filters=[resources_pb2.Filter(annotation=annotation)])
    answer = api.call("PostInputsSearches", searches=[resources_pb2.Search(query=query)])
    return [hit.input for hit in answer.hits]


def clean_up(api: Api) -> None:
    """The app takes all that is in it with it, the collector's key included."""
    api.call("DeleteApp")
    print("deleted    the app, and all that was in it")


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
