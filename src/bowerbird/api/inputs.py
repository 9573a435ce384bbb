"""Inputs: read, listed, streamed, deleted."""

from collections.abc import Sequence
from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import Input
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteInputRequest,
    DeleteInputsRequest,
    GetInputRequest,
    ListInputsRequest,
    MultiInputResponse,
    SingleInputResponse,
    StreamInputsRequest,
)
from clarifai_grpc.grpc.api.status.status_pb2 import BaseResponse
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api.fields import batch
from bowerbird.api.input_views import shown
from bowerbird.api.pages import page_of
from bowerbird.api.rpc import Call, rpc
from bowerbird.errors import OutOfRange
from bowerbird.index.vectors import note_removed
from bowerbird.store.kinds import INPUTS
from bowerbird.store.resources import MOST_PER_PAGE
from bowerbird.store.tables import inputs

STREAM_PER_PAGE = 20


@rpc
async def get_input(call: Call, req: GetInputRequest) -> SingleInputResponse:
    return SingleInputResponse(input=shown(call, await INPUTS.one(call.conn, call.app.seq, req.input_id)))


@rpc
async def list_inputs(call: Call, req: ListInputsRequest) -> MultiInputResponse:
    """The newest first."""
    page = page_of(req)
    where: list[ColumnElement[bool]] = [inputs.c.app == call.app.seq]
    if req.status.code:
        where.append(inputs.c.status == req.status.code)
    if req.ids:
        where.append(inputs.c.id.in_([id for id in batch("ids", req.ids) if "\0" not in id]))
    # The rows that are skipped are counted in the index alone.
    seqs = page.cut(select(inputs.c.seq).where(*where).order_by(inputs.c.seq.desc()))
    query = select(inputs).where(inputs.c.seq.in_(seqs)).order_by(inputs.c.seq.desc())
    return MultiInputResponse(inputs=[shown(call, i) for i in await _read(call.conn, query)])


@rpc
async def stream_inputs(call: Call, req: StreamInputsRequest) -> MultiInputResponse:
    """What comes after the input `last_id`; a page costs the same wherever it is."""
    if req.per_page > MOST_PER_PAGE:
        raise OutOfRange(f"per_page is {req.per_page}; it can be 1 to {MOST_PER_PAGE}")
    column: Any = inputs.c.id if req.order_by_id else inputs.c.seq
    query = INPUTS.select(call.app.seq)
    if req.last_id:
        last = await INPUTS.row(call.conn, call.app.seq, req.last_id)
        edge = last.message.id if req.order_by_id else last.seq
        query = query.where(column < edge if req.descending else column > edge)
    query = query.order_by(column.desc() if req.descending else column).limit(req.per_page or STREAM_PER_PAGE)
    return MultiInputResponse(inputs=[shown(call, i) for i in await _read(call.conn, query)])


@rpc
async def delete_input(call: Call, req: DeleteInputRequest) -> BaseResponse:
    await _delete(call, [req.input_id])
    return BaseResponse()


@rpc
async def delete_inputs(call: Call, req: DeleteInputsRequest) -> BaseResponse:
    """All of them, or none when one does not exist."""
    await _delete(call, batch("ids", req.ids))
    return BaseResponse()


async def _delete(call: Call, ids: Sequence[str]) -> None:
    await note_removed(call.conn, call.app.seq)
    await INPUTS.delete(call.conn, call.app.seq, ids)


async def _read(conn: AsyncConnection, query: Select[Any]) -> Sequence[Input]:
    return [INPUTS.stored(row).message for row in await conn.execute(query)]
