"""A stand-in for the server: it remembers what it was sent, and answers as it is told."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bowerbird_tap import Limits, Stats

Answer = tuple[int, dict[str, object]]
QUICK = Limits(linger=0.01, retry_first=0.01, retry_most=0.05, timeout=5.0, drain_share=1.0)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answer: Callable[[list[dict[str, object]]], Answer]) -> None:
        self.batches: list[list[dict[str, object]]] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.answer = answer
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def ids(self) -> list[str]:
        return [str(item["request_id"]) for batch in self.batches for item in batch]

    def items(self) -> list[dict[str, object]]:
        return [item for batch in self.batches for item in batch]


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        batch = json.loads(body)["predictions"]
        self.server.requests.append((self.path, dict(self.headers.items())))
        status, said = self.server.answer(batch)
        if status < 300:
            refused = said.get("refused", {})
            assert isinstance(refused, dict)
            self.server.batches.append([item for item in batch if item["request_id"] not in refused])
        self._reply(status, said)

    def _reply(self, status: int, said: dict[str, object]) -> None:
        data = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if "retry_after" in said:
            self.send_header("Retry-After", str(said["retry_after"]))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


def accept(batch: list[dict[str, object]], refused: dict[str, int] | None = None) -> Answer:
    """Every item, but those that are `refused` with a code."""
    codes = refused or {}
    results = [
        {"request_id": item["request_id"], "status": {"code": codes.get(str(item["request_id"]), 10000)}}
        for item in batch
    ]
    return 200, {"status": {"code": 10010 if codes else 10000}, "results": results, "refused": codes}


def fail(status: int) -> Answer:
    return status, {"status": {"code": 99009, "description": "no"}}


@contextmanager
def serving(answer: Callable[[list[dict[str, object]]], Answer] = accept) -> Iterator[Server]:
    with Server(answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def is_balanced(stats: Stats) -> bool:
    gone = stats.sent + stats.rejected + sum(stats.dropped.values())
    return stats.offered + stats.adopted == gone + stats.waiting + stats.spooled
