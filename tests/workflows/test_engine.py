"""Workflows run on inputs."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data, Model
from clarifai_grpc.grpc.api.status.status_code_pb2 import (
    MODEL_PREDICTION_FAILED,
    SUCCESS,
    WORKFLOW_INTERNAL_FAILURE,
)
from workflows.shapes import above, asked, graph, info, model, output, sample

from bowerbird.errors import ApiError, PredictionFailed, WorkflowInvalid
from bowerbird.workflows.draws import HashedDraw
from bowerbird.workflows.engine import Given, Result, passed, run
from bowerbird.workflows.flow import Flow
from bowerbird.workflows.graph import Graph
from bowerbird.workflows.merge import merge

pytestmark = pytest.mark.anyio
Answer = Callable[[Model, Data], Awaitable[Data]]
CLASSIFIER = model("visual-classifier")
IMAGE = Data()
IMAGE.image.base64 = b"pixels"


def answering(data: Data) -> Answer:
    async def predict(model: Model, given: Data) -> Data:
        return data

    return predict


async def failing(model: Model, given: Data) -> Data:
    raise PredictionFailed("out of memory")


async def all_results(of: Graph, given: Sequence[Data], answer: Answer, key: str) -> list[list[Result]]:
    async def safely(model: Model, data: Data) -> Data | ApiError:
        try:
            return await answer(model, data)
        except ApiError as error:
            return error

    async def predict(model: Model, data: Sequence[Data]) -> list[Data | ApiError]:
        return list(await asyncio.gather(*(safely(model, one) for one in data)))

    inputs = [Given(data, key) for data in given]
    return await run(Flow.of(of), inputs, predict, lambda node: HashedDraw("s", node), caller="alice")


async def results(of: Graph, given: Data, answer: Answer, key: str = "k") -> list[Result]:
    [result] = await all_results(of, [given], answer, key)
    return result


async def test_results_come_in_the_order_of_the_workflow() -> None:
    flow = graph({"high": (above({"cat": 0.5}), ["look"]), "look": (CLASSIFIER, [])})
    high, look = await results(flow, IMAGE, answering(output({"cat": 0.75, "dog": 0.25})))
    assert [concept.id for concept in look.data.concepts] == ["cat", "dog"]
    assert [concept.id for concept in high.data.concepts] == ["cat"]
    assert (look.terminal, high.terminal) == (False, True)
    assert passed([high, look])


async def test_operators_at_the_root_read_the_input() -> None:
    [high] = await results(graph({"high": (above({"cat": 0.5}), [])}), output({"cat": 0.75}), failing)
    assert high.data == output({"cat": 0.75})


async def test_a_sampler_hands_the_image_on_to_a_model() -> None:
    async def predict(model: Model, given: Data) -> Data:
        return output({"cat": 1.0}) if given == IMAGE else Data()

    flow = graph({"some": (sample(1.0), []), "look": (CLASSIFIER, ["some"])})
    assert (await results(flow, IMAGE, predict))[1].data == output({"cat": 1.0})


async def test_a_dropped_input_reaches_no_model() -> None:
    flow = graph({"some": (sample(0.0), []), "look": (CLASSIFIER, ["some"])})
    some, look = await results(flow, IMAGE, failing)
    assert (some.status.code, look.status.code) == (SUCCESS, SUCCESS)
    assert look.data == Data()
    assert not passed([some, look])


async def test_a_failure_is_that_of_its_node_and_of_those_behind_it() -> None:
    nodes = {"look": (CLASSIFIER, []), "high": (above({"cat": 0.5}), ["look"]), "some": (sample(1.0), [])}
    look, high, some = await results(graph(nodes), IMAGE, failing)
    assert look.status.code == MODEL_PREDICTION_FAILED
    assert isinstance(look.error, PredictionFailed)
    assert high.status.code == WORKFLOW_INTERNAL_FAILURE
    assert "'look', which failed" in high.status.details
    assert some.status.code == SUCCESS
    assert passed([look, high, some])


async def test_a_model_that_finds_nothing_does_not_pass_but_a_filter_that_keeps_nothing_does() -> None:
    assert not passed(await results(graph({"look": (CLASSIFIER, [])}), IMAGE, answering(Data())))
    assert passed(await results(graph({"some": (sample(1.0), [])}), Data(), failing))


async def test_filters_see_the_metadata_of_the_input_and_the_caller() -> None:
    camera = model("metadata-filter", info(predicate={"field": "camera", "value": "left"}))
    caller = model("caller-filter", info(allow=["alice"]))
    flow = graph({"look": (CLASSIFIER, []), "camera": (camera, ["look"]), "caller": (caller, ["camera"])})
    found = answering(output({"cat": 1.0}))
    assert passed(await results(flow, asked({"camera": "left"}), found))
    assert not passed(await results(flow, asked({"camera": "right"}), found))


async def test_nodes_that_do_not_wait_for_each_other_run_at_once() -> None:
    both = asyncio.Barrier(2)

    async def predict(model: Model, given: Data) -> Data:
        await both.wait()
        return output({"cat": 1.0})

    flow = graph({"one": (CLASSIFIER, []), "other": (CLASSIFIER, [])})
    assert len(await asyncio.wait_for(results(flow, IMAGE, predict), 5)) == 2


async def test_a_node_with_several_sources_reads_what_all_of_them_left() -> None:
    flow = graph(
        {
            "cats": (above({"cat": 0.5}), []),
            "dogs": (above({"dog": 0.5}), []),
            "none": (above({"bird": 0.5}), []),
            "all": (sample(1.0), ["dogs", "cats", "none"]),
        }
    )
    *_, last = await results(flow, output({"cat": 0.75, "dog": 0.625, "fox": 0.5}), failing)
    assert [concept.id for concept in last.data.concepts] == ["cat", "dog"]


async def test_wrong_parameters_are_the_callers_fault() -> None:
    with pytest.raises(WorkflowInvalid, match=r"'some'.*keep_fraction"):
        await results(graph({"some": (sample(2.0), [])}), IMAGE, failing)


async def test_the_same_request_has_the_same_coins() -> None:
    flow = graph({"some": (sample(0.5), [])})
    fates = [[passed(await results(flow, IMAGE, failing, f"{n}")) for n in range(30)] for _ in range(2)]
    assert fates[0] == fates[1]
    assert set(fates[0]) == {True, False}


async def test_a_model_is_asked_once_for_all_inputs_and_one_that_fails_fails_alone() -> None:
    asked: list[int] = []

    async def predict(model: Model, data: Sequence[Data]) -> list[Data | ApiError]:
        asked.append(len(data))
        return [output({"cat": 1.0}) if one == IMAGE else PredictionFailed("no image") for one in data]

    flow = Flow.of(graph({"look": (CLASSIFIER, []), "high": (above({"cat": 0.5}), ["look"])}))
    given = [Given(data, f"{n}") for n, data in enumerate([IMAGE, Data(), IMAGE])]
    first, second, third = await run(flow, given, predict, lambda node: HashedDraw("s", node))
    assert asked == [3]
    assert [result.status.code for result in second] == [MODEL_PREDICTION_FAILED, WORKFLOW_INTERNAL_FAILURE]
    assert passed(first)
    assert passed(third)


async def test_what_is_cancelled_stops_everywhere() -> None:
    begun, ended = asyncio.Barrier(3), []

    async def predict(model: Model, given: Data) -> Data:
        try:
            await begun.wait()
            await asyncio.Event().wait()
        finally:
            ended.append(given)
        return given

    flow = graph({"one": (CLASSIFIER, []), "other": (CLASSIFIER, [])})
    running = asyncio.create_task(results(flow, IMAGE, predict))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended == [IMAGE, IMAGE]


async def test_merging_takes_media_from_the_first_and_unites_the_rest() -> None:
    one, other = output({"cat": 0.5}, [{"cat": 0.5}]), output({"cat": 0.75, "dog": 0.625}, [{"dog": 0.5}])
    one.image.url, other.image.url, other.text.raw = "http://one", "http://other", "text"
    other.embeddings.add(vector=[1.0])
    before = one.SerializeToString(), other.SerializeToString()
    merged = merge([one, other, other])
    assert merged.image.url == "http://one"
    assert merged.text.raw == "text"
    assert [(c.id, c.value) for c in merged.concepts] == [("cat", 0.75), ("dog", 0.625)]
    assert [[c.id for c in region.data.concepts] for region in merged.regions] == [["cat", "dog"]]
    assert len(merged.embeddings) == 1
    assert (one.SerializeToString(), other.SerializeToString()) == before


def test_what_two_nodes_say_of_a_region_is_merged_whole() -> None:
    crop, embedding = Data(), Data()
    crop.regions.add(id="r").data.image.base64 = b"crop"
    embedding.regions.add(id="r").data.embeddings.add(vector=[1, 0])
    [region] = merge([crop, embedding]).regions
    assert region.data.image.base64 == b"crop"
    assert list(region.data.embeddings[0].vector) == [1, 0]
    assert not crop.regions[0].data.embeddings
