"""GetCollectorValues: what the recorded predictions of a model are like, for whoever makes a rule."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
from clarifai_grpc.grpc.api.resources_pb2 import APIPostModelOutputsCollectorSource
from google.protobuf.struct_pb2 import Value

from bowerbird.api.collector_checks import check_watched
from bowerbird.api.collector_previews import hours_back
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.collect.values import Floats, Leaf, Values, values_of
from bowerbird.proto import collecting_pb2 as v1

BINS = 32
MOST_CONCEPTS = 100
MOST_KEYS = MOST_VALUES = 20
_SHARES = ("max_prob", "min_prob", "margin", "entropy")  # which lie in 0..1
T = TypeVar("T", bound=Leaf)


@rpc(transaction=Transaction.NONE)
async def get_collector_values(call: Call, req: v1.GetCollectorValuesRequest) -> v1.CollectorValuesResponse:
    since = call.services.clock() - hours_back(call, req.hours) * 3600
    source = APIPostModelOutputsCollectorSource(
        model_user_id=req.model_user_id,
        model_app_id=req.model_app_id,
        model_id=req.model_id,
        model_version_id=req.model_version_id,
        caller_user_id=req.caller_user_id,
    )
    async with call.read():
        model = await check_watched(call, source)
    caller, version = source.caller_user_id, source.model_version_id
    found = await values_of(call.services.recorded, model.seq, since, version=version, caller=caller)
    answered = {} if caller else await call.services.recorded.answered(model.seq, since)
    response = _shown(found)
    response.answered = sum(answered.values())
    return response


def _shown(found: Values) -> v1.CollectorValuesResponse:
    return v1.CollectorValuesResponse(
        recorded=found.recorded,
        scores=[
            _histogram(name, np.concatenate(parts), is_share=name in _SHARES)
            for name, parts in found.scores.items()
            if parts
        ],
        concepts=_concepts(found),
        metadata=_metadata(found),
        metadata_recorded=found.metadata_recorded,
        callers=_counts(found.callers),
        versions=_counts(found.versions),
    )


def _histogram(name: str, values: Floats, *, is_share: bool = True) -> v1.Histogram:
    """Shares have their bins over 0..1, numbers over what there are."""
    low, high = float(values.min()), float(values.max())
    edges = (min(low, 0.0), max(high, 1.0)) if is_share else (low, max(high, low + 1))
    counts, bounds = np.histogram(values, BINS, edges)
    bins = [
        v1.Bin(low=below, high=above, count=n)
        for below, above, n in zip(bounds[:-1].tolist(), bounds[1:].tolist(), counts.tolist(), strict=True)
    ]
    return v1.Histogram(name=name, bins=bins, count=len(values), low=low, high=high)


def _concepts(found: Values) -> Iterator[v1.ConceptValues]:
    ids = sorted(found.concepts, key=lambda id: (-found.tops[id], id))[:MOST_CONCEPTS]
    for id in ids:
        values = np.concatenate(found.concepts[id])
        yield v1.ConceptValues(
            concept_id=id,
            count=len(values),
            top_count=found.tops[id],
            top_share=found.tops[id] / found.recorded,
            values=_histogram(id, values),
        )


def _metadata(found: Values) -> Iterator[v1.MetadataValues]:
    keys = sorted(found.metadata, key=lambda key: (-found.metadata[key].total(), key))[:MOST_KEYS]
    for key in keys:
        counted = found.metadata[key]
        yield v1.MetadataValues(
            key=key, count=counted.total(), distinct=len(counted), values=_counts(counted)
        )


def _counts(counted: Counter[T]) -> Sequence[v1.ValueCount]:
    return [v1.ValueCount(value=value_of(leaf), count=n) for leaf, n in counted.most_common(MOST_VALUES)]


def value_of(leaf: Leaf) -> Value:
    """A JSON scalar as a message."""
    if leaf is None:
        return Value(null_value=0)  # type: ignore[arg-type]  # an enum of one
    if isinstance(leaf, bool):
        return Value(bool_value=leaf)
    return Value(string_value=leaf) if isinstance(leaf, str) else Value(number_value=leaf)
