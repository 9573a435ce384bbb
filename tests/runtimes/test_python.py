"""Python models: plain values in and out, and a process of their own that nothing else depends on."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data
from model_zoo import environment, image_data, spec, text_data, values_by_id

from bowerbird.errors import DeadlineExceeded, InputInvalid, ModelInvalid, PredictionFailed, Unreachable
from bowerbird.runtimes import registry
from bowerbird.runtimes.python import PythonModel
from bowerbird.runtimes.python_values import data_of, value_of

HERE = str(Path(__file__).parent)
Load = Callable[..., PythonModel]


@pytest.fixture
def load() -> Iterator[Load]:
    loaded: list[PythonModel] = []

    def load_one(name: str = "Echo", *, trusted: bool = True, **fields: Any) -> PythonModel:
        config = {"python": f"python_models:{name}", "path": HERE, "input": {"kind": "text"}}
        config |= {"output": {"kind": "text"}} | fields
        made = registry.load_bare(spec(runtime="python", config=config, trusted=trusted), environment())
        assert isinstance(made, PythonModel)
        loaded.append(made)
        return made

    yield load_one
    for runtime in loaded:
        runtime.close()


def texts(*words: str) -> list[Data]:
    return [text_data(word) for word in words]


def told(results: Sequence[object]) -> list[object]:
    return [result.text.raw if isinstance(result, Data) else type(result) for result in results]


def test_a_class_predicts_and_what_it_raises_is_the_result_of_its_input(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOWERBIRD_DATABASE_URL", "postgresql://secret")
    model = load(config={"a": [1.0], "b": 0.5})
    assert told(model.predict(texts("a", "config", "secrets"))) == ["A", "{'a': [1], 'b': 0.5}", "[]"]
    good, raised, returned, wrong, picture = model.predict(
        [*texts("a", "raise", "error", "number"), image_data(b"x")]
    )
    assert good == text_data("A")
    assert isinstance(raised, PredictionFailed)
    assert raised.details == "ValueError: on purpose"
    assert isinstance(returned, PredictionFailed)
    assert returned.details == "LookupError: only this one"
    assert isinstance(wrong, PredictionFailed)
    assert isinstance(picture, InputInvalid)
    assert told(model.predict(texts("forget"))) == [PredictionFailed]


def test_a_process_that_ends_takes_only_the_input_at_fault_with_it(load: Load) -> None:
    model, other = load(), load()
    [before], [neighbour] = model.predict(texts("pid")), other.predict(texts("pid"))
    answers = model.predict(texts("a", "die", "pid"))
    assert told(answers[:2]) == ["A", PredictionFailed]
    assert isinstance(answers[1], PredictionFailed)
    assert answers[1].details == "the model's process ended (exit code 3)"
    assert len({str(before), str(answers[2]), str(neighbour)}) == 3
    assert other.predict(texts("pid")) == [neighbour]


def test_a_process_that_keeps_ending_is_left_alone_for_a_while(load: Load) -> None:
    model = load(failures_to_open=1, rest_ms=600_000)
    assert [told(model.predict(texts("die"))) for _ in range(2)] == [[PredictionFailed], [Unreachable]]


def test_a_process_that_was_ended_while_it_had_nothing_to_do_costs_no_input(load: Load) -> None:
    model = load()
    [answer] = model.predict(texts("pid"))
    assert isinstance(answer, Data)
    pid = int(answer.text.raw)
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert told(model.predict(texts("a"))) == ["A"]


def test_a_model_that_hangs_is_ended_and_started_again(load: Load) -> None:
    model = load(timeout_ms=300)
    [before] = model.predict(texts("pid"))
    assert told(model.predict(texts("hang"))) == [DeadlineExceeded]
    assert isinstance(before, Data)
    with pytest.raises(ProcessLookupError):
        os.kill(int(before.text.raw), 0)
    model.config = model.config.model_copy(update={"timeout_ms": 30_000})
    assert told(model.predict(texts("a"))) == ["A"]


def test_a_model_gets_no_more_memory_than_it_may_have(load: Load) -> None:
    [answer] = load(memory_mb=1024).predict(texts("hoard"))
    assert isinstance(answer, PredictionFailed)
    assert answer.details.startswith("MemoryError")


def test_a_model_that_is_closed_leaves_no_process(load: Load) -> None:
    model = load()
    [answer] = model.predict(texts("pid"))
    model.close()
    assert isinstance(answer, Data)
    with pytest.raises(ProcessLookupError):
        os.kill(int(answer.text.raw), 0)


def test_concepts_come_from_async_classes_too(load: Load) -> None:
    [answer] = load("Async", output={"kind": "concepts"}).predict(texts("cat"))
    assert values_by_id(answer) == {"big-dog": 0.75, "cat": 0.25}
    labels = [{"id": "d", "name": "big dog"}, "cat", "owl"]
    known, unknown = load("Async", output={"kind": "concepts"}, labels=labels).predict(texts("cat", "cow"))
    assert values_by_id(known) == {"d": 0.75, "cat": 0.25, "owl": 0.0}
    assert isinstance(unknown, PredictionFailed)


def test_media_go_in_as_bytes_and_regions_come_out(load: Load) -> None:
    model = load("Boxes", input={"kind": "image"}, output={"kind": "regions"})
    [answer] = model.predict([image_data(b"12345")])
    assert isinstance(answer, Data)
    [region] = answer.regions
    box = region.region_info.bounding_box
    assert (box.left_col, box.top_row) == pytest.approx((0.1, 0.2))
    assert (region.data.concepts[0].id, region.value) == ("cat", 0.5)


@pytest.mark.parametrize(
    ("name", "fields", "complaint"),
    [
        ("Broken", {}, "class: RuntimeError: no weights"),
        ("Echo", {"python": "no.such.module:Echo"}, "class: ModuleNotFoundError"),
        ("Echo", {"python": "os.system"}, "python"),
        ("Echo", {"path": "/no/such/folder"}, "path"),
        ("Echo", {"path": "tests"}, "path"),
        ("Stillborn", {}, "python: the model's process ended (exit code 4) while it was loaded"),
    ],
)
def test_a_class_that_cannot_be_made_is_refused_with_its_reason(
    load: Load, name: str, fields: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ModelInvalid) as caught:
        load(name, **fields)
    assert caught.value.details.startswith(complaint)


def test_a_class_that_takes_too_long_to_make_is_not_waited_for(load: Load) -> None:
    with pytest.raises(DeadlineExceeded):
        load("Slow", load_timeout_ms=300)


def test_nobody_but_the_host_has_classes_run(load: Load) -> None:
    with pytest.raises(ModelInvalid):
        load(trusted=False)
    assert "python" not in registry.names()


def test_embeddings_go_in_and_out(load: Load) -> None:
    [answer] = load("Length", output={"kind": "embedding"}).predict(texts("abc"))
    assert isinstance(answer, Data)
    assert list(answer.embeddings[0].vector) == [3, 1.5]
    assert value_of(answer, "embedding") == [3.0, 1.5]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (None, "text"),
        (["cat"], "concepts"),
        ({"cat": "high"}, "concepts"),
        ({"cat": float("nan")}, "concepts"),
        ({"owl": 1.0}, "concepts"),
        (["a", "b"], "embedding"),
        (3, "regions"),
        ("abc", "regions"),
        ([{}], "regions"),
        ([{"box": [0, 0, 1]}], "regions"),
        ([{"box": [0, 0, 1, 2]}], "regions"),
        ([{"box": 1}], "regions"),
        ([{"box": [0, 0, 1, 1], "concepts": {"owl": 1}}], "regions"),
        ([{"box": [0, 0, 1, 1], "size": 1}], "regions"),
    ],
)
def test_answers_of_another_shape_are_refused(answer: object, kind: str) -> None:
    with pytest.raises(PredictionFailed):
        data_of(answer, kind, (("cat", "cat"),))
