"""A real model for tests, which tells how bright an image is, and short ways to have and ask it."""

import base64
import functools
import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
from clarifai_grpc.grpc.api.resources_pb2 import (
    App,
    Data,
    Image,
    Input,
    Model,
    ModelVersion,
    NodeInput,
    OutputInfo,
    Visibility,
    Workflow,
    WorkflowNode,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    MultiOutputResponse,
    PatchAppsRequest,
    PostModelOutputsRequest,
    PostModelsRequest,
    PostWorkflowsRequest,
)
from onnx import TensorProto, helper, numpy_helper
from PIL import Image as Pictures
from world import World

from bowerbird.runtimes.artifact import build_artifact
from bowerbird.workflows.plain import to_value

ZOO = {"user_id": "alice", "app_id": "zoo"}
MAIN = {"user_id": "clarifai", "app_id": "main"}
PUBLIC = Visibility(gettable=Visibility.PUBLIC)
LABELS = ["dark", "dim light", "bright"]


@functools.cache
def lights_zip(labels: tuple[str, ...] = tuple(LABELS)) -> bytes:
    """A linear model of the mean brightness m: logits 4(1-m), 2 and 4m."""
    weights = np.stack([np.full(48, w / 48, np.float32) for w in (-4.0, 0.0, 4.0)], axis=1)
    tensors = {"W": weights, "b": np.array([4, 2, 0], np.float32)}
    nodes = [helper.make_node("Flatten", ["x"], ["f"]), helper.make_node("Gemm", ["f", "W", "b"], ["y"])]
    graph = helper.make_graph(
        nodes,
        "lights",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])],
        [numpy_helper.from_array(value, name) for name, value in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    manifest = {
        "input": {"name": "x", "kind": "image", "size": [4, 4]},
        "output": {"name": "y", "activation": "softmax"},
        "labels": list(labels),
    }
    return build_artifact(model.SerializeToString(), manifest)


def zip_url(content: bytes) -> str:
    return "data:application/zip;base64," + base64.b64encode(content).decode()


def uploaded(content: bytes | None = None, **fields: object) -> ModelVersion:
    version = ModelVersion(**fields)
    version.pretrained_model_config.model_zip_url = zip_url(content or lights_zip())
    return version


def params(version: ModelVersion | None = None, **values: object) -> ModelVersion:
    """A version whose runtime has these parameters."""
    version = version or ModelVersion()
    for name, value in values.items():
        version.import_info.params.fields[name].CopyFrom(to_value(value))
    return version


def operator_info(thresholds: Mapping[str, float] | None = None, **values: object) -> OutputInfo:
    info = OutputInfo()
    for id, value in (thresholds or {}).items():
        info.data.concepts.add(id=id, value=value)
    for name, value in values.items():
        info.params.fields[name].CopyFrom(to_value(value))
    return info


async def post_model(world: World, model: Model, who: str = "alice", **ids: str) -> Model:
    answer = await world.ok(who, "PostModels", PostModelsRequest(models=[model]), **(ids or ZOO))
    return answer.model


async def add_lights(world: World, id: str = "lights", who: str = "alice", **fields: object) -> Model:
    ids = MAIN if who == "root" else {**ZOO, "user_id": who}
    model = Model(id=id, model_type_id="visual-classifier", model_version=uploaded(), **fields)
    return await post_model(world, model, who, **ids)


async def add_operator(
    world: World, id: str, type_id: str, thresholds: Mapping[str, float] | None = None, **values: object
) -> Model:
    info = operator_info(thresholds, **values)
    return await post_model(world, Model(id=id, model_type_id=type_id, output_info=info))


@functools.cache
def picture(brightness: int) -> bytes:
    out = io.BytesIO()
    Pictures.new("RGB", (8, 8), (brightness,) * 3).save(out, "PNG")
    return out.getvalue()


def image(content: bytes, **fields: object) -> Input:
    return Input(data=Data(image=Image(base64=content)), **fields)


def bright() -> Input:
    return image(picture(255))


def dark() -> Input:
    return image(picture(0))


async def predict(
    world: World, *inputs: Input, id: str = "lights", who: str = "alice", **fields: object
) -> MultiOutputResponse:
    request = PostModelOutputsRequest(model_id=id, inputs=inputs, **fields)
    return await world.call(who, "PostModelOutputs", request, **ZOO)


def top(data: Data) -> str:
    return data.concepts[0].id


def node(id: str, model: str, *reads: str, **fields: object) -> WorkflowNode:
    inputs = [NodeInput(node_id=name) for name in reads]
    return WorkflowNode(id=id, model=Model(id=model), node_inputs=inputs, **fields)


async def post_workflow(world: World, id: str, nodes: Sequence[WorkflowNode], **fields: object) -> Workflow:
    request = PostWorkflowsRequest(workflows=[Workflow(id=id, nodes=nodes, **fields)])
    answer = await world.ok("alice", "PostWorkflows", request, **ZOO)
    return answer.workflows[0]


async def open_zoo(world: World) -> None:
    """Let everybody see the app."""
    request = PatchAppsRequest(apps=[App(id="zoo", visibility=PUBLIC)], action="overwrite")
    await world.ok("alice", "PatchApps", request, user_id="alice")


class Quiet(BaseHTTPRequestHandler):
    """Answers without logging."""

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, body: bytes, content_type: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Gallery(Quiet):
    """A host of one picture."""

    def do_GET(self) -> None:
        if self.path == "/bright.png":
            self.answer(picture(255), "image/png")
        else:
            self.answer(b"", "text/plain", 404)


@contextmanager
def serving(handler: type[Quiet]) -> Iterator[str]:
    """The address of a server in a thread."""
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
