"""Predict calls over both wires, with and without collectors, each server in a process of its own."""

import urllib.request
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import grpc
from clarifai_grpc.grpc.api.service_pb2 import MultiOutputResponse

from bench.load import CONNECTIONS, GRPC_PATH, HTTP_PATH, MISSING, Client, Load, Server
from bench.messages import CONCEPTS, request
from bench.rows import Row, at_least_of, at_most, at_most_of, beside_peer
from bowerbird.errors import Code
from bowerbird.wire.json import dumps, loads

ROUNDS = 8
SECONDS = 0.5
CALM = 200  # requests a second on each connection: together a fifth of what a server can do
KINDS = ("echo", "tapped", "taken", "committed", "commit", "door", "crowd", "json_format_door")
SATURATED = ("echo", "tapped", "taken", "committed", "commit", "door")
HTTP = ("door", "json_format_door")
FRAME = 5
CLIENT = f" (no {' nor '.join(MISSING)}: a Python client took half of the machine)" if MISSING else ""


class Loads(NamedTuple):
    """What each server did in each round."""

    full: dict[str, list[Load]]  # over gRPC, as much as it can
    http: dict[str, list[Load]]
    calm: dict[str, list[Load]]  # over gRPC, as much as it easily can


async def rows(scratch: Path) -> list[Row]:
    folder = scratch / "predict"
    folder.mkdir()
    servers = {kind: Server(kind, folder) for kind in KINDS}
    try:
        for server in servers.values():
            server.wait()
        loads = _measure(servers, Client(folder / "client"))
        _check_collected({kind: server.stop() for kind, server in servers.items()}, loads)
    finally:
        for server in servers.values():
            server.kill()
    return [*_grpc_rows(loads), *_durable_rows(loads), *_http_rows(loads), _flat_row(loads)]


def _measure(servers: dict[str, Server], client: Client) -> Loads:
    """All servers in turns, in short rounds, so that all of them meet the same machine."""
    sizes = {kind: _check(server) for kind, server in servers.items()}
    loads = Loads({k: [] for k in KINDS}, {k: [] for k in HTTP}, {k: [] for k in KINDS})
    for server in servers.values():
        client.grpc(server, SECONDS)
    for _ in range(ROUNDS):
        for kind in SATURATED:
            loads.full[kind].append(_sized(client.grpc(servers[kind], SECONDS), sizes[kind][0]))
        for kind in HTTP:
            loads.http[kind].append(_sized(client.http(servers[kind], SECONDS), sizes[kind][1]))
        for kind in ("echo", "committed", "door", "crowd"):
            loads.calm[kind].append(client.grpc(servers[kind], SECONDS, rps=CALM))
    for server in servers.values():
        _check(server)
    return loads


def _check(server: Server) -> tuple[int, int]:
    """That both wires answer as they should; the sizes of their answers. Raises RuntimeError."""
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        body = request().SerializeToString()
        call: Any = channel.unary_unary(GRPC_PATH)  # type: ignore[call-arg]  # of bytes, unknown to the stubs
        metadata = [("authorization", f"Key {server.key}")]
        over_grpc: bytes = call(body, metadata=metadata, timeout=10)
    _check_answer(server, MultiOutputResponse.FromString(over_grpc))
    if not server.http_port:
        return FRAME + len(over_grpc), 0
    asked = urllib.request.Request(
        f"http://127.0.0.1:{server.http_port}{HTTP_PATH}",
        dumps(request()),
        {"authorization": f"Key {server.key}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        over_http = answer.read()
        head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders())
    _check_answer(server, loads(over_http, MultiOutputResponse))
    return FRAME + len(over_grpc), len(over_http) + head


def _check_answer(server: Server, answer: MultiOutputResponse) -> None:
    is_right = answer.status.code == Code.SUCCESS and len(answer.outputs) == 1
    if not is_right or len(answer.outputs[0].data.concepts) != CONCEPTS:
        raise RuntimeError(f"{server.kind} answers {answer}")


def _sized(load: Load, size: int) -> Load:
    """The load, when its answers had the size of the one that was looked at. Raises RuntimeError."""
    if not 0.9 <= load.size / size <= 1.15:
        raise RuntimeError(f"answers of {load.size:.0f} bytes; expected {size}")
    return load


def _check_collected(figures: dict[str, dict[str, int]], loads: Loads) -> None:
    """That the collectors saw every prediction, and that what was to be taken was. Raises RuntimeError."""
    for kind in ("tapped", "taken", "committed"):
        done = sum(load.done for load in loads.full[kind])
        seen = figures[kind]["offered" if kind == "tapped" else "taken"]
        if seen < done or figures[kind].get("overflow"):
            raise RuntimeError(f"{kind}: {done} answered, and of these {figures[kind]}")


def _rates(loads: list[Load]) -> list[float]:
    return [load.rate for load in loads]


def _p50(loads: list[Load]) -> float:
    return median(load.p50_ms for load in loads)


def _grpc_rows(loads: Loads) -> list[Row]:
    echo, beside = _rates(loads.full["echo"]), f"bare grpc.aio echo{CLIENT}"
    cases = [
        ("tapped", "gRPC predict, 10 collectors, none takes", 0.9),
        ("taken", "gRPC predict, 10 collectors, all is taken, not awaited", 0.8),
        ("door", "gRPC predict through the whole door", 0.6),
    ]
    return [at_least_of(what, _rates(loads.full[kind]), echo, least, beside) for kind, what, least in cases]


def _durable_rows(loads: Loads) -> list[Row]:
    ours, peer = _rates(loads.full["committed"]), _rates(loads.full["commit"])
    added = _p50(loads.calm["committed"]) - _p50(loads.calm["echo"])
    peer_is = f"commit in the event loop{CLIENT}"
    calm = f"at {CALM * CONNECTIONS:,} requests a second"
    return [
        beside_peer("gRPC predict, answer after a durable commit", ours, peer, peer_is),
        at_most("p50 that the durable commit adds", added, 1.5, "ms", beside=calm),
    ]


def _http_rows(loads: Loads) -> list[Row]:
    ours, peer = _rates(loads.http["door"]), _rates(loads.http["json_format_door"])
    own, route = _rates(loads.full["door"]), f"same route, json_format as it comes{CLIENT}"
    return [
        at_least_of("HTTP predict through the whole door", ours, peer, 3, route),
        at_least_of("HTTP predict beside our gRPC", ours, own, 0.8, "our gRPC predict"),
    ]


def _flat_row(loads: Loads) -> Row:
    crowd, alone = _p50(loads.calm["crowd"]), _p50(loads.calm["door"])
    return at_most_of("p50 with 1,000 collectors of another model", crowd, alone, 1.1, "ms", "no collectors")
