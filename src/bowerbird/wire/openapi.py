"""The OpenAPI 3.1 document of the RPCs that are served, made from their descriptors."""

import re
from collections.abc import Iterable, Iterator

from google.protobuf.descriptor import Descriptor, FieldDescriptor

import bowerbird
from bowerbird.api.rpc import Binding, Method
from bowerbird.wire.openapi_schemas import Schema, Schemas
from bowerbird.wire.routes import CLASHES, VARIABLE, shape
from bowerbird.wire.types import type_of

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SECURITY: dict[str, list[Schema]] = {
    "NoAuth": [],
    "SessionTokenAuth": [{"session": []}, {"key": []}],
}
_DESCRIPTION = (
    "Send your key or personal access token as `Authorization: Key <it>`. Every answer carries a `status`. "
    "Most addresses have a short form, in which an app's own key says which app is meant."
)


def openapi(methods: Iterable[Method]) -> Schema:
    """The document, as plain values."""
    schemas = Schemas()
    paths: Schema = {}
    canonical: dict[str, str] = {}  # templates that differ in the names of variables only are one path
    for method in sorted(methods, key=lambda m: m.name):
        for number, binding in enumerate(_own_bindings(method), 1):
            path = canonical.setdefault(shape(binding.template), binding.template)
            operation = _operation(method, binding, path, number, schemas)
            paths.setdefault(path, {})[binding.verb.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Bowerbird", "version": bowerbird.__version__, "description": _DESCRIPTION},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": schemas.components, "securitySchemes": _security_schemes()},
    }


def _security_schemes() -> Schema:
    key = {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Key <your key>"}
    session = {"type": "apiKey", "in": "header", "name": "X-Clarifai-Session-Token"}
    return {"key": key, "session": session}


def _own_bindings(method: Method) -> Iterator[Binding]:
    """The addresses at which this RPC answers, and no other."""
    for binding in method.bindings:
        if CLASHES.get((binding.verb, shape(binding.template)), method.name) == method.name:
            yield binding


def _operation(method: Method, binding: Binding, path: str, number: int, schemas: Schemas) -> Schema:
    fields = VARIABLE.findall(binding.template)
    operation: Schema = {
        "operationId": method.name if number == 1 else f"{method.name}_{number}",
        "summary": _words(method.name),
        "tags": [_noun(method.name)],
        "parameters": _path_parameters(VARIABLE.findall(path), fields),
        "security": _SECURITY.get(method.auth, [{"key": []}]),
        "responses": _responses(method, schemas),
    }
    if method.scopes:
        operation["description"] = f"Needs the scopes {', '.join(sorted(method.scopes))}."
    request = type_of(method.request)
    if binding.body:
        body = request if binding.body == "*" else request.fields_by_name[binding.body].message_type
        operation["requestBody"] = {"content": {"application/json": {"schema": schemas.of(body)}}}
    else:
        operation["parameters"] += list(_query_parameters(request, set(fields), schemas))
    return operation


def _words(name: str) -> str:
    return " ".join(_WORDS.split(name)).capitalize()


def _noun(name: str) -> str:
    """What the RPC is about: its name without the verb, in the singular."""
    noun = "".join(_WORDS.split(name)[1:]) or name
    return noun.removesuffix("s") if noun.endswith("s") and not noun.endswith(("ss", "us", "is")) else noun


def _path_parameters(names: list[str], fields: list[str]) -> list[Schema]:
    """Variables go by the names that the path has; the field that each fills may have another."""
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        | ({} if name == field else {"description": f"Sets {field}."})
        for name, field in zip(names, fields, strict=True)
    ]


def _query_parameters(
    kind: Descriptor, taken: set[str], schemas: Schemas, prefix: str = "", above: tuple[str, ...] = ()
) -> Iterator[Schema]:
    """Every field that a query can name: single ones, lists of them, and those inside of messages."""
    for field in kind.fields:
        name = f"{prefix}{field.name}"
        if name in taken or (field.message_type is not None and field.message_type.full_name in above):
            continue
        if _is_nested(field):
            inside = (*above, kind.full_name)
            yield from _query_parameters(field.message_type, taken, schemas, f"{name}.", inside)
        elif field.message_type is None or not field.is_repeated:
            yield {"name": name, "in": "query", "schema": schemas.of_field(field)}


def _is_nested(field: FieldDescriptor) -> bool:
    kind = field.message_type
    return kind is not None and not field.is_repeated and kind.file.package != "google.protobuf"


def _responses(method: Method, schemas: Schemas) -> Schema:
    content = {"application/json": {"schema": schemas.of(type_of(method.response))}}
    return {
        "200": {"description": "Done, or done in part: see the status.", "content": content},
        "default": {"description": "It failed: the status says why.", "content": content},
    }
