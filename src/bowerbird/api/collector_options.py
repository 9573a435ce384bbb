"""What a collector has beside the fields of the V2 API."""

from bowerbird.api.collector_history import save_options
from bowerbird.api.rpc import Call, rpc
from bowerbird.errors import OutOfRange
from bowerbird.proto.bowerbird_v1_pb2 import (
    CollectorOptions,
    CollectorOptionsResponse,
    GetCollectorOptionsRequest,
    PatchCollectorOptionsRequest,
)
from bowerbird.store.kinds import COLLECTORS

MOST_PRIORITY = 100


@rpc
async def get_collector_options(call: Call, req: GetCollectorOptionsRequest) -> CollectorOptionsResponse:
    row = await COLLECTORS.row(call.conn, call.app.seq, req.collector_id)
    return CollectorOptionsResponse(options=CollectorOptions.FromString(row.row["options"]))


@rpc
async def patch_collector_options(call: Call, req: PatchCollectorOptionsRequest) -> CollectorOptionsResponse:
    _check(req.options)
    (row,) = await COLLECTORS.locked(call.conn, call.app.seq, [req.collector_id])
    options = CollectorOptions.FromString(row.row["options"])
    options.MergeFrom(req.options)
    await save_options(call, row, options)
    await call.changes("collectors")
    return CollectorOptionsResponse(options=options)


def _check(options: CollectorOptions) -> None:
    if not -MOST_PRIORITY <= options.priority <= MOST_PRIORITY:
        raise OutOfRange(
            f"options.priority is {options.priority}; it can be {-MOST_PRIORITY} to {MOST_PRIORITY}"
        )
