"""The servers that are measured, each a process of its own: `python -m bench.servers KIND FOLDER`.

A server says on its standard output where it listens, and ends when its standard input does.
"""

import asyncio
import json
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import getrandbits
from typing import Any

import grpc.aio
import uvicorn
import uvloop
from clarifai_grpc.grpc.api.service_pb2 import MultiOutputResponse, PostModelOutputsRequest
from google.protobuf import json_format
from google.protobuf.message import Message

from bench.durable import commit_table
from bench.messages import APP, MODEL, USER, answer_by_hand
from bench.places import KEPT, Place, place
from bowerbird.api.rpc import METHODS
from bowerbird.processes import settle_in
from bowerbird.services import Prediction
from bowerbird.wire import gateway
from bowerbird.wire.grpc import grpc_server
from bowerbird.wire.http import http_app
from bowerbird.wire.one_write import OneWrite

METHOD = METHODS["PostModelOutputs"]
LIMIT = 16 * 1024 * 1024
ANYWHERE = "127.0.0.1:0"
Context = Any  # grpc.aio.ServicerContext, whose stubs know only one of its classes
Figures = Callable[[], Awaitable[dict[str, int]]]


async def _nothing() -> dict[str, int]:
    return {}


@dataclass(frozen=True, slots=True)
class Served:
    """Where a server listens, and how to ask what it collected."""

    grpc: int
    http: int = 0
    key: str = ""
    figures: Figures = _nothing


def _new_id() -> str:
    return f"{getrandbits(128):032x}"


async def _serve_by_hand(
    stack: AsyncExitStack, answer: Callable[[Any, Context], Any], figures: Figures = _nothing
) -> Served:
    """A bare grpc.aio server with one method."""
    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(
        answer,
        request_deserializer=PostModelOutputsRequest.FromString,
        response_serializer=MultiOutputResponse.SerializeToString,
    )
    name = METHOD.path.split("/")[1]
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {METHOD.name: handler}),))
    port = server.add_insecure_port(ANYWHERE)
    await server.start()
    stack.push_async_callback(server.stop, 0)
    return Served(port, figures=figures)


async def echo(stack: AsyncExitStack, folder: Path) -> Served:
    """The floor: makes the answer and nothing else."""

    async def answer(request: PostModelOutputsRequest, context: Context) -> MultiOutputResponse:
        return answer_by_hand(request, _new_id(), int(time.time()))

    return await _serve_by_hand(stack, answer)


async def commit(stack: AsyncExitStack, folder: Path) -> Served:
    """The echo, which commits what it got in its event loop before it answers."""
    db = commit_table(folder / "each.db")
    stack.callback(db.close)

    async def answer(request: PostModelOutputsRequest, context: Context) -> MultiOutputResponse:
        now, id = time.time(), _new_id()
        made = answer_by_hand(request, id, int(now))
        row = (id, request.model_id, now, request.inputs[0].SerializeToString())
        db.execute("INSERT INTO c (id, model, taken_at, payload) VALUES (?, ?, ?, ?)", row)
        return made

    return await _serve_by_hand(stack, answer)


async def tapped(stack: AsyncExitStack, folder: Path) -> Served:
    """The echo with ten collectors, none of which takes anything."""
    at = await stack.enter_async_context(place(folder, capture_durability="buffered"))
    await at.add_thresholders(10)
    return await _serve_tapped(stack, at, f"{MODEL}-0")


async def taken(stack: AsyncExitStack, folder: Path) -> Served:
    """The echo with ten collectors, one of which takes everything; nobody waits for the commit."""
    at = await stack.enter_async_context(place(folder, capture_durability="buffered"))
    await at.add_thresholders(9)
    await at.collect(at.collector("all", pre_queue_random_sample=1.0))
    return await _serve_tapped(stack, at, "all")


async def committed(stack: AsyncExitStack, folder: Path) -> Served:
    """The echo with a collector that takes everything; the answer waits for the commit."""
    at = await stack.enter_async_context(place(folder, capture_durability="committed"))
    await at.collect(at.collector("all", pre_queue_random_sample=1.0))
    return await _serve_tapped(stack, at, "all")


async def _serve_tapped(stack: AsyncExitStack, at: Place, collector: str) -> Served:
    """The echo with the tap behind it; its figures are those of one collector."""

    async def answer(request: PostModelOutputsRequest, context: Context) -> MultiOutputResponse:
        request_id = _new_id()
        made = answer_by_hand(request, request_id, int(time.time()))
        prediction = Prediction(
            model=(USER, APP, MODEL),
            version_id="",
            caller_user_id=USER,
            request_id=request_id,
            inputs=request.inputs,
            results=[one.data for one in made.outputs],
            outputs=made.outputs,
        )
        waiting = at.app.services.tap.offer(prediction)
        if waiting is not None:
            await waiting
        return made

    async def figures() -> dict[str, int]:
        await at.collecting.flush()
        funnel = await at.app.funnel(USER, KEPT.app_id, collector)
        return {**funnel.skipped, **funnel.figures}

    return await _serve_by_hand(stack, answer, figures)


async def door(stack: AsyncExitStack, folder: Path) -> Served:
    """Everything there is, on both wires, before a model that costs nothing."""
    return await _serve_door(stack, await stack.enter_async_context(place(folder)))


async def crowd(stack: AsyncExitStack, folder: Path) -> Served:
    """The door with a thousand collectors, all of another model."""
    at = await stack.enter_async_context(place(folder))
    await at.add_model("other")
    await at.add_thresholders(1000, model="other")
    return await _serve_door(stack, at)


async def json_format_door(stack: AsyncExitStack, folder: Path) -> Served:
    """The door, with protobuf's own JSON in place of the compiled one."""
    replaced: Any = gateway  # a module's names have types
    replaced.decode = bytes.decode
    replaced.from_dict = _parse
    replaced.dumps = _print
    return await door(stack, folder)


def _parse(text: str, message: Message) -> Message:
    return json_format.Parse(text, message, ignore_unknown_fields=True)


def _print(message: Message) -> bytes:
    return json_format.MessageToJson(message, preserving_proto_field_name=True).encode()


async def _serve_door(stack: AsyncExitStack, at: Place) -> Served:
    grpc_port = _free_port()
    server = await grpc_server(at.app.dispatcher, address=f"127.0.0.1:{grpc_port}", max_bytes=LIMIT)
    stack.push_async_callback(server.stop, 0)
    app = http_app(at.app.dispatcher, max_bytes=LIMIT, metrics=_no_metrics)
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off", http=OneWrite)
    config.load()
    http = uvicorn.Server(config)
    http.lifespan = config.lifespan_class(config)
    await http.startup()
    stack.push_async_callback(http.shutdown)
    port = http.servers[0].sockets[0].getsockname()[1]
    return Served(grpc_port, port, at.token)


async def _no_metrics() -> tuple[bytes, str]:
    return b"", "text/plain"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


KINDS = {f.__name__: f for f in (echo, commit, tapped, taken, committed, door, crowd, json_format_door)}


async def main(kind: str, folder: Path) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    async with AsyncExitStack() as stack:
        served = await KINDS[kind](stack, folder)
        settle_in()
        print(json.dumps({"grpc": served.grpc, "http": served.http, "key": served.key}), flush=True)
        await ended.wait()
        loop.remove_reader(sys.stdin.fileno())
        print(json.dumps(await served.figures()), flush=True)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], Path(sys.argv[2])))
