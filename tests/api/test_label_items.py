"""What a collector kept and what is to be labelled: where a label counts, no prediction is sent."""

from itertools import pairwise
from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import (
    Annotation,
    BoundingBox,
    Collaborator,
    Concept,
    Data,
    Filter,
    Input,
    OutputInfo,
    Query,
    Region,
    RegionInfo,
    Text,
    User,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteAnnotationRequest,
    MultiAnnotationResponse,
    PatchAnnotationsRequest,
    PostAnnotationsRequest,
    PostCollaboratorsRequest,
    PostInputsRequest,
)
from pond import KEPT, Pond, struct

from bowerbird.errors import Code, Duplicate
from bowerbird.proto.collecting_pb2 import (
    CollectorItem,
    CollectorItemFiguresResponse,
    GetCollectorItemFiguresRequest,
    ListCollectorItemsRequest,
)
from bowerbird.proto.labelling_pb2 import LabelItem, ListLabelItemsRequest, MultiLabelItemResponse

pytestmark = pytest.mark.anyio
TELLING = ("reason", "coin", "inclusion_probability", "feedback", "request_id", "collector_revision")

UNFIT = ("predicted", "predictions", "coin", "inclusion_probability")


async def kept(pond: Pond, *texts: str, **fields: Any) -> list[str]:
    """The ids of what the collector "c" keeps of these; by default a random half of everything and all
    that is doubtful."""
    if not fields:
        await pond.add_doubt()
        await pond.add_operator("some", "random-sample", OutputInfo(params=struct(keep_fraction=0.5)))
        await pond.add_workflow("either", ("a", "doubtful", ()), ("b", "some", ()))
        fields = {"pre_queue_workflow_id": "either"}
    await pond.collect(**fields)
    await pond.predict(*texts, request_id="r1", metadata={"site": "north"})
    await pond.world.collecting.flush()
    return [one.id for one in await pond.kept()]


async def items(pond: Pond, **fields: Any) -> list[CollectorItem]:
    request = ListCollectorItemsRequest(user_app_id=KEPT, collector_id="c", **fields)
    return list((await pond.world.ok("alice", "ListCollectorItems", request)).items)


async def queue(pond: Pond, who: str = "alice", **fields: Any) -> MultiLabelItemResponse:
    request = ListLabelItemsRequest(user_app_id=KEPT, **fields)
    return await pond.world.ok(who, "ListLabelItems", request)


async def label(pond: Pond, input_id: str, who: str = "alice", **fields: Any) -> MultiAnnotationResponse:
    one = Annotation(input_id=input_id, **({"data": said("cat")} | fields))
    request = PostAnnotationsRequest(user_app_id=KEPT, annotations=[one])
    return await pond.world.call(who, "PostAnnotations", request)


def said(concept: str, value: float = 1.0) -> Data:
    return Data(concepts=[Concept(id=concept, value=value)])


def betrays(item: LabelItem | CollectorItem) -> list[str]:
    """What of a sent item tells what a model said, or why it was kept."""
    capture = item.input.data.metadata["capture"]
    found = [name for name in TELLING if name in capture]
    return found + [field.name for field, _ in item.ListFields() if field.name in UNFIT]


DOUBTFUL = [f"cat=0.5{n} dog=0.1" for n in range(4)]


async def test_what_was_kept_is_listed_with_why(pond: Pond) -> None:
    ids = await kept(pond, *DOUBTFUL, collect_outputs=True, pre_queue_random_sample=1.0)
    assert len(ids) == 4
    await label(pond, ids[0])
    newest, *_, oldest = await items(pond, shows_blind=True)
    assert newest.taken_at.seconds >= oldest.taken_at.seconds
    for one in (newest, oldest):
        assert (one.request_id, one.reason, one.inclusion_probability) == ("r1", "rules", 1.0)
        assert (one.caller_user_id, one.revision) == ("alice", 1)
        assert [(c.id, round(c.value, 1)) for c in one.predicted] == [("cat", 0.5), ("dog", 0.1)]
        assert one.input.data.text.url
    assert {one.input.id: one.is_labelled for one in await items(pond)}[ids[0]]
    first = await items(pond, per_page=3)
    rest = await items(pond, per_page=3, after=first[-1].cursor)
    assert [one.input.id for one in first + rest] == ids


async def test_predictions_are_recalled_where_none_were_posted(pond: Pond) -> None:
    await kept(pond, *DOUBTFUL)
    assert [c.id for c in (await items(pond, shows_blind=True))[0].predicted] == ["cat", "dog"]
    pond.world.clock.advance(49 * 3600)  # recorded no longer
    assert not (await items(pond, shows_blind=True))[0].predicted


async def test_where_a_label_counts_nothing_is_sent_that_betrays_the_prediction(pond: Pond) -> None:
    ids = await kept(pond, *DOUBTFUL)
    for one in await items(pond):
        assert one.is_blind
        assert not betrays(one)
    answer = await queue(pond, collector_id="c")
    assert [one.input.id for one in answer.items] == ids
    for item in answer.items:
        assert (item.is_blind, item.collector_id) == (True, "c")
        assert not betrays(item)
        assert item.input.data.metadata["site"] == "north"
        assert b"cat" not in item.SerializeToString().replace(b"cat=", b"")
    assert [one.is_blind for one in (await queue(pond)).items] == [True] * 4  # however they are come by
    assert [one.is_blind for one in (await queue(pond, input_ids=ids[:2])).items] == [True] * 2


async def test_what_cannot_be_measured_comes_with_its_predictions(pond: Pond) -> None:
    await pond.add_doubt()
    await kept(pond, *DOUBTFUL, pre_queue_workflow_id="doubt", collect_outputs=True)
    for item in (await queue(pond, collector_id="c")).items:
        assert not item.is_blind
        assert [c.id for c in item.predictions[0].data.concepts] == ["cat", "dog"]
        assert item.input.data.metadata["capture"]["reason"] == ""
    assert not (await items(pond))[0].is_blind


async def test_of_a_blind_item_nobody_sees_the_answers_of_others(pond: Pond) -> None:
    scopes = ["Annotations:Add", "Annotations:Get", "Inputs:Get", "Concepts:Get", "Concepts:Add"]
    scopes += ["Models:Get", "Workflows:Get", "Search"]
    member = Collaborator(user=User(id="bob"), scopes=scopes)
    request = PostCollaboratorsRequest(user_app_id=KEPT, collaborators=[member])
    await pond.world.ok("alice", "PostCollaborators", request)
    ids = await kept(pond, *DOUBTFUL)
    await label(pond, ids[0])
    (for_bob,) = (await queue(pond, "bob", input_ids=ids[:1], with_labelled=True)).items
    (for_alice,) = (await queue(pond, input_ids=ids[:1], with_labelled=True)).items
    assert (list(for_bob.annotations), for_bob.is_labelled, for_bob.is_blind) == ([], True, True)
    assert [a.user_id for a in for_alice.annotations] == ["alice"]


async def test_the_queue_goes_on_with_what_nobody_has_labelled(pond: Pond) -> None:
    ids = await kept(pond, *DOUBTFUL)
    await label(pond, ids[1])
    first = await queue(pond, collector_id="c", per_page=2)
    assert [one.input.id for one in first.items] == [ids[0], ids[2]]
    assert [c.id for c in first.concepts] == ["cat"]
    second = await queue(pond, collector_id="c", per_page=2, after=first.cursor)
    assert [one.input.id for one in second.items] == [ids[3]]
    assert (second.cursor, list(second.concepts)) == ("", [])
    everything = await queue(pond, collector_id="c", with_labelled=True)
    assert [one.is_labelled for one in everything.items] == [False, True, False, False]
    given = await queue(pond, input_ids=[ids[3], ids[1], "gone", ids[0]], per_page=1)
    assert [one.input.id for one in given.items] == [ids[3]]
    given = await queue(pond, input_ids=[ids[3], ids[1], "gone", ids[0]], per_page=1, after=given.cursor)
    assert ([one.input.id for one in given.items], given.cursor) == ([ids[0]], "")


async def test_a_query_finds_what_to_label(pond: Pond) -> None:
    made = [
        Input(
            id=f"i{n}", data=Data(text=Text(raw=f"t{n}"), metadata=struct(site="north" if n % 2 else "south"))
        )
        for n in range(6)
    ]
    await pond.world.ok("alice", "PostInputs", PostInputsRequest(user_app_id=KEPT, inputs=made))
    north = Query(filters=[Filter(input=Input(data=Data(metadata=struct(site="north"))))])
    found = await queue(pond, query=north)
    assert [(one.input.id, one.is_blind) for one in found.items] == [(f"i{n}", False) for n in (5, 3, 1)]
    for wrong in ({"query": north, "collector_id": "c"}, {"query": north, "input_ids": ["i1"]}):
        request = ListLabelItemsRequest(user_app_id=KEPT, **wrong)
        await pond.world.fails(Code.CONN_INVALID_REQUEST, "alice", "ListLabelItems", request)


async def test_labels_are_posted_again_without_harm_and_undone(pond: Pond) -> None:
    (id, *_) = await kept(pond, *DOUBTFUL)
    assert (await label(pond, id, id="stroke-1")).status.code == Code.SUCCESS
    again = await label(pond, id, id="stroke-1")
    assert again.annotations[0].status.code == Duplicate.code
    assert again.annotations[0].id == "stroke-1"
    change = Annotation(id="stroke-1", input_id=id, data=said("dog"))
    patch = PatchAnnotationsRequest(user_app_id=KEPT, annotations=[change], action="overwrite")
    await pond.world.ok("alice", "PatchAnnotations", patch)
    (item,) = (await queue(pond, input_ids=[id], with_labelled=True)).items
    assert [c.id for c in item.annotations[0].data.concepts] == ["dog"]
    undo = DeleteAnnotationRequest(user_app_id=KEPT, input_id=id, annotation_id="stroke-1")
    await pond.world.ok("alice", "DeleteAnnotation", undo)
    (item,) = (await queue(pond, input_ids=[id])).items
    assert not item.is_labelled
    box = RegionInfo(bounding_box=BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.6))
    region = Data(regions=[Region(region_info=box, data=said("crack"))])
    assert (await label(pond, id, id="box-1", data=region)).status.code == Code.SUCCESS
    assert (await label(pond, id, id="no-1", data=said("cat", 0.0))).status.code == Code.SUCCESS
    (item,) = (await queue(pond, input_ids=[id], with_labelled=True)).items
    assert [a.id for a in item.annotations] == ["box-1", "no-1"]


async def test_the_chances_of_all_that_was_kept_in_bins(pond: Pond) -> None:
    await pond.add_doubt()
    await pond.add_operator("few", "random-sample", OutputInfo(params=struct(keep_fraction=0.03)))
    await pond.add_workflow("either", ("a", "doubtful", ()), ("b", "few", ()))
    texts = [f"cat={0.9 if n % 2 else 0.5}" for n in range(128)]
    ids = await kept(pond, *texts, pre_queue_workflow_id="either")
    await label(pond, ids[0])
    request = GetCollectorItemFiguresRequest(user_app_id=KEPT, collector_id="c")
    found: CollectorItemFiguresResponse = await pond.world.ok("alice", "GetCollectorItemFigures", request)
    assert (found.items, found.labelled, found.unknown) == (len(ids), 1, 0)
    assert dict(found.reasons) == {"rules": len(ids)}
    bins = found.inclusion_probabilities
    assert sum(one.count for one in bins) == len(ids)
    assert (bins[-1].high, bins[-1].count) == (1, 64)
    assert bins[0].low < 0.03 < bins[0].high
    assert all(a.high == pytest.approx(b.low) for a, b in pairwise(bins))
