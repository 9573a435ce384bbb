"""The stages of a captured item in the worker: its original is judged, it is posted, so are its outputs."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import structlog
from clarifai_grpc.grpc.api.resources_pb2 import Input, UserAppIDSet
from clarifai_grpc.grpc.api.service_pb2 import PostInputsRequest
from sqlalchemy.exc import SQLAlchemyError

from bowerbird.collect.failures import class_of_all
from bowerbird.collect.feedback import Told, said_of, tell
from bowerbird.collect.items import Item
from bowerbird.collect.outputs import post_outputs
from bowerbird.collect.provenance import in_words, posted_input
from bowerbird.collect.roster import Known
from bowerbird.errors import ApiError, Busy, Code, DeadlineExceeded, error_of
from bowerbird.services import Services

log = structlog.get_logger()
JUDGE, POST, OUTPUTS = "judge", "post", "post outputs"
Act = Callable[[Services, Known, Sequence[Item]], Awaitable[None]]
T = TypeVar("T")
_DONE = (Code.INPUT_PENDING, Code.INPUT_IN_PROGRESS, Code.INPUT_SUCCESS, Code.SUCCESS, Code.INPUT_DUPLICATE)


async def judge_and_post(services: Services, collector: Known, items: Sequence[Item]) -> None:
    """Take the items as far as they come: each is posted, unwanted or failed afterwards."""
    if collector.message.post_queue_workflow_id:
        await _stage(services, collector, items, JUDGE, _judge)
    services.reached("judged")
    await _stage(services, collector, items, POST, _post)
    services.reached("inputs")
    if collector.message.collect_outputs:
        await _stage(services, collector, [i for i in items if i.capture.output], OUTPUTS, _post_outputs)
    services.reached("posted")


async def _stage(services: Services, collector: Known, items: Sequence[Item], stage: str, act: Act) -> None:
    """Act on the items that are open. What is refused as a whole for what one of them is, is halved."""
    left = [i for i in items if i.is_open]
    if not left:
        return
    try:
        await _in_time(services.settings.post_timeout_s, act(services, collector, left))
    except ApiError as error:
        failure = class_of_all(error)
        if failure == "item" and len(left) > 1:
            half = len(left) // 2
            await _stage(services, collector, left[:half], stage, act)
            await _stage(services, collector, left[half:], stage, act)
            return
        log.warning("collected items not posted", stage=stage, items=len(left), error=str(error))
        for item in left:
            item.fail(stage, error, failure)


async def _in_time(seconds: float, work: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise DeadlineExceeded(f"there was no answer in {seconds:g} s") from None


async def _judge(services: Services, collector: Known, items: Sequence[Item]) -> None:
    """Run the post-queue workflow on the originals: mark what is unwanted, note what it made."""
    verdicts = await services.client.judge(
        UserAppIDSet(user_id=collector.user_id, app_id=collector.app_id),
        collector.message.post_queue_workflow_id,
        [i.original for i in items],
        collector.source.post_inputs_key_id,
    )
    for item, verdict in zip(items, verdicts, strict=True):
        if isinstance(verdict, ApiError):
            item.fail(JUDGE, verdict)
        else:
            item.is_unwanted = not verdict.passed
            item.instead = verdict.media


async def _post(services: Services, collector: Known, items: Sequence[Item]) -> None:
    said = await _said_of(services, items)
    request = PostInputsRequest(
        user_app_id=UserAppIDSet(user_id=collector.user_id, app_id=collector.app_id),
        inputs=[_input(collector, i, said.get(i.prediction)) for i in items],
    )
    answer = await services.client.call("PostInputs", request, collector.source.post_inputs_key_id)
    if len(answer.inputs) != len(items):
        raise error_of(answer.status)
    for item, posted in zip(items, answer.inputs, strict=True):
        if posted.status.code not in _DONE:
            item.fail(POST, error_of(posted.status))
    await _note_feedback(services, collector, [i for i in items if i.is_open], said)


def _input(collector: Known, item: Item, told: Told | None) -> Input:
    taken_at = in_words(item.leased.capture.taken_at)
    return posted_input(item.id, collector.message.id, taken_at, item.capture, item.instead, told)


async def _said_of(services: Services, items: Sequence[Item]) -> Mapping[str, Told]:
    try:
        async with services.db.read() as conn:
            return await said_of(conn, {i.prediction for i in items})
    except (SQLAlchemyError, OSError) as error:
        raise Busy("the store cannot be reached at the moment") from error


async def _note_feedback(
    services: Services, collector: Known, items: Sequence[Item], told: Mapping[str, Told]
) -> None:
    """Tell what was said while the inputs were posted: who said it did not see them in the app yet."""
    said = await _said_of(services, items)
    for item in items:
        key = item.prediction
        if key in said and said[key] != told.get(key):
            await tell(services.client, collector, item.id, said[key])


async def _post_outputs(services: Services, collector: Known, items: Sequence[Item]) -> None:
    outputs = [(i.id, i.capture) for i in items]
    errors = await post_outputs(services.client, collector, outputs)
    for item in items:
        if error := errors.get(item.id):
            item.fail(OUTPUTS, error)
