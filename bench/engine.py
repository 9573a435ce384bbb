"""What workflows cost beside their operators, and the ONNX runtime beside onnxruntime alone."""

import asyncio
import io
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from clarifai_grpc.grpc.api.resources_pb2 import Data, Image, Model, OutputInfo, Workflow
from onnx import TensorProto, helper, numpy_helper
from PIL import Image as Pictures

from bench.messages import NAMES, output
from bench.rows import Row, at_least_of, at_most
from bowerbird.addresses import Policy
from bowerbird.runtimes.artifact import build_artifact
from bowerbird.runtimes.pool import InProcessRuntimes
from bowerbird.runtimes.registry import load
from bowerbird.runtimes.spec import Environment, ModelSpec
from bowerbird.settings import Settings
from bowerbird.workflows.draws import HashedDraw
from bowerbird.workflows.engine import Given, run
from bowerbird.workflows.flow import flow_of
from bowerbird.workflows.graph import MAX_NODES
from bowerbird.workflows.view import View

REPEATS, CALLS = 60, 5
PAIRS, BATCHES, BATCH = 9, 2, 32
SIDE, WIDTH, LAYERS = 96, 32, 6
ALONE = "onnxruntime alone, one thread"
Ask = Callable[[], Awaitable[object]]


async def rows(scratch: Path) -> list[Row]:
    chain = _workflow([[n - 1] if n else [] for n in range(MAX_NODES)])
    fan = _workflow([[], *([0] for _ in range(MAX_NODES - 2)), [*range(1, MAX_NODES - 1)]])
    return [
        await _overhead("engine, a chain of 20 operators, 1 input", chain, 1),
        await _overhead("engine, a chain of 20 operators, 32 inputs", chain, 32),
        await _overhead("engine, 18 operators between 2, 1 input", fan, 1),
        *await _throughput(scratch),
    ]


def _workflow(links: Sequence[Sequence[int]]) -> Workflow:
    """Operators that each drop nothing of twenty concepts."""
    info = OutputInfo()
    for id, _ in NAMES:
        info.data.concepts.add(id=id, value=0.01)
    made = Workflow(id="flow")
    for number, sources in enumerate(links):
        node = made.nodes.add(id=f"n{number}")
        node.model.CopyFrom(Model(id="sure", model_type_id="concept-thresholder", output_info=info))
        for source in sources:
            node.node_inputs.add(node_id=f"n{source}")
    return made


async def _overhead(what: str, workflow: Workflow, count: int) -> Row:
    """For one node and input: to find the workflow made ready and run it, without what its functions take."""
    data = output()
    given = [Given(data, f"request:{n}") for n in range(count)]
    steps = list(flow_of(workflow).steps.items())

    async def ours() -> None:
        await run(flow_of(workflow), given, _no_model, lambda node: HashedDraw("bench", node))

    async def floor() -> None:
        for one in given:
            for node_id, step in steps:
                step(View.of(data, input=data, caller="", key=one.key), HashedDraw("bench", node_id))

    calls = max(1, CALLS // count)
    best, least = float("inf"), float("inf")
    for _ in range(REPEATS):
        best = min(best, await _seconds(ours, calls))
        least = min(least, await _seconds(floor, calls))
    each = 1e6 / calls / count / MAX_NODES
    return at_most(f"{what}: beside each", (best - least) * each, 60, "µs", least * each, "the function")


async def _no_model(model: Model, data: Sequence[Data]) -> Sequence[Data]:
    raise AssertionError("there is no model in these workflows")


async def _seconds(ask: Ask, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        await ask()
    return time.perf_counter() - start


async def _throughput(scratch: Path) -> list[Row]:
    """Inputs a second in batches of 32, images decoded and answers written, beside tensors only."""
    model = _convolutions()
    manifest = {
        "input": {"name": "x", "kind": "image", "size": [SIDE, SIDE]},
        "output": {"name": "y", "activation": "softmax"},
        "labels": [id for id, _ in NAMES],
        "max_batch": BATCH,
    }
    settings = Settings(data=scratch / "engine", _env_file=None)
    artifact = build_artifact(model, manifest)
    environment = Environment(settings, lambda key: artifact, Policy.of_this_machine(()))
    runtimes = InProcessRuntimes(lambda spec: load(spec, environment))
    spec = ModelSpec("alice", "zoo", "m", "v", "visual-classifier", "onnx", "key", {}, ())
    inputs = [_picture(n) for n in range(BATCH)]
    alone = _session(model)
    tensor = np.zeros((BATCH, 3, SIDE, SIDE), np.float32)

    async def ours() -> None:
        results = await runtimes.predict(spec, inputs)
        assert all(isinstance(result, Data) for result in results), results

    async def floor() -> None:
        await asyncio.to_thread(alone.run, ["y"], {"x": tensor})

    try:
        for ask in (ours, floor):
            await ask()
        rates: tuple[list[float], list[float]] = ([], [])
        for _ in range(PAIRS):
            for ask, into in zip((ours, floor), rates, strict=True):
                into.append(BATCHES * BATCH / await _seconds(ask, BATCHES))
    finally:
        await runtimes.close()
    return [at_least_of(f"ONNX runtime, batches of {BATCH} images", *rates, 0.85, ALONE)]


def _session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _convolutions() -> bytes:
    """A small convolutional classifier, as heavy for an image as the light ones that are in use."""
    random = np.random.default_rng(0)
    weights, nodes, last, channels = {}, [], "x", 3
    for n in range(LAYERS):
        weights[f"w{n}"] = random.normal(0, 0.05, (WIDTH, channels, 3, 3)).astype(np.float32)
        nodes.append(helper.make_node("Conv", [last, f"w{n}"], [f"c{n}"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"c{n}"], [f"r{n}"]))
        last, channels = f"r{n}", WIDTH
    weights["head"] = random.normal(size=(WIDTH, len(NAMES))).astype(np.float32)
    nodes.append(helper.make_node("GlobalAveragePool", [last], ["pooled"]))
    nodes.append(helper.make_node("Flatten", ["pooled"], ["flat"]))
    nodes.append(helper.make_node("MatMul", ["flat", "head"], ["y"]))
    graph = helper.make_graph(
        nodes,
        "convolutions",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", len(NAMES)])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())


def _picture(seed: int) -> Data:
    """A JPEG of the size that the model takes."""
    low = np.random.default_rng(seed).integers(0, 255, (12, 12, 3), np.uint8)
    out = io.BytesIO()
    Pictures.fromarray(low).resize((SIDE, SIDE)).save(out, "JPEG")
    return Data(image=Image(base64=out.getvalue()))
