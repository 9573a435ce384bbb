"""A prediction's output as plain values: built once, read by every collector of its model."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Self

from clarifai_grpc.grpc.api.resources_pb2 import Concept, Data, Input

from bowerbird.workflows.draws import digest
from bowerbird.workflows.merge import merge
from bowerbird.workflows.plain import plain_struct

Values = dict[str, float]  # concept id -> value


class Region:
    """A region of the output: its place in the list, its own value, and the values of its concepts."""

    __slots__ = ("index", "value", "values")

    def __init__(self, index: int, value: float, values: Values) -> None:
        self.index = index
        self.value = value
        self.values = values


class View:
    """What operators see of a prediction. A value: the `with_` methods return changed twins. Only `memo` is
    written to, so that a step that is asked again answers as it did.

    Only what an operator asks for is read from the message, and only once: a slot that is still empty
    is filled by `__getattr__`, which Python calls for nothing else, so that later reads cost a slot's.
    """

    __slots__ = (
        "caller_user_id",
        "digest",
        "geo",
        "input",
        "memo",
        "metadata",
        "names",
        "origin",
        "output",
        "packed_input",
        "packed_output",
        "ranked",
        "regions",
        "request_key",
        "text",
        "values",
    )

    output: Data
    input: Data | None
    packed_output: bytes  # of a view that was recalled, which reads its messages when they are asked for
    packed_input: bytes
    caller_user_id: str
    request_key: str
    origin: "View | None"  # the view that this one is a changed twin of
    values: Values  # of the concepts, in the order of the output; a concept without an id goes by its name
    names: dict[str, str]  # concept id -> name
    ranked: list[float]  # values of the concepts, greatest first
    regions: tuple[Region, ...]
    text: str
    metadata: dict[str, object]  # of the request's input
    geo: tuple[float, float] | None  # longitude and latitude of the request's input, in degrees
    digest: int  # of the request key
    memo: dict[object, object]  # what steps decided about this prediction; its twins have the same

    def __init__(
        self, output: Data, input: Data | None, caller: str, key: str, origin: "View | None" = None
    ) -> None:
        self.output = output
        self.input = input
        self.caller_user_id = caller
        self.request_key = key
        self.origin = origin

    @classmethod
    def of(cls, output: Data, *, input: Data | None, caller: str, key: str) -> Self:
        """`input` is the data of the request's input; `key` names the prediction: its coins hang on it."""
        return cls(output, input, caller, key)

    @classmethod
    def recalled(cls, output: bytes, *, input: bytes, values: Values, caller: str, key: str) -> Self:
        """As `of`, of serialised messages; `values` are the output's, none: they are read from it."""
        view = cls.__new__(cls)
        view.packed_output = output
        view.packed_input = input
        view.caller_user_id = caller
        view.request_key = key
        view.origin = None
        if values:
            view.values = values
        return view

    if not TYPE_CHECKING:  # or mypy would take every name for an attribute

        def __getattr__(self, name: str) -> object:
            if name not in _READERS:
                raise AttributeError(name)
            inherited = self.origin is not None and name != "ranked"
            value = getattr(self.origin, name) if inherited else _READERS[name](self)
            setattr(self, name, value)
            return value

    def with_values(self, values: Values) -> "View":
        """A twin with these concepts only; `values` keeps the order of the output."""
        twin = View(self.output, self.input, self.caller_user_id, self.request_key, self)
        twin.values = values
        return twin

    def with_regions(self, regions: tuple[Region, ...]) -> "View":
        """A twin with these regions only, each perhaps with fewer concepts."""
        twin = View(self.output, self.input, self.caller_user_id, self.request_key, self)
        twin.regions = regions
        return twin

    def with_output(self, output: Data) -> "View":
        """The same prediction with another output: a root of its own, of which everything is read anew."""
        twin = View(output, self.input, self.caller_user_id, self.request_key)
        twin.memo = self.memo
        return twin

    def to_data(self) -> Data:
        """The output itself, or a changed copy when an operator took concepts or regions away."""
        if self.origin is None:
            return self.output
        root = self._root()
        has_all_concepts = len(self.values) == len(root.values)
        has_all_regions = self.regions is root.regions
        if has_all_concepts and has_all_regions:
            return self.output
        data = Data()
        for field, value in self.output.ListFields():
            if field.name == "concepts" and not has_all_concepts:
                data.concepts.extend(_kept(value, self.values))
            elif field.name == "regions" and not has_all_regions:
                for region in self.regions:
                    _add_region(data, self.output, region)
            elif field.is_repeated:
                getattr(data, field.name).extend(value)
            elif field.message_type:
                getattr(data, field.name).CopyFrom(value)
            else:
                setattr(data, field.name, value)
        return data

    def _root(self) -> "View":
        view = self
        while view.origin is not None:
            view = view.origin
        return view


def union(views: Sequence[View]) -> View:
    """One view of everything that is left in any of several changed twins of the same prediction."""
    first, *others = views
    if all(view is first for view in others):
        return first
    root = first._root()
    if any(view._root() is not root for view in others):
        return first.with_output(merge([view.to_data() for view in views]))
    kept = {key for view in views for key in view.values}
    merged = root.with_values({key: value for key, value in root.values.items() if key in kept})
    return merged.with_regions(_union_regions(root.regions, views))


def _union_regions(regions: Iterable[Region], views: Sequence[View]) -> tuple[Region, ...]:
    kept: dict[int, set[str]] = {}
    for view in views:
        for region in view.regions:
            kept.setdefault(region.index, set()).update(region.values)
    return tuple(
        Region(region.index, region.value, {key: region.values[key] for key in region.values if key in ids})
        for region in regions
        if (ids := kept.get(region.index)) is not None
    )


def read_values(concepts: Sequence[Concept]) -> Values:
    """Values by id. A concept without an id goes by its name; one that comes twice has its greatest value."""
    values = {concept.id: concept.value for concept in concepts}
    if len(values) == len(concepts) and "" not in values:
        return values
    values = {}
    for concept in concepts:
        key = concept.id or concept.name
        values[key] = max(concept.value, values.get(key, -math.inf))
    return values


def _kept(concepts: Iterable[Concept], values: Values) -> list[Concept]:
    return [concept for concept in concepts if (concept.id or concept.name) in values]


def _add_region(data: Data, output: Data, region: Region) -> None:
    source = output.regions[region.index]
    copy = data.regions.add()
    copy.CopyFrom(source)
    if len(region.values) != len(source.data.concepts):
        del copy.data.concepts[:]
        copy.data.concepts.extend(_kept(source.data.concepts, region.values))


def _read_regions(view: View) -> tuple[Region, ...]:
    return tuple(
        Region(index, region.value, read_values(region.data.concepts))
        for index, region in enumerate(view.output.regions)
    )


def _read_metadata(view: View) -> dict[str, object]:
    return plain_struct(view.input.metadata) if view.input is not None else {}


def _read_geo(view: View) -> tuple[float, float] | None:
    if view.input is None or not view.input.geo.HasField("geo_point"):
        return None
    point = view.input.geo.geo_point
    return point.longitude, point.latitude


_READERS: dict[str, Callable[[View], object]] = {
    "values": lambda view: read_values(view.output.concepts),
    "names": lambda view: {c.id or c.name: c.name for c in view.output.concepts},
    "ranked": lambda view: sorted(view.values.values(), reverse=True),
    "regions": _read_regions,
    "text": lambda view: view.output.text.raw,
    "metadata": _read_metadata,
    "geo": _read_geo,
    "digest": lambda view: digest(view.request_key),
    "memo": lambda view: {},
    "output": lambda view: Data.FromString(view.packed_output),
    "input": lambda view: Input.FromString(view.packed_input).data,
}
