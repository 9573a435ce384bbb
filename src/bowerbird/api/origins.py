"""Where a collected input came from, as its metadata say, and what of that a labeller must not see."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import Input, Workflow
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.collect.plans import plan_of
from bowerbird.collect.provenance import CAPTURE, COLLECTOR
from bowerbird.collect.reach import unreached
from bowerbird.collect.roster import Known, load_of
from bowerbird.errors import ApiError
from bowerbird.services import ModelKey
from bowerbird.workflows.plain import is_number, plain_struct
from bowerbird.workflows.stored import load_workflows

# All else that collecting wrote tells, or hints at, what the model said: it was kept because of that.
_HARMLESS = (
    "model_user_id",
    "model_app_id",
    "model_id",
    "model_version_id",
    "caller_user_id",
    "taken_at",
    "predicted_at",
    "original_input_id",
)


@dataclass(frozen=True, slots=True)
class Origin:
    """A prediction that a collector kept."""

    collector_id: str
    model: ModelKey
    version_id: str
    caller_user_id: str
    request_id: str
    input_index: int
    taken_at: float
    revision: int  # of the collector
    pi: float | None  # None: not known
    coin: float | None
    reason: str  # empty: its rules kept it

    @property
    def counts(self) -> bool:
        """Whether estimates are made of it: its rules took it, with a known chance."""
        return not self.reason and self.pi is not None


def origin_of(input: Input) -> Origin | None:
    """None for what no collector posted, or what somebody else wrote instead."""
    if CAPTURE not in input.data.metadata:
        return None
    metadata = plain_struct(input.data.metadata)
    try:
        return _origin(str(metadata[COLLECTOR]), metadata[CAPTURE])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _origin(collector_id: str, capture: Any) -> Origin:  # any JSON
    pi, coin = capture.get("inclusion_probability"), capture.get("coin")
    return Origin(
        collector_id=collector_id,
        model=(str(capture["model_user_id"]), str(capture["model_app_id"]), str(capture["model_id"])),
        version_id=str(capture.get("model_version_id", "")),
        caller_user_id=str(capture.get("caller_user_id", "")),
        request_id=str(capture["request_id"]),
        input_index=int(capture["input_index"]),
        taken_at=datetime.fromisoformat(capture["taken_at"]).timestamp(),
        revision=int(capture.get("collector_revision", 0)),
        pi=float(pi) if is_number(pi) and 0 < pi <= 1 else None,
        coin=float(coin) if is_number(coin) else None,
        reason=str(capture.get("reason") or ""),
    )


def veiled(input: Input) -> Input:
    """The input without what tells, or hints at, what a model or anybody else said of it."""
    bare = Input()
    bare.CopyFrom(input)
    bare.data.ClearField("concepts")
    if CAPTURE in bare.data.metadata:
        capture = bare.data.metadata.fields[CAPTURE].struct_value
        for name in list(capture.fields):
            if name not in _HARMLESS:
                del capture.fields[name]
    return bare


async def measuring(conn: AsyncConnection, app: int, ids: Collection[str]) -> frozenset[str]:
    """Those of the collectors that leave a truthful estimate: of what these kept, a label counts.

    One that cannot decide just now is among them: it may be mended, and its items count again then.
    """
    known = [one for one in await load_of(conn, app) if one.message.id in ids] if ids else []
    workflows = await load_workflows(
        conn, {(app, id) for one in known if (id := one.message.pre_queue_workflow_id)}
    )
    return frozenset(
        one.message.id
        for one in known
        if not _leaves_out(one, workflows.get((app, one.message.pre_queue_workflow_id)))
    )


def _leaves_out(one: Known, workflow: Workflow | None) -> bool:
    """Whether some predictions have no chance to be kept."""
    if workflow is None and one.message.pre_queue_workflow_id:
        return False
    try:
        plan = plan_of(one.message, workflow, one.name)
    except ApiError:
        return False
    return bool(unreached(plan, has_post_queue=bool(one.message.post_queue_workflow_id)))


def collectors_of(origins: Iterable[Origin | None]) -> set[str]:
    return {one.collector_id for one in origins if one is not None}
