"""Every address of the API leads to its RPC."""

import re
from collections import defaultdict

import pytest
from clarifai_grpc.grpc.api import service_pb2

from bowerbird.api.rpc import METHODS, Binding, Method
from bowerbird.errors import BadFormat, MethodNotAllowed, UnknownMethod
from bowerbird.wire.routes import CLASHES, VARIABLE, Routes, shape

ROUTES = Routes(METHODS.values())
CONTRACT = [method for method in METHODS.values() if method.path.startswith("/clarifai.api.V2/")]
BINDINGS = [(method, binding) for method in CONTRACT for binding in method.bindings]


def address(template: str) -> str:
    return re.sub(r"\{([\w.]+)\}", lambda match: f"my-{match[1].rpartition('.')[2]}", template)


def name_at(verb: str, path: str) -> str:
    return ROUTES.find(verb, path)[0].method.name


def test_every_address_leads_to_its_rpc_and_fills_its_request() -> None:
    own = [pair for pair in BINDINGS if answers_there(*pair)]
    assert (len(BINDINGS), len(own)) == (481, 477)
    for method, binding in own:
        for end in ("", "/"):
            route, values = ROUTES.find(binding.verb, address(binding.template) + end)
            assert (route.method, route.binding) == (method, binding)
            request = method.request()
            route.bind(request, values)
            for name in VARIABLE.findall(binding.template):
                assert field_of(request, name) == f"my-{name.rpartition('.')[2]}"


def answers_there(method: Method, binding: Binding) -> bool:
    return CLASHES.get((binding.verb, shape(binding.template)), method.name) == method.name


def field_of(message: object, name: str) -> object:
    for part in name.split("."):
        message = getattr(message, part)
    return message


def test_the_clashes_are_those_that_the_api_has() -> None:
    at: dict[tuple[str, str], set[str]] = defaultdict(set)
    for method, binding in BINDINGS:
        at[binding.verb, shape(binding.template)].add(method.name)
    shared = {place: names for place, names in at.items() if len(names) > 1}
    assert shared.keys() == CLASHES.keys()
    for place, winner in CLASHES.items():
        assert winner in shared[place]
        assert name_at(place[0], place[1].replace("{}", "x")) == winner


@pytest.mark.parametrize(
    ("verb", "path", "name"),
    [
        ("GET", "/v2/users/u/apps/a/concepts/relations", "ListConceptRelations"),
        ("GET", "/v2/models/types", "ListModelTypes"),
        ("GET", "/v2/inputs/status", "GetInputCount"),
        ("DELETE", "/v2/inputs/status", "DeleteInput"),
        ("GET", "/v2/inputs/stream", "StreamInputs"),
        ("GET", "/v2/inputs/streams", "GetInput"),
    ],
)
def test_a_literal_beats_a_variable_where_it_takes_the_verb(verb: str, path: str, name: str) -> None:
    assert name_at(verb, path) == name


def test_segments_are_percent_decoded_one_by_one() -> None:
    route, values = ROUTES.find("GET", "/v2/inputs/a%2Fb%20%C3%BC")
    request = service_pb2.GetInputRequest()
    route.bind(request, values)
    assert request.input_id == "a/b ü"
    with pytest.raises(BadFormat, match="percent-encoded"):
        ROUTES.find("GET", "/v2/inputs/%ff")


def test_a_known_address_under_another_verb_is_not_allowed() -> None:
    with pytest.raises(MethodNotAllowed, match="takes DELETE, GET, PATCH, POST"):
        ROUTES.find("PUT", "/v2/inputs")
    assert ROUTES.verbs("/v2/inputs") == ["DELETE", "GET", "PATCH", "POST"]


@pytest.mark.parametrize(
    "path", ["/v2/", "/v2/nonsense", "/v2//inputs", "/v2/inputs//", "/v2/inputs/a/b/c", "/"]
)
def test_an_unknown_address_is_not_found(path: str) -> None:
    with pytest.raises(UnknownMethod):
        ROUTES.find("GET", path)


def test_two_rpcs_at_one_address_are_refused_unless_one_is_chosen() -> None:
    method = METHODS["GetInput"]
    with pytest.raises(ValueError, match="share"):
        Routes([method, method])
