"""Inputs as clients see them: with the addresses of their hosted media."""

from clarifai_grpc.grpc.api.resources_pb2 import Input

from bowerbird.api.rpc import Call
from bowerbird.hosting import address, suffix
from bowerbird.store.kinds import media_kind
from bowerbird.store.media import ORIGINAL


def shown(call: Call, stored: Input) -> Input:
    """The input with the addresses of its media; what was posted as bytes gets its URL by that."""
    kind = media_kind(stored.data)
    if not kind or not getattr(stored.data, kind).hosted.sizes:
        return stored
    answer = Input()
    answer.CopyFrom(stored)
    part = getattr(answer.data, kind)
    part.hosted.prefix = address(call.services.settings)
    part.hosted.suffix = suffix(call.app.user_id, call.app.id, stored.id)
    part.hosted.crossorigin = "use-credentials"
    part.url = part.url or f"{part.hosted.prefix}/{ORIGINAL}/{part.hosted.suffix}"
    return answer
