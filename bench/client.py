"""A load by Python, where h2load and wrk are missing: `python -m bench.client WIRE PORT SECONDS ...`."""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import grpc.aio
import uvloop

from bench.load import GRPC_PATH, HTTP_PATH

Send = Callable[[], Awaitable[int]]  # one request; how many bytes its answer has
FRAME = 5  # bytes before a message of gRPC


async def main(wire: str, port: int, seconds: float, at_once: int, key: str, body: bytes) -> None:
    open_one = {"grpc": _grpc, "http": _http}[wire]
    sends = [await open_one(port, key, body) for _ in range(at_once)]
    times: list[float] = []
    sizes: list[int] = []
    end = time.perf_counter() + seconds

    async def repeat(send: Send) -> None:
        while (start := time.perf_counter()) < end:
            sizes.append(await send())
            times.append(time.perf_counter() - start)

    await asyncio.gather(*map(repeat, sends))
    done = len(times)
    p50_ms, size = 1000 * statistics.median(times), statistics.mean(sizes)
    print(json.dumps({"done": done, "rate": done / seconds, "p50_ms": p50_ms, "size": size}))


async def _grpc(port: int, key: str, frame: bytes) -> Send:
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
    call = channel.unary_unary(GRPC_PATH)  # type: ignore[call-arg]  # of bytes, which the stubs leave out

    async def send() -> int:
        answer: bytes = await call(frame[FRAME:], metadata=[("authorization", f"Key {key}")])
        return FRAME + len(answer)

    return send


async def _http(port: int, key: str, body: bytes) -> Send:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"POST {HTTP_PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"authorization: Key {key}\r\ncontent-length: {len(body)}\r\n\r\n"
    )

    async def send() -> int:
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode())
        length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return len(answer) + len(await reader.readexactly(int(length.partition(b":")[2])))

    return send


if __name__ == "__main__":
    wire, port, seconds, at_once, key, body = sys.argv[1:]
    uvloop.run(main(wire, int(port), float(seconds), int(at_once), key, Path(body).read_bytes()))
