"""ListInputGlances: what a list shows of many inputs, in one answer instead of a request for each picture."""

import asyncio
from collections.abc import Mapping

from bowerbird.api.fields import batch
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.hosting import read, small_of
from bowerbird.proto import labelling_pb2 as v1
from bowerbird.store import media
from bowerbird.store.media import ORIGINAL, File

TEXT_BYTES = 600
MOST_BYTES = 64 * 1024  # of a picture; what is larger has an address of its own


@rpc(transaction=Transaction.NONE)
async def list_input_glances(call: Call, req: v1.ListInputGlancesRequest) -> v1.MultiInputGlanceResponse:
    ids = [id for id in batch("input_ids", req.input_ids) if "\0" not in id]
    async with call.read() as conn:
        files = await media.of_many(conn, call.app.seq, ids)
    shown = {id: part for id in ids if (part := _part(files.get(id, {})))}
    contents = await asyncio.gather(
        *(read(file, call.services.blobs, 0, end) for file, end in shown.values())
    )
    return v1.MultiInputGlanceResponse(
        glances=[
            v1.InputGlance(input_id=id, content_type=file.content_type, content=content)
            for (id, (file, _)), content in zip(shown.items(), contents, strict=True)
        ]
    )


def _part(files: Mapping[str, File]) -> tuple[File, int] | None:
    """The file that is shown of an input and how many of its bytes, if any."""
    if (small := small_of(files)) is not None:
        return (small, small.size) if small.size <= MOST_BYTES else None
    original = files.get(ORIGINAL)
    if original is None or not original.content_type.startswith("text/"):
        return None
    return original, min(TEXT_BYTES, original.size)
