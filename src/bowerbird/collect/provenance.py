"""What a collected input says about where it came from."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import Data, Input
from google.protobuf.struct_pb2 import Struct

from bowerbird.proto.capture_pb2 import Capture
from bowerbird.store.kinds import MEDIA

COLLECTOR = "collector_id"
CAPTURE = "capture"
FEEDBACK = "feedback"


def posted_input(
    capture_id: str,
    collector_id: str,
    taken_at: str,
    capture: Capture,
    instead: Data | None,
    feedback: Mapping[str, Any] | None = None,  # what was said of it, by user
) -> Input:
    """The input as it is posted: the original, or the medium that a workflow made `instead` of it.

    The caller's concepts are left behind: collecting makes no labels.
    """
    original = Input.FromString(capture.input)
    posted = Input(id=capture_id)
    if instead is None:
        posted.data.CopyFrom(original.data)
    else:
        posted.data.CopyFrom(only_media(instead))
        posted.data.metadata.CopyFrom(original.data.metadata)
    posted.data.ClearField("concepts")
    for kind in MEDIA:
        if posted.data.HasField(kind):
            getattr(posted.data, kind).allow_duplicate_url = True
    _describe(posted.data.metadata, original.id, collector_id, taken_at, capture, feedback)
    return posted


def only_media(data: Data) -> Data:
    """The media of the data, without what was predicted of it."""
    media = Data()
    for kind in MEDIA:
        if data.HasField(kind):
            getattr(media, kind).CopyFrom(getattr(data, kind))
    return media


def in_words(at: float) -> str:
    """A time as metadata have it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")


def _describe(
    metadata: Struct,
    original_id: str,
    collector_id: str,
    taken_at: str,
    capture: Capture,
    feedback: Mapping[str, Any] | None,
) -> None:
    facts: dict[str, Any] = {  # any JSON value
        "model_user_id": capture.model_user_id,
        "model_app_id": capture.model_app_id,
        "model_id": capture.model_id,
        "model_version_id": capture.model_version_id,
        "caller_user_id": capture.caller_user_id,
        "request_id": capture.request_id,
        "input_index": capture.input_index,
        "taken_at": taken_at,
        "collector_revision": capture.revision,
        "inclusion_probability": (
            capture.inclusion_probability if capture.HasField("inclusion_probability") else None
        ),
        "coin": capture.coin if capture.HasField("coin") else None,
        "reason": capture.reason,
    }
    if capture.HasField("predicted_at"):
        facts["predicted_at"] = in_words(capture.predicted_at)
    if original_id:
        facts["original_input_id"] = original_id
    if feedback:
        facts[FEEDBACK] = feedback
    if overridden := _taken_out(metadata, COLLECTOR, CAPTURE):
        facts["caller_metadata"] = overridden
    metadata[COLLECTOR] = collector_id
    metadata[CAPTURE] = facts


def _taken_out(metadata: Struct, *keys: str) -> dict[str, Any]:  # any JSON values
    """The values under the keys, taken away: what is written there next must not hold itself."""
    found: dict[str, Any] = {}
    for key in keys:
        if key in metadata:
            kept = Struct()
            kept.fields[key].CopyFrom(metadata.fields[key])
            found[key] = kept[key]
            del metadata[key]
    return found
