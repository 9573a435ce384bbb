"""The collectors of each model, compiled; swapped as a whole when anything that they are made of changes."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

import structlog
from clarifai_grpc.grpc.api.resources_pb2 import Collector, Workflow

from bowerbird.collect.compiled import Compiled, Tally
from bowerbird.collect.lineup import Lineup, Lineups
from bowerbird.collect.roster import Known, load
from bowerbird.errors import ApiError, WorkflowInvalid
from bowerbird.queue import Reason
from bowerbird.services import ModelKey
from bowerbird.store.db import Database, unbroken
from bowerbird.store.revisions import Revisions
from bowerbird.workflows.graph import Graph
from bowerbird.workflows.plan import Plan, compile_plan
from bowerbird.workflows.relations import Relations, load_relations
from bowerbird.workflows.state import State
from bowerbird.workflows.stored import Name, load_workflows, maps_concepts, missing_model
from bowerbird.workflows.types import find_type

log = structlog.get_logger()
KINDS = ("collectors", "models", "workflows", "apps", "concept_relations")
BREATH_S = 0.002  # how long compiling may hold the event loop at a time


def plan_of(
    collector: Collector,
    workflow: Workflow | None,
    salt: str,
    state: State | None = None,
    relations: Relations | None = None,
) -> Plan:
    """The compiled decision of a collector; what it remembers is in the state, or it starts afresh. The
    relations are those of its app.

    Raises ApiError naming what is wrong with the workflow.
    """
    graph = None
    if workflow is not None:
        if missing := missing_model(workflow):
            raise WorkflowInvalid(missing)
        graph = Graph.of(workflow, lambda model: find_type(model.model_type_id))
    return compile_plan(graph, salt, collector.pre_queue_random_sample or 1.0, state, relations)


class Plans:
    """What the tap reads: `by_model` is replaced, never changed, like `known`, the same collectors by their
    key. What operators remember is in `state`."""

    def __init__(self, db: Database, revisions: Revisions, state: State) -> None:
        self._db = db
        self._state = state
        self._stale = asyncio.Event()
        self._lock = asyncio.Lock()
        self._made: dict[tuple[bytes, bytes, bytes], Compiled] = {}
        self.by_model: Mapping[ModelKey, Sequence[Compiled]] = {}
        self.known: Mapping[str, Known] = {}
        self._tallies: dict[str, Tally] = {}
        self._lineups = Lineups()
        for kind in KINDS:
            revisions.on_change(kind, self._stale.set)

    @property
    def broken(self) -> set[str]:
        """The keys of collectors that cannot decide."""
        return {one.key for watching in self.by_model.values() for one in watching if one.plan is None}

    def lineup(self, collectors: Sequence[Compiled], version_id: str, caller: str) -> Lineup:
        """Of the collectors of a model, arranged for a caller and a version."""
        return self._lineups.of(collectors, version_id, caller)

    def tallies(self) -> Mapping[str, Tally]:
        """What was skipped, by the collector's key; whoever looks takes it away."""
        self._lineups.settle(self.by_model.values())
        return self._tallies

    async def keep_fresh(self) -> None:
        """Compile anew whenever something changed, until cancelled. Old plans serve until then."""
        while True:
            await self._stale.wait()
            try:
                await unbroken(self.refresh())
            except Exception as error:  # the store may be away: what was compiled still holds
                log.warning("collectors not reloaded", error=type(error).__name__)
                await asyncio.sleep(0.5)

    async def refresh(self) -> None:
        """Compile what changed since the last time, and swap; one at a time, so that the newest is last."""
        async with self._lock:
            await self._refresh()

    async def _refresh(self) -> None:
        self._stale.clear()
        try:
            async with self._db.read() as conn:
                known = await load(conn)
                workflows = await load_workflows(conn, {n for k in known if (n := workflow_name(k))})
                mapping = {app for (app, _), workflow in workflows.items() if maps_concepts(workflow)}
                relations = await load_relations(conn, mapping)
        except Exception:
            self._stale.set()
            raise
        self.by_model = await self._compile(known, workflows, relations)
        self.known = {one.key: one for one in known}

    async def _compile(
        self,
        known: Iterable[Known],
        workflows: Mapping[Name, Workflow],
        relations: Mapping[int, Relations],
    ) -> dict[ModelKey, list[Compiled]]:
        made: dict[tuple[bytes, bytes, bytes], Compiled] = {}
        by_model: dict[ModelKey, list[Compiled]] = {}
        breathed = time.perf_counter()
        for one in known:
            name = workflow_name(one)
            workflow = workflows.get(name) if name else None
            related = relations.get(one.app_seq) if workflow and maps_concepts(workflow) else None
            source = (
                one.key.encode() + b":%d:" % one.revision + one.message.SerializeToString(deterministic=True),
                workflow.SerializeToString(deterministic=True) if workflow else b"",
                related.version if related else b"",
            )
            compiled = self._made.get(source) or self._compiled(one, workflow, related)
            made[source] = compiled
            model = (one.source.model_user_id, one.source.model_app_id, one.source.model_id)
            by_model.setdefault(model, []).append(compiled)
            if time.perf_counter() - breathed > BREATH_S:
                await asyncio.sleep(0)
                breathed = time.perf_counter()
        self._made = made
        return by_model

    def _compiled(self, known: Known, workflow: Workflow | None, relations: Relations | None) -> Compiled:
        return _compiled(known, workflow, self._tally(known.key), self._state, relations)

    def _tally(self, key: str) -> Tally:
        return self._tallies.setdefault(key, dict.fromkeys(get_args(Reason), 0))


def workflow_name(known: Known) -> Name | None:
    """The name of its pre-queue workflow, if it has one."""
    id = known.message.pre_queue_workflow_id
    return (known.app_seq, id) if id else None


def _compiled(
    known: Known, workflow: Workflow | None, tally: Tally, state: State, relations: Relations | None
) -> Compiled:
    plan, broken = None, ""
    id = known.message.pre_queue_workflow_id
    try:
        if id and workflow is None:
            raise WorkflowInvalid(f"there is no workflow {id!r} any more")
        plan = plan_of(known.message, workflow, known.name, state, relations)
    except ApiError as error:
        broken = error.details or error.text()
        log.warning("collector cannot decide", collector=known.name, reason=broken)
    return Compiled(
        key=known.key,
        collector=known,
        version_id=known.source.model_version_id,
        caller_user_id=known.source.caller_user_id,
        is_active=known.is_active,
        is_shadow=known.options.shadow,
        keeps_outputs=known.message.collect_outputs,
        tally=tally,
        plan=plan,
        broken=broken,
    )
