"""The gRPC wire in front of a dispatcher that keeps what it is asked."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from clarifai_grpc.channel.clarifai_channel import ClarifaiChannel
from clarifai_grpc.grpc.api import service_pb2
from echo import EchoDispatcher, free_port, grpc_served
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from bowerbird.api.rpc import METHODS
from bowerbird.errors import Code
from bowerbird.wire.grpc import address_of_peer, grpc_server

CERTIFICATE = Path(__file__).parent.parent / "certificates" / "media.example.pem"
LIST = "/clarifai.api.V2/ListInputs"
STREAMING = [m for m in METHODS.values() if m.client_streaming or m.server_streaming]


@pytest.fixture
def echo() -> EchoDispatcher:
    return EchoDispatcher()


@pytest.fixture
def channel(echo: EchoDispatcher) -> Iterator[grpc.Channel]:
    with grpc_served(echo, max_bytes=1000) as port:
        made = ClarifaiChannel.get_insecure_grpc_channel(base="127.0.0.1", port=port)
        yield made
        made.close()


def ask(channel: grpc.Channel, data: bytes, **metadata: str) -> Any:
    """The answer to raw bytes."""
    call = channel.unary_unary(LIST, response_deserializer=service_pb2.MultiInputResponse.FromString)
    pairs = [(name.replace("_", "-"), value) for name, value in metadata.items()]
    return call(data, metadata=pairs)


def test_metadata_say_who_calls_and_the_request_id_comes_back(
    channel: grpc.Channel, echo: EchoDispatcher
) -> None:
    response = ask(
        channel, b"", authorization="Key k", x_clarifai_session_token="s", x_request_id="r", other="o"
    )
    assert (echo.credentials.key, echo.credentials.session, echo.credentials.request_id) == ("k", "s", "r")
    assert response.status.req_id == "r"


def test_a_call_without_metadata_shows_no_credential(channel: grpc.Channel, echo: EchoDispatcher) -> None:
    response = ask(channel, b"")
    assert (echo.credentials.key, echo.credentials.session, echo.credentials.request_id) == (None, None, "")
    assert response.status.req_id == "made-here"


def test_bytes_that_are_no_message_are_answered_with_a_status(
    channel: grpc.Channel, echo: EchoDispatcher
) -> None:
    response = ask(channel, b"\xff\xff\xff", x_request_id="r")
    assert (response.status.code, response.status.req_id) == (Code.CONN_BAD_REQUEST_FORMAT, "r")
    assert not echo.asked


def test_a_strange_request_id_is_answered_with_a_status(channel: grpc.Channel) -> None:
    response = ask(channel, b"", idempotency_key="x" * 200)
    assert response.status.code == Code.CONN_BAD_REQUEST_FORMAT
    assert response.status.req_id


def test_a_message_that_is_too_large_is_refused(channel: grpc.Channel, echo: EchoDispatcher) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        ask(channel, b" " * 2000)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert not echo.asked


def test_an_answer_may_be_larger_than_a_request(channel: grpc.Channel, echo: EchoDispatcher) -> None:
    answer = service_pb2.MultiInputResponse(inputs=[{"id": "x" * 5000}])
    echo.answering("ListInputs", answer)
    response = ask(channel, b"")
    assert response.inputs == answer.inputs


@pytest.mark.parametrize("method", STREAMING, ids=lambda method: method.name)
def test_a_streaming_call_is_answered_once_with_not_implemented(channel: grpc.Channel, method: Any) -> None:
    read = method.response.FromString
    if method.client_streaming:
        answers = channel.stream_stream(method.path, response_deserializer=read)(iter([b""]))
    else:
        answers = channel.unary_stream(method.path, response_deserializer=read)(b"")
    assert [answer.status.code for answer in answers] == [Code.NOT_IMPLEMENTED]


def test_an_unknown_method_is_unimplemented(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/clarifai.api.V2/Nonsense")(b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("service", ["", "clarifai.api.V2"])
def test_health_is_told(channel: grpc.Channel, service: str) -> None:
    answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=service))
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_reflection_names_the_services(channel: grpc.Channel) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = stub.ServerReflectionInfo(iter([request]))
    names = {service.name for service in answer.list_services_response.service}
    assert {"clarifai.api.V2", "grpc.health.v1.Health"} <= names


def test_tls_is_spoken_when_there_is_a_certificate(echo: EchoDispatcher) -> None:
    pem = CERTIFICATE.read_bytes()  # holds the key, too
    with grpc_served(echo, tls=(pem, pem)) as port:
        credentials = grpc.ssl_channel_credentials(pem)
        named = [("grpc.ssl_target_name_override", "media.example")]
        with grpc.secure_channel(f"127.0.0.1:{port}", credentials, named) as channel:
            response = ask(channel, b"")
    assert response.status.code == Code.SUCCESS


@pytest.mark.anyio
async def test_an_address_that_is_taken_is_an_error(echo: EchoDispatcher) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(OSError, match="cannot listen"):
            await grpc_server(echo, address=address, max_bytes=1000)  # type: ignore[arg-type]


def test_an_address_is_read_from_what_grpc_says_of_a_peer() -> None:
    assert address_of_peer("ipv4:192.0.2.1:50000") == "192.0.2.1"
    assert address_of_peer("ipv6:%5B2001:db8::1%5D:50000") == "2001:db8::1"
    assert address_of_peer("unix:") == ""
