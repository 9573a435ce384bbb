"""What people said of predictions: kept by prediction, and told by the inputs that collectors keep."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

import structlog
from clarifai_grpc.grpc.api.resources_pb2 import Data, Input, UserAppIDSet
from clarifai_grpc.grpc.api.service_pb2 import PatchInputsRequest
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.collect.provenance import CAPTURE, FEEDBACK, in_words
from bowerbird.collect.roster import Known
from bowerbird.errors import ApiError, Code, error_of
from bowerbird.proto.bowerbird_v1_pb2 import PostFeedbackRequest
from bowerbird.services import Client, ModelKey
from bowerbird.store.tables import feedback

log = structlog.get_logger()
KEPT_S = 30 * 86_400.0  # longer than what was captured may wait
Told = dict[str, Any]  # by user: what they said, as metadata have it


def key_of(model: ModelKey, caller: str, request_id: str, index: int) -> str:
    """Names a prediction."""
    text = "\n".join((*model, caller, request_id, str(index)))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


async def note(conn: AsyncConnection, key: str, user_id: str, at: float, said: PostFeedbackRequest) -> bool:
    """Keep what a user says of a prediction; whether it is what they have said first. Others are ignored."""
    kept = PostFeedbackRequest(concepts=said.concepts, was_wrong=said.was_wrong, comment=said.comment)
    content = kept.SerializeToString(deterministic=True)
    dialect: Any = sqlite if conn.dialect.name == "sqlite" else postgresql  # they share no base class
    add = dialect.insert(feedback).values(prediction=key, user_id=user_id, at=at, message=content)
    await conn.execute(add.on_conflict_do_nothing())
    await conn.execute(delete(feedback).where(feedback.c.at < at - KEPT_S))
    mine = (feedback.c.prediction == key, feedback.c.user_id == user_id)
    first = (await conn.execute(select(feedback.c.message).where(*mine))).scalar_one()
    return bool(first == content)


async def said_of(conn: AsyncConnection, keys: Collection[str]) -> Mapping[str, Told]:
    """What was said of those predictions, where something was."""
    found: dict[str, Told] = {}
    query = select(feedback).where(feedback.c.prediction.in_(list(keys)))
    for row in await conn.execute(query.order_by(feedback.c.at)):
        said = PostFeedbackRequest.FromString(row.message)
        found.setdefault(row.prediction, {})[row.user_id] = {
            "at": in_words(row.at),
            "was_wrong": said.was_wrong,
            "comment": said.comment,
            "concepts": {concept.id or concept.name: concept.value for concept in said.concepts},
        }
    return found


async def tell(client: Client, collector: Known, input_id: str, told: Told) -> bool:
    """Add what was said to a posted input, under the collector's key; whether that could be done."""
    data = Data()
    data.metadata[CAPTURE] = {FEEDBACK: told}
    request = PatchInputsRequest(
        user_app_id=UserAppIDSet(user_id=collector.user_id, app_id=collector.app_id),
        inputs=[Input(id=input_id, data=data)],
        action="merge",
    )
    try:
        answer = await client.call("PatchInputs", request, collector.source.post_inputs_key_id)
        if answer.status.code != Code.SUCCESS:
            raise error_of(answer.status)
    except ApiError as error:  # the key may post only, or is gone; what was said is still kept by prediction
        log.warning("feedback not noted", collector=collector.name, input=input_id, error=str(error))
        return False
    return True
