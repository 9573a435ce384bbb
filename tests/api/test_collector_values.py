"""What recorded predictions are like: told to whoever makes a rule of it."""

from array import array
from typing import Any

import numpy as np
import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data
from hypothesis import given
from hypothesis import strategies as st
from pond import KEPT, Pond

from bowerbird.collect.values import scores_of
from bowerbird.errors import Code
from bowerbird.proto.collecting_pb2 import CollectorValuesResponse, GetCollectorValuesRequest
from bowerbird.workflows import scores
from bowerbird.workflows.view import View

pytestmark = pytest.mark.anyio
SAID = {"model_user_id": "alice", "model_app_id": "zoo", "model_id": "said"}


async def values(pond: Pond, **fields: Any) -> CollectorValuesResponse:
    await pond.world.collecting.flush()
    request = GetCollectorValuesRequest(user_app_id=KEPT, **SAID, **fields)
    return await pond.world.ok("alice", "GetCollectorValues", request)


async def test_scores_concepts_metadata_and_callers_with_their_counts(pond: Pond) -> None:
    await pond.world.publish("alice", "zoo")
    for n in range(10):
        site = {"site": "north" if n < 7 else "south", "camera": {"no": n % 2}, "tags": ["a", "b"]}
        await pond.predict(f"cat={0.05 + n / 10} dog=0.02", metadata=site)
    found = await values(pond)
    assert (found.recorded, found.answered, found.metadata_recorded) == (10, 10, 10)
    score = {one.name: one for one in found.scores}
    assert set(score) == {"max_prob", "min_prob", "margin", "entropy", "concept_count"}
    assert all(len(one.bins) == 32 and sum(b.count for b in one.bins) == 10 for one in score.values())
    assert (score["max_prob"].low, score["max_prob"].high) == pytest.approx((0.05, 0.95))
    assert (score["max_prob"].bins[0].low, score["max_prob"].bins[-1].high) == (0, 1)
    cat, dog = found.concepts
    assert (cat.concept_id, cat.count, cat.top_count, cat.top_share) == ("cat", 10, 10, 1.0)
    assert (dog.concept_id, dog.top_count, dog.values.high) == ("dog", 0, pytest.approx(0.02))
    metadata = {one.key: [(v.value, v.count) for v in one.values] for one in found.metadata}
    assert [(v.string_value, n) for v, n in metadata["site"]] == [("north", 7), ("south", 3)]
    assert [(v.number_value, n) for v, n in metadata["camera.no"]] == [(0, 5), (1, 5)]
    assert [v.string_value for v, _ in metadata["tags"]] == ["a", "b"]
    assert [(c.value.string_value, c.count) for c in found.callers] == [("alice", 10)]
    assert (await values(pond, caller_user_id="bob")).recorded == 0


async def test_who_may_not_read_the_model_is_told_nothing(pond: Pond) -> None:
    await pond.predict("cat=0.9")
    request = GetCollectorValuesRequest(
        user_app_id=KEPT, model_user_id="alice", model_app_id="zoo", model_id="secret"
    )
    told = await pond.world.fails(Code.CONN_INVALID_REQUEST, "alice", "GetCollectorValues", request)
    assert "model_id: there is no model 'secret'" in told
    await pond.world.add_app("bob", "den")
    request = GetCollectorValuesRequest(**SAID)
    await pond.world.fails(
        Code.CONN_INVALID_REQUEST, "bob", "GetCollectorValues", request, user_id="bob", app_id="den"
    )


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=6))
def test_many_scores_at_once_are_the_scores_of_each(row: list[float]) -> None:
    names = {f"c{n}": value for n, value in enumerate(array("f", row))}
    view = View.recalled(Data().SerializeToString(), input=b"", values=names, caller="", key="k:0")
    found = scores_of(np.array([list(names.values())], np.float64))
    for name in ("max_prob", "min_prob", "margin", "entropy"):
        assert found[name][0] == pytest.approx(getattr(scores, name)(view), abs=1e-9), name
