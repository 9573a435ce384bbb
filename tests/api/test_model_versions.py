"""Versions of models, uploaded or on other servers, through the door."""

import json
from collections.abc import Iterator

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Concept, Data, Model, ModelVersion, OutputInfo
from clarifai_grpc.grpc.api.service_pb2 import (
    DeleteModelVersionRequest,
    GetModelVersionRequest,
    ListModelVersionsRequest,
    PatchModelVersionsRequest,
    PostModelsRequest,
    PostModelVersionsRequest,
)
from lights import (
    MAIN,
    ZOO,
    Quiet,
    add_lights,
    bright,
    lights_zip,
    operator_info,
    params,
    post_model,
    predict,
    serving,
    top,
    uploaded,
)
from world import World

from bowerbird.errors import Code

pytestmark = pytest.mark.anyio
INVALID = Code.MODEL_INVALID_ARGUMENT


async def post_versions(world: World, model: str, *versions: ModelVersion) -> Model:
    request = PostModelVersionsRequest(model_id=model, model_versions=versions)
    return (await world.ok("alice", "PostModelVersions", request, **ZOO)).model


async def refused(world: World, model: str, version: ModelVersion, code: int = INVALID) -> str:
    request = PostModelVersionsRequest(model_id=model, model_versions=[version])
    details = await world.fails(code, "alice", "PostModelVersions", request, **ZOO)
    assert await versions_of(world, model) == []
    return details


async def versions_of(world: World, model: str, **fields: object) -> list[str]:
    request = ListModelVersionsRequest(model_id=model, trained_only=True, **fields)
    answer = await world.ok("alice", "ListModelVersions", request, **ZOO)
    return [version.id for version in answer.model_versions]


async def add_empty(world: World, id: str = "lights") -> None:
    await post_model(world, Model(id=id, model_type_id="visual-classifier"))


class Remote(Quiet):
    """A model server that says how bright things are."""

    def do_GET(self) -> None:  # noqa: N802  # http.server calls it
        tensor = {"name": "x", "datatype": "FP32", "shape": [-1, 3, 4, 4]}
        self._json({"inputs": [tensor], "outputs": []})

    def do_POST(self) -> None:  # noqa: N802  # as above
        self.rfile.read(int(self.headers["content-length"]))
        self._json({"outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 2], "data": [0.25, 0.75]}]})

    def _json(self, answer: object) -> None:
        self.answer(json.dumps(answer).encode(), "application/json")


@pytest.fixture
def remote() -> Iterator[str]:
    with serving(Remote) as url:
        yield url


def remote_version(url: str, **values: object) -> ModelVersion:
    image = {"kind": "image", "name": "x", "size": [4, 4]}
    known = {"runtime": "open-inference", "url": url, "model_name": "lights", "input": image}
    return params(None, **(known | {"output": {"name": "y"}, "labels": ["dark", "bright"]} | values))


async def test_an_uploaded_model_answers(world: World) -> None:
    await add_empty(world)
    model = await post_versions(world, "lights", uploaded())
    assert model.model_version.status.code == Code.MODEL_TRAINED
    assert [c.id for c in model.output_info.data.concepts] == ["dark", "dim-light", "bright"]
    answer = await predict(world, bright())
    assert (answer.status.code, top(answer.outputs[0].data)) == (Code.SUCCESS, "bright")


async def test_the_file_itself_is_not_shown(world: World) -> None:
    model = await add_lights(world)
    assert model.model_version.pretrained_model_config.model_zip_url == ""
    assert model.model_version.import_info.params.fields["runtime"].string_value == "onnx"


async def test_given_concepts_take_the_place_of_the_labels(world: World) -> None:
    concepts = [Concept(id=id) for id in ("night", "dusk", "day")]
    version = uploaded(output_info=OutputInfo(data=Data(concepts=concepts)))
    await add_empty(world)
    await post_versions(world, "lights", version)
    assert top((await predict(world, bright())).outputs[0].data) == "day"


async def test_a_file_that_is_no_model_is_refused(world: World) -> None:
    await add_empty(world)
    assert "zip" in await refused(world, "lights", uploaded(b"PK\x03\x04 nonsense"))


async def test_a_file_that_is_not_base64_is_refused(world: World) -> None:
    await add_empty(world)
    version = ModelVersion()
    version.pretrained_model_config.model_zip_url = "data:application/zip;base64,@@@"
    assert "base64" in await refused(world, "lights", version)


async def test_labels_that_do_not_fit_the_model_are_refused(world: World) -> None:
    await add_empty(world)
    assert "labels" in await refused(world, "lights", uploaded(lights_zip(("dark", "bright"))))


async def test_a_model_of_another_kind_is_refused(world: World) -> None:
    await post_model(world, Model(id="texts", model_type_id="text-classifier"))
    assert "takes image" in await refused(world, "texts", uploaded())


async def test_a_file_at_a_private_address_is_refused(world: World) -> None:
    await add_empty(world)
    version = ModelVersion()
    version.pretrained_model_config.model_zip_url = "http://127.0.0.1:9/model.zip"
    assert "loopback" in await refused(world, "lights", version)


async def test_a_version_without_anything_that_serves_it_is_refused(world: World) -> None:
    await add_empty(world)
    assert "model_zip_url" in await refused(world, "lights", ModelVersion())


async def test_an_unknown_runtime_is_refused(world: World) -> None:
    await add_empty(world)
    assert "abacus" in await refused(world, "lights", params(None, runtime="abacus"))


@pytest.mark.parametrize("user", ["alice", "root"])
async def test_a_class_of_the_host_is_never_added_through_the_api(world: World, user: str) -> None:
    place = ZOO if user == "alice" else MAIN
    version = params(None, runtime="python", python="os:system", input={}, output={})
    model = Model(id="code", model_type_id="visual-classifier", model_version=version)
    details = await world.fails(INVALID, user, "PostModels", PostModelsRequest(models=[model]), **place)
    assert "bowerbird models add" in details


async def test_a_secret_of_the_host_is_for_admins(world: World) -> None:
    await add_empty(world)
    version = params(None, runtime="openai", url="https://example.com/v1", model_name="m", secret="x")
    assert "only an admin" in await refused(world, "lights", version)


async def test_a_private_server_is_refused_unless_an_admin_names_it(world: World, remote: str) -> None:
    await add_empty(world)
    assert "loopback" in await refused(world, "lights", remote_version(remote))
    model = Model(id="far", model_type_id="visual-classifier", model_version=remote_version(remote))
    model.visibility.gettable = 50
    await world.ok("root", "PostModels", PostModelsRequest(models=[model]), **MAIN)
    answer = await predict(world, bright(), id="far")
    assert [(c.id, c.value) for c in answer.outputs[0].data.concepts] == [("bright", 0.75), ("dark", 0.25)]


async def test_a_server_that_lacks_the_tensor_is_refused(world: World, remote: str) -> None:
    image = {"kind": "image", "name": "pixels", "size": [4, 4]}
    version = remote_version(remote, input=image)
    model = Model(id="far", model_type_id="visual-classifier", model_version=version)
    details = await world.fails(INVALID, "root", "PostModels", PostModelsRequest(models=[model]), **MAIN)
    assert "pixels" in details


async def test_the_secrets_of_a_runtime_are_not_shown(world: World, remote: str) -> None:
    version = remote_version(remote, headers={"Authorization": "Bearer hush"})
    model = Model(id="far", model_type_id="visual-classifier", model_version=version)
    answer = await world.ok("root", "PostModels", PostModelsRequest(models=[model]), **MAIN)
    assert "hush" not in str(answer)


async def test_predictions_use_the_newest_version_or_the_one_named(world: World) -> None:
    first = (await add_lights(world)).model_version.id
    second = (await post_versions(world, "lights", uploaded())).model_version.id
    answers = [await predict(world, bright()), await predict(world, bright(), version_id=first)]
    assert [a.outputs[0].model.model_version.id for a in answers] == [second, first]


async def test_versions_are_listed_newest_first_and_in_pages(world: World) -> None:
    first = (await add_lights(world)).model_version.id
    second = (await post_versions(world, "lights", uploaded())).model_version.id
    assert await versions_of(world, "lights") == [second, first]
    assert await versions_of(world, "lights", per_page=1, page=2) == [first]
    assert await versions_of(world, "lights", concept_ids=["dark"], per_page=1) == [second]
    assert await versions_of(world, "lights", concept_ids=["cat"]) == []


async def test_a_version_is_read_with_its_concepts(world: World) -> None:
    id = (await add_lights(world)).model_version.id
    request = GetModelVersionRequest(model_id="lights", version_id=id)
    version = (await world.ok("alice", "GetModelVersion", request, **ZOO)).model_version
    assert (version.active_concept_count, len(version.output_info.data.concepts)) == (3, 3)


async def test_a_version_of_an_operator_needs_its_parameters(world: World) -> None:
    info = operator_info(keep_fraction=0.5)
    await post_model(world, Model(id="few", model_type_id="random-sample", output_info=info))
    await post_versions(world, "few", ModelVersion(output_info=operator_info(keep_fraction=0.1)))
    request = PostModelVersionsRequest(model_id="few", model_versions=[ModelVersion()])
    assert "keep_fraction" in await world.fails(INVALID, "alice", "PostModelVersions", request, **ZOO)


async def test_what_a_version_does_cannot_be_changed_but_its_description_can(world: World) -> None:
    id = (await add_lights(world)).model_version.id
    version = ModelVersion(id=id, description="the first")
    request = PatchModelVersionsRequest(model_id="lights", model_versions=[version], action="merge")
    answer = await world.ok("alice", "PatchModelVersions", request, **ZOO)
    assert answer.model_versions[0].description == "the first"
    version.output_info.output_config.max_concepts = 1
    request = PatchModelVersionsRequest(model_id="lights", model_versions=[version], action="merge")
    assert "output_info" in await world.fails(INVALID, "alice", "PatchModelVersions", request, **ZOO)


async def test_a_deleted_version_makes_place_for_the_one_before(world: World) -> None:
    first = (await add_lights(world)).model_version.id
    second = (await post_versions(world, "lights", uploaded())).model_version.id
    await world.ok(
        "alice", "DeleteModelVersion", DeleteModelVersionRequest(model_id="lights", version_id=second), **ZOO
    )
    assert (await predict(world, bright())).outputs[0].model.model_version.id == first
    gone = await predict(world, bright(), version_id=second)
    assert gone.status.code == Code.MODEL_DOES_NOT_EXIST
