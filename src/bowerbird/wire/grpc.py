"""The gRPC wire: one generic handler over every RPC of the contract, health, and reflection."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import DecodeError
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from bowerbird.api.rpc import METHODS, Credentials, Dispatcher, Method
from bowerbird.errors import ApiError, BadFormat, Unserved
from bowerbird.wire.callers import HEADERS, credentials_of, new_request_id

Context = Any  # grpc.aio.ServicerContext, whose stubs know only one of its classes
SERVICES = tuple(dict.fromkeys(method.path.split("/")[1] for method in METHODS.values()))


async def grpc_server(
    dispatcher: Dispatcher,
    *,
    address: str,
    max_bytes: int,
    tls: tuple[bytes, bytes] | None = None,
    reuse_port: bool = False,
) -> "grpc.aio.Server":
    """A server that was started at HOST:PORT; `tls` is a private key and a chain of certificates, as PEM.

    Raises OSError when the address cannot be had.
    """
    server = grpc.aio.server(options=_options(max_bytes, reuse_port))
    server.add_generic_rpc_handlers((V2Handler(dispatcher),))
    await _add_health(server)
    names = (*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
    _bind(server, address, tls)
    await server.start()
    return server


def _options(max_bytes: int, reuse_port: bool) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", max_bytes),
        ("grpc.max_send_message_length", -1),  # what we made ourselves may go out
        ("grpc.so_reuseport", int(reuse_port)),
    ]


def _bind(server: "grpc.aio.Server", address: str, tls: tuple[bytes, bytes] | None) -> None:
    try:
        if tls is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, grpc.ssl_server_credentials([tls]))
    except RuntimeError as error:
        raise OSError(f"cannot listen at {address}: {error}") from None
    if not port:
        raise OSError(f"cannot listen at {address}")


async def _add_health(server: "grpc.aio.Server") -> None:
    servicer = health.aio.HealthServicer()  # type: ignore[attr-defined]  # the stubs leave it out
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    for name in ("", *SERVICES):
        await servicer.set(name, health_pb2.HealthCheckResponse.SERVING)


class V2Handler(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic for the stubs only
    """Gives grpc the handler of a path; all of them are made beforehand."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._handlers = {method.path: _handler(dispatcher, method) for method in METHODS.values()}

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        return self._handlers.get(handler_call_details.method)


def _handler(dispatcher: Dispatcher, method: Method) -> "grpc.RpcMethodHandler[Any, Any]":
    """A handler of bytes: what cannot be parsed is answered with a status, like every other error.

    The request id goes back in that status alone: trailing metadata would cost 4 % of a call.
    """
    if not (method.client_streaming or method.server_streaming):
        return grpc.unary_unary_rpc_method_handler(_unary(dispatcher, method))
    refuse = _refusal(dispatcher, method)
    if method.client_streaming:
        return grpc.stream_stream_rpc_method_handler(refuse)
    return grpc.unary_stream_rpc_method_handler(refuse)


def _unary(dispatcher: Dispatcher, method: Method) -> Callable[[bytes, Context], Awaitable[bytes]]:
    parse = method.request.FromString
    call, refuse = dispatcher.call, dispatcher.refuse

    async def answer(data: bytes, context: Context) -> bytes:
        credentials = Credentials()
        try:
            credentials = _credentials(context)
            response = await call(method, parse(data), credentials)
        except DecodeError:
            error = BadFormat("body: expected a protobuf message")
            response = refuse(method, error, credentials.request_id or new_request_id())
        except ApiError as error:
            response = refuse(method, error, new_request_id())
        return response.SerializeToString()

    return answer


def _refusal(
    dispatcher: Dispatcher, method: Method
) -> Callable[[AsyncIterator[bytes], Context], AsyncIterator[bytes]]:
    """No streaming RPC is served: each answers one message that says so."""

    async def answer(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
        error = Unserved(f"{method.name} is not served here")
        yield dispatcher.refuse(method, error, new_request_id()).SerializeToString()

    return answer


def _credentials(context: Context) -> Credentials:
    """Raises BadFormat."""
    metadata: Iterable[tuple[str, str]] = context.invocation_metadata() or ()
    headers = {name: value for name, value in metadata if name in HEADERS}
    return credentials_of(headers, address_of_peer(context.peer()))


def address_of_peer(peer: str) -> str:
    """The address in what grpc says of a peer: ipv4:192.0.2.1:50000, ipv6:%5B2001:db8::1%5D:50000."""
    address = peer.partition(":")[2].rpartition(":")[0]
    return address.removeprefix("%5B").removesuffix("%5D")
