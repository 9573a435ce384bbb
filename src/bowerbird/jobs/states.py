"""How far inputs have come: read with their status, and given another one."""

from collections.abc import Collection, Sequence

from clarifai_grpc.grpc.api.resources_pb2 import App, Data, Input
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.errors import Code
from bowerbird.store.kinds import INPUTS, media_kind
from bowerbird.store.resources import Stored
from bowerbird.store.tables import apps, inputs

OPEN = (Code.INPUT_PENDING, Code.INPUT_IN_PROGRESS)
IN_PROGRESS = Status(code=Code.INPUT_IN_PROGRESS, description="The input is being processed.")
DONE = Status(code=Code.INPUT_SUCCESS, description="Ok")
WITHOUT_BASE = ("", "Empty")  # ids of base workflows that do nothing


async def found(conn: AsyncConnection, seqs: Sequence[int], statuses: Sequence[int]) -> list[Stored[Input]]:
    """Those of the inputs that have one of these statuses."""
    query = select(inputs).where(inputs.c.seq.in_(seqs), inputs.c.status.in_(statuses))
    return [INPUTS.stored(row) for row in await conn.execute(query.order_by(inputs.c.seq))]


async def locked(conn: AsyncConnection, seqs: Sequence[int], statuses: Sequence[int]) -> list[Stored[Input]]:
    """As `found`, and nobody else changes them before this transaction ends."""
    query = select(inputs).where(inputs.c.seq.in_(seqs), inputs.c.status.in_(statuses))
    rows = await conn.execute(query.order_by(inputs.c.seq).with_for_update())
    return [INPUTS.stored(row) for row in rows]


def is_kept(data: Data) -> bool:
    """Whether the media were taken, so that nothing has to be downloaded any more."""
    return bool(getattr(data, media_kind(data)).hosted.sizes)


def with_status(stored: Stored[Input], status: Status) -> tuple[int, Input]:
    """The input's row number, and the input with that status."""
    message = Input()
    message.CopyFrom(stored.message)
    message.status.CopyFrom(status)
    return stored.seq, message


async def apps_with_base(conn: AsyncConnection, seqs: Collection[int]) -> set[int]:
    """Those of the apps, by their row numbers, that have a base workflow."""
    rows = await conn.execute(select(apps.c.seq, apps.c.message).where(apps.c.seq.in_(seqs)))
    return {seq for seq, message in rows if App.FromString(message).default_workflow_id not in WITHOUT_BASE}
