"""Which part of a model's output is answered: output_config's selection, number and least value."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clarifai_grpc.grpc.api.resources_pb2 import Concept, Data, OutputConfig, Region
from clarifai_grpc.grpc.api.status.status_pb2 import Status

from bowerbird.errors import Code, ModelInvalid, OutOfRange

MOST_CONCEPTS = 200
USUAL_CONCEPTS = 20
_ALL_FINE = {int(Code.SUCCESS)}
_PARTLY_FINE = {int(Code.SUCCESS), int(Code.MIXED_STATUS)}
_SUCCESS = Status(code=Code.SUCCESS, description="Ok")
Pairs = Sequence[tuple[str, str]]  # (id, name)


@dataclass(frozen=True, slots=True)
class Cut:
    """What of an output is answered: at most so many concepts, of at least this value, of those chosen."""

    most: int = USUAL_CONCEPTS
    least: float = 0.0
    chosen: frozenset[str] = frozenset()  # ids and names; empty: all
    unknown: tuple[str, ...] = ()  # that were asked for, and the model does not have

    def top(self, concepts: Sequence[Concept]) -> list[Concept]:
        kept = [c for c in concepts if c.value >= self.least and self._is_chosen(c)]
        kept.sort(key=lambda c: -c.value)
        return kept[: self.most]

    def _is_chosen(self, concept: Concept) -> bool:
        return not self.chosen or concept.id in self.chosen or concept.name in self.chosen

    def is_idle(self, data: Data) -> bool:
        """Whether all of `data` is answered as it is."""
        few = len(data.concepts) <= self.most and not self.least and not self.chosen
        return few and not data.regions and not data.frames


def cut_of(config: OutputConfig, concepts: Pairs) -> Cut:
    """The cut that a config asks for. `concepts` are the model's; none: whatever it answers.

    Raises OutOfRange, and ModelInvalid when the model has none of the selected concepts.
    """
    if config.max_concepts > MOST_CONCEPTS:
        raise OutOfRange(f"max_concepts is {config.max_concepts}; it can be 1 to {MOST_CONCEPTS}")
    if not 0 <= config.min_value <= 1:  # also refuses NaN
        raise OutOfRange(f"min_value is {config.min_value:g}; it can be 0 to 1")
    wanted = [c.id or c.name for c in config.select_concepts]
    have = {word for pair in concepts for word in pair}
    unknown = tuple(word for word in wanted if concepts and word not in have)
    if unknown and len(unknown) == len(wanted):
        raise ModelInvalid(f"select_concepts: the model has none of {', '.join(map(repr, unknown[:5]))}")
    most = config.max_concepts or max(USUAL_CONCEPTS, min(len(wanted), MOST_CONCEPTS))
    return Cut(most, config.min_value, frozenset(wanted), unknown)


def override(usual: Cut, given: OutputConfig, stored: OutputConfig, concepts: Pairs) -> Cut:
    """The cut of a request; what it leaves open is as the model has it. Raises as `cut_of`."""
    if not given.ByteSize():
        return usual
    config = OutputConfig()
    config.CopyFrom(stored)
    if given.select_concepts:
        del config.select_concepts[:]
    config.MergeFrom(given)
    return cut_of(config, concepts)


def copy_cut(data: Data, into: Data, cut: Cut) -> None:
    """Copy what is answered of `data`."""
    if cut.is_idle(data):
        into.CopyFrom(data)
        return
    for field, value in data.ListFields():
        if field.name == "concepts":
            into.concepts.extend(cut.top(value))
        elif field.name == "regions":
            _copy_regions(value, into, cut)
        elif field.name == "frames":
            for frame in value:
                copy = into.frames.add(frame_info=frame.frame_info)
                copy_cut(frame.data, copy.data, cut)
        elif field.is_repeated:
            getattr(into, field.name).extend(value)
        elif field.message_type:
            getattr(into, field.name).CopyFrom(value)
        else:
            setattr(into, field.name, value)


def _copy_regions(regions: Iterable[Region], into: Data, cut: Cut) -> None:
    """Copy the regions, without those of whose concepts nothing is left."""
    for region in regions:
        left = Data()
        copy_cut(region.data, left, cut)
        if left.concepts or not region.data.concepts:
            copy = into.regions.add()
            copy.CopyFrom(region)
            if region.HasField("data"):
                copy.data.CopyFrom(left)


def without_bytes(data: Data) -> Data:
    """The data that an operator hands on as answers have it: media that were given are not sent back."""
    copy = Data()
    copy.CopyFrom(data)
    for kind in (kind for kind in ("image", "video", "audio") if data.HasField(kind)):
        getattr(copy, kind).ClearField("base64")
    return copy


def overall(codes: Iterable[int], cut: Cut) -> Status:
    """The status of a call by those of its parts."""
    found = set(codes)
    if found == _ALL_FINE and not cut.unknown:
        return _SUCCESS
    if found.isdisjoint(_PARTLY_FINE):
        return Status(code=Code.FAILURE, description="Failure")
    if found != _ALL_FINE:
        return Status(code=Code.MIXED_STATUS, description="Mixed Success")
    missing = f"select_concepts: the model has no {', '.join(map(repr, cut.unknown[:5]))}"
    return Status(code=Code.MIXED_STATUS, description="Mixed Success", details=missing)
