"""Models, through the door."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import (
    Concept,
    Data,
    Model,
    ModelQuery,
    ModelVersion,
    OutputConfig,
    OutputInfo,
)
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteModelRequest,
    DeleteModelsRequest,
    GetModelRequest,
    ListConceptsRequest,
    ListModelsRequest,
    PatchModelsRequest,
    PostModelsRequest,
    PostModelsSearchesRequest,
    PostModelVersionsRequest,
)
from lights import (
    MAIN,
    PUBLIC,
    ZOO,
    add_lights,
    add_operator,
    bright,
    open_zoo,
    operator_info,
    post_model,
    predict,
    uploaded,
)
from world import World

from bowerbird.api import zoo_models
from bowerbird.errors import Code

pytestmark = pytest.mark.anyio

SHIPPED = {model.id for model in zoo_models.MODELS}  # which every list of models has too


async def get(world: World, id: str, who: str = "alice") -> Model:
    return (await world.ok(who, "GetModel", GetModelRequest(model_id=id), **ZOO)).model


async def patch(world: World, model: Model, action: str = "merge") -> Model:
    request = PatchModelsRequest(models=[model], action=action)
    return (await world.ok("alice", "PatchModels", request, **ZOO)).models[0]


async def ids_of(world: World, who: str = "alice", **fields: object) -> list[str]:
    answer = await world.ok(who, "ListModels", ListModelsRequest(**fields), **ZOO)
    return [model.id for model in answer.models if model.id not in SHIPPED]


def concepts_of(model: Model) -> list[str]:
    return [concept.id for concept in model.output_info.data.concepts]


async def test_a_model_without_a_type_is_a_context_based_classifier(world: World) -> None:
    cats = Concept(id="cat", name="Cat")
    model = await post_model(world, Model(id="pets", output_info=OutputInfo(data=Data(concepts=[cats]))))
    assert model.model_type_id == "embedding-classifier"
    assert model.model_version.status.code == Code.MODEL_UNTRAINED
    assert (model.name, model.user_id, model.app_id) == ("pets", "alice", "zoo")


async def test_an_id_is_made_when_none_is_given(world: World) -> None:
    model = await post_model(world, Model(name="Pets"))
    assert (await get(world, model.id)).name == "Pets"


async def test_an_operator_is_trained_at_once(world: World) -> None:
    model = await add_operator(world, "few", "random-sample", keep_fraction=0.1)
    assert model.model_version.status.code == Code.MODEL_TRAINED


async def test_an_old_type_name_becomes_the_new_one(world: World) -> None:
    model = await add_operator(world, "sure", "concept-threshold", {"bright": 0.5})
    assert model.model_type_id == "concept-thresholder"


async def test_a_wrong_parameter_is_named(world: World) -> None:
    bad = Model(id="few", model_type_id="random-sample", output_info=operator_info(keep_fraction=2))
    request = PostModelsRequest(models=[bad])
    details = await world.fails(Code.MODEL_INVALID_ARGUMENT, "alice", "PostModels", request, **ZOO)
    assert "output_info.params.keep_fraction" in details
    await world.fails(Code.MODEL_DOES_NOT_EXIST, "alice", "GetModel", GetModelRequest(model_id="few"), **ZOO)


async def test_an_unknown_type_is_refused(world: World) -> None:
    request = PostModelsRequest(models=[Model(id="m", model_type_id="mind-reader")])
    assert "mind-reader" in await world.fails(
        Code.MODEL_INVALID_ARGUMENT, "alice", "PostModels", request, **ZOO
    )


async def test_a_taken_id_is_refused(world: World) -> None:
    await post_model(world, Model(id="pets"))
    request = PostModelsRequest(model=Model(id="pets"))
    assert "'pets'" in await world.fails(Code.DATABASE_DUPLICATE_KEY, "alice", "PostModels", request, **ZOO)


async def test_several_models_are_all_or_none(world: World) -> None:
    request = PostModelsRequest(models=[Model(id="good"), Model(id="bad id")])
    details = await world.fails(Code.CONN_INVALID_REQUEST, "alice", "PostModels", request, **ZOO)
    assert "models[1].id" in details
    assert await ids_of(world) == []


async def test_the_concepts_of_a_model_are_made_in_the_app(world: World) -> None:
    await add_lights(world)
    answer = await world.ok("alice", "ListConcepts", ListConceptsRequest(), **ZOO)
    assert [(c.id, c.name) for c in answer.concepts] == [
        ("dark", "dark"),
        ("dim-light", "dim light"),
        ("bright", "bright"),
    ]


async def test_output_info_has_the_concepts(world: World) -> None:
    await add_lights(world)
    answer = await world.ok("alice", "GetModelOutputInfo", GetModelRequest(model_id="lights"), **ZOO)
    assert concepts_of(answer.model) == ["dark", "dim-light", "bright"]


async def test_lists_leave_the_concepts_out(world: World) -> None:
    await add_lights(world)
    answer = await world.ok("alice", "ListModels", ListModelsRequest(), **ZOO)
    assert concepts_of(answer.models[0]) == []
    assert answer.models[0].model_version.active_concept_count == 3


async def test_lists_are_filtered(world: World) -> None:
    await add_lights(world)
    await post_model(world, Model(id="general-1", name="General"))
    await add_operator(world, "few", "random-sample", keep_fraction=0.1)
    assert await ids_of(world, sort_by_name=True, sort_ascending=True) == ["general-1", "few", "lights"]
    assert await ids_of(world, name="gen*") == ["general-1"]
    assert await ids_of(world, name="gen") == []
    assert await ids_of(world, query="eral") == ["general-1"]
    assert await ids_of(world, search="100%") == []
    assert await ids_of(world, model_type_id="concept") == ["general-1"]
    assert set(await ids_of(world, trained_only=True)) == {"lights", "few"}
    assert set(await ids_of(world, input_fields=["image"])) == {"lights", "few"}
    assert await ids_of(world, output_fields=["embeddings"], input_fields=["image"]) == ["few"]
    paged = await ids_of(world, per_page=1, page=2, sort_by_name=True, dont_fetch_from_main=True)
    assert paged == ["few"]


async def test_lists_have_the_public_models_unless_they_are_not_wanted(world: World) -> None:
    await add_lights(world, "everybody", "root", visibility=PUBLIC)
    await add_lights(world, "hidden", "root")
    await post_model(world, Model(id="pets"))
    assert set(await ids_of(world)) == {"pets", "everybody"}
    assert await ids_of(world, dont_fetch_from_main=True) == ["pets"]


async def test_models_are_searched_by_name_and_type(world: World) -> None:
    await post_model(world, Model(id="general-1", name="General"))
    await add_operator(world, "generous", "random-sample", keep_fraction=0.1)
    query = ModelQuery(name="gen*", model_type_id="random-sample")
    request = PostModelsSearchesRequest(model_query=query)
    answer = await world.ok("alice", "PostModelsSearches", request, **ZOO)
    assert [model.id for model in answer.models] == ["generous"]


async def test_a_stranger_sees_public_models_only(world: World) -> None:
    await post_model(world, Model(id="pets"))
    await post_model(world, Model(id="shown", visibility=PUBLIC))
    await open_zoo(world)
    assert await ids_of(world, "mallory") == ["shown"]
    assert (await get(world, "shown", "mallory")).id == "shown"
    request = GetModelRequest(model_id="pets")
    await world.fails(Code.MODEL_DOES_NOT_EXIST, "mallory", "GetModel", request, **ZOO)


async def test_public_models_are_found_from_any_app_and_changed_by_admins_only(world: World) -> None:
    await add_lights(world, "everybody", "root", visibility=PUBLIC)
    assert (await get(world, "everybody")).user_id == "clarifai"
    there, here = DeleteModelRequest(model_id="everybody"), DeleteModelRequest(model_id="everybody")
    await world.fails(Code.CONN_DOES_NOT_EXIST, "alice", "DeleteModel", there, **MAIN)
    await world.fails(Code.MODEL_DOES_NOT_EXIST, "alice", "DeleteModel", here, **ZOO)
    await world.ok("root", "DeleteModel", there, **MAIN)


async def test_merge_adds_concepts_and_remove_takes_them_away(world: World) -> None:
    before = await post_model(
        world, Model(id="pets", output_info=OutputInfo(data=Data(concepts=[Concept(id="cat")])))
    )
    more = OutputInfo(data=Data(concepts=[Concept(id="dog")]))
    merged = await patch(world, Model(id="pets", output_info=more))
    assert concepts_of(merged) == ["cat", "dog"]
    assert merged.model_version.id != before.model_version.id
    cat = OutputInfo(data=Data(concepts=[Concept(id="cat")]))
    assert concepts_of(await patch(world, Model(id="pets", output_info=cat), "remove")) == ["dog"]
    assert concepts_of(await get(world, "pets")) == ["dog"]


async def test_overwrite_keeps_what_is_not_given(world: World) -> None:
    await add_lights(world, description="how bright it is")
    patched = await patch(world, Model(id="lights", name="Lights"), "overwrite")
    assert (patched.name, patched.description) == ("Lights", "how bright it is")
    assert concepts_of(patched) == ["dark", "dim-light", "bright"]


async def test_a_changed_config_makes_a_trained_version_that_predictions_follow(world: World) -> None:
    before = await add_lights(world)
    assert len((await predict(world, bright())).outputs[0].data.concepts) == 3
    config = OutputInfo(output_config=OutputConfig(max_concepts=1))
    after = await patch(world, Model(id="lights", output_info=config))
    assert after.model_version.id != before.model_version.id
    answer = await predict(world, bright())
    assert [c.id for c in answer.outputs[0].data.concepts] == ["bright"]
    assert answer.outputs[0].model.model_version.id == after.model_version.id


async def test_the_labels_of_an_uploaded_model_change_with_a_new_version_only(world: World) -> None:
    await add_lights(world)
    more = Model(id="lights", output_info=OutputInfo(data=Data(concepts=[Concept(id="dog")])))
    request = PatchModelsRequest(models=[more], action="merge")
    details = await world.fails(Code.MODEL_INVALID_ARGUMENT, "alice", "PatchModels", request, **ZOO)
    assert "post a new version" in details


async def test_the_type_stays(world: World) -> None:
    await post_model(world, Model(id="pets"))
    other = Model(id="pets", model_type_id="visual-classifier")
    request = PatchModelsRequest(models=[other], action="overwrite")
    assert "model_type_id" in await world.fails(
        Code.MODEL_INVALID_ARGUMENT, "alice", "PatchModels", request, **ZOO
    )


async def test_an_unknown_action_is_refused(world: World) -> None:
    await post_model(world, Model(id="pets"))
    request = PatchModelsRequest(models=[Model(id="pets", name="x")], action="polish")
    assert "polish" in await world.fails(Code.CONN_INVALID_REQUEST, "alice", "PatchModels", request, **ZOO)


async def test_a_deleted_model_is_gone_for_predictions_too(world: World) -> None:
    await add_lights(world)
    assert (await predict(world, bright())).status.code == Code.SUCCESS
    await world.ok("alice", "DeleteModel", DeleteModelRequest(model_id="lights"), **ZOO)
    assert (await predict(world, bright())).status.code == Code.MODEL_DOES_NOT_EXIST


async def test_models_are_deleted_together(world: World) -> None:
    for id in ("one", "two", "three"):
        await post_model(world, Model(id=id))
    await world.ok("alice", "DeleteModels", DeleteModelsRequest(ids=["one"]), **ZOO)
    assert set(await ids_of(world)) == {"two", "three"}
    await world.ok("alice", "DeleteModels", DeleteModelsRequest(delete_all=True), **ZOO)
    assert await ids_of(world) == []


async def test_an_operator_takes_no_file(world: World) -> None:
    model = Model(id="few", model_type_id="random-sample", model_version=uploaded())
    request = PostModelsRequest(models=[model])
    details = await world.fails(Code.MODEL_INVALID_ARGUMENT, "alice", "PostModels", request, **ZOO)
    assert "takes no file" in details


async def test_an_operator_waits_for_its_parameters(world: World) -> None:
    made = await post_model(world, Model(id="some", model_type_id="random-sample"))
    assert made.model_version.status.code == Code.MODEL_UNTRAINED
    version = ModelVersion(output_info=operator_info(keep_fraction=0.5))
    request = PostModelVersionsRequest(model_id="some", model_versions=[version])
    answer = await world.ok("alice", "PostModelVersions", request, **ZOO)
    assert answer.model.model_version.status.code == Code.MODEL_TRAINED
