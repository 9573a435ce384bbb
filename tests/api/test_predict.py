"""Predictions, through the door."""

import asyncio
import math
from collections.abc import Iterator

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import (
    Concept,
    Data,
    Image,
    Input,
    Model,
    ModelVersion,
    OutputConfig,
    OutputInfo,
    Text,
)
from lights import (
    PUBLIC,
    Gallery,
    add_lights,
    add_operator,
    bright,
    dark,
    image,
    open_zoo,
    operator_info,
    picture,
    post_model,
    predict,
    serving,
    top,
)
from world import World
from zoo import png_bomb
from zoo import post as post_inputs

from bowerbird.errors import Code
from bowerbird.services import Prediction
from bowerbird.store.db import Database

pytestmark = pytest.mark.anyio


def asking(config: OutputConfig | None = None, **fields: object) -> Model:
    return Model(output_info=OutputInfo(output_config=config, **fields))


def by_url(url: str) -> Input:
    return Input(data=Data(image=Image(url=url)))


def codes(answer: object) -> list[int]:
    return [output.status.code for output in answer.outputs]


class Watching:
    """A tap that remembers."""

    def __init__(self) -> None:
        self.seen: list[Prediction] = []
        self.is_done = False

    def offer(self, prediction: Prediction) -> "asyncio.Task[None]":
        self.seen.append(prediction)
        return asyncio.ensure_future(self._finish())

    async def _finish(self) -> None:
        await asyncio.sleep(0)
        self.is_done = True


@pytest.fixture
def watching(world: World) -> Iterator[Watching]:
    services, watching = world.app.services, Watching()
    before, services.tap = services.tap, watching
    yield watching
    services.tap = before


@pytest.fixture
def hosted(world: World) -> Iterator[str]:
    """A host of pictures that may be fetched from although it is here."""
    services = world.app.services
    services.settings = services.settings.model_copy(update={"fetch_allow": ("127.0.0.1",)})
    with serving(Gallery) as url:
        yield url


async def test_each_input_has_its_output_in_order(world: World) -> None:
    await add_lights(world)
    answer = await predict(world, bright(), dark(), bright())
    assert [top(output.data) for output in answer.outputs] == ["bright", "dark", "bright"]
    assert answer.status.code == Code.SUCCESS
    assert len({output.id for output in answer.outputs}) == 3
    assert answer.outputs[0].model.model_type_id == "visual-classifier"
    assert math.isclose(sum(c.value for c in answer.outputs[0].data.concepts), 1, rel_tol=1e-5)


async def test_a_model_that_was_asked_before_costs_no_query(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Database) -> None:
        raise ConnectionError("no database")

    await add_lights(world)
    await predict(world, bright())
    monkeypatch.setattr(Database, "read", refuse)
    monkeypatch.setattr(Database, "write", refuse)
    assert (await predict(world, dark())).status.code == Code.SUCCESS


async def test_the_input_is_named_without_its_bytes(world: World) -> None:
    await add_lights(world)
    given = image(picture(0), id="mine")
    answer = await predict(world, given)
    assert answer.outputs[0].input.id == "mine"
    assert not answer.outputs[0].input.data.image.base64


async def test_none_and_too_many_inputs_are_refused(world: World) -> None:
    await add_lights(world)
    for inputs in ([], [bright()] * 129):
        answer = await predict(world, *inputs)
        assert answer.status.code == Code.CONN_INVALID_REQUEST
        assert "1 to 128" in answer.status.details
    assert len((await predict(world, *[dark()] * 128)).outputs) == 128


async def test_an_unknown_model_does_not_exist(world: World) -> None:
    answer = await predict(world, bright(), id="nothing")
    assert answer.status.code == Code.MODEL_DOES_NOT_EXIST
    assert "'nothing'" in answer.status.details


async def test_an_untrained_model_says_so(world: World) -> None:
    await post_model(world, Model(id="pets"))
    assert (await predict(world, bright(), id="pets")).status.code == Code.MODEL_UNTRAINED


async def test_somebody_elses_private_model_does_not_exist(world: World) -> None:
    await add_lights(world)
    await open_zoo(world)
    answer = await predict(world, bright(), who="mallory")
    assert answer.status.code == Code.MODEL_DOES_NOT_EXIST


async def test_somebody_elses_public_model_answers_when_its_app_is_public_too(world: World) -> None:
    await add_lights(world, visibility=PUBLIC)
    assert (await predict(world, bright(), who="mallory")).status.code == Code.CONN_DOES_NOT_EXIST
    await open_zoo(world)
    assert (await predict(world, bright(), who="mallory")).status.code == Code.SUCCESS


async def test_a_public_model_answers_in_every_app(world: World) -> None:
    await add_lights(world, "everybody", "root", visibility=PUBLIC)
    answer = await predict(world, bright(), id="everybody")
    assert answer.outputs[0].model.user_id == "clarifai"


async def test_an_image_that_is_none_fails_alone(world: World) -> None:
    await add_lights(world)
    answer = await predict(world, bright(), image(b"no image"), dark())
    assert codes(answer) == [Code.SUCCESS, Code.INPUT_UNSUPPORTED_FORMAT, Code.SUCCESS]
    assert answer.status.code == Code.MIXED_STATUS


async def test_when_all_fail_the_call_fails(world: World) -> None:
    await add_lights(world)
    answer = await predict(world, image(b"no image"))
    assert answer.status.code == Code.FAILURE
    assert codes(answer) == [Code.INPUT_UNSUPPORTED_FORMAT]


async def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded(world: World) -> None:
    await add_lights(world)
    answer = await predict(world, image(png_bomb()), bright())
    assert codes(answer) == [Code.INPUT_OVER_LIMIT, Code.SUCCESS]


async def test_a_private_address_is_not_fetched(world: World) -> None:
    await add_lights(world)
    answer = await predict(world, by_url("http://127.0.0.1:9/cat.png"), by_url("http://169.254.169.254/"))
    assert codes(answer) == [Code.INPUT_INVALID_URL, Code.INPUT_INVALID_URL]
    assert answer.status.code == Code.FAILURE


async def test_an_image_is_fetched_by_url(world: World, hosted: str) -> None:
    await add_lights(world)
    answer = await predict(world, by_url(f"{hosted}/bright.png"), by_url(f"{hosted}/gone.png"))
    assert codes(answer) == [Code.SUCCESS, Code.INPUT_DOWNLOAD_FAILED]
    assert top(answer.outputs[0].data) == "bright"
    assert answer.outputs[0].input.data.image.url == f"{hosted}/bright.png"


async def test_url_and_bytes_together_are_refused(world: World) -> None:
    await add_lights(world)
    both = Input(data=Data(image=Image(url="http://example.com/a.png", base64=b"x")))
    assert codes(await predict(world, both)) == [Code.INPUT_INVALID_ARGUMENT]


async def test_an_input_without_anything_is_refused(world: World) -> None:
    await add_lights(world)
    assert codes(await predict(world, Input(), Input(id="nothing"))) == [
        Code.INPUT_INVALID_ARGUMENT,
        Code.INPUT_DOES_NOT_EXIST,
    ]


async def test_an_input_of_the_app_is_named_by_its_id(world: World, watching: Watching) -> None:
    await add_lights(world)
    await post_inputs(world, image(picture(255), id="kept"))
    answer = await predict(world, Input(id="kept"))
    assert top(answer.outputs[0].data) == "bright"
    assert watching.seen[0].inputs[0].data.image.base64 == picture(255)


async def test_the_inputs_of_an_app_are_not_for_visitors(world: World) -> None:
    await add_lights(world, visibility=PUBLIC)
    await open_zoo(world)
    await post_inputs(world, image(picture(255), id="kept"))
    assert codes(await predict(world, Input(id="kept"), who="mallory")) == [Code.INPUT_DOES_NOT_EXIST]


async def test_the_wrong_medium_fails_alone(world: World) -> None:
    await add_lights(world)
    answer = await predict(world, Input(data=Data(text=Text(raw="bright"))), bright())
    assert answer.status.code == Code.MIXED_STATUS


async def shown(world: World, config: OutputConfig) -> list[str]:
    answer = await predict(world, bright(), model=asking(config))
    assert answer.status.code == Code.SUCCESS, answer
    return [concept.id for concept in answer.outputs[0].data.concepts]


async def test_max_concepts_and_min_value_cut_the_output(world: World) -> None:
    await add_lights(world)
    assert await shown(world, OutputConfig(max_concepts=1)) == ["bright"]
    assert await shown(world, OutputConfig(min_value=0.1)) == ["bright", "dim-light"]


async def test_a_config_of_the_version_counts_too(world: World) -> None:
    await add_lights(world)
    model = Model(model_version=ModelVersion(output_info=asking(OutputConfig(max_concepts=1)).output_info))
    answer = await predict(world, bright(), model=model)
    assert [concept.id for concept in answer.outputs[0].data.concepts] == ["bright"]


async def test_twenty_concepts_are_shown_unless_more_are_asked_for(world: World) -> None:
    many = operator_info(score="max_prob")
    await post_model(world, Model(id="all", model_type_id="prediction-score-filter", output_info=many))
    concepts = [Concept(id=f"c{n}", value=n / 100) for n in range(60)]
    given = Input(data=Data(concepts=concepts))
    usual = await predict(world, given, id="all")
    assert [c.id for c in usual.outputs[0].data.concepts] == [f"c{n}" for n in range(59, 39, -1)]
    more = await predict(world, given, id="all", model=asking(OutputConfig(max_concepts=50)))
    assert len(more.outputs[0].data.concepts) == 50


async def test_config_out_of_range_is_refused(world: World) -> None:
    await add_lights(world)
    for config in (
        OutputConfig(max_concepts=201),
        OutputConfig(min_value=1.5),
        OutputConfig(min_value=math.nan),
    ):
        answer = await predict(world, bright(), model=asking(config))
        assert answer.status.code == Code.CONN_INVALID_RANGE


async def test_concepts_are_selected_by_exact_id_or_name(world: World) -> None:
    await add_lights(world)
    by_both = [Concept(id="dark"), Concept(name="dim light")]
    assert await shown(world, OutputConfig(select_concepts=by_both)) == ["dim-light", "dark"]


async def test_a_selection_without_any_match_is_refused(world: World) -> None:
    await add_lights(world)
    config = OutputConfig(select_concepts=[Concept(name="Dark"), Concept(id="cat")])
    answer = await predict(world, bright(), model=asking(config))
    assert answer.status.code == Code.MODEL_INVALID_ARGUMENT
    assert "'Dark', 'cat'" in answer.status.details


async def test_a_selection_that_matches_in_part_is_mixed(world: World) -> None:
    await add_lights(world)
    config = OutputConfig(select_concepts=[Concept(id="dark"), Concept(id="cat")])
    answer = await predict(world, bright(), model=asking(config))
    assert answer.status.code == Code.MIXED_STATUS
    assert [c.id for c in answer.outputs[0].data.concepts] == ["dark"]


async def test_an_operator_answers_what_it_keeps(world: World) -> None:
    await add_operator(world, "sure", "concept-thresholder", {"cat": 0.5})
    concepts = [Concept(id="cat", value=0.9), Concept(id="dog", value=0.1)]
    low = Input(data=Data(concepts=[Concept(id="cat", value=0.2)]))
    answer = await predict(world, Input(data=Data(concepts=concepts)), low, id="sure")
    assert [[c.id for c in output.data.concepts] for output in answer.outputs] == [["cat"], []]
    assert answer.status.code == Code.SUCCESS


async def test_an_operator_does_not_send_media_back(world: World) -> None:
    await add_operator(world, "all", "random-sample", keep_fraction=1)
    answer = await predict(world, bright(), id="all")
    assert answer.outputs[0].data.HasField("image")
    assert not answer.outputs[0].data.image.base64


async def test_a_call_may_give_an_operator_other_parameters(world: World) -> None:
    await add_operator(world, "none", "random-sample", keep_fraction=0)
    given = Input(data=Data(concepts=[Concept(id="cat", value=0.9)]))
    other = Model(output_info=operator_info(keep_fraction=1))
    assert not (await predict(world, given, id="none")).outputs[0].data.concepts
    assert (await predict(world, given, id="none", model=other)).outputs[0].data.concepts
    wrong = Model(output_info=operator_info(keep_fraction=2))
    answer = await predict(world, given, id="none", model=wrong)
    assert answer.status.code == Code.MODEL_INVALID_ARGUMENT


async def test_the_tap_sees_the_prediction_and_is_waited_for(world: World, watching: Watching) -> None:
    await add_lights(world)
    answer = await predict(world, bright(), image(b"no image"))
    [seen] = watching.seen
    assert (seen.model, seen.caller_user_id) == (("alice", "zoo", "lights"), "alice")
    assert seen.version_id == answer.outputs[0].model.model_version.id
    assert seen.request_id == answer.status.req_id
    assert [given.data.image.base64 for given in seen.inputs] == [picture(255), b"no image"]
    assert [output.status.code for output in seen.outputs] == codes(answer)
    assert watching.is_done


async def test_the_tap_sees_nothing_of_a_call_that_failed(world: World, watching: Watching) -> None:
    await add_lights(world)
    await predict(world, image(b"no image"))
    await predict(world, bright(), id="nothing")
    assert watching.seen == []
