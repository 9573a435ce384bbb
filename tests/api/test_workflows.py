"""Workflows and their versions, through the door."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import (
    App,
    Collaborator,
    Image,
    Model,
    ModelVersion,
    User,
    Workflow,
    WorkflowNode,
    WorkflowVersion,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteModelRequest,
    DeleteModelVersionRequest,
    DeleteWorkflowRequest,
    DeleteWorkflowsRequest,
    DeleteWorkflowVersionsRequest,
    GetWorkflowRequest,
    GetWorkflowVersionRequest,
    ListWorkflowsRequest,
    ListWorkflowVersionsRequest,
    MultiWorkflowVersionResponse,
    PatchAppsRequest,
    PatchModelsRequest,
    PatchWorkflowsRequest,
    PatchWorkflowVersionsRequest,
    PostCollaboratorsRequest,
    PostWorkflowsRequest,
)
from lights import (
    MAIN,
    PUBLIC,
    ZOO,
    add_lights,
    add_operator,
    node,
    open_zoo,
    operator_info,
    post_model,
    post_workflow,
)
from world import World

from bowerbird.api import zoo_models
from bowerbird.errors import Code

pytestmark = pytest.mark.anyio
INVALID, GRAPH = Code.WORKFLOW_INVALID_ARGUMENT, Code.WORKFLOW_INVALID_GRAPH

SHIPPED = {workflow.id for workflow in zoo_models.WORKFLOWS}  # which every list of workflows has too


async def refused(world: World, code: int, *nodes: WorkflowNode) -> str:
    request = PostWorkflowsRequest(workflows=[Workflow(id="w", nodes=nodes)])
    details = await world.fails(code, "alice", "PostWorkflows", request, **ZOO)
    assert await ids_of(world) == []
    return details


async def get(world: World, id: str, who: str = "alice") -> Workflow:
    return (await world.ok(who, "GetWorkflow", GetWorkflowRequest(workflow_id=id), **ZOO)).workflow


async def ids_of(world: World, who: str = "alice", **fields: object) -> list[str]:
    answer = await world.ok(who, "ListWorkflows", ListWorkflowsRequest(**fields), **ZOO)
    return [workflow.id for workflow in answer.workflows if workflow.id not in SHIPPED]


async def patch(world: World, workflow: Workflow, action: str) -> Workflow:
    request = PatchWorkflowsRequest(workflows=[workflow], action=action)
    return (await world.ok("alice", "PatchWorkflows", request, **ZOO)).workflows[0]


async def versions_of(world: World, id: str) -> list[str]:
    request = ListWorkflowVersionsRequest(workflow_id=id)
    answer = await world.ok("alice", "ListWorkflowVersions", request, **ZOO)
    return [version.id for version in answer.workflow_versions]


async def add_two_filters(world: World) -> None:
    await add_operator(world, "sure", "concept-thresholder", {"bright": 0.5})
    await add_operator(world, "few", "random-sample", keep_fraction=0.1)


async def test_a_workflow_is_kept_with_its_models_named_in_full(world: World) -> None:
    await add_lights(world)
    await add_two_filters(world)
    made = await post_workflow(world, "bright-ones", [node("a", "lights"), node("b", "sure", "a")])
    assert [n.model.user_id for n in made.nodes] == ["alice", "alice"]
    assert [n.model.model_type_id for n in made.nodes] == ["visual-classifier", "concept-thresholder"]
    assert await get(world, "bright-ones") == made
    assert made.version.workflow_id == "bright-ones"


async def test_the_order_of_the_nodes_is_kept(world: World) -> None:
    await add_lights(world)
    await add_two_filters(world)
    made = await post_workflow(world, "w", [node("b", "sure", "a"), node("a", "lights")])
    assert [n.id for n in made.nodes] == ["b", "a"]


async def test_a_public_model_is_found_by_its_id_alone(world: World) -> None:
    await add_lights(world, "everybody", "root", visibility=PUBLIC)
    made = await post_workflow(world, "w", [node("a", "everybody")])
    assert (made.nodes[0].model.user_id, made.nodes[0].model.app_id) == ("clarifai", "main")


async def test_nodes_in_a_circle_are_refused(world: World) -> None:
    await add_two_filters(world)
    details = await refused(world, GRAPH, node("a", "few", "b"), node("b", "sure", "a"))
    assert "circle" in details


async def test_more_than_twenty_nodes_are_refused(world: World) -> None:
    await add_two_filters(world)
    assert "21" in await refused(world, GRAPH, *[node(f"n{i}", "few") for i in range(21)])
    await post_workflow(world, "w", [node(f"n{i}", "few") for i in range(20)])


async def test_a_workflow_without_nodes_is_refused(world: World) -> None:
    await refused(world, GRAPH)


async def test_a_node_that_reads_from_none_that_exists_is_refused(world: World) -> None:
    await add_two_filters(world)
    assert "'ghost'" in await refused(world, GRAPH, node("a", "few", "ghost"))


async def test_a_node_without_a_model_is_refused(world: World) -> None:
    assert "'ghost'" in await refused(world, INVALID, node("a", "ghost"))
    assert "model.id" in await refused(world, INVALID, WorkflowNode(id="a"))


async def test_an_untrained_model_is_refused(world: World) -> None:
    await post_model(world, Model(id="pets"))
    assert "'pets'" in await refused(world, Code.WORKFLOW_REQUIRE_TRAINED_MODEL, node("a", "pets"))


async def test_fields_that_do_not_fit_are_refused(world: World) -> None:
    await add_lights(world)
    assert "takes image" in await refused(world, GRAPH, node("a", "lights"), node("b", "lights", "a"))


async def test_wrong_parameters_of_a_node_are_refused(world: World) -> None:
    await add_two_filters(world)
    wrong = node("a", "few", output_info_override=operator_info(keep_fraction=7))
    assert "keep_fraction" in await refused(world, INVALID, wrong)


async def test_a_version_that_does_not_exist_is_refused(world: World) -> None:
    await add_two_filters(world)
    pinned = WorkflowNode(id="a", model=Model(id="few", model_version=ModelVersion(id="v9")))
    assert "'v9'" in await refused(world, INVALID, pinned)


async def test_somebody_elses_private_model_is_refused(world: World) -> None:
    await add_lights(world)
    await world.add_app("mallory", "den")
    nodes = [WorkflowNode(id="a", model=Model(id="lights", user_id="alice", app_id="zoo"))]
    request = PostWorkflowsRequest(workflows=[Workflow(id="w", nodes=nodes)])
    ids = {"user_id": "mallory", "app_id": "den"}
    assert "'lights'" in await world.fails(INVALID, "mallory", "PostWorkflows", request, **ids)


async def invite_bob(world: World) -> None:
    bob = Collaborator(user=User(id="bob"), scopes=["All"])
    await world.ok("alice", "PostCollaborators", PostCollaboratorsRequest(collaborators=[bob]), **ZOO)


async def test_a_collaborator_cannot_reach_the_owners_other_apps(world: World) -> None:
    await invite_bob(world)
    await world.add_app("alice", "vault")
    info = operator_info(keep_fraction=1)
    secret = Model(id="secret", model_type_id="random-sample", output_info=info)
    await post_model(world, secret, user_id="alice", app_id="vault")
    nodes = [WorkflowNode(id="a", model=Model(id="secret", app_id="vault"))]
    request = PostWorkflowsRequest(workflows=[Workflow(id="w", nodes=nodes)])
    assert "'secret'" in await world.fails(INVALID, "bob", "PostWorkflows", request, **ZOO)
    await world.ok("alice", "PostWorkflows", request, **ZOO)


async def test_a_collaborators_own_model_is_refused_unless_the_owner_may_read_it(world: World) -> None:
    await invite_bob(world)
    await world.add_app("bob", "lab")
    info = operator_info(keep_fraction=1)
    model = Model(id="mine", model_type_id="random-sample", output_info=info)
    await post_model(world, model, "bob", user_id="bob", app_id="lab")
    nodes = [WorkflowNode(id="a", model=Model(id="mine", user_id="bob", app_id="lab"))]
    request = PostWorkflowsRequest(workflows=[Workflow(id="w", nodes=nodes)])
    assert "'alice' may not read it" in await world.fails(INVALID, "bob", "PostWorkflows", request, **ZOO)


async def test_a_taken_id_is_refused(world: World) -> None:
    await add_two_filters(world)
    await post_workflow(world, "w", [node("a", "few")])
    request = PostWorkflowsRequest(workflows=[Workflow(id="w", nodes=[node("a", "few")])])
    assert "'w'" in await world.fails(Code.WORKFLOW_DUPLICATE, "alice", "PostWorkflows", request, **ZOO)


async def test_a_stranger_sees_public_workflows_only(world: World) -> None:
    await add_two_filters(world)
    await post_workflow(world, "hidden", [node("a", "few")])
    await post_workflow(world, "shown", [node("a", "few")], visibility=PUBLIC)
    await open_zoo(world)
    assert await ids_of(world, "mallory") == ["shown"]
    request = GetWorkflowRequest(workflow_id="hidden")
    await world.fails(Code.WORKFLOW_DOES_NOT_EXIST, "mallory", "GetWorkflow", request, **ZOO)


async def test_lists_are_filtered_sorted_and_paged(world: World) -> None:
    await add_two_filters(world)
    for id in ("general-b", "general-a", "special"):
        await post_workflow(world, id, [node("a", "few")])
    assert await ids_of(world, id="gen*", sort_by_id=True, sort_ascending=True) == ["general-a", "general-b"]
    assert await ids_of(world, query="ecia") == ["special"]
    assert await ids_of(world, query="general-", per_page=1, page=2, sort_by_id=True) == ["general-a"]


async def test_public_workflows_are_listed_and_read_in_every_app(world: World) -> None:
    await add_lights(world, "everybody", "root", visibility=PUBLIC)
    workflow = Workflow(id="Brightness", nodes=[node("a", "everybody")], visibility=PUBLIC)
    await world.ok("root", "PostWorkflows", PostWorkflowsRequest(workflows=[workflow]), **MAIN)
    assert await ids_of(world) == ["Brightness"]
    assert (await get(world, "Brightness")).user_id == "clarifai"


async def test_overwritten_nodes_make_a_version(world: World) -> None:
    await add_two_filters(world)
    before = await post_workflow(world, "w", [node("a", "few"), node("b", "sure", "a")])
    after = await patch(world, Workflow(id="w", nodes=[node("a", "sure")]), "overwrite")
    assert [(n.id, n.model.id) for n in after.nodes] == [("a", "sure")]
    assert await versions_of(world, "w") == [after.version.id, before.version.id]
    request = GetWorkflowVersionRequest(workflow_id="w", workflow_version_id=before.version.id)
    old = (await world.ok("alice", "GetWorkflowVersion", request, **ZOO)).workflow_version
    assert [n.id for n in old.nodes] == ["a", "b"]


async def test_merge_adds_nodes_and_remove_takes_them_away(world: World) -> None:
    await add_two_filters(world)
    await post_workflow(world, "w", [node("a", "few")])
    merged = await patch(world, Workflow(id="w", nodes=[node("b", "sure", "a")]), "merge")
    assert [n.id for n in merged.nodes] == ["a", "b"]
    left = await patch(world, Workflow(id="w", nodes=[WorkflowNode(id="b")]), "remove")
    assert [n.id for n in left.nodes] == ["a"]


async def test_a_merged_node_may_name_another_model(world: World) -> None:
    await add_lights(world, "everybody", "root", visibility=PUBLIC)
    await add_two_filters(world)
    await post_workflow(world, "w", [node("a", "everybody")])
    merged = await patch(world, Workflow(id="w", nodes=[node("a", "few")]), "merge")
    assert (merged.nodes[0].model.id, merged.nodes[0].model.user_id) == ("few", "alice")


async def test_a_description_makes_no_version(world: World) -> None:
    await add_two_filters(world)
    before = await post_workflow(world, "w", [node("a", "few")])
    after = await patch(world, Workflow(id="w", description="keeps few"), "merge")
    assert (after.description, after.version.id) == ("keeps few", before.version.id)


async def test_a_patch_that_breaks_the_graph_changes_nothing(world: World) -> None:
    await add_two_filters(world)
    before = await post_workflow(world, "w", [node("a", "few"), node("b", "sure", "a")])
    removed = PatchWorkflowsRequest(
        workflows=[Workflow(id="w", nodes=[WorkflowNode(id="a")])], action="remove"
    )
    assert "'a'" in await world.fails(GRAPH, "alice", "PatchWorkflows", removed, **ZOO)
    assert await get(world, "w") == before


async def test_a_workflow_whose_model_was_deleted_can_still_be_read_and_deleted(world: World) -> None:
    await add_two_filters(world)
    await post_workflow(world, "w", [node("a", "few")])
    await world.ok("alice", "DeleteModel", DeleteModelRequest(model_id="few"), **ZOO)
    assert (await get(world, "w")).nodes[0].model.id == "few"
    await world.ok("alice", "DeleteWorkflow", DeleteWorkflowRequest(workflow_id="w"), **ZOO)
    assert await ids_of(world) == []


async def test_all_workflows_are_deleted_when_asked(world: World) -> None:
    await add_two_filters(world)
    for id in ("one", "two", "three"):
        await post_workflow(world, id, [node("a", "few")])
    await world.ok("alice", "DeleteWorkflows", DeleteWorkflowsRequest(ids=["two"]), **ZOO)
    assert set(await ids_of(world)) == {"one", "three"}
    await world.ok("alice", "DeleteWorkflows", DeleteWorkflowsRequest(delete_all=True), **ZOO)
    assert await ids_of(world) == []


async def test_old_versions_are_deleted_but_not_the_one_in_use(world: World) -> None:
    await add_two_filters(world)
    old = await post_workflow(world, "w", [node("a", "few")])
    new = await patch(world, Workflow(id="w", nodes=[node("a", "sure")]), "overwrite")
    request = DeleteWorkflowVersionsRequest(workflow_id="w", workflow_version_ids=[new.version.id])
    await world.fails(INVALID, "alice", "DeleteWorkflowVersions", request, **ZOO)
    request = DeleteWorkflowVersionsRequest(workflow_id="w", workflow_version_ids=[old.version.id])
    await world.ok("alice", "DeleteWorkflowVersions", request, **ZOO)
    assert await versions_of(world, "w") == [new.version.id]


async def test_words_are_looked_for_in_descriptions_and_notes_too(world: World) -> None:
    await add_two_filters(world)
    await post_workflow(world, "one", [node("a", "few")], description="Night shots of foxes")
    await post_workflow(world, "other", [node("a", "few")], notes="by day")
    assert await ids_of(world, search="fox night") == ["one"]
    assert await ids_of(world, search_term="DAY") == ["other"]
    await patch(world, Workflow(id="one", description="Birds"), "merge")
    assert await ids_of(world, query="fox") == []
    assert await ids_of(world, search="o*", sort_by_id=True, sort_ascending=True) == ["one", "other"]


async def test_a_workflow_may_have_an_image_which_remove_takes_away(world: World) -> None:
    await add_two_filters(world)
    shown = Image(url="https://example.com/fox.png")
    made = await post_workflow(world, "w", [node("a", "few")], image=shown, check_consents=["faces"])
    assert (made.image.url, list(made.check_consents)) == (shown.url, ["faces"])
    assert not (await patch(world, Workflow(id="w", image=shown), "remove")).HasField("image")
    request = PostWorkflowsRequest(
        workflows=[Workflow(id="x", nodes=[node("a", "few")], image=Image(base64=b"fox"))]
    )
    details = await world.fails(Code.CONN_INVALID_REQUEST, "alice", "PostWorkflows", request, **ZOO)
    assert "image.url" in details


async def test_a_node_overrides_concepts_and_parameters_only(world: World) -> None:
    await add_lights(world)
    override = operator_info({"dark": 1.0}, mode="fast")
    override.output_config.max_concepts = 1
    override.message = "ignored"
    made = await post_workflow(world, "w", [node("a", "lights", output_info_override=override)])
    assert made.nodes[0].output_info_override == operator_info({"dark": 1.0}, mode="fast")


async def test_without_an_id_the_base_workflow_is_meant(world: World) -> None:
    await add_two_filters(world)
    request = GetWorkflowRequest()
    details = await world.fails(Code.WORKFLOW_DOES_NOT_EXIST, "alice", "GetWorkflow", request, **ZOO)
    assert "default_workflow_id" in details
    await post_workflow(world, "base", [node("a", "few")])
    change = PatchAppsRequest(apps=[App(id="zoo", default_workflow_id="base")], action="overwrite")
    await world.ok("alice", "PatchApps", change, user_id="alice")
    assert (await get(world, "")).id == "base"


async def patch_version(
    world: World, version: WorkflowVersion, action: str = "merge", code: int = Code.SUCCESS
) -> MultiWorkflowVersionResponse:
    request = PatchWorkflowVersionsRequest(workflow_id="w", workflow_versions=[version], action=action)
    answer = await world.call("alice", "PatchWorkflowVersions", request, **ZOO)
    assert answer.status.code == code
    return answer


async def test_what_describes_a_version_is_patched(world: World) -> None:
    await add_two_filters(world)
    made = await post_workflow(world, "w", [node("a", "few")])
    told = operator_info(seen=1, heard=2).params
    change = WorkflowVersion(id=made.version.id, description="first", license="MIT", metadata=told)
    [patched] = (await patch_version(world, change)).workflow_versions
    assert (patched.description, patched.license, patched.metadata) == ("first", "MIT", told)
    assert [n.id for n in patched.nodes] == ["a"]
    gone = WorkflowVersion(id=made.version.id, metadata=operator_info(seen=True).params)
    [patched] = (await patch_version(world, gone, "remove")).workflow_versions
    assert list(patched.metadata.fields) == ["heard"]
    bare = WorkflowVersion(id=made.version.id, metadata=told)
    [patched] = (await patch_version(world, bare, "overwrite")).workflow_versions
    assert (patched.metadata, patched.description) == (told, "first")
    assert (await get(world, "w")).version.description == "first"


async def test_the_nodes_of_a_version_and_unknown_versions_are_not_patched(world: World) -> None:
    await add_two_filters(world)
    made = await post_workflow(world, "w", [node("a", "few")])
    change = WorkflowVersion(id=made.version.id, nodes=[node("a", "sure")])
    assert "nodes" in (await patch_version(world, change, code=INVALID)).status.details
    await patch_version(world, WorkflowVersion(id="ghost"), code=Code.WORKFLOW_DOES_NOT_EXIST)
    assert await get(world, "w") == made


async def test_a_version_whose_pinned_model_version_was_deleted_is_deprecated(world: World) -> None:
    first = await add_operator(world, "few", "random-sample", keep_fraction=0.1)
    change = Model(id="few", output_info=operator_info(keep_fraction=0.2))
    await world.ok("alice", "PatchModels", PatchModelsRequest(models=[change], action="overwrite"), **ZOO)
    pinned = WorkflowNode(id="a", model=Model(id="few", model_version=first.model_version))
    made = await post_workflow(world, "w", [pinned])
    assert not made.version.is_deprecated
    gone = DeleteModelVersionRequest(model_id="few", version_id=first.model_version.id)
    await world.ok("alice", "DeleteModelVersion", gone, **ZOO)
    assert (await get(world, "w")).version.is_deprecated
    request = GetWorkflowVersionRequest(workflow_id="w", workflow_version_id=made.version.id)
    answer = await world.ok("alice", "GetWorkflowVersion", request, **ZOO)
    assert answer.workflow_version.is_deprecated
