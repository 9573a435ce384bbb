"""Which RPC an HTTP request means, and how its address and query fill the RPC's request."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from bowerbird.api.rpc import Binding, Method
from bowerbird.errors import BadFormat, MethodNotAllowed, UnknownMethod
from bowerbird.wire.json_values import Malformed, ReadScalar, scalar_reader
from bowerbird.wire.types import type_of

REMEMBERED, LONGEST = 1000, 500  # addresses, and the characters of one that is remembered
VARIABLE = re.compile(r"\{([\w.]+)\}")

# The API gives each of these addresses to two RPCs; this one answers there.
CLASHES: Mapping[tuple[str, str], str] = {
    ("GET", "/v2/pipelines"): "ListPipelines",
    ("POST", "/v2/users/{}/compute_clusters/{}/nodepools/{}/runners"): "PostRunners",
    ("GET", "/v2/users/{}/compute_clusters/{}/nodepools/{}/runners/{}/{}/logs"): "ListLogEntries",
    ("GET", "/v2/users/{}/compute_clusters/{}/{}/nodepools/{}/versions/{}/{}/logs"): "ListLogEntries",
}


@dataclass(frozen=True, slots=True)
class Route:
    """One address of one RPC; `bind` puts the address's variables into a request. It raises BadFormat."""

    method: Method
    binding: Binding
    bind: Callable[[Message, Sequence[str]], None]


@dataclass(slots=True)
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    variable: "_Node | None" = None
    route: Route | None = None


def shape(template: str) -> str:
    """A template without the names of its variables: two of one shape match the same addresses."""
    return VARIABLE.sub("{}", template)


class Routes:
    """Finds the RPC of an address: a literal segment beats a variable, in every position from the left."""

    def __init__(self, methods: Iterable[Method]) -> None:
        self._roots: dict[str, _Node] = {}
        self._found = lru_cache(REMEMBERED)(self._find)  # callers come to the same addresses again and again
        for method in methods:
            for binding in method.bindings:
                winner = CLASHES.get((binding.verb, shape(binding.template)), method.name)
                if winner == method.name:
                    self._add(Route(method, binding, _binder(type_of(method.request), binding.template)))

    def _add(self, route: Route) -> None:
        node = self._roots.setdefault(route.binding.verb, _Node())
        for segment in route.binding.template.split("/")[1:]:
            if VARIABLE.fullmatch(segment):
                node.variable = node = node.variable or _Node()
            else:
                node = node.literals.setdefault(segment, _Node())
        if node.route is not None:
            raise ValueError(
                f"{route.method.name} and {node.route.method.name} share {route.binding.template}"
            )
        node.route = route

    def find(self, verb: str, path: str) -> tuple[Route, Sequence[str]]:
        """The route of a percent-encoded path, and the values of its variables in their order.

        Raises UnknownMethod, MethodNotAllowed, BadFormat.
        """
        return self._found(verb, path) if len(path) <= LONGEST else self._find(verb, path)

    def _find(self, verb: str, path: str) -> tuple[Route, Sequence[str]]:
        segments = _segments(path)
        values: list[str] = []
        root = self._roots.get(verb)
        route = _search(root, segments, 0, values) if root else None
        if route is None:
            verbs = self.verbs(path)
            if verbs:
                raise MethodNotAllowed(f"{path[:200]} takes {', '.join(verbs)}")
            raise UnknownMethod(path[:200])
        return route, values

    def verbs(self, path: str) -> list[str]:
        """The HTTP methods that an address takes."""
        segments = _segments(path)
        return sorted(verb for verb, root in self._roots.items() if _search(root, segments, 0, []))


def _segments(path: str) -> list[str]:
    segments = path.split("/")[1:]
    if segments and not segments[-1]:
        del segments[-1]
    if "%" not in path:
        return segments
    try:
        return [unquote_to_bytes(segment).decode() for segment in segments]
    except UnicodeDecodeError:
        raise BadFormat("address: expected percent-encoded UTF-8") from None


def _search(node: _Node, segments: Sequence[str], at: int, values: list[str]) -> Route | None:
    if at == len(segments):
        return node.route
    segment = segments[at]
    literal = node.literals.get(segment)
    if literal is not None:
        route = _search(literal, segments, at + 1, values)
        if route is not None:
            return route
    if node.variable is None or not segment:
        return None
    values.append(segment)
    route = _search(node.variable, segments, at + 1, values)
    if route is None:
        values.pop()
    return route


def _binder(request: Descriptor, template: str) -> Callable[[Message, Sequence[str]], None]:
    steps = [_step(request, name) for name in VARIABLE.findall(template)]

    def bind(message: Message, values: Sequence[str]) -> None:
        for (parents, leaf, read), value in zip(steps, values, strict=True):
            target = message
            for parent in parents:
                target = getattr(target, parent)
            try:
                setattr(target, leaf, read(value))
            except Malformed as error:
                raise BadFormat(f"{'.'.join((*parents, leaf))}: expected {error.expected}") from None

    return bind


def _step(request: Descriptor, name: str) -> tuple[list[str], str, ReadScalar]:
    """The way to a variable's field, and its reader."""
    *parents, leaf = name.split(".")
    kind = request
    for parent in parents:
        kind = kind.fields_by_name[parent].message_type
    return parents, leaf, scalar_reader(kind.fields_by_name[leaf])
