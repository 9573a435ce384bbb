"""Feedback: what somebody says was wrong is kept, and says so."""

from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Collaborator, Concept, Input, User
from clarifai_grpc.grpc.api.service_pb2 import PostCollaboratorsRequest
from google.protobuf.json_format import MessageToDict
from pond import KEPT, SOURCE, Pond

from bowerbird.errors import Code
from bowerbird.proto.bowerbird_v1_pb2 import (
    CollectorOptions,
    PatchCollectorOptionsRequest,
    PostFeedbackRequest,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pond(pond: Pond) -> Pond:
    """With the collector "c" of what the model doubts, and one confident prediction."""
    await pond.add_doubt()
    await pond.collect(pre_queue_workflow_id="doubt")
    return pond


def said(request_id: str = "r", **fields: Any) -> PostFeedbackRequest:
    fields = fields or {"was_wrong": True}
    return PostFeedbackRequest(user_app_id=SOURCE, model_id="said", request_id=request_id, **fields)


async def feedback(pond: Pond, request_id: str = "r", who: str = "alice", **fields: Any) -> list[str]:
    return list((await pond.world.ok(who, "PostFeedback", said(request_id, **fields))).collector_ids)


async def predict(pond: Pond, *texts: str, request_id: str = "r") -> None:
    await pond.predict(*texts, request_id=request_id)
    await pond.world.collecting.flush()


async def option(pond: Pond, **fields: Any) -> None:
    request = PatchCollectorOptionsRequest(
        user_app_id=KEPT, collector_id="c", options=CollectorOptions(**fields)
    )
    await pond.world.ok("alice", "PatchCollectorOptions", request)


def capture_of(kept: Input) -> dict[str, Any]:
    found: dict[str, Any] = MessageToDict(kept.data.metadata)["capture"]
    return found


async def test_what_was_wrong_is_kept_though_the_rules_did_not_take_it(pond: Pond) -> None:
    await predict(pond, "cat=0.9")
    dog = [Concept(id="dog", value=1.0)]
    assert await feedback(pond, was_wrong=True, concepts=dog, comment="a dog") == ["c"]
    [kept] = await pond.kept()
    capture = capture_of(kept)
    assert (capture["reason"], capture["inclusion_probability"]) == ("feedback", None)
    told = capture["feedback"]["alice"]
    assert (told["was_wrong"], told["comment"], told["concepts"]) == (True, "a dog", {"dog": 1.0})
    assert not kept.data.concepts
    funnel = await pond.funnel()
    assert (funnel.figures["offered"], funnel.figures["posted"], funnel.skipped) == (2, 1, {"filtered": 1})


async def test_said_twice_it_changes_nothing_twice(pond: Pond) -> None:
    await predict(pond, "cat=0.9")
    assert await feedback(pond) == ["c"]
    assert await feedback(pond) == []
    assert len(await pond.kept()) == 1
    assert await feedback(pond) == []
    [kept] = await pond.kept()
    assert list(capture_of(kept)["feedback"]) == ["alice"]
    other = said(comment="no, it was right")
    assert "first counts" in await pond.world.fails(Code.CONN_INVALID_REQUEST, "alice", "PostFeedback", other)
    assert (await pond.funnel()).figures["taken"] == 1


async def test_what_was_taken_already_says_what_was_said(pond: Pond) -> None:
    await predict(pond, "a=0.5", "b=0.5")
    assert await feedback(pond, was_wrong=True) == []  # it waits
    first = {capture_of(k)["input_index"]: capture_of(k) for k in await pond.kept()}
    assert first[0]["feedback"]["alice"]["was_wrong"] is True
    assert "feedback" not in first[1]
    assert await feedback(pond, input_index=1, comment="look") == []  # it was posted
    then = {capture_of(k)["input_index"]: capture_of(k) for k in await pond.kept()}
    assert then[1]["feedback"]["alice"]["comment"] == "look"
    assert then[1]["reason"] == ""
    assert then[1]["inclusion_probability"] == 1.0


async def test_a_collector_may_want_none_or_be_in_shadow_or_watch_others(pond: Pond) -> None:
    await pond.collect("bobs", pre_queue_workflow_id="doubt", caller_user_id="bob")
    await predict(pond, "cat=0.9")
    await option(pond, takes_feedback=False)
    assert await feedback(pond) == []
    await option(pond, takes_feedback=True, shadow=True)
    assert await feedback(pond) == []
    assert await pond.kept() == []
    assert (await pond.funnel()).skipped == {"filtered": 1, "shadow": 1}


async def test_only_ones_own_requests_are_spoken_of(pond: Pond) -> None:
    part = [Collaborator(user=User(id="bob"), scopes=["All"])]
    invited = PostCollaboratorsRequest(user_app_id=SOURCE, collaborators=part)
    await pond.world.ok("alice", "PostCollaborators", invited)
    await predict(pond, "cat=0.9")
    await pond.world.fails(Code.CONN_DOES_NOT_EXIST, "bob", "PostFeedback", said())
    await pond.world.fails(Code.CONN_DOES_NOT_EXIST, "mallory", "PostFeedback", said())
    assert await pond.kept() == []


async def test_the_owner_of_the_model_may_speak_of_any_request(pond: Pond) -> None:
    part = [Collaborator(user=User(id="bob"), scopes=["All"])]
    invited = PostCollaboratorsRequest(user_app_id=SOURCE, collaborators=part)
    await pond.world.ok("alice", "PostCollaborators", invited)
    await pond.predict("cat=0.9", who="bob", request_id="r")
    await pond.world.collecting.flush()
    assert await feedback(pond, who="alice") == ["c"]
    assert await feedback(pond, who="bob", comment="too") == []
    [kept] = await pond.kept()
    assert capture_of(kept)["caller_user_id"] == "bob"
    assert sorted(capture_of(kept)["feedback"]) == ["alice", "bob"]


async def test_after_the_window_it_is_not_found(pond: Pond) -> None:
    await predict(pond, "cat=0.9")
    pond.world.clock.advance(24 * 3600 + 1)
    details = await pond.world.fails(Code.CONN_DOES_NOT_EXIST, "alice", "PostFeedback", said())
    assert "24 hours" in details
    await pond.world.fails(Code.CONN_DOES_NOT_EXIST, "alice", "PostFeedback", said("never"))


async def test_feedback_that_says_nothing_or_too_much_is_refused(pond: Pond) -> None:
    for refused, words in (
        (said(""), "request_id"),
        (said(input_index=1), "was_wrong"),
        (said(concepts=[Concept(value=1)]), "concepts[0].id"),
        (said(concepts=[Concept(id="a", value=2)]), "concepts[0].value"),
        (said(comment="x" * 5000), "comment"),
    ):
        details = await pond.world.fails(Code.CONN_INVALID_REQUEST, "alice", "PostFeedback", refused)
        assert words in details
