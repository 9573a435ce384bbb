"""The public models and workflows, as everybody finds them."""

from pathlib import Path

import pytest
import skimage.data
from clarifai_grpc.grpc.api.resources_pb2 import (
    APIPostModelOutputsCollectorSource,
    Collector,
    CollectorSource,
    Data,
    Image,
    Input,
    Model,
    Text,
    Workflow,
    WorkflowNode,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteModelRequest,
    GetModelRequest,
    GetWorkflowRequest,
    ListModelVersionsRequest,
    PatchModelsRequest,
    PostCollectorsRequest,
    PostModelOutputsRequest,
    PostModelsRequest,
    PostWorkflowResultsRequest,
    PostWorkflowsRequest,
)
from world import World

from bowerbird.api import zoo_models
from bowerbird.app import opened
from bowerbird.errors import Code
from bowerbird.runtimes import registry
from bowerbird.workflows.types import find_type

pytestmark = pytest.mark.anyio

MAIN = {"user_id": "clarifai", "app_id": "main"}
ZOO = {"user_id": "alice", "app_id": "zoo"}
TAGGER, OLD_TAGGER = "general-image-recognition", "aaa03c23b3724a16a56b629203edc62c"
OLD_COLORS = "eeed0b6733a644cea07cf4c60f87ebb7"
PHOTO = (Path(skimage.data.__file__).parent / "astronaut.png").read_bytes()


def picture() -> Input:
    return Input(data=Data(image=Image(base64=PHOTO)))


def request_for(model_id: str) -> PostModelOutputsRequest:
    return PostModelOutputsRequest(model_id=model_id, inputs=[picture()])


def test_what_the_zoo_names_exists() -> None:
    for model in zoo_models.MODELS:
        assert find_type(model.type).id == model.type
        assert model.runtime in ("", *registry.names())
    names = [name for model in zoo_models.MODELS for name in (model.id, *model.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("place", [MAIN, ZOO], ids=["main", "own app"])
async def test_an_old_id_is_another_name_of_the_model(world: World, place: dict[str, str]) -> None:
    who = "alice" if place is ZOO else "mallory"
    for id in (TAGGER, OLD_TAGGER):
        model = (await world.ok(who, "GetModel", GetModelRequest(model_id=id), **place)).model
        assert (model.id, model.user_id) == (TAGGER, "clarifai")
    versions = await world.ok(
        who, "ListModelVersions", ListModelVersionsRequest(model_id=OLD_COLORS), **place
    )
    assert len(versions.model_versions) == 1


async def test_a_prediction_by_an_old_id_is_that_of_the_model(world: World) -> None:
    answer = await world.ok("mallory", "PostModelOutputs", request_for(OLD_COLORS), **MAIN)
    [output] = answer.outputs
    assert output.model.id == "color-recognition"
    assert 1 < len(output.data.colors) <= 6


async def test_an_empty_slot_says_that_nothing_is_deployed(world: World) -> None:
    for id in (TAGGER, OLD_TAGGER):
        details = await world.fails(
            Code.MODEL_NOT_DEPLOYED, "alice", "PostModelOutputs", request_for(id), **ZOO
        )
        assert f"bowerbird zoo fill {TAGGER}" in details


async def test_a_model_in_the_own_app_goes_before_an_old_id(world: World) -> None:
    own = Model(id=OLD_TAGGER, model_type_id="random-sample")
    own.output_info.params["keep_fraction"] = 1
    await world.ok("alice", "PostModels", PostModelsRequest(models=[own]), **ZOO)
    model = (await world.ok("alice", "GetModel", GetModelRequest(model_id=OLD_TAGGER), **ZOO)).model
    assert (model.user_id, model.id) == ("alice", OLD_TAGGER)


async def test_a_workflow_may_name_a_model_by_its_old_id(world: World) -> None:
    node = WorkflowNode(id="colors", model=Model(id=OLD_COLORS))
    request = PostWorkflowsRequest(workflows=[Workflow(id="w", nodes=[node])])
    [made] = (await world.ok("alice", "PostWorkflows", request, **ZOO)).workflows
    assert [(n.model.user_id, n.model.id) for n in made.nodes] == [("clarifai", "color-recognition")]
    run = PostWorkflowResultsRequest(workflow_id="w", inputs=[picture()])
    [result] = (await world.ok("alice", "PostWorkflowResults", run, **ZOO)).results
    assert result.outputs[0].data.colors


async def test_a_collector_of_an_old_id_gets_the_predictions_of_the_model(world: World) -> None:
    source = APIPostModelOutputsCollectorSource(
        model_user_id="clarifai",
        model_app_id="main",
        model_id=OLD_COLORS,
        post_inputs_key_id=await world.add_key("alice", "zoo"),
    )
    collector = Collector(
        id="all",
        pre_queue_random_sample=1,
        collector_source=CollectorSource(api_post_model_outputs_collector_source=source),
    )
    collector.status.code = Code.COLLECTOR_ACTIVE
    request = PostCollectorsRequest(collectors=[collector])
    [made] = (await world.ok("alice", "PostCollectors", request, **ZOO)).collectors
    kept = made.collector_source.api_post_model_outputs_collector_source
    assert kept.model_id == "color-recognition"
    await world.collecting.plans.refresh()
    await world.ok("alice", "PostModelOutputs", request_for("color-recognition"), **MAIN)
    assert await world.drain() == 1


@pytest.mark.parametrize("who", ["alice", "mallory"])
async def test_nobody_but_an_admin_changes_a_public_model(world: World, who: str) -> None:
    change = PatchModelsRequest(models=[Model(id=TAGGER, notes="mine")], action="merge")
    await world.fails(Code.CONN_DOES_NOT_EXIST, who, "PatchModels", change, **MAIN)
    await world.fails(
        Code.CONN_DOES_NOT_EXIST, who, "DeleteModel", DeleteModelRequest(model_id=TAGGER), **MAIN
    )
    await world.ok("root", "PatchModels", change, **MAIN)


async def test_an_old_id_is_taken_among_the_public_models(world: World) -> None:
    request = PostModelsRequest(models=[Model(id=OLD_TAGGER)])
    details = await world.fails(Code.DATABASE_DUPLICATE_KEY, "root", "PostModels", request, **MAIN)
    assert "another name" in details


async def test_what_an_admin_deleted_is_back_after_the_next_start(world: World) -> None:
    await world.ok("root", "DeleteModel", DeleteModelRequest(model_id="image-fingerprint"), **MAIN)
    async with opened(world.app.settings, clock=world.clock):
        pass
    await world.ok("alice", "GetModel", GetModelRequest(model_id="image-fingerprint"), **ZOO)


async def results_of(world: World, workflow_id: str, given: Input) -> dict[str, Data]:
    """What each node's model said."""
    request = PostWorkflowResultsRequest(workflow_id=workflow_id, inputs=[given])
    [result] = (await world.ok("alice", "PostWorkflowResults", request, **ZOO)).results
    return {output.model.id: output.data for output in result.outputs}


async def test_general_embeds_and_does_not_fail_for_want_of_a_tagger(world: World) -> None:
    results = await results_of(world, "General", picture())
    assert list(results) == ["general-image-embedding"]
    assert results["general-image-embedding"].embeddings[0].num_dimensions == 512


async def test_text_embeds_and_tells_language_and_sentiment(world: World) -> None:
    results = await results_of(world, "Text", Input(data=Data(text=Text(raw="I love this bird."))))
    assert len(results["text-embedding"].embeddings) == 1
    assert results["language-identification"].concepts[0].id == "en"
    assert results["sentiment-analysis"].concepts[0].id == "positive"


async def test_face_finds_the_face(world: World) -> None:
    assert len((await results_of(world, "Face", picture()))["face-detection"].regions) == 1


async def test_empty_says_nothing(world: World) -> None:
    assert await results_of(world, "Empty", picture()) == {}


async def test_a_text_is_refused_by_the_models_of_images_alone(world: World) -> None:
    inputs = [Input(data=Data(text=Text(raw="no picture"))), picture()]
    request = PostModelOutputsRequest(model_id="face-detection", inputs=inputs)
    answer = await world.call("alice", "PostModelOutputs", request, **ZOO)
    assert answer.status.code == Code.MIXED_STATUS
    codes = [output.status.code for output in answer.outputs]
    assert codes == [Code.INPUT_INVALID_ARGUMENT, Code.SUCCESS]


async def test_public_workflows_are_read_by_everybody(world: World) -> None:
    for one in zoo_models.WORKFLOWS:
        request = GetWorkflowRequest(workflow_id=one.id)
        found = (await world.ok("mallory", "GetWorkflow", request, **MAIN)).workflow
        assert found.user_id == "clarifai"
