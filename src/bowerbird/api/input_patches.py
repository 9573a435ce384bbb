"""PatchInputs: concepts, metadata and the place of an input; its media stay."""

from clarifai_grpc.grpc.api.resources_pb2 import Data, Input
from clarifai_grpc.grpc.api.service_pb2 import MultiInputResponse, PatchInputsRequest

from bowerbird.api.annotation_rows import save_input_levels
from bowerbird.api.fields import batch, distinct
from bowerbird.api.input_drafts import check_data, check_size, without_media
from bowerbird.api.input_views import shown
from bowerbird.api.labels import ensure_all, name_concepts
from bowerbird.api.rpc import Call, rpc
from bowerbird.errors import InputInvalid
from bowerbird.index.postings import renew_terms
from bowerbird.store import patch
from bowerbird.store.bulk import save_all
from bowerbird.store.kinds import INPUTS, MEDIA, stamp
from bowerbird.store.resources import Stored


@rpc
async def patch_inputs(call: Call, req: PatchInputsRequest) -> MultiInputResponse:
    """All of them, or none when one is refused."""
    ids = distinct("inputs.id", (i.id for i in batch("inputs", req.inputs)), InputInvalid)
    found = await INPUTS.locked(call.conn, call.app.seq, ids)
    for n, (old, given) in enumerate(zip(found, req.inputs, strict=True)):
        _check(f"inputs[{n}]", shown(call, old.message), given)
    changed = [(s.seq, _patched(call, req.action, s, g)) for s, g in zip(found, req.inputs, strict=True)]
    known = await ensure_all(call, (message.data for _, message in changed))
    for n, (_, message) in enumerate(changed):
        name_concepts(message.data, known)
        check_size(f"inputs[{n}].data", message.data)
    await save_all(call.conn, INPUTS, changed)
    await save_input_levels(call, changed)
    await renew_terms(call.conn, call.app.seq, [seq for seq, _ in changed])
    return MultiInputResponse(inputs=[shown(call, message) for _, message in changed])


def _check(field: str, old: Input, given: Input) -> None:
    """Raises InputInvalid for what cannot be patched. The media may be given as they are."""
    if given.dataset_ids:
        raise InputInvalid(f"{field}.dataset_ids: this server has no datasets")
    check_data(f"{field}.data", given.data)
    for kind in MEDIA:
        theirs, ours = getattr(given.data, kind), getattr(old.data, kind)
        content = theirs.raw if kind == "text" else theirs.base64
        if content or theirs.url not in ("", ours.url):
            raise InputInvalid(f"{field}.data.{kind}: the media of an input stay as they are")


def _patched(call: Call, action: str, old: Stored[Input], given: Input) -> Input:
    # Its parts are patched, not the input: to overwrite concepts must not throw away metadata.
    data: Data = patch.apply(action, old.message.data, without_media(given.data))
    message = Input()
    message.CopyFrom(old.message)
    message.data.CopyFrom(data)
    message.modified_at.CopyFrom(stamp(call.services.clock()))
    return message
