"""Every RPC, of the contract and our own, read from descriptors: addresses, authentication, scopes."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from clarifai_grpc.grpc.api import service_pb2
from clarifai_grpc.grpc.auth.scope import scope_pb2
from clarifai_grpc.grpc.auth.types import types_pb2
from clarifai_grpc.grpc.auth.util import extension_pb2
from google.api import annotations_pb2
from google.api.http_pb2 import HttpRule
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from bowerbird import proto
from bowerbird.auth.scopes import needed

OURS = "bowerbird.v1"  # the package
_READS = ("Get", "List", "Stream", "My")


class Transaction(StrEnum):
    """What a handler finds open: nothing, a reading or a writing connection."""

    NONE = "none"
    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Binding:
    """One HTTP address of an RPC."""

    verb: str
    template: str
    body: str


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC."""

    name: str
    path: str
    request: type[Message]
    response: type[Message]
    bindings: tuple[Binding, ...]
    auth: str
    scopes: frozenset[str]
    client_streaming: bool
    server_streaming: bool

    @property
    def is_read(self) -> bool:
        return self.name.startswith(_READS)


def methods_of(service: ServiceDescriptor) -> dict[str, Method]:
    return {m.name: _method(service, m) for m in service.methods}


def _method(service: ServiceDescriptor, m: MethodDescriptor) -> Method:
    options = m.GetOptions().Extensions
    scopes = [scope_pb2.S.Name(s) for s in options[extension_pb2.cl_depending_scopes]]
    return Method(
        name=m.name,
        path=f"/{service.full_name}/{m.name}",
        request=GetMessageClass(m.input_type),
        response=GetMessageClass(m.output_type),
        bindings=tuple(_bindings(options[annotations_pb2.http])),
        auth=types_pb2.AuthType.Name(options[extension_pb2.cl_auth_type]),
        scopes=needed(m.name, scopes),
        client_streaming=m.client_streaming,
        server_streaming=m.server_streaming,
    )


def _bindings(rule: HttpRule) -> Iterator[Binding]:
    verb = rule.WhichOneof("pattern")
    if verb:
        yield Binding(verb.upper(), getattr(rule, verb), rule.body)
    for more in rule.additional_bindings:
        yield from _bindings(more)


def _our_services() -> Iterator[ServiceDescriptor]:
    """Those of our own package, in whichever file they stand."""
    for module in pkgutil.iter_modules(proto.__path__, f"{proto.__name__}."):
        if module.name.endswith("_pb2"):
            file = importlib.import_module(module.name).DESCRIPTOR
            if file.package == OURS:
                yield from file.services_by_name.values()


V2 = service_pb2.DESCRIPTOR.services_by_name["V2"]
METHODS: dict[str, Method] = methods_of(V2)
for service in _our_services():
    METHODS |= methods_of(service)
