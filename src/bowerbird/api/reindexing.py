"""An app that is being indexed anew: PatchApps begins it, and here it is stopped."""

from bowerbird.api.access import owner_only
from bowerbird.api.rpc import Call, rpc
from bowerbird.jobs import reindex
from bowerbird.proto.bowerbird_v1_pb2 import DeleteReindexRequest, ReindexResponse


@rpc
async def delete_reindex(call: Call, req: DeleteReindexRequest) -> ReindexResponse:
    """What was indexed already stays so; of an app that is not being indexed nothing changes."""
    owner_only(call)
    return ReindexResponse(stopped=await reindex.stop(call.conn, call.app.seq, call.services.clock()))
