"""What could not be posted: looked at, tried again, deleted."""

from collections.abc import Iterable
from contextlib import suppress

from clarifai_grpc.grpc.api.resources_pb2 import Data, Input

from bowerbird.api.collector_figures import queue_key
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.collect.capture import payload_of
from bowerbird.collect.tidy import purge_page
from bowerbird.errors import Invalid, NotFound, OutOfRange
from bowerbird.proto import bowerbird_v1_pb2 as v1
from bowerbird.proto.capture_pb2 import Capture
from bowerbird.queue import DeadLetter, Pick
from bowerbird.store.kinds import stamp

PER_PAGE, MOST_PER_PAGE = 50, 1000
MOST_NAMED = 1000


@rpc(transaction=Transaction.NONE)
async def list_dead_letters(call: Call, req: v1.ListDeadLettersRequest) -> v1.MultiDeadLetterResponse:
    if req.per_page > MOST_PER_PAGE:
        raise OutOfRange(f"per_page is {req.per_page}; it can be 1 to {MOST_PER_PAGE}")
    key = await queue_key(call, req.collector_id)
    found = await call.services.queue.dead(
        Pick(collector=key), after=_cursor(req.after), limit=req.per_page or PER_PAGE
    )
    return v1.MultiDeadLetterResponse(dead_letters=[_letter(one) for one in found])


@rpc(transaction=Transaction.NONE)
async def get_dead_letter(call: Call, req: v1.GetDeadLetterRequest) -> v1.SingleDeadLetterResponse:
    key = await queue_key(call, req.collector_id)
    found = await call.services.queue.dead(Pick(ids=(req.capture_id,), collector=key))
    if not found:
        raise NotFound(f"dead letter {req.capture_id!r}")
    letter = _letter(found[0])
    with suppress(NotFound):  # of content that is gone, the history is left
        payload = await payload_of(found[0].capture, call.services.payloads.get_async)
        capture = Capture.FromString(payload)
        letter.input.CopyFrom(Input.FromString(capture.input))
        letter.output.CopyFrom(Data.FromString(capture.output))
    return v1.SingleDeadLetterResponse(dead_letter=letter)


@rpc(transaction=Transaction.NONE)
async def post_dead_letter_redrives(
    call: Call, req: v1.PostDeadLetterRedrivesRequest
) -> v1.DeadLetterCountResponse:
    pick = await _picked(call, req.collector_id, req.capture_ids, req.all)
    return v1.DeadLetterCountResponse(count=await call.services.queue.redrive(pick))


@rpc(transaction=Transaction.NONE)
async def delete_dead_letters(call: Call, req: v1.DeleteDeadLettersRequest) -> v1.DeadLetterCountResponse:
    pick = await _picked(call, req.collector_id, req.capture_ids, req.all)
    count = 0
    while purged := await purge_page(call.services, pick):
        count += purged
    return v1.DeadLetterCountResponse(count=count)


async def _picked(call: Call, collector_id: str, ids: Iterable[str], wants_all: bool) -> Pick:
    named = tuple(ids)
    if bool(named) == wants_all:
        raise Invalid("capture_ids: expected the ids of dead letters, or all, and not both")
    if len(named) > MOST_NAMED:
        raise Invalid(f"capture_ids: {len(named)} given; expected at most {MOST_NAMED}")
    key = await queue_key(call, collector_id)
    return Pick(ids=None if wants_all else named, collector=key)


def _letter(one: DeadLetter) -> v1.DeadLetter:
    return v1.DeadLetter(
        capture_id=one.capture.capture_id,
        taken_at=stamp(one.capture.taken_at),
        died_at=stamp(one.died_at),
        attempts=one.attempt,
        errors=[v1.DeadLetterError(stage=f.stage, text=f.text, at=stamp(f.at)) for f in one.history],
        cursor=f"{one.died_at!r}-{one.seq}",
    )


def _cursor(text: str) -> tuple[float, int] | None:
    if not text:
        return None
    died_at, _, seq = text.rpartition("-")
    try:
        return float(died_at), int(seq)
    except ValueError:
        raise Invalid(f"after: {text[:60]!r} is not the cursor of a dead letter") from None
