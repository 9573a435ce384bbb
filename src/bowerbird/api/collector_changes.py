"""What a revision of a collector changed of the one before, in words."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from clarifai_grpc.grpc.api.resources_pb2 import APIPostModelOutputsCollectorSource, Collector

from bowerbird.errors import Code
from bowerbird.proto.bowerbird_v1_pb2 import CollectorOptions
from bowerbird.proto.collecting_pb2 import FieldChange


@dataclass(frozen=True, slots=True)
class State:
    """A collector with its options, as one revision has them."""

    collector: Collector
    options: CollectorOptions

    @property
    def source(self) -> APIPostModelOutputsCollectorSource:
        return self.collector.collector_source.api_post_model_outputs_collector_source


def changes(old: State, new: State) -> Iterator[FieldChange]:
    """Field by field; both values in words."""
    for field, told in _FIELDS.items():
        before, after = told(old), told(new)
        if before != after:
            yield FieldChange(field=field, old=before, new=after)


def _state(one: State) -> str:
    return "on" if one.collector.status.code == Code.COLLECTOR_ACTIVE else "paused"


def _share(one: State) -> str:
    share = one.collector.pre_queue_random_sample
    return f"{100 * share:.4g} %" if share else ""


def _model(one: State) -> str:
    return f"{one.source.model_user_id}/{one.source.model_app_id}/{one.source.model_id}"


def _feedback(one: State) -> str:
    return _yes(one.options.takes_feedback or not one.options.HasField("takes_feedback"))


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


_FIELDS: dict[str, Callable[[State], str]] = {
    "description": lambda one: one.collector.description,
    "state": _state,
    "model": _model,
    "model version": lambda one: one.source.model_version_id or "every version",
    "caller": lambda one: one.source.caller_user_id or "any caller",
    "random sample": _share,
    "pre-queue workflow": lambda one: one.collector.pre_queue_workflow_id,
    "post-queue workflow": lambda one: one.collector.post_queue_workflow_id,
    "key": lambda one: one.source.post_inputs_key_id,
    "posts predictions": lambda one: _yes(one.collector.collect_outputs),
    "only counts": lambda one: _yes(one.options.shadow),
    "priority": lambda one: str(one.options.priority),
    "takes feedback": _feedback,
}
