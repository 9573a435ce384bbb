"""Runs workflows: made ready with the models of their nodes, then run on inputs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from clarifai_grpc.grpc.api.resources_pb2 import Data, Model, Workflow

from bowerbird.api.model_specs import Resolved
from bowerbird.api.rpc import Call
from bowerbird.api.surroundings import surroundings
from bowerbird.errors import ApiError, ModelUntrained, WorkflowInvalid, WorkflowUntrained
from bowerbird.runtimes.video import at_rate
from bowerbird.store.kinds import media_kind
from bowerbird.workflows.draws import Draw, HashedDraw
from bowerbird.workflows.engine import Given, Result, learn, run
from bowerbird.workflows.flow import Flow, flow_of
from bowerbird.workflows.graph import Graph
from bowerbird.workflows.states import Series

Name = tuple[str, str, str, str]  # user, app, model, version


@dataclass(frozen=True, slots=True)
class Runnable:
    """A workflow with its models, each in the version that runs."""

    flow: Flow
    models: Mapping[Name, Resolved]

    @property
    def graph(self) -> Graph:
        return self.flow.graph

    def model(self, model: Model) -> Resolved:
        return self.models[name_of(model)]


async def runnable(
    call: Call, workflow: Workflow, drafts: Mapping[Name, Resolved] = MappingProxyType({})
) -> Runnable:
    """The workflow made ready; `drafts` are models that are not written yet.

    Raises WorkflowInvalid, WorkflowGraphInvalid, WorkflowUntrained.
    """
    whole = Workflow()
    whole.CopyFrom(workflow)
    models: dict[Name, Resolved] = {}
    for node in whole.nodes:
        found = drafts.get(name_of(node.model)) or await _model(call, workflow, node.id, node.model)
        node.model.CopyFrom(found.whole)
        models[name_of(node.model)] = found
    return Runnable(flow_of(whole), models)


async def _model(call: Call, workflow: Workflow, node_id: str, model: Model) -> Resolved:
    try:
        found = await call.services.catalog.find(*name_of(model))
    except ModelUntrained as error:
        raise WorkflowUntrained(f"node {node_id!r}: {error.details}") from error
    if found is None or not await _is_shared(call, workflow, found):
        raise WorkflowInvalid(
            f"node {node_id!r}: model {model.id!r} is gone, or {workflow.user_id!r} may not read it"
        )
    return found


async def _is_shared(call: Call, workflow: Workflow, model: Resolved) -> bool:
    """Whether the owner of the workflow may read the model: who runs a workflow runs what its owner can."""
    spec, owner = model.spec, workflow.user_id
    if model.is_public or owner == spec.user_id:
        return True
    directory = call.authority.directory
    app = await directory.app(spec.user_id, spec.app_id)
    return app is not None and await directory.grant(app, owner) is not None


async def results_of(
    call: Call,
    ready: Runnable,
    given: Sequence[Data | ApiError],
    *,
    keys: Sequence[str] = (),
    by_kind: bool = False,
    series: Series | None = None,
) -> list[list[Result] | ApiError]:
    """The results of all nodes for each input, in order; an input that could not be had is one already.

    `keys` name the inputs for the coins, else the request does. `by_kind`: only nodes that can take it run.
    In a series, the operators remember what went before.
    """
    results: list[list[Result] | ApiError] = [data if isinstance(data, ApiError) else [] for data in given]
    relations, outside = await surroundings(call, [node.type.id for node in ready.graph.nodes])
    for graph, places in _parts(ready.graph, given, by_kind=by_kind):
        inputs = [
            Given(data, keys[place] if keys else f"{call.request_id}:{place}")
            for place in places
            if isinstance(data := given[place], Data)
        ]
        if series is not None:
            async with series.lock:
                flow = series.flow(graph, relations, outside)
                found = await _run_in_turn(call, ready, flow, inputs)
        elif relations is None and outside is None and graph is ready.graph:
            found = await _run(call, ready, ready.flow, inputs)
        else:
            found = await _run(call, ready, Flow.of(graph, relations=relations, outside=outside), inputs)
        for place, result in zip(places, found, strict=True):
            results[place] = result
    return results


def _parts(
    graph: Graph, given: Sequence[Data | ApiError], *, by_kind: bool
) -> Iterator[tuple[Graph, list[int]]]:
    """The graph that runs, and the places of the inputs that it runs on."""
    places: dict[str, list[int]] = {}
    for place, data in enumerate(given):
        if isinstance(data, Data):
            places.setdefault(media_kind(data) if by_kind else "", []).append(place)
    for kind, some in places.items():
        part = graph.serving(kind) if by_kind else graph
        if part is not None:
            yield part, some


async def _run(call: Call, ready: Runnable, flow: Flow, inputs: Sequence[Given]) -> list[list[Result]]:
    async def predict(model: Model, data: Sequence[Data]) -> Sequence[Data | ApiError]:
        found = ready.model(model)
        sampled = [at_rate(one, found.info.output_config.sample_ms) for one in data]
        return await call.services.runtimes.predict(found.spec, sampled)

    def draw(node_id: str) -> Draw:
        return HashedDraw(call.method.name, node_id)

    return await run(flow, inputs, predict, draw, caller=call.actor.user_id)


async def _run_in_turn(
    call: Call, ready: Runnable, flow: Flow, inputs: Sequence[Given]
) -> list[list[Result]]:
    """What becomes of one input may matter for the next, so each is decided on before the next."""
    if not flow.learns:
        return await _run(call, ready, flow, inputs)
    results: list[list[Result]] = []
    for one in inputs:
        [result] = await _run(call, ready, flow, [one])
        learn(flow, result)
        results.append(result)
    return results


def name_of(model: Model) -> Name:
    return model.user_id, model.app_id, model.id, model.model_version.id
