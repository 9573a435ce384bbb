"""Annotations in SQL: read, added in bulk, and the one of each input that holds the input's own concepts."""

from collections.abc import Iterable, Sequence
from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import Annotation, Data, Input, User, Worker
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api.rpc import Call
from bowerbird.errors import Code
from bowerbird.store.bulk import insert_returning, save_all
from bowerbird.store.kinds import ANNOTATIONS, INPUTS, stamp
from bowerbird.store.resources import Stored
from bowerbird.store.tables import annotations, inputs

SUCCESS = Status(code=Code.ANNOTATION_SUCCESS, description="Ok")


async def read(conn: AsyncConnection, query: Select[Any]) -> list[Stored[Annotation]]:
    return [ANNOTATIONS.stored(row) for row in await conn.execute(query)]


def input_level(call: Call, input: Input) -> Annotation:
    """The annotation that holds the input's own concepts. It has the input's id: there is one."""
    user_id, now = call.actor.user_id, stamp(call.services.clock())
    return Annotation(
        id=input.id,
        input_id=input.id,
        data=Data(concepts=input.data.concepts),
        status=SUCCESS,
        user_id=user_id,
        worker=Worker(user=User(id=user_id)),
        trusted=True,
        input_level=True,
        created_at=now,
        modified_at=now,
    )


async def insert_annotations(
    conn: AsyncConnection, app: int, made: Sequence[tuple[int, Annotation]]
) -> set[tuple[int, str]]:
    """Add annotations, each to the input of that row number; the input and id of those that were added."""
    rows = [
        {**ANNOTATIONS.columns(a), "app": app, "input": seq, "message": a.SerializeToString()}
        for seq, a in made
    ]
    added = await insert_returning(conn, annotations, rows, annotations.c.input, annotations.c.id)
    return {(seq, id) for seq, id in added}


async def drop_annotations(conn: AsyncConnection, seqs: Iterable[int]) -> None:
    await conn.execute(delete(annotations).where(annotations.c.seq.in_(list(seqs))))


async def save_input_levels(call: Call, changed: Sequence[tuple[int, Input]]) -> None:
    """Bring the input-level annotations up to the concepts of these inputs, given with their row numbers."""
    of_inputs = annotations.c.input.in_([seq for seq, _ in changed])
    rows = await read(call.conn, select(annotations).where(of_inputs, annotations.c.input_level))
    have = {s.row["input"]: s for s in rows}
    await drop_annotations(
        call.conn, [have[seq].seq for seq, i in changed if seq in have and not i.data.concepts]
    )
    labelled = [(seq, i) for seq, i in changed if i.data.concepts]
    saved = [(have[seq].seq, _relabelled(call, have[seq].message, i)) for seq, i in labelled if seq in have]
    await save_all(call.conn, ANNOTATIONS, saved)
    new = [(seq, input_level(call, i)) for seq, i in labelled if seq not in have]
    await insert_annotations(call.conn, call.app.seq, new)


def _relabelled(call: Call, old: Annotation, input: Input) -> Annotation:
    changed = Annotation()
    changed.CopyFrom(old)
    changed.data.ClearField("concepts")
    changed.data.concepts.extend(input.data.concepts)
    changed.modified_at.CopyFrom(stamp(call.services.clock()))
    return changed


async def save_input_concepts(call: Call, levels: Sequence[tuple[int, Annotation]]) -> None:
    """Bring inputs up to their input-level annotations, given with the inputs' row numbers."""
    if not levels:
        return
    theirs = dict(levels)
    query = select(inputs).where(inputs.c.seq.in_(theirs)).order_by(inputs.c.seq).with_for_update()
    changed = []
    for stored in [INPUTS.stored(row) for row in await call.conn.execute(query)]:
        message = Input()
        message.CopyFrom(stored.message)
        message.data.ClearField("concepts")
        message.data.concepts.extend(theirs[stored.seq].data.concepts)
        message.modified_at.CopyFrom(stamp(call.services.clock()))
        changed.append((stored.seq, message))
    await save_all(call.conn, INPUTS, changed)
