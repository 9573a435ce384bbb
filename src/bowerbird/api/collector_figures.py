"""What became of the predictions that a collector was offered."""

from collections.abc import Iterable

from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.proto.bowerbird_v1_pb2 import CollectorFunnelResponse, Funnel, GetCollectorFunnelRequest
from bowerbird.queue import FunnelRow
from bowerbird.store.kinds import COLLECTORS, seconds, stamp

_FIGURES = ("offered", "taken", "posted", "waiting", "dead", "purged")


@rpc(transaction=Transaction.NONE)
async def get_collector_funnel(call: Call, req: GetCollectorFunnelRequest) -> CollectorFunnelResponse:
    key = await queue_key(call, req.collector_id)
    rows = await call.services.queue.funnel(key, since=seconds(req.since))
    waiting = await call.services.queue.waiting(key)
    response = CollectorFunnelResponse(total=_funnel(rows), hours=[_hour(row) for row in rows])
    if waiting.oldest is not None:
        response.oldest_waiting.CopyFrom(stamp(waiting.oldest))
    return response


async def queue_key(call: Call, collector_id: str) -> str:
    """The key of the app's collector in the queue. Raises CollectorNotFound."""
    async with call.read() as conn:
        return str((await COLLECTORS.row(conn, call.app.seq, collector_id)).seq)


def _hour(row: FunnelRow) -> Funnel:
    funnel = _funnel([row])
    funnel.hour.CopyFrom(stamp(row.hour))
    return funnel


def _funnel(rows: Iterable[FunnelRow]) -> Funnel:
    """The sum of some hours."""
    total = Funnel()
    for row in rows:
        for name in _FIGURES:
            setattr(total, name, getattr(total, name) + getattr(row, name))
        for reason, n in row.skipped.items():
            total.skipped[reason] += n
    return total
