"""The official client, over JSON and over gRPC: what it sends arrives, what is answered it reads."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from clarifai_grpc.channel.clarifai_channel import ClarifaiChannel
from clarifai_grpc.grpc.api import service_pb2_grpc
from echo import EchoDispatcher, app_over, grpc_served, http_served
from google.protobuf.descriptor import FieldDescriptor
from messages import random_message

from bowerbird.api.rpc import METHODS, Method
from bowerbird.wire.routes import VARIABLE

METADATA = (("authorization", "Key secret"),)
CONTRACT = [m for m in METHODS.values() if m.path.startswith("/clarifai.api.V2/")]
UNARY = [m for m in CONTRACT if not (m.client_streaming or m.server_streaming)]

# The JSON client cannot fill a dotted variable other than user_app_id, and the API gives PatchRunners the
# verb and address of PostRunners.
BEYOND_JSON = {"ListCloudRegions", "ListInstanceTypes", "PatchRunners"}
SENT_AS_JSON = [method for method in UNARY if method.name not in BEYOND_JSON]


@pytest.fixture(scope="module")
def echo() -> EchoDispatcher:
    return EchoDispatcher()


@pytest.fixture(scope="module")
def over_json(echo: EchoDispatcher) -> Iterator[Any]:
    with http_served(app_over(echo)) as port:
        channel = ClarifaiChannel.get_json_channel(f"http://127.0.0.1:{port}")
        yield service_pb2_grpc.V2Stub(channel)
        channel.session.close()


@pytest.fixture(scope="module")
def over_grpc(echo: EchoDispatcher) -> Iterator[Any]:
    with grpc_served(echo) as port:
        channel = ClarifaiChannel.get_insecure_grpc_channel(base="127.0.0.1", port=port)
        yield service_pb2_grpc.V2Stub(channel)
        channel.close()


def exchange(stub: Any, echo: EchoDispatcher, method: Method, request: Any) -> None:
    """Send the request, have a random answer, and see that both arrive whole."""
    answer: Any = random_message(method.response.DESCRIPTOR, random.Random(method.name))
    answer.status.Clear()
    answer.status.code, answer.status.description, answer.status.req_id = 10000, "Ok", "made-here"
    echo.answering(method.name, answer)
    received = getattr(stub, method.name)(request, metadata=METADATA)
    assert echo.asked[-1][0] is method
    assert echo.request == request
    assert echo.credentials.key == "secret"
    assert received == answer


@pytest.mark.parametrize("method", UNARY, ids=lambda method: method.name)
def test_the_grpc_client_is_understood(over_grpc: Any, echo: EchoDispatcher, method: Method) -> None:
    request = random_message(method.request.DESCRIPTOR, random.Random(method.name))
    exchange(over_grpc, echo, method, request)


@pytest.mark.parametrize("method", SENT_AS_JSON, ids=lambda method: method.name)
def test_the_json_client_is_understood(over_json: Any, echo: EchoDispatcher, method: Method) -> None:
    exchange(over_json, echo, method, sendable(method))


def sendable(method: Method) -> Any:
    """A random request that the JSON client can put into an address and a body or a query."""
    binding = method.bindings[0]
    request: Any = random_message(method.request.DESCRIPTOR, random.Random(method.name))
    if binding.verb == "GET" or not binding.body:
        request = random_query(method)
    for name in VARIABLE.findall(binding.template):
        *parents, leaf = name.split(".")
        target = request
        for parent in parents:
            target = getattr(target, parent)
        setattr(target, leaf, f"the-{leaf}")
    return request


def random_query(method: Method) -> Any:
    """Only fields that the client can say in a query: it has no way to write lists of messages."""
    request = method.request()
    rng = random.Random(method.name)
    in_addresses = {name for binding in method.bindings for name in VARIABLE.findall(binding.template)}
    for field in request.DESCRIPTOR.fields:
        if field.message_type is not None or field.containing_oneof or field.name == "query":
            continue  # the client itself fails on a text called query
        if field.is_repeated:
            if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
                getattr(request, field.name).extend(["one", "two"])
        elif rng.random() < 0.7 and field.name not in in_addresses:
            is_text = field.cpp_type == FieldDescriptor.CPPTYPE_STRING
            setattr(request, field.name, "a b&c=ü%/" if is_text else 1)
    return request
