"""Predictions: the one call that collectors watch."""

import asyncio
from collections.abc import Sequence
from random import getrandbits

from clarifai_grpc.grpc.api.resources_pb2 import Data, Input, OutputInfo
from clarifai_grpc.grpc.api.service_pb2 import MultiOutputResponse, PostModelOutputsRequest

from bowerbird.api.fields import batch
from bowerbird.api.ids import shown
from bowerbird.api.model_specs import Resolved
from bowerbird.api.outputs import Cut, copy_cut, overall, override, without_bytes
from bowerbird.api.predict_inputs import load
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.api.surroundings import surroundings
from bowerbird.auth.actors import PUBLIC_APP, PUBLIC_USER
from bowerbird.errors import ApiError, Code, ModelNotFound
from bowerbird.runtimes.spec import Results
from bowerbird.runtimes.video import at_rate, check_sample_ms, is_video
from bowerbird.services import Prediction
from bowerbird.store.kinds import stamp
from bowerbird.workflows.draws import HashedDraw
from bowerbird.workflows.operators import SlowStep, Step, compile_operator, stepped
from bowerbird.workflows.view import View

FAILURE = int(Code.FAILURE)
LONGEST_ECHO = 1000  # characters of a text


@rpc(transaction=Transaction.NONE, open_to_visitors=True)
async def post_model_outputs(call: Call, req: PostModelOutputsRequest) -> MultiOutputResponse:
    """What a model says of each input."""
    inputs = batch("inputs", req.inputs)
    model = await find_model(call, req.model_id, req.version_id)
    cut, step = await _asked(call, model, req)
    loaded = await load(call, inputs)
    results = await predict(call, model, step, _sampled(model, req, loaded.data))
    response = _response(call, model, inputs, results, cut)
    await _offer(call, model, loaded.inputs, results, response)
    return response


async def find_model(call: Call, model_id: str, version_id: str) -> Resolved:
    """The call's app's own model, else the public one. Raises ModelNotFound, ModelUntrained."""
    catalog, app = call.services.catalog, call.place.app
    if app is not None:
        found = await catalog.find(app.user_id, app.id, model_id, version_id)
        if found is not None and (call.place.is_member or found.is_public):
            return found
    found = await catalog.find(PUBLIC_USER, PUBLIC_APP, model_id, version_id)
    if found is not None and found.is_public:
        return found
    version = f", version {shown(version_id)}" if version_id else ""
    where = f" in app '{app.user_id}/{app.id}'" if app else ""
    raise ModelNotFound(f"model {shown(model_id)}{version}{where}")


async def _asked(
    call: Call, model: Resolved, req: PostModelOutputsRequest
) -> tuple[Cut, Step | SlowStep | None]:
    """What is answered, and the step of an operator. Raises ModelInvalid, OutOfRange."""
    given = _changes(req)
    if given is None:
        return model.cut, await step_of(call, model, model.info)
    cut = override(model.cut, given.output_config, model.info.output_config, model.spec.concepts)
    if not model.is_operator or not (given.params.fields or given.data.concepts):
        return cut, await step_of(call, model, model.info)
    info = OutputInfo()
    info.CopyFrom(model.info)
    if given.data.concepts:
        del info.data.concepts[:]
    info.MergeFrom(OutputInfo(data=given.data, params=given.params))
    return cut, await step_of(call, model, info)


async def step_of(call: Call, model: Resolved, info: OutputInfo) -> Step | SlowStep | None:
    """The operator's step with these parameters; None for any other model."""
    if not model.is_operator:
        return None
    if model.step is not None and info is model.info:
        return model.step
    type_id = model.spec.model_type_id
    relations, outside = await surroundings(call, [type_id])
    return compile_operator(type_id, info, relations, outside)


def _sampled(
    model: Resolved, req: PostModelOutputsRequest, given: Sequence[Data | ApiError]
) -> Sequence[Data | ApiError]:
    """What the model is given: of videos, with how often it is to look at them."""
    if not any(isinstance(data, Data) and is_video(data) for data in given):
        return given
    asked = _changes(req)
    sample_ms = (asked and asked.output_config.sample_ms) or model.info.output_config.sample_ms
    check_sample_ms(sample_ms)
    return [data if isinstance(data, ApiError) else at_rate(data, sample_ms) for data in given]


def _changes(req: PostModelOutputsRequest) -> OutputInfo | None:
    """What the request says of the output; the official SDK says it of the version."""
    version = req.model.model_version
    said = version if version.HasField("output_info") else req.model
    info: OutputInfo = said.output_info
    return info if said.HasField("output_info") else None


async def predict(
    call: Call, model: Resolved, step: Step | SlowStep | None, given: Sequence[Data | ApiError]
) -> Results:
    """One result for each input, in order; an input that could not be had is a result already."""
    if step is not None:
        return await _stepped(call, model, step, given)
    data = [d for d in given if not isinstance(d, ApiError)]
    answered = await call.services.runtimes.predict(model.spec, data) if data else []
    if len(data) == len(given):
        return answered
    results = iter(answered)
    return [d if isinstance(d, ApiError) else next(results) for d in given]


async def _stepped(
    call: Call, model: Resolved, step: Step | SlowStep, given: Sequence[Data | ApiError]
) -> Results:
    """What an operator keeps of each input; nothing of one that it drops."""
    spec, caller = model.spec, call.actor.user_id
    draw = HashedDraw(f"{spec.user_id}/{spec.app_id}/{spec.model_id}", spec.version_id)

    async def result(place: int, data: Data | ApiError) -> Data | ApiError:
        if isinstance(data, ApiError):
            return data
        view = View.of(data, input=data, caller=caller, key=f"{call.request_id}:{place}")
        try:
            kept = await stepped(spec.model_type_id, step, view, draw)
        except ApiError as error:
            return error
        return Data() if kept is None else without_bytes(kept)

    return await asyncio.gather(*(result(place, data) for place, data in enumerate(given)))


def _response(
    call: Call, model: Resolved, inputs: Sequence[Input], results: Results, cut: Cut
) -> MultiOutputResponse:
    response = MultiOutputResponse()
    outputs, template, now = response.outputs, model.template, stamp(call.services.clock())
    for given, result in zip(inputs, results, strict=True):
        output = outputs.add()
        output.CopyFrom(template)
        output.id = new_id()
        output.created_at.CopyFrom(now)
        echo(given, output.input)
        if isinstance(result, ApiError):
            output.status.CopyFrom(result.status())
        else:
            copy_cut(result, output.data, cut)
    response.status.CopyFrom(overall((output.status.code for output in outputs), cut))
    return response


def new_id() -> str:
    """An id for what is answered and not kept: nobody has to be unable to guess it."""
    return f"{getrandbits(128):032x}"


def echo(given: Input, into: Input) -> None:
    """Name the input of an answer, without its bytes."""
    into.id = given.id or new_id()
    data = given.data
    if data.HasField("image"):
        into.data.image.url = data.image.url
    elif data.HasField("text"):
        into.data.text.url = data.text.url
        if len(data.text.raw) <= LONGEST_ECHO:
            into.data.text.raw = data.text.raw
    elif data.HasField("video"):
        into.data.video.url = data.video.url
    elif data.HasField("audio"):
        into.data.audio.url = data.audio.url


async def _offer(
    call: Call, model: Resolved, inputs: Sequence[Input], results: Results, response: MultiOutputResponse
) -> None:
    """Show the prediction to the collectors."""
    if response.status.code == FAILURE:
        return
    spec = model.spec
    prediction = Prediction(
        model=(spec.user_id, spec.app_id, spec.model_id),
        version_id=spec.version_id,
        caller_user_id=call.actor.user_id,
        request_id=call.request_id,
        inputs=inputs,
        results=results,
        outputs=response.outputs,
    )
    waiting = call.services.tap.offer(prediction)
    if waiting is not None:
        await waiting
