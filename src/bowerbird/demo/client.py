"""One user of the demonstration, talking as any client would."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from clarifai_grpc.channel.clarifai_channel import ClarifaiChannel
from clarifai_grpc.grpc.api.service_pb2_grpc import V2Stub
from clarifai_grpc.grpc.api.status.status_code_pb2 import SUCCESS
from google.protobuf.message import Message

TIMEOUT_S = 60.0


class DemoFailedError(Exception):
    """Something did not go as the demonstration expects."""


class GrpcClient:
    """The official client, over gRPC."""

    def __init__(self, stub: V2Stub, token: str) -> None:
        self._stub = stub
        self._token = token

    def call(self, rpc: str, request: Message, request_id: str = "") -> Any:  # the RPC's own answer
        """Raises DemoFailedError for anything but success."""
        metadata = [("authorization", f"Key {self._token}")]
        if request_id:
            metadata.append(("x-request-id", request_id))
        answer = getattr(self._stub, rpc)(request, metadata=metadata, timeout=TIMEOUT_S)
        if answer.status.code != SUCCESS:
            raise DemoFailedError(f"{rpc}: {answer.status.description} {answer.status.details}")
        return answer


@contextmanager
def over_grpc(address: str, token: str) -> Iterator[GrpcClient]:
    host, _, port = address.rpartition(":")
    channel: Any = ClarifaiChannel.get_insecure_grpc_channel  # the official client has no types
    with channel(base=host, port=port) as opened:
        yield GrpcClient(V2Stub(opened), token)  # type: ignore[no-untyped-call]  # as above


class HttpClient:
    """JSON over HTTP, as from any language."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http

    def post(self, path: str, body: object, request_id: str = "") -> Any:  # JSON
        """Raises DemoFailedError for anything but success."""
        headers = {"x-request-id": request_id} if request_id else {}
        answer = self._http.post(path, content=json.dumps(body), headers=headers).json()
        if answer["status"]["code"] != SUCCESS:
            raise DemoFailedError(f"POST {path}: {answer['status']}")
        return answer

    def content(self, url: str) -> bytes:
        """A hosted file. Raises DemoFailedError when it is not to be had."""
        answer = self._http.get(url)
        if answer.status_code != 200:
            raise DemoFailedError(f"GET {url}: {answer.status_code}")
        return bytes(answer.content)


@contextmanager
def over_http(address: str, token: str) -> Iterator[HttpClient]:
    headers = {"authorization": f"Key {token}"}
    with httpx2.Client(
        base_url=f"http://{address}", headers=headers, timeout=TIMEOUT_S, trust_env=False
    ) as http:
        yield HttpClient(http)
