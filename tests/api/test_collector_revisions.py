"""Every change of a collector is a revision: told in words, kept with it, and restored on wish."""

from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Collaborator, Collector, User
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteCollectorsRequest,
    DeleteWorkflowRequest,
    PatchCollectorsRequest,
    PostCollaboratorsRequest,
)
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from pond import KEPT, Pond
from sqlalchemy import func, select

from bowerbird.errors import Code
from bowerbird.proto.bowerbird_v1_pb2 import CollectorOptions, PatchCollectorOptionsRequest
from bowerbird.proto.collecting_pb2 import (
    CollectorRevision,
    ListCollectorRevisionsRequest,
    PostCollectorRestoresRequest,
)
from bowerbird.store.tables import collector_revisions

pytestmark = pytest.mark.anyio


async def revisions(pond: Pond, **fields: Any) -> list[CollectorRevision]:
    request = ListCollectorRevisionsRequest(user_app_id=KEPT, collector_id="c", **fields)
    return list((await pond.world.ok("alice", "ListCollectorRevisions", request)).revisions)


async def patch(pond: Pond, who: str = "alice", **fields: Any) -> None:
    request = PatchCollectorsRequest(
        user_app_id=KEPT, collectors=[Collector(id="c", **fields)], action="overwrite"
    )
    await pond.world.ok(who, "PatchCollectors", request)


async def restore(pond: Pond, revision: int, code: int = Code.SUCCESS) -> Any:
    request = PostCollectorRestoresRequest(user_app_id=KEPT, collector_id="c", revision=revision)
    answer = await pond.world.call("alice", "PostCollectorRestores", request)
    assert answer.status.code == code, answer
    return answer


async def test_who_changed_what_and_when(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=0.05)
    members = [Collaborator(user=User(id="bob"), scopes=["Collectors:Add", "Collectors:Get"])]
    await pond.world.ok(
        "alice", "PostCollaborators", PostCollaboratorsRequest(user_app_id=KEPT, collaborators=members)
    )
    pond.world.clock.advance(60)
    await patch(pond, "bob", pre_queue_random_sample=0.02, description="fewer")
    await patch(pond, status=Status(code=Code.COLLECTOR_INACTIVE))
    options = PatchCollectorOptionsRequest(
        user_app_id=KEPT, collector_id="c", options=CollectorOptions(shadow=True)
    )
    await pond.world.ok("alice", "PatchCollectorOptions", options)
    found = await revisions(pond)
    assert [(one.revision, one.user_id, one.action) for one in found] == [
        (4, "alice", "changed"),
        (3, "alice", "changed"),
        (2, "bob", "changed"),
        (1, "alice", "created"),
    ]
    assert found[2].at.seconds - found[3].at.seconds == 60
    told = [[(c.field, c.old, c.new) for c in one.changes] for one in found]
    assert told == [
        [("only counts", "no", "yes")],
        [("state", "on", "paused")],
        [("description", "", "fewer"), ("random sample", "5 %", "2 %")],
        [],
    ]
    source = found[0].collector.collector_source.api_post_model_outputs_collector_source
    assert 0 < len(source.post_inputs_key_id) < len(pond.key)  # by its handle
    older = await revisions(pond, per_page=2, before=4)
    assert [(one.revision, len(one.changes)) for one in older] == [(3, 1), (2, 2)]


async def test_an_earlier_revision_is_restored_as_a_new_one(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=0.05, description="first")
    await patch(pond, pre_queue_random_sample=0.5, description="second")
    await patch(pond, status=Status(code=Code.COLLECTOR_INACTIVE))
    answer = await restore(pond, 1)
    assert answer.revision == 4
    assert answer.collector.description == "first"
    assert answer.collector.pre_queue_random_sample == pytest.approx(0.05)
    assert answer.collector.status.code == Code.COLLECTOR_INACTIVE  # restoring starts nothing
    newest = (await revisions(pond))[0]
    assert newest.action == "restored"
    assert [c.field for c in newest.changes] == ["description", "random sample"]
    await restore(pond, 9, Code.CONN_DOES_NOT_EXIST)


async def test_what_cannot_be_made_any_more_is_not_restored(pond: Pond) -> None:
    await pond.add_doubt()
    await pond.collect(pre_queue_workflow_id="doubt")
    await patch(pond, pre_queue_random_sample=0.5)
    request = PatchCollectorsRequest(
        user_app_id=KEPT, collectors=[Collector(id="c", pre_queue_workflow_id="doubt")], action="remove"
    )
    await pond.world.ok("alice", "PatchCollectors", request)
    gone = DeleteWorkflowRequest(user_app_id=KEPT, workflow_id="doubt")
    await pond.world.ok("alice", "DeleteWorkflow", gone)
    answer = await restore(pond, 1, Code.CONN_INVALID_REQUEST)
    assert "there is no workflow 'doubt'" in answer.status.details
    assert len(await revisions(pond)) == 3


async def test_revisions_go_with_their_collector(pond: Pond) -> None:
    await pond.collect(pre_queue_random_sample=0.5)
    await patch(pond, description="other")
    request = DeleteCollectorsRequest(user_app_id=KEPT, ids=["c"])
    await pond.world.ok("alice", "DeleteCollectors", request)
    async with pond.world.app.services.db.read() as conn:
        left = await conn.execute(select(func.count()).select_from(collector_revisions))
        assert left.scalar() == 0
    await pond.collect(pre_queue_random_sample=0.5)
    assert [one.revision for one in await revisions(pond)] == [1]
