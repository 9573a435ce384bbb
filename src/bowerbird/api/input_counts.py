"""How many inputs an app has, by how far they have come."""

from clarifai_grpc.grpc.api.resources_pb2 import InputCount
from clarifai_grpc.grpc.api.service_pb2 import GetInputCountRequest, SingleInputCountResponse
from sqlalchemy import func, select

from bowerbird.api.rpc import Call, rpc
from bowerbird.errors import Code
from bowerbird.store.tables import inputs


@rpc
async def get_input_count(call: Call, req: GetInputCountRequest) -> SingleInputCountResponse:
    query = select(inputs.c.status, func.count().label("n")).where(inputs.c.app == call.app.seq)
    rows = await call.conn.execute(query.group_by(inputs.c.status))
    found: dict[int, int] = {row.status: row.n for row in rows}
    counts = InputCount(
        processed=found.get(Code.INPUT_SUCCESS, 0),
        to_process=found.get(Code.INPUT_PENDING, 0),
        errors=found.get(Code.INPUT_DOWNLOAD_FAILED, 0),
        processing=found.get(Code.INPUT_IN_PROGRESS, 0),
        reindexed=found.get(Code.INPUT_REINDEX_SUCCESS, 0),
        to_reindex=found.get(Code.INPUT_REINDEX_PENDING, 0),
        reindex_errors=found.get(Code.INPUT_REINDEX_FAILED, 0),
        reindexing=found.get(Code.INPUT_REINDEX_IN_PROGRESS, 0),
    )
    return SingleInputCountResponse(counts=counts)
