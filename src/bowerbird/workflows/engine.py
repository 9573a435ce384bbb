"""Runs a workflow on the inputs of a call: each node over all of them, nodes that need not wait at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from clarifai_grpc.grpc.api.resources_pb2 import Data, Model
from clarifai_grpc.grpc.api.status import status_code_pb2, status_pb2

from bowerbird.errors import ApiError, PredictionFailed
from bowerbird.workflows.draws import Draw
from bowerbird.workflows.flow import Flow
from bowerbird.workflows.graph import Node
from bowerbird.workflows.merge import merge
from bowerbird.workflows.operators import Learner, SlowStep, Step, stepped
from bowerbird.workflows.view import View

# One answer for each of the data; it raises nothing.
Predict = Callable[[Model, Sequence[Data]], Awaitable[Sequence[Data | ApiError]]]
DrawOf = Callable[[str], Draw]  # the draw of a node

_SUCCESS = status_pb2.Status(code=status_code_pb2.SUCCESS, description="Ok")
_NOTHING_LEFT = status_pb2.Status(
    code=status_code_pb2.SUCCESS, description="Ok", details="Nothing was left for this node."
)
_NO_DATA = Data()


@dataclass(frozen=True, slots=True)
class Given:
    """An input; `key` names the request and the input's place in it: coins hang on it."""

    data: Data
    key: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an input at a node."""

    node: Node
    data: Data
    passed: bool  # an operator kept it, or a model answered with something
    terminal: bool
    status: status_pb2.Status
    error: ApiError | None = None
    view: View | None = None  # what an operator was shown


def passed(results: Sequence[Result]) -> bool:
    """Whether any terminal node kept the input or answered with something."""
    return any(result.passed for result in results if result.terminal)


async def run(
    flow: Flow, given: Sequence[Given], predict: Predict, draw: DrawOf, *, caller: str = ""
) -> list[list[Result]]:
    """For each input one result of each node, in the workflow's order. Failures are in the results.

    Nodes without links read the inputs. When the task is cancelled, so is everything that it waits for.
    """
    async with asyncio.TaskGroup() as group:
        work = _Run(flow, given, predict, draw, caller, group)
        work.advance()
    columns = [work.columns[node.id] for node in flow.graph.nodes]
    return [list(results) for results in zip(*columns, strict=True)]


def learn(flow: Flow, results: Sequence[Result]) -> None:
    """Tell the operators that remember what became of an input. One that did not come to it has no part."""
    taken = passed(results)
    for result in results:
        step = flow.steps.get(result.node.id)
        if isinstance(step, Learner) and result.view is not None:
            step.learn(result.view, taken)


class _Run:
    """A run under way: the results of the nodes that are through, by node, each over all inputs."""

    def __init__(
        self,
        flow: Flow,
        given: Sequence[Given],
        predict: Predict,
        draw: DrawOf,
        caller: str,
        group: asyncio.TaskGroup,
    ) -> None:
        self.columns: dict[str, list[Result]] = {}
        self._flow = flow
        self._given = given
        self._predict = predict
        self._draw = draw
        self._caller = caller
        self._group = group
        self._waiting = list(flow.graph.order)

    def advance(self) -> None:
        """Run the operators, and start the models, that wait for nothing any more."""
        waiting, self._waiting = self._waiting, []
        for node in waiting:  # each after those that it reads from, so that one pass is enough
            if not all(name in self.columns for name in node.inputs):
                self._waiting.append(node)
            elif step := self._flow.steps.get(node.id):
                self.columns[node.id] = self._stepped(node, step)
            elif slow := self._flow.slow_steps.get(node.id):
                self._group.create_task(self._stepped_slowly(node, slow))
            else:
                self._group.create_task(self._predicted(node))

    def _stepped(self, node: Node, step: Step) -> list[Result]:
        draw, terminal = self._draw(node.id), node.id in self._flow.ends
        return [
            _step(node, step, self._view(left, given), draw, terminal) if isinstance(left, Data) else left
            for left, given in self._all_left(node)
        ]

    async def _stepped_slowly(self, node: Node, step: SlowStep) -> None:
        draw, terminal = self._draw(node.id), node.id in self._flow.ends

        async def one(left: Data | Result, given: Given) -> Result:
            if isinstance(left, Result):
                return left
            view = self._view(left, given)
            try:
                return _kept(node, await stepped(node.type.id, step, view, draw), view, terminal)
            except ApiError as error:
                return Result(node, _NO_DATA, False, terminal, error.status(), error)

        self.columns[node.id] = await asyncio.gather(*(one(*both) for both in self._all_left(node)))
        self.advance()

    def _view(self, left: Data, given: Given) -> View:
        return View.of(left, input=given.data, caller=self._caller, key=given.key)

    def _all_left(self, node: Node) -> list[tuple[Data | Result, Given]]:
        return [(self._left(node, place), given) for place, given in enumerate(self._given)]

    async def _predicted(self, node: Node) -> None:
        column = [self._left(node, place) for place in range(len(self._given))]
        asked = [place for place, left in enumerate(column) if isinstance(left, Data)]
        answers = await self._predict(node.model, [left for left in column if isinstance(left, Data)])
        terminal = node.id in self._flow.ends
        results = {
            place: _answered(node, answer, terminal) for place, answer in zip(asked, answers, strict=True)
        }
        self.columns[node.id] = [
            results[place] if isinstance(left, Data) else left for place, left in enumerate(column)
        ]
        self.advance()

    def _left(self, node: Node, place: int) -> Data | Result:
        """What an input has for the node to read; the node's result when there is nothing."""
        if not node.inputs:
            return self._given[place].data
        before = [self.columns[name][place] for name in node.inputs]
        terminal = node.id in self._flow.ends
        if failed := [result.node.id for result in before if result.status.code != status_code_pb2.SUCCESS]:
            return Result(node, _NO_DATA, False, terminal, _skipped(failed))
        left = [result.data for result in before if result.passed]
        return merge(left) if left else Result(node, _NO_DATA, False, terminal, _NOTHING_LEFT)


def _step(node: Node, step: Step, view: View, draw: Draw, terminal: bool) -> Result:
    try:
        kept = step(view, draw)
        data = None if kept is None else kept.to_data()
    except Exception as fault:  # operators may come from other packages
        error = PredictionFailed(f"{node.type.id}: {fault!r}")
        return Result(node, _NO_DATA, False, terminal, error.status(), error)
    return _kept(node, data, view, terminal)


def _kept(node: Node, data: Data | None, view: View, terminal: bool) -> Result:
    return Result(node, _NO_DATA if data is None else data, data is not None, terminal, _SUCCESS, view=view)


def _answered(node: Node, answer: Data | ApiError, terminal: bool) -> Result:
    if isinstance(answer, ApiError):
        return Result(node, _NO_DATA, False, terminal, answer.status(), answer)
    return Result(node, answer, answer.ByteSize() > 0, terminal, _SUCCESS)


def _skipped(failed: Sequence[str]) -> status_pb2.Status:
    names = ", ".join(map(repr, failed))
    return status_pb2.Status(
        code=status_code_pb2.WORKFLOW_INTERNAL_FAILURE,
        description="This node did not run.",
        details=f"it reads from {names}, which failed",
    )
