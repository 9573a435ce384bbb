"""Which inputs have which terms, in SQL: written with the inputs and annotations that have them."""

from collections.abc import Iterable, Iterator, Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Annotation, Concept, Data, Input
from clarifai_grpc.grpc.api.status.status_code_pb2 import ANNOTATION_SUCCESS
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.index.terms import concept_term, terms_of_metadata
from bowerbird.store.bulk import insert_missing
from bowerbird.store.tables import annotations, input_terms, inputs

SURE = 0.5  # from this value on, a concept is said to be there


def all_concepts(data: Data) -> Iterator[Concept]:
    """The concepts of the data, and of its regions, frames and segments."""
    yield from data.concepts
    for parts in (data.regions, data.frames, data.time_segments):
        for part in parts:
            yield from all_concepts(part.data)


def terms_of_input(input: Input) -> set[str]:
    return terms_of_metadata(input.data.metadata) if input.data.HasField("metadata") else set()


def terms_of_annotation(annotation: Annotation) -> set[str]:
    """Terms that an annotation adds to its input: its metadata, and its concepts once it is accepted."""
    data = annotation.data
    found = (
        {in_annotations(t) for t in terms_of_metadata(data.metadata)} if data.HasField("metadata") else set()
    )
    if annotation.status.code == ANNOTATION_SUCCESS:
        found |= {concept_term(c.id, c.value >= SURE) for c in all_concepts(data)}
    return found


def in_annotations(term: str) -> str:
    """The term of the same metadata when an annotation carries it and not the input itself."""
    return f"a{term}"


async def add_terms(conn: AsyncConnection, app: int, found: Iterable[tuple[int, set[str]]]) -> None:
    """Say that the inputs of these row numbers have these terms."""
    rows = [{"app": app, "term": term, "input": seq} for seq, terms in found for term in terms]
    await insert_missing(conn, input_terms, rows)


async def renew_terms(conn: AsyncConnection, app: int, seqs: Sequence[int]) -> None:
    """Find the terms of these inputs anew, from the inputs and all their annotations."""
    await conn.execute(delete(input_terms).where(input_terms.c.input.in_(seqs)))
    own = select(inputs.c.seq, inputs.c.message).where(inputs.c.seq.in_(seqs))
    found = [(seq, terms_of_input(Input.FromString(m))) for seq, m in await conn.execute(own)]
    theirs = select(annotations.c.input, annotations.c.message).where(annotations.c.input.in_(seqs))
    for seq, message in await conn.execute(theirs):
        found.append((seq, terms_of_annotation(Annotation.FromString(message))))
    await add_terms(conn, app, found)
