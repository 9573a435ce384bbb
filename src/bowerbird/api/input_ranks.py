"""The rank of a search, read: inputs by how like they are to something, or by what is predicted of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from clarifai_grpc.grpc.api.resources_pb2 import Annotation, Data, Input, UserAppIDSet
from clarifai_grpc.grpc.api.resources_pb2 import Rank as GivenRank
from sqlalchemy import func, select

from bowerbird.api.base_workflow import embedded
from bowerbird.api.rpc import Call
from bowerbird.errors import SearchInvalid
from bowerbird.index.vectors import Vector, newest_version, unit, vectors_of
from bowerbird.store.kinds import INPUTS, media_kind
from bowerbird.store.tables import predicted

_SERVED = {"image", "text", "video", "embeddings", "concepts"}


@dataclass(frozen=True, slots=True)
class Rank:
    """By likeness to a vector, or by the mean of concepts' predicted values; negated, the least first."""

    vector: Vector | None
    concepts: tuple[str, ...]
    is_negated: bool


async def ranked_by(call: Call, field: str, given: Sequence[GivenRank]) -> Rank | None:
    """What the search is ranked by; None: by nothing. Raises SearchInvalid, and what the workflow raises."""
    if not given:
        return None
    if len(given) > 1:
        raise SearchInvalid(f"{field}: {len(given)} given; one is served")
    rank, field = given[0], f"{field}[0].annotation"
    annotation = rank.annotation
    _check(field, annotation)
    if annotation.data.concepts:
        if any(not c.id or c.value not in (0, 1) for c in annotation.data.concepts):
            raise SearchInvalid(f"{field}.data.concepts: expected ids, with the value 1")
        return Rank(None, tuple(c.id for c in annotation.data.concepts), rank.negate)
    return Rank(await _vector(call, field, annotation), (), rank.negate)


def _check(field: str, given: Annotation) -> None:
    """Raises SearchInvalid unless it names one thing that can be ranked by."""
    named = [descriptor.name for descriptor, _ in given.data.ListFields()]
    for name in named:
        if name not in _SERVED:
            raise SearchInvalid(f"{field}.data.{name}: this server does not rank by it")
    if len(named) + bool(given.input_id) != 1:
        expected = ", ".join(sorted(_SERVED))
        raise SearchInvalid(f"{field}: expected input_id, or one of {expected} in data")


async def _vector(call: Call, field: str, given: Annotation) -> Vector:
    if given.input_id:
        return await _of_input(call, field, given.input_id)
    if given.data.embeddings:
        async with call.read() as conn:
            version = await newest_version(conn, call.app.seq)
        numbers = unit(given.data.embeddings[0].vector)
        if numbers is None or version is None:
            raise SearchInvalid(f"{field}.data.embeddings: {'no direction' if version else _NONE}")
        return Vector(version, 0, numbers)
    kind = media_kind(given.data)
    asked = Input(data=Data(**{kind: getattr(given.data, kind)}))
    place = UserAppIDSet(user_id=call.app.user_id, app_id=call.app.id)
    found = await embedded(call.dispatcher, place, asked)
    if found is None:
        raise SearchInvalid(f"{field}.data.{kind}: {_NONE}")
    return found


_NONE = "the app's base workflow gives no embedding of it; choose one with an embedder and re-index the app"


async def _of_input(call: Call, field: str, id: str) -> Vector:
    async with call.read() as conn:
        stored = await INPUTS.row(conn, call.app.seq, id)
        version = await newest_version(conn, call.app.seq)
        rows = await vectors_of(conn, stored.seq, version) if version else None
    if version is None or rows is None or not len(rows):
        raise SearchInvalid(f"{field}.input_id: {_NONE}")
    return Vector(version, 0, rows[0])


async def scores(
    call: Call, rank: Rank, among: Sequence[int] | None, most: int, least: float
) -> list[tuple[int, float]]:
    """The row numbers of the best inputs, with scores of 0 to 1, the best first."""
    found = await (_by_concepts if rank.vector is None else _by_vector)(call, rank, among, most)
    return [(seq, score) for seq, score in found if score >= least]


async def _by_vector(
    call: Call, rank: Rank, among: Sequence[int] | None, most: int
) -> list[tuple[int, float]]:
    assert rank.vector is not None
    # The least like a vector is the most like its opposite.
    wanted = -rank.vector.numbers if rank.is_negated else rank.vector.numbers
    nearest = call.services.nearest
    found = await nearest.among(call.app.seq, rank.vector.version, wanted.tolist(), most, inputs=among)
    return [(n.input, (1 + n.similarity) / 2) for n in found]


async def _by_concepts(
    call: Call, rank: Rank, among: Sequence[int] | None, most: int
) -> list[tuple[int, float]]:
    total = func.sum(predicted.c.value)
    query = select(predicted.c.input, total).where(
        predicted.c.app == call.app.seq, predicted.c.concept.in_(rank.concepts)
    )
    order = total if rank.is_negated else total.desc()
    query = query.group_by(predicted.c.input).order_by(order, predicted.c.input.desc())
    only = None if among is None else set(among)
    found: list[tuple[int, float]] = []
    async with call.read() as conn:
        for seq, value in await conn.execute(query if only is not None else query.limit(most)):
            if only is None or seq in only:
                mean = value / len(rank.concepts)
                found.append((seq, 1 - mean if rank.is_negated else mean))
    return found[:most]
