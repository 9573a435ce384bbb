"""Feedback: somebody says that a prediction was wrong, and collectors keep it because of that."""

from clarifai_grpc.grpc.api.resources_pb2 import Data, Input, Model, Visibility

from bowerbird.api.collector_replays import replays_of
from bowerbird.api.fields import LONGEST_NAME, LONGEST_TEXT, text
from bowerbird.api.ids import shown
from bowerbird.api.predictions import REQUEST_ID
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.collect.compiled import Compiled
from bowerbird.collect.feedback import key_of, note, said_of, tell
from bowerbird.collect.recorded import Entry
from bowerbird.collect.taking import Single
from bowerbird.errors import Invalid, ModelNotFound, NotFound
from bowerbird.proto.bowerbird_v1_pb2 import FeedbackResponse, PostFeedbackRequest
from bowerbird.store.kinds import INPUTS, MODELS
from bowerbird.store.resources import Stored

MOST_CONCEPTS = 200


@rpc(transaction=Transaction.NONE, open_to_visitors=True)
async def post_feedback(call: Call, req: PostFeedbackRequest) -> FeedbackResponse:
    """The collectors of the model take the prediction, if they have not; it says what was said of it.

    About one's own requests, and about anybody's for the owner of the model.
    """
    _check(req)
    replays, single = replays_of(call), await _prediction(call, req)
    watching = await replays.watching(single)
    is_recorded = single.input.HasField("data")
    if not (is_recorded or any(has_it for _, has_it in watching)):
        raise NotFound(
            f"prediction {shown(req.request_id)}, input {req.input_index}: no collector has it, and it is "
            f"not among what was recorded in the last {call.services.settings.feedback_hours:g} hours"
        )
    key = key_of(single.model, single.caller_user_id, single.request_id, single.index)
    async with call.write() as conn:
        if not await note(conn, key, call.actor.user_id, call.services.clock(), req):
            raise Invalid("you have given other feedback on this prediction; the first counts")
    kept = []
    for one, has_it in watching:
        if has_it:
            await _tell(call, one, single, key)
        elif is_recorded and await replays.promote(one, single):
            kept.append(one.collector.message.id)
    return FeedbackResponse(collector_ids=sorted(kept))


def _check(req: PostFeedbackRequest) -> None:
    if not REQUEST_ID.fullmatch(req.request_id):
        raise Invalid("request_id: expected 1 to 128 visible ASCII characters")
    if not (req.was_wrong or req.concepts or req.comment):
        raise Invalid("was_wrong: expected was_wrong, concepts or a comment")
    if len(req.concepts) > MOST_CONCEPTS:
        raise Invalid(f"concepts: {len(req.concepts)} given; expected at most {MOST_CONCEPTS}")
    for n, concept in enumerate(req.concepts):
        if not text(f"concepts[{n}].id", concept.id or concept.name, LONGEST_NAME):
            raise Invalid(f"concepts[{n}].id: expected an id")
        if not 0 <= concept.value <= 1:
            raise Invalid(f"concepts[{n}].value: {concept.value:g}; expected 0 to 1")
    text("comment", req.comment, LONGEST_TEXT)


async def _prediction(call: Call, req: PostFeedbackRequest) -> Single:
    """The prediction as it was recorded; with an empty input when it was not, or without its medium."""
    model = await _model(call, req.model_id)
    caller = call.actor.user_id
    oldest = call.services.clock() - call.services.settings.feedback_hours * 3600
    for entry in await call.services.recorded.find(req.request_id, req.input_index, [model.seq]):
        if entry.at >= oldest and (entry.caller == caller or call.actor.owns(call.app.user_id)):
            return _single(call, req, entry)
    key = (call.app.user_id, call.app.id, req.model_id)
    return Single(key, "", caller, req.request_id, req.input_index, Input(), Data(), Data())


async def _model(call: Call, model_id: str) -> Stored[Model]:
    async with call.read() as conn:
        model = (await MODELS.find(conn, call.app.seq, [model_id])).get(model_id)
    if model is None or not (call.place.is_member or model.row["visibility"] == Visibility.PUBLIC):
        raise ModelNotFound(f"model {shown(model_id)}")
    return model


def _single(call: Call, req: PostFeedbackRequest, entry: Entry) -> Single:
    output = entry.output_data()
    return Single(
        model=(call.app.user_id, call.app.id, req.model_id),
        version_id=entry.version,
        caller_user_id=entry.caller,
        request_id=entry.request_id,
        index=entry.input_index,
        input=_whole(entry),
        result=output,
        output=output,
        at=entry.at,
    )


def _whole(entry: Entry) -> Input:
    """The input, when all of it was recorded or its medium has a URL; else an empty one."""
    given = entry.input_message()
    has_url = any(getattr(given.data, kind).url for kind in ("image", "video", "audio", "text"))
    return given if entry.has_media or has_url else Input()


async def _tell(call: Call, one: Compiled, single: Single, key: str) -> None:
    """What waits is told by the worker when it is posted."""
    id = single.id_for(one.collector)
    async with call.read() as conn:
        is_posted = id in await INPUTS.find(conn, one.collector.app_seq, [id])
        told = (await said_of(conn, [key]))[key]
    if is_posted:
        await tell(call.services.client, one.collector, id, told)
