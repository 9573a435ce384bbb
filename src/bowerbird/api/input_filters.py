"""The filters of a search, read: what can be served becomes conditions, the rest is refused by its name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clarifai_grpc.grpc.api.resources_pb2 import Annotation, Concept, Data, Filter, Input, Query
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.errors import SearchInvalid
from bowerbird.index.filters import Clause, Condition, HasAnnotation, HasTerm, Is
from bowerbird.index.postings import in_annotations
from bowerbird.index.terms import concept_term, terms_of_filter_metadata
from bowerbird.store.kinds import MEDIA
from bowerbird.store.tables import concepts


@dataclass(frozen=True, slots=True)
class Check:
    """What terms cannot tell of an input: that its metadata, or also that of an annotation, contain this."""

    wanted: Struct
    in_annotations: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query asks for."""

    clauses: tuple[Clause, ...]
    checks: tuple[Check, ...]


async def asked(conn: AsyncConnection, app: int, field: str, query: Query) -> Asked:
    """Raises SearchInvalid, naming what is not served."""
    if query.ands:
        raise SearchInvalid(f"{field}.ands: use {field}.filters")
    if query.language not in ("", "en"):
        raise SearchInvalid(f"{field}.language: concepts have one language here")
    names = await _ids_of_names(conn, app, query.filters)
    clauses: list[Clause] = []
    checks: list[Check] = []
    for n, given in enumerate(query.filters):
        reader = _Reader(f"{field}.filters[{n}]", names)
        clauses.append(Clause(tuple(reader.read(given)), given.negate))
        checks += reader.checks
    return Asked(tuple(clauses), tuple(checks))


async def _ids_of_names(conn: AsyncConnection, app: int, filters: Sequence[Filter]) -> dict[str, list[str]]:
    """The ids of the concepts that the filters name and do not identify."""
    named = (c for f in filters for c in f.annotation.data.concepts if not c.id)
    wanted = {c.name for c in named if "\0" not in c.name}
    ids: dict[str, list[str]] = {}
    if wanted:
        query = select(concepts.c.name, concepts.c.id)
        for name, id in await conn.execute(query.where(concepts.c.app == app, concepts.c.name.in_(wanted))):
            ids.setdefault(name, []).append(id)
    return ids


class _Reader:
    """Reads one filter."""

    def __init__(self, field: str, names: dict[str, list[str]]) -> None:
        self._field = field
        self._names = names
        self._is_negated = False
        self.checks: list[Check] = []

    def read(self, given: Filter) -> Iterator[Condition]:
        self._is_negated = given.negate
        _only(self._field, given, "negate", "annotation", "input")
        found = [*self._annotation(given.annotation), *self._input(given.input)]
        if not found:
            raise SearchInvalid(f"{self._field}: it asks for nothing")
        yield from found

    def _input(self, given: Input) -> Iterator[Condition]:
        _only(f"{self._field}.input", given, "id", "status", "data")
        _only(f"{self._field}.input.status", given.status, "code")
        _only(f"{self._field}.input.data", given.data, "metadata", *MEDIA)
        if given.id:
            yield _id_is(given.id)
        if given.status.code:
            yield Is("status", given.status.code)
        yield from self._media(f"{self._field}.input.data", given.data)
        yield from self._metadata(f"{self._field}.input.data.metadata", given.data, everywhere=False)

    def _annotation(self, given: Annotation) -> Iterator[Condition]:
        field, columns = f"{self._field}.annotation", ("user_id", "model_version_id", "task_id")
        _only(field, given, "input_id", "status", "data", *columns)
        _only(f"{field}.status", given.status, "code")
        _only(f"{field}.data", given.data, "concepts", "metadata", *MEDIA)
        has = [
            (name, _plain(f"{field}.{name}", value)) for name in columns if (value := getattr(given, name))
        ]
        has += [("status", given.status.code)] if given.status.code else []
        if has and given.HasField("data"):
            raise SearchInvalid(f"{field}: ask for data and for {has[0][0]} in filters of their own")
        if has:
            yield HasAnnotation(tuple(has))
        if given.input_id:
            yield _id_is(given.input_id)
        for n, concept in enumerate(given.data.concepts):
            yield self._concept(f"{field}.data.concepts[{n}]", concept)
        yield from self._media(f"{field}.data", given.data)
        yield from self._metadata(f"{field}.data.metadata", given.data, everywhere=True)

    def _concept(self, field: str, given: Concept) -> Condition:
        """Labelled with the concept, for the value 1; labelled as being without it, for 0."""
        _only(field, given, "id", "name", "value")
        if given.value not in (0, 1):
            raise SearchInvalid(f"{field}.value: {given.value:g}; expected 1, or 0 for without it")
        if not (given.id or given.name):
            raise SearchInvalid(f"{field}: expected an id or a name")
        ids = [given.id] if given.id else self._names.get(given.name, [])
        return HasTerm(tuple(concept_term(id, bool(given.value)) for id in ids))

    def _media(self, field: str, data: Data) -> Iterator[Condition]:
        for kind in MEDIA:
            if _has(data, kind):
                _only(f"{field}.{kind}", getattr(data, kind))
                yield Is("kind", kind)

    def _metadata(self, field: str, data: Data, *, everywhere: bool) -> Iterator[Condition]:
        if not data.HasField("metadata"):
            return
        wanted = terms_of_filter_metadata(data.metadata)
        if not wanted.is_exact:
            if self._is_negated:
                raise SearchInvalid(f"{field}: lists of things with several fields cannot be negated")
            self.checks.append(Check(data.metadata, everywhere))
        for term in sorted(wanted.terms):
            yield HasTerm((term, in_annotations(term)) if everywhere else (term,))


def _only(field: str, given: Message, *served: str) -> None:
    """Raises SearchInvalid for the first field that is set and not served."""
    for descriptor, _ in given.ListFields():
        if descriptor.name not in served:
            raise SearchInvalid(f"{field}.{descriptor.name}: this server does not filter by it")


def _has(data: Data, kind: str) -> bool:
    return data.HasField(kind)  # type: ignore[arg-type]  # the name of one of its media


def _id_is(id: str) -> Condition:
    return Is("id", _plain("id", id))


def _plain(field: str, value: str) -> str:
    if "\0" in value:
        raise SearchInvalid(f"{field}: it holds a zero byte")
    return value
