"""What a call that handles many things says of itself, when each has a status of its own."""

from collections.abc import Sequence

from clarifai_grpc.grpc.api.status.status_pb2 import Status

from bowerbird.errors import ApiError, Code


def overall(results: Sequence[object]) -> Status:
    """All fine, some, or none of them: those that are errors failed. The first one says why none is fine."""
    failed = [r for r in results if isinstance(r, ApiError)]
    if not failed:
        return Status(code=Code.SUCCESS, description="Ok")
    if len(failed) < len(results):
        details = f"{len(failed)} of {len(results)} failed; see their statuses"
        return Status(code=Code.MIXED_STATUS, description="Mixed Success", details=details)
    details = f"{failed[0].text()} {failed[0].details}".strip()
    return Status(code=Code.FAILURE, description="Failure", details=details)
