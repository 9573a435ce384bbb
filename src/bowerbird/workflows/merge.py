"""Merges what several nodes gave into the data of the node that reads from them all."""

from collections.abc import Iterable, Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Concept, Data, Region

MERGED = {"concepts", "regions"}


def merge(datas: Sequence[Data]) -> Data:
    """The union of concepts, regions and other lists; of everything else, the first that there is."""
    if len(datas) == 1:
        return datas[0]
    merged = Data()
    for data in datas:
        _add(merged, data)
    merged.concepts.sort(key=lambda concept: -concept.value)
    return merged


def _add(merged: Data, data: Data) -> None:
    _add_concepts(merged, data.concepts)
    _add_regions(merged, data.regions)
    _add_others(merged, data)


def _add_concepts(merged: Data, concepts: Iterable[Concept]) -> None:
    """A concept that is there already has the greater of its values."""
    known = {concept.id or concept.name: concept for concept in merged.concepts}
    for concept in concepts:
        twin = known.get(concept.id or concept.name)
        if twin is None:
            merged.concepts.add().CopyFrom(concept)
        else:
            twin.value = max(twin.value, concept.value)


def _add_regions(merged: Data, regions: Iterable[Region]) -> None:
    known = list(merged.regions)
    for region in regions:
        twin = next((one for one in known if _same_place(one, region)), None)
        if twin is None:
            merged.regions.add().CopyFrom(region)
        else:
            _add(twin.data, region.data)


def _same_place(a: Region, b: Region) -> bool:
    return bool(a.id == b.id if a.id and b.id else a.region_info == b.region_info)


def _add_others(merged: Data, data: Data) -> None:
    for field, value in data.ListFields():
        if field.name in MERGED:
            continue
        mine = getattr(merged, field.name)
        if field.is_repeated:
            mine.extend([item for item in value if item not in mine])
        elif field.message_type is None:
            setattr(merged, field.name, mine or value)
        elif not merged.HasField(field.name):
            mine.CopyFrom(value)
