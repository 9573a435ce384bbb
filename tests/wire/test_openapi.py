"""The OpenAPI document says what the server does."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from echo import EchoDispatcher, app_over

from bowerbird.api.rpc import METHODS
from bowerbird.wire.openapi import openapi
from bowerbird.wire.routes import Routes, shape

WHOLE = openapi(METHODS.values())
OPERATIONS = [
    (path, verb, operation) for path, verbs in WHOLE["paths"].items() for verb, operation in verbs.items()
]


def references(plain: Any) -> Iterator[str]:
    if isinstance(plain, dict):
        if "$ref" in plain:
            yield plain["$ref"]
        for value in plain.values():
            yield from references(value)
    elif isinstance(plain, list):
        for value in plain:
            yield from references(value)


def test_every_address_is_an_operation_of_the_rpc_that_answers_there() -> None:
    routes = Routes(METHODS.values())
    ours = [m for m in METHODS.values() if m.path.startswith("/bowerbird.v1.")]
    assert len(OPERATIONS) == 477 + len(ours)
    for path, verb, operation in OPERATIONS:
        route, _ = routes.find(verb.upper(), re.sub(r"\{.*?\}", "x", path))
        assert operation["operationId"].split("_")[0] == route.method.name


def test_operations_have_names_of_their_own_and_paths_shapes_of_their_own() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(names) == len(set(names))
    assert len({shape(path) for path in WHOLE["paths"]}) == len(WHOLE["paths"])


def test_every_variable_of_a_path_is_a_parameter() -> None:
    for path, _, operation in OPERATIONS:
        named = [p["name"] for p in operation["parameters"] if p["in"] == "path"]
        assert named == re.findall(r"\{(.*?)\}", path)
        everything = [(p["name"], p["in"]) for p in operation["parameters"]]
        assert len(everything) == len(set(everything))


def test_every_reference_leads_somewhere() -> None:
    known = {f"#/components/schemas/{name}" for name in WHOLE["components"]["schemas"]}
    assert set(references(WHOLE)) == known


def test_an_operation_says_what_it_takes_gives_and_needs() -> None:
    path = "/v2/users/{user_app_id.user_id}/apps/{user_app_id.app_id}/inputs"
    post, listing = WHOLE["paths"][path]["post"], WHOLE["paths"][path]["get"]
    assert (post["operationId"], post["summary"], post["tags"]) == ("PostInputs", "Post inputs", ["Input"])
    body = post["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/PostInputsRequest"}
    assert post["security"] == [{"key": []}]
    assert "Inputs_Add" in post["description"]
    assert {
        "name": "per_page",
        "in": "query",
        "schema": {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
    } in (listing["parameters"])
    assert "requestBody" not in listing


def test_values_are_described_as_the_codec_writes_them() -> None:
    schemas = WHOLE["components"]["schemas"]
    assert schemas["Concept"]["properties"]["value"]["default"] == 1.0
    assert schemas["Image"]["properties"]["base64"] == {"type": "string", "contentEncoding": "base64"}
    assert schemas["Input"]["properties"]["created_at"]["format"] == "date-time"
    assert schemas["Data"]["properties"]["metadata"] == {"type": "object"}
    assert schemas["Data"]["properties"]["concepts"]["type"] == "array"
    assert "SUCCESS" in schemas["status.StatusCode"]["anyOf"][1]["enum"]


@pytest.mark.anyio
async def test_only_what_is_served_is_in_the_servers_document() -> None:
    class Small(EchoDispatcher):
        def served(self) -> list[str]:
            return ["GetInput"]

    transport = httpx2.ASGITransport(app_over(Small()))
    async with httpx2.AsyncClient(transport=transport, base_url="http://bowerbird") as client:
        answer = await client.get("/openapi.json")
    document = json.loads(answer.content)
    found = {o["operationId"].split("_")[0] for verbs in document["paths"].values() for o in verbs.values()}
    assert (document["openapi"], found) == ("3.1.0", {"GetInput"})
    assert "Collector" not in document["components"]["schemas"]
