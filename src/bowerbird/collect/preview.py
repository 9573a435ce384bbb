"""What a draft collector would have taken of the recorded predictions: nothing is kept."""

import asyncio
import heapq
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TypeVar

import numpy as np
from clarifai_grpc.grpc.api.resources_pb2 import Collector, Workflow
from google.protobuf.struct_pb2 import Struct
from numpy.typing import NDArray

from bowerbird.collect import sieve
from bowerbird.collect.blocks import Block
from bowerbird.collect.inclusion import inclusion
from bowerbird.collect.plans import plan_of
from bowerbird.collect.preview_nodes import Closely
from bowerbird.collect.recorded import HOUR_S, Entry, Recorded
from bowerbird.collect.reservoir import ALL
from bowerbird.estimate.intervals import wilson, z_of
from bowerbird.workflows.columns import Flags
from bowerbird.workflows.operators import Operator, find
from bowerbird.workflows.plan import Decision, Plan
from bowerbird.workflows.relations import Relations
from bowerbird.workflows.state import State
from bowerbird.workflows.trace import Traced, blamed
from bowerbird.workflows.view import View

CONFIDENCE = 0.95
BREATH = 64  # predictions after which other threads may go on: the event loop must not wait for us
DAY_S = 24 * HOUR_S
R = TypeVar("R", Block, Entry)


@dataclass(frozen=True, slots=True)
class Draft:
    """A collector that is tried. With `only_caller`, what others asked is none of its business."""

    collector: Collector
    workflow: Workflow | None
    salt: str
    only_caller: str = ""
    relations: Relations | None = None

    @property
    def operators(self) -> list[Operator]:
        nodes = self.workflow.nodes if self.workflow else ()
        return [one for node in nodes if (one := find(node.model.model_type_id)) is not None]

    def thinned(self, part: float) -> "Draft":
        """For a sample of this part of all predictions: with so much less of every amount, but at least 1."""
        if self.workflow is None or part >= 1:
            return self
        workflow = Workflow()
        workflow.CopyFrom(self.workflow)
        for node in workflow.nodes:
            for info in (node.model.model_version.output_info, node.output_info_override):
                _thin(find(node.model.model_type_id), info.params, part)
        return replace(self, workflow=workflow)


def _thin(operator: Operator | None, params: Struct, part: float) -> None:
    """Whole amounts stay whole where a fraction may not be: where at least 1 is expected."""
    for parameter in operator.parameters if operator else ():
        if operator and parameter.name in operator.amounts and parameter.name in params.fields:
            value, least = params.fields[parameter.name], getattr(parameter.field, "low", 0.0)
            less = value.number_value * part
            value.number_value = max(float(round(less)), least) if least else less


@dataclass(frozen=True, slots=True)
class Example:
    """A recorded prediction, and what the draft makes of it, best told. `steps` tell why."""

    entry: Entry
    decision: Decision
    steps: Sequence[Traced]
    probability: float | None


@dataclass(slots=True)
class Hour:
    """The recorded predictions of an hour."""

    recorded: int = 0  # all of them, whomever they concern
    judged: int = 0
    taken: int = 0
    before: Counter[str] = field(default_factory=Counter)  # by the concept with the greatest value
    kept: Counter[str] = field(default_factory=Counter)


class Trial:
    """Runs a draft over recorded predictions in the order of time. Operators that remember start afresh."""

    def __init__(self, draft: Draft, since: float, examples: int, traced: float = 1.0) -> None:
        """`traced` is the part of all predictions that is looked at closely.

        Raises ApiError for a workflow that cannot be compiled.
        """
        self._now = since
        self.plan: Plan = plan_of(
            draft.collector, draft.workflow, draft.salt, State(lambda: self._now), draft.relations
        )
        source = draft.collector.collector_source.api_post_model_outputs_collector_source
        self._version_id = source.model_version_id
        self._caller = source.caller_user_id
        self._only_caller = draft.only_caller
        self.since = since
        self.hours: dict[int, Hour] = {}
        self.skipped: Counter[str] = Counter()
        self.incomplete = 0  # whose media or text were too large to be recorded
        self.first_at: float | None = None
        self.kept, self.left_out = _Best(examples), _Best(examples)
        self._near = np.full(examples, ALL - 1)  # the smallest hashes that were dropped by coins or concepts
        self.closely = Closely.of(self.plan, draft.workflow, examples, traced)
        self.no_budget_at: list[float] = []  # when predictions met a budget with nothing left

    def judge(self, entries: Sequence[Entry]) -> None:
        """Slow: for threads. Entries of an hour that began before the time that counts are only numbered."""
        for hour, group in groupby(entries, key=lambda entry: entry.hour):
            of_hour = list(group)
            block = Block.of(hour, [entry.brief() for entry in of_hour])
            self.decide([of_hour[row] for row in self.sift(block).tolist()])

    def sift(self, block: Block) -> NDArray[np.intp]:
        """Count them, and judge those that are dropped by what their coins and concepts tell. The others are
        left: these rows have to be decided on in full."""
        concerned = self._counted(block)
        own = concerned & block.callers.are(self._caller) if self._caller else concerned
        sifted = sieve.sift(self.plan, block)
        is_open = own & (sifted.open | self.closely.among(block.hashes))
        is_open |= self._examples_among(block, own & ~is_open)
        self._skip("caller", concerned & ~own)
        self._skip("sampled_out", own & sifted.lost & ~is_open)
        self._skip("filtered", own & ~sifted.lost & ~is_open)
        return np.flatnonzero(is_open)

    def _counted(self, block: Block) -> Flags:
        """Those that the draft would have watched."""
        concerned = block.times >= self.since
        if self._version_id:
            concerned &= block.versions.are(self._version_id)
        if self._only_caller:
            concerned &= block.callers.are(self._only_caller)
        n = int(np.count_nonzero(concerned))
        hour = self.hours.setdefault(block.hour, Hour())
        hour.recorded += len(block)
        hour.judged += n
        hour.before += sieve.top_concepts(block, concerned)
        if n and self.first_at is None:
            self.first_at = float(block.times[concerned.argmax()])
        self.incomplete += int(np.count_nonzero(concerned & ~block.has_media))
        return concerned

    def _skip(self, reason: str, rows: Flags) -> None:
        if n := int(np.count_nonzero(rows)):
            self.skipped[reason] += n

    def _examples_among(self, block: Block, dropped: Flags) -> Flags:
        """Those dropped that may serve as examples: they are decided on in full, to tell why."""
        near = np.flatnonzero(dropped & (block.hashes < self._near.max(initial=0)))
        near = near[np.argsort(block.hashes[near])[: self._near.size]]
        self._near = np.sort(np.concatenate([self._near, block.hashes[near]]))[: self._near.size]
        chosen = np.zeros(len(block), bool)
        chosen[near] = True
        return chosen

    def decide(self, entries: Sequence[Entry]) -> None:
        """On those that `sift` left open, in the order of time. Slow, too."""
        for number, entry in enumerate(entries):
            if not number % BREATH:
                time.sleep(0)
            self._decide(self.hours[entry.hour], entry)

    def _decide(self, hour: Hour, entry: Entry) -> None:
        self._now = entry.at
        view = View.recalled(
            entry.output,
            input=entry.input,
            values=entry.concept_values(),
            caller=entry.caller,
            key=entry.key,
        )
        if entry.content:
            view.input = entry.input_message().data
        decision = self.closely.decide(entry, view)
        if decision.taken:
            hour.taken += 1
            hour.kept[entry.top_concept()] += 1
            best = self.kept
        else:
            self.skipped[decision.reason] += 1
            best = self.left_out
            if decision.reason == "budget":
                self.no_budget_at.append(entry.at)
        if entry.hash < best.limit:
            best.add(self._example(entry, view, decision))

    def _example(self, entry: Entry, view: View, decision: Decision) -> Example:
        probability = inclusion(self.plan, view) if decision.taken else None
        return Example(entry, *blamed(self.plan, view, decision), probability)


class _Best:
    """The examples with the smallest hashes: a random choice, and the same one each time."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._heap: list[tuple[int, int, Example]] = []

    @property
    def limit(self) -> int:
        """What a hash must be below."""
        if len(self._heap) < self.size:
            return ALL - 1
        return -self._heap[0][0] if self._heap else 0

    def add(self, example: Example) -> None:
        item = (-example.entry.hash, example.entry.seq, example)
        if len(self._heap) < self.size:
            heapq.heappush(self._heap, item)
        else:
            heapq.heapreplace(self._heap, item)

    def all(self) -> list[Example]:
        return sorted((example for _, _, example in self._heap), key=lambda one: one.entry.at)


@dataclass(frozen=True, slots=True)
class Preview:
    """What came of a trial; shares and days speak of all that was answered, not of what was recorded."""

    recorded: int
    answered: int
    taken: int
    share: tuple[float, float, float]  # with the bounds of its 95 % interval
    per_day: tuple[float, float, float]
    hours: float  # of traffic that were seen
    unseen: int  # answered in hours of which nothing was recorded
    mix: dict[str, tuple[float, float]]  # concept -> its share before, and among what is kept


async def run_trial(
    recorded: Recorded, model: int, draft: Draft, since: float, examples: int, traced: float = 1.0
) -> Trial:
    """Judge what was recorded of a model since then. Raises ApiError as `Trial`."""
    trial = Trial(draft, since, examples, traced)
    reads_media = any(one.reads_media for one in draft.operators)
    first = since - since % HOUR_S  # the hour that it lies in is numbered as a whole
    if not sieve.can_sift(trial.plan):
        await _behind(recorded.window(model, first, with_content=reads_media), trial.judge)
        return trial
    left: list[int] = []

    def sift(blocks: Sequence[Block]) -> None:
        for block in blocks:
            time.sleep(0)  # the event loop may go on
            left.extend(block.seqs[trial.sift(block)].tolist())

    await _behind(recorded.blocks(model, first), sift)
    await _behind(recorded.whole(left, with_content=reads_media), trial.decide)
    return trial


async def _behind(pages: AsyncIterator[Sequence[R]], work: Callable[[Sequence[R]], None]) -> None:
    """Do the work on each page in a thread, while the next one is read."""
    working = asyncio.get_running_loop().run_in_executor(None, work, ())
    async for page in pages:
        await working
        working = asyncio.get_running_loop().run_in_executor(None, work, page)
    await working


def summary(trial: Trial, answered: dict[int, int], since: float, now: float) -> Preview:
    """The figures of a trial: each recorded prediction stands for as many as its hour had for each."""
    hours = trial.hours
    weights = {at: max(answered.get(at, 0) / hour.recorded, 1.0) for at, hour in hours.items()}
    total = sum(weights[at] * hour.judged for at, hour in hours.items())
    squares = sum(weights[at] ** 2 * hour.judged for at, hour in hours.items())
    share = _share(sum(weights[at] * hour.taken for at, hour in hours.items()), total, squares)
    begin = now if trial.first_at is None else max(since, min([trial.first_at, *answered]))
    seen_s = max(now - begin, HOUR_S)
    per_day = total * DAY_S / seen_s
    return Preview(
        recorded=sum(hour.judged for hour in hours.values()),
        answered=round(total),
        taken=sum(hour.taken for hour in hours.values()),
        share=share,
        per_day=(share[0] * per_day, share[1] * per_day, share[2] * per_day),
        hours=(now - begin) / HOUR_S,
        unseen=sum(n for at, n in answered.items() if at not in hours),
        mix=_mix(hours, weights),
    )


def _share(taken: float, total: float, squares: float) -> tuple[float, float, float]:
    """With Wilson's interval over Kish's effective number (Σw)²/Σw²."""
    if not total:
        return 0.0, 0.0, 1.0
    share = min(taken / total, 1.0)
    low, high = wilson(np.array([share]), np.array([total**2 / squares]), z_of(CONFIDENCE))
    return share, float(low[0]), float(high[0])


def _mix(hours: dict[int, Hour], weights: dict[int, float]) -> dict[str, tuple[float, float]]:
    before: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    for at, hour in hours.items():
        for concept, n in hour.before.items():
            before[concept] += weights[at] * n  # type: ignore[assignment]  # counters take any number
        for concept, n in hour.kept.items():
            kept[concept] += weights[at] * n  # type: ignore[assignment]  # as above
    all_before, all_kept = sum(before.values()), sum(kept.values())
    return {
        concept: (n / all_before, kept[concept] / all_kept if all_kept else 0.0)
        for concept, n in before.most_common()
        if concept
    }
