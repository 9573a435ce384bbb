"""The base workflow of an app: what it makes of each input of the app, for search and as annotations."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

from clarifai_grpc.grpc.api.resources_pb2 import Annotation, App, Data, Input, UserAppIDSet, Workflow
from clarifai_grpc.grpc.api.service_pb2 import PostAnnotationsRequest
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.api.ids import shown
from bowerbird.api.predict_inputs import load
from bowerbird.api.rpc import METHODS, Call, Credentials, Dispatcher, known
from bowerbird.api.workflow_running import Runnable, results_of, runnable
from bowerbird.auth.actors import EVERYTHING, PAT, PUBLIC_APP, PUBLIC_USER, Actor
from bowerbird.errors import ApiError, Code, WorkflowNotFound, error_of
from bowerbird.index.predicted import predicted_concepts
from bowerbird.index.vectors import WHOLE, Vector, unit
from bowerbird.jobs.states import WITHOUT_BASE
from bowerbird.services import Indexed
from bowerbird.store.kinds import APPS, WORKFLOWS
from bowerbird.store.media import sizes
from bowerbird.workflows.engine import Result
from bowerbird.workflows.operators import compile_operator, find

MOST_BYTES = 64 * 1024 * 1024  # of media that are in memory at once for a group of inputs
BATCH = 128
_WRITTEN = (
    Code.ANNOTATION_SUCCESS,
    Code.ANNOTATION_PENDING,
    Code.ANNOTATION_AWAITING_REVIEW,
    Code.ANNOTATION_AWAITING_CONSENSUS_REVIEW,
    Code.DATABASE_DUPLICATE_KEY,  # it was written before
    Code.INPUT_DOES_NOT_EXIST,  # any more
)


@runtime_checkable
class Writes(Protocol):
    """A step that writes down what comes to it, where it stands in a base workflow."""

    def annotations(self, input_id: str, node_id: str, owner: str, data: Data) -> Iterator[Annotation]:
        """What is to be written of an input. Their ids derive from what is given: twice is as once."""
        ...


def has_base(app: App) -> bool:
    return app.default_workflow_id not in WITHOUT_BASE


async def base_workflow(call: Call, conn: AsyncConnection, seq: int, app: App) -> Workflow | None:
    """The app's base workflow: its own, else that of the app for everybody. Raises WorkflowNotFound."""
    if not has_base(app):
        return None
    id, named = app.default_workflow_id, app.default_workflow
    place = (named.user_id or app.user_id, named.app_id or app.id)
    if place == (app.user_id, app.id):
        own = (await WORKFLOWS.find(conn, seq, [id])).get(id)
        if own:
            return own.message
    elif place != (PUBLIC_USER, PUBLIC_APP):
        raise WorkflowNotFound(
            f"base workflow {shown(id)} of app '{place[0]}/{place[1]}': expected one of the app's own, "
            f"or of '{PUBLIC_USER}/{PUBLIC_APP}'"
        )
    main = await call.authority.directory.app(PUBLIC_USER, PUBLIC_APP)
    found = (await WORKFLOWS.find(conn, main.seq, [id])).get(id) if main else None
    if found is None:
        raise WorkflowNotFound(f"base workflow {shown(id)} of app '{app.user_id}/{app.id}'")
    return found.message


async def index(dispatcher: Dispatcher, place: UserAppIDSet, input_ids: Sequence[str]) -> list[Indexed]:
    """See `Client`. Failures are those of the inputs, one and all when the workflow cannot run."""
    try:
        ready = await _ready(dispatcher, place)
        if ready is None:
            return [Indexed() for _ in input_ids]
        call, runs = ready
        async with call.read() as conn:
            large = await sizes(conn, call.app.seq, input_ids)
        return [one for ids in _groups(input_ids, large) for one in await _index(call, runs, ids)]
    except Exception as error:  # a worker has to go on with other inputs
        reason = known(error, "PostInputs", "of a base workflow")
        return [Indexed(error=reason) for _ in input_ids]


async def embedded(dispatcher: Dispatcher, place: UserAppIDSet, given: Input) -> Vector | None:
    """The embedding of what is not in the app, as its base workflow gives it; None when it gives none.

    Raises ApiError.
    """
    ready = await _ready(dispatcher, place)
    if ready is None:
        return None
    call, runs = ready
    [results] = await results_of(call, runs, (await load(call, [given])).data, by_kind=True)
    if isinstance(results, ApiError):
        raise results
    found = next((v for one in results if one.passed for v in _vectors(runs, one)), None)
    failed = next((r.error for r in results if r.error), None)
    if found is None and failed:
        raise failed
    return found


async def _ready(dispatcher: Dispatcher, place: UserAppIDSet) -> tuple[Call, Runnable] | None:
    """The base workflow, to be run with the rights of the app's owner. Raises ApiError."""
    owner = Actor(user_id=place.user_id, kind=PAT, grant=EVERYTHING)
    call = await dispatcher.enter("PostWorkflowResults", owner, place)
    async with call.read() as conn:
        app = await APPS.one(conn, place.user_id, place.app_id)
        workflow = await base_workflow(call, conn, call.app.seq, app)
    return (call, await runnable(call, workflow)) if workflow else None


def _groups(ids: Sequence[str], large: dict[str, int]) -> Iterator[list[str]]:
    """The inputs in groups whose media fit into memory together."""
    group: list[str] = []
    total = 0
    for id in ids:
        size = large.get(id, 0)
        if group and total + size > MOST_BYTES:
            yield group
            group, total = [], 0
        group.append(id)
        total += size
    if group:
        yield group


async def _index(call: Call, ready: Runnable, ids: Sequence[str]) -> list[Indexed]:
    loaded = await load(call, [Input(id=id) for id in ids])
    # The coins hang on the input's id: they fall as before when the app is indexed anew.
    keys = [f"{call.app.seq}/{id}" for id in ids]
    results = await results_of(call, ready, loaded.data, keys=keys, by_kind=True)
    refused = await _write(
        call, [a for id, one in zip(ids, results, strict=True) for a in _said(call, id, one)]
    )
    return [_indexed(ready, one, refused.get(id)) for id, one in zip(ids, results, strict=True)]


def _said(call: Call, id: str, results: list[Result] | ApiError) -> Iterator[Annotation]:
    """What the workflow has to write of an input."""
    for result in results if isinstance(results, list) else ():
        if result.passed and find(result.node.type.id):
            step = compile_operator(result.node.type.id, result.node.info)
            if isinstance(step, Writes):
                yield from step.annotations(id, result.node.id, call.app.user_id, result.data)


async def _write(call: Call, annotations: Sequence[Annotation]) -> dict[str, ApiError]:
    """Write them, each once; why it could not be done, by the input's id."""
    refused: dict[str, ApiError] = {}
    place = UserAppIDSet(user_id=call.app.user_id, app_id=call.app.id)
    for at in range(0, len(annotations), BATCH):
        batch = annotations[at : at + BATCH]
        request = PostAnnotationsRequest(user_app_id=place, annotations=batch)
        method, credentials = METHODS["PostAnnotations"], Credentials(actor=call.actor)
        answer: Any = await call.dispatcher.call(method, request, credentials)
        statuses = [a.status for a in answer.annotations] or [answer.status] * len(batch)
        for one, status in zip(batch, statuses, strict=True):
            if status.code not in _WRITTEN:
                refused.setdefault(one.input_id, error_of(status))
    return refused


def _indexed(ready: Runnable, results: list[Result] | ApiError, refused: ApiError | None) -> Indexed:
    if isinstance(results, ApiError):
        return Indexed(error=results)
    vectors = [v for result in results if result.passed for v in _vectors(ready, result)]
    concepts = predicted_concepts(r.data for r in results if r.passed)
    failed = next((_of_node(r.node.id, r.error) for r in results if r.error), None)
    return Indexed(vectors, concepts, failed or refused)


def _of_node(node_id: str, error: ApiError) -> ApiError:
    return type(error)(f"node {node_id!r} of the base workflow: {error.details or error.text()}")


def _vectors(ready: Runnable, result: Result) -> Iterator[Vector]:
    """The embeddings that a model gave: of the whole, and of each region or frame."""
    version = ready.model(result.node.model).spec.version_id
    whole = result.data
    parts = [whole, *(r.data for r in whole.regions), *(f.data for f in whole.frames)]
    for n, data in enumerate(parts, WHOLE):
        for embedding in data.embeddings[:1]:
            numbers = unit(embedding.vector)
            if numbers is not None:
                yield Vector(version, n, numbers)
