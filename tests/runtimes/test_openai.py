"""Models behind an OpenAI-compatible address: texts, labels and how sure they are, vectors, and secrets."""

import base64
import io
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data
from json_server import Asked, JsonServer, Reply, serving
from model_zoo import encoded, environment, image_data, photo, spec, text_data, values_by_id
from PIL import Image

from bowerbird.errors import (
    ApiError,
    InputInvalid,
    InputUnsupported,
    ModelInvalid,
    PredictionFailed,
    Unreachable,
)
from bowerbird.runtimes import registry
from bowerbird.runtimes.openai import ChatModel
from bowerbird.runtimes.patience import Patience
from bowerbird.runtimes.secrets import write_secret
from bowerbird.runtimes.spec import Runtime
from bowerbird.settings import Settings

SECRET = "sk-hunter2hunter2"
PETS = ["cat", "dog", "wild cat"]


def chat(text: Any, *, logprobs: Any = None, **message: Any) -> Reply:
    choice = {"message": {"role": "assistant", "content": text, **message}, "finish_reason": "stop"}
    return 200, {"choices": [choice | ({"logprobs": logprobs} if logprobs else {})]}


def echo(asked: Asked) -> Reply:
    """Models, then answers that are the prompt in capitals, then vectors of a text's length."""
    if asked.verb == "GET":
        return 200, {"data": [{"id": "parrot:latest"}, {"id": "crow"}]}
    if asked.path == "/v1/embeddings":
        rows = [{"index": n, "embedding": [len(text), 1]} for n, text in enumerate(asked.body["input"])]
        return 200, {"data": rows[::-1]}
    return chat(asked.body["messages"][-1]["content"].upper())


def after_models(reply: Callable[[Asked], Reply]) -> Callable[[Asked], Reply]:
    return lambda asked: echo(asked) if asked.verb == "GET" else reply(asked)


@pytest.fixture
def server() -> Iterator[JsonServer]:
    with serving(echo) as made:
        yield made


Load = Callable[..., Runtime]


@pytest.fixture
def load(server: JsonServer, tmp_path: Path) -> Iterator[Load]:
    loaded: list[Runtime] = []
    where = replace(environment(), settings=Settings(data=tmp_path))

    def load_one(*, trusted: bool = False, **fields: Any) -> Runtime:
        config = {"url": server.url, "model_name": "parrot", "retries": 0} | fields
        loaded.append(registry.load_bare(spec(runtime="openai", config=config, trusted=trusted), where))
        return loaded[-1]

    yield load_one
    for runtime in loaded:
        runtime.close()


def classifier(**fields: Any) -> dict[str, Any]:
    return {"output": {"kind": "concepts"}, "labels": PETS} | fields


def test_a_text_goes_into_the_prompt_and_a_text_comes_back(server: JsonServer, load: Load) -> None:
    runtime = load(prompt="Say {text}!", system="You are a bird.", max_tokens=7, extra={"seed": 1.0})
    assert runtime.predict([text_data("hush")]) == [text_data("SAY HUSH!")]
    assert server.bodies == [
        {
            "model": "parrot",
            "messages": [
                {"role": "system", "content": "You are a bird."},
                {"role": "user", "content": "Say hush!"},
            ],
            "max_tokens": 7,
            "temperature": 0.0,
            "seed": 1,
        }
    ]


def test_what_is_null_is_not_sent(server: JsonServer, load: Load) -> None:
    load(max_tokens=None, temperature=None).predict([text_data("x")])
    assert server.bodies[0].keys() == {"model", "messages"}


def test_images_are_made_small_upright_and_anonymous(server: JsonServer, load: Load) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "a camera", 6  # maker; turned by a quarter
    content = encoded(photo(80, 40), "JPEG", exif=exif)
    server.reply = after_models(lambda _: chat("a bird"))
    runtime = load(input={"kind": "image", "longest_side": 32})
    good, bad, none = runtime.predict([image_data(content), image_data(b"garbage"), text_data("x")])
    assert good == text_data("a bird")
    assert (type(bad), type(none)) == (InputUnsupported, InputInvalid)
    [body] = server.bodies
    text, image = body["messages"][0]["content"]
    assert text == {"type": "text", "text": "Describe this image."}
    head, _, coded = image["image_url"]["url"].partition(",")
    sent = Image.open(io.BytesIO(base64.b64decode(coded)))
    assert (head, sent.size, dict(sent.getexif())) == ("data:image/jpeg;base64", (16, 32), {})


def test_labels_are_asked_for_by_schema(server: JsonServer, load: Load) -> None:
    server.reply = after_models(lambda _: chat('{"label": "dog"}'))
    [answer] = load(**classifier()).predict([text_data("woof")])
    assert values_by_id(answer) == {"dog": 1.0, "cat": 0.0, "wild cat": 0.0}
    [body] = server.bodies
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["label"]["enum"] == PETS
    assert (body["logprobs"], body["top_logprobs"]) == (True, 20)
    assert "cat, dog, wild cat" in body["messages"][0]["content"]


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("dog", "dog"),
        (" Dog.\n", "dog"),
        ('```json\n{"label": "wild cat"}\n```', "wild cat"),
        ("It is a dog, I think", "dog"),
        ("A WILD CAT!", "wild cat"),
        ([{"type": "text", "text": "dog"}], "dog"),
    ],
)
def test_a_label_is_found_in_an_answer_without_schema(
    server: JsonServer, load: Load, said: Any, label: str
) -> None:
    server.reply = after_models(lambda _: chat(said))
    [answer] = load(**classifier(structured=False)).predict([text_data("x")])
    assert isinstance(answer, Data), answer
    assert answer.concepts[0].id == label
    assert "response_format" not in server.bodies[0]


@pytest.mark.parametrize("said", ["a cat or a dog", "a bird", "", '{"label": "bird"}', "hotdogs"])
def test_an_answer_without_one_label_is_an_error_of_the_input(
    server: JsonServer, load: Load, said: str
) -> None:
    server.reply = after_models(lambda _: chat(said))
    [answer] = load(**classifier()).predict([text_data("x")])
    assert isinstance(answer, PredictionFailed)
    assert "of the labels" in answer.details


def test_what_a_server_does_not_know_is_left_out_from_then_on(server: JsonServer, load: Load) -> None:
    def simple(asked: Asked) -> Reply:
        if "response_format" in asked.body:
            return 400, {"error": {"message": "response_format is not supported"}}
        return chat("dog")

    server.reply = after_models(simple)
    runtime = load(**classifier())
    for _ in range(2):
        [answer] = runtime.predict([text_data("x")])
        assert isinstance(answer, Data)
    assert ["response_format" in body for body in server.bodies] == [True, True, False, False]


def test_an_input_that_is_refused_in_every_way_changes_nothing(server: JsonServer, load: Load) -> None:
    server.reply = after_models(lambda _: (400, {"error": {"message": "too long"}}))
    runtime = load(**classifier())
    [answer] = runtime.predict([text_data("x")])
    assert isinstance(answer, PredictionFailed)
    assert "too long" in answer.details
    assert isinstance(runtime, ChatModel)
    assert runtime.refused == frozenset()


def token(text: str, p: float, **others: float) -> dict[str, Any]:
    listed = [{"token": name, "logprob": math.log(q)} for name, q in {text: p, **others}.items()]
    return {"token": text, "logprob": math.log(p), "top_logprobs": listed}


def test_probabilities_of_tokens_become_those_of_labels(server: JsonServer, load: Load) -> None:
    spelled = [
        token('{"label":', 1),
        token(' "d', 0.5, **{' "cat"': 0.2, ' "w': 0.1, ' "x': 0.1, "c": 0.1}),
        token('og"}', 0.8, **{"odo": 0.2}),
    ]
    server.reply = after_models(lambda _: chat('{"label": "dog"}', logprobs={"content": spelled}))
    [answer] = load(**classifier()).predict([text_data("x")])
    assert values_by_id(answer) == pytest.approx({"dog": 0.4 / 0.7, "cat": 0.2 / 0.7, "wild cat": 0.1 / 0.7})


def test_a_token_that_begins_several_labels_is_shared_among_them(server: JsonServer, load: Load) -> None:
    spelled = [token("dog", 0.4, ca=0.6)]
    server.reply = after_models(lambda _: chat("dog", logprobs={"content": spelled}))
    [answer] = load(**classifier(labels=["cat", "cattle", "dog"])).predict([text_data("x")])
    assert values_by_id(answer) == pytest.approx({"dog": 0.4, "cat": 0.3, "cattle": 0.3})


@pytest.mark.parametrize(
    "logprobs",
    [
        {"content": None},
        {"content": [{"token": 1}]},
        {"content": [token("cow", 1)]},
        [],
        {"content": [{}, 3]},
    ],
)
def test_probabilities_that_make_no_sense_leave_the_claim(
    server: JsonServer, load: Load, logprobs: Any
) -> None:
    server.reply = after_models(lambda _: chat("dog", logprobs=logprobs))
    [answer] = load(**classifier()).predict([text_data("x")])
    assert values_by_id(answer)["dog"] == 1.0


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ((200, {}), PredictionFailed),
        ((200, {"choices": []}), PredictionFailed),
        ((200, {"choices": [{"message": 3}]}), PredictionFailed),
        (chat(None), PredictionFailed),
        (chat(None, refusal="I will not"), PredictionFailed),
        ((401, {"error": {"message": "bad key"}}), Unreachable),
        ((500, {}), Unreachable),
        ((200, []), Unreachable),
    ],
)
def test_an_answer_that_is_not_right_is_an_error(
    server: JsonServer, load: Load, reply: Reply, error: type[ApiError]
) -> None:
    server.reply = after_models(lambda _: reply)
    assert [type(one) for one in load().predict([text_data("x")])] == [error]


def test_a_server_that_has_too_much_to_do_is_asked_when_it_says(server: JsonServer, load: Load) -> None:
    answers: Iterator[Reply] = iter([(429, {}, {"retry-after": "3"}), chat("dog")])
    server.reply = after_models(lambda _: next(answers))
    runtime = load(retries=1)
    assert isinstance(runtime, ChatModel)
    pauses: list[float] = []
    runtime.remote._patience = Patience(60, 1, sleep=pauses.append)
    assert runtime.predict([text_data("x")]) == [text_data("dog")]
    assert pauses == [3.0]


def test_texts_become_vectors_in_one_call(server: JsonServer, load: Load) -> None:
    runtime = load(output={"kind": "embedding", "dimensions": 2})
    first, bad, second = runtime.predict([text_data("abc"), image_data(b"x"), text_data("a")])
    assert isinstance(bad, InputInvalid)
    vectors = [list(one.embeddings[0].vector) for one in (first, second) if isinstance(one, Data)]
    assert vectors == [[3, 1], [1, 1]]
    [body] = server.bodies
    assert (body["input"], body["dimensions"]) == (["abc", "a"], 2)


def test_a_text_that_cannot_be_embedded_fails_alone(server: JsonServer, load: Load) -> None:
    def choosy(asked: Asked) -> Reply:
        return (400, {"error": "too long"}) if "long" in asked.body["input"] else echo(asked)

    server.reply = after_models(choosy)
    good, bad = load(output={"kind": "embedding"}).predict([text_data("a"), text_data("long")])
    assert isinstance(good, Data)
    assert isinstance(bad, PredictionFailed)


@pytest.mark.parametrize("rows", [[], [{"index": 0}], [{"index": 0, "embedding": ["x"]}], 3])
def test_vectors_that_are_none_are_an_error(server: JsonServer, load: Load, rows: Any) -> None:
    server.reply = after_models(lambda _: (200, {"data": rows}))
    [answer] = load(output={"kind": "embedding"}).predict([text_data("a")])
    assert isinstance(answer, PredictionFailed)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"model_name": "owl"}, "model_name: the server has no 'owl'; it has parrot:latest, crow"),
        (classifier(labels=["cat"]), "labels"),
        ({"input": {"kind": "image"}, "output": {"kind": "embedding"}}, "it: Value error, output.kind"),
        ({"extra": {"messages": []}}, "it: Value error, extra: messages"),
        ({"temperature": 3}, "temperature"),
        ({"url": "grpc://127.0.0.1:1"}, "url"),
        ({"secret_header": "Host"}, "secret_header"),
        ({"colour": 1}, "colour"),
    ],
)
def test_a_config_that_does_not_fit_is_refused_by_field(
    server: JsonServer, load: Load, fields: dict[str, Any], complaint: str
) -> None:
    server.reply = lambda asked: (404, {}) if asked.path.endswith("/owl") else echo(asked)
    with pytest.raises(ModelInvalid) as caught:
        load(**fields)
    assert caught.value.details.startswith(complaint)


def test_a_server_that_lists_no_models_is_taken_at_its_word(server: JsonServer, load: Load) -> None:
    server.reply = lambda asked: (404, {}) if asked.verb == "GET" else chat("hi")
    assert load(model_name="owl").predict([text_data("x")]) == [text_data("hi")]


def test_a_secret_of_the_host_is_sent_and_a_new_one_counts_at_once(
    server: JsonServer, load: Load, tmp_path: Path
) -> None:
    folder = Settings(data=tmp_path).secrets_folder
    write_secret(folder, "birds", SECRET)
    runtime = load(trusted=True, secret="birds")
    write_secret(folder, "birds", "other-secret")
    runtime.predict([text_data("x")])
    sent = [asked.headers["authorization"] for asked in server.asked]
    assert sent == [f"Bearer {SECRET}", "Bearer other-secret"]
    assert SECRET not in repr(runtime)


def test_a_secret_may_have_a_header_of_its_own(server: JsonServer, load: Load, tmp_path: Path) -> None:
    write_secret(Settings(data=tmp_path).secrets_folder, "birds", SECRET)
    load(trusted=True, secret="birds", secret_header="api-key")
    assert server.asked[0].headers["api-key"] == SECRET
    assert "authorization" not in server.asked[0].headers


def test_who_is_no_admin_may_not_have_a_secret_sent_to_a_server_of_their_choice(
    server: JsonServer, load: Load, tmp_path: Path
) -> None:
    write_secret(Settings(data=tmp_path).secrets_folder, "birds", SECRET)
    with pytest.raises(ModelInvalid) as caught:
        load(secret="birds")
    assert caught.value.details.startswith("secret: only an admin")
    assert server.asked == []


@pytest.mark.parametrize("name", [SECRET, "birds", "../bowerbird.db"])
def test_a_secret_that_is_not_there_is_refused_without_repeating_it(load: Load, name: str) -> None:
    with pytest.raises(ModelInvalid) as caught:
        load(trusted=True, secret=name)
    assert caught.value.details.startswith("secret")
    assert name not in caught.value.details


def test_a_server_that_repeats_the_secret_does_not_reveal_it(
    server: JsonServer, load: Load, tmp_path: Path
) -> None:
    write_secret(Settings(data=tmp_path).secrets_folder, "birds", SECRET)
    server.reply = after_models(lambda asked: (400, {"error": {"message": str(asked.headers)}}))
    [answer] = load(trusted=True, secret="birds").predict([text_data("x")])
    assert isinstance(answer, PredictionFailed)
    assert SECRET not in answer.details
    assert "(hidden)" in answer.details


def test_secrets_are_files_that_only_their_owner_can_read(tmp_path: Path) -> None:
    write_secret(tmp_path / "secrets", "birds", SECRET)
    assert (tmp_path / "secrets" / "birds").stat().st_mode & 0o777 == 0o600
    for name, value in (("../x", SECRET), ("x", "two\nlines"), ("x", "")):
        with pytest.raises(ModelInvalid):
            write_secret(tmp_path / "secrets", name, value)


def test_values_are_numbers_between_0_and_1_whatever_the_tokens_say() -> None:
    from bowerbird.runtimes.logprobs import label_values

    infinite = {"token": "dog", "logprob": -math.inf, "top_logprobs": [{"token": "cat", "logprob": 0.0}]}
    assert label_values([infinite], 0, PETS, 1) == [1.0, 0.0, 0.0]
    assert label_values([{"token": "dog", "logprob": -math.inf}], 0, PETS, 1) is None
    assert label_values([{"token": "dog", "logprob": math.nan}], 0, PETS, 1) is None
    values = label_values([{"token": "dog", "logprob": 5.0}], 0, PETS, 1)
    assert values is not None
    assert np.isfinite(values).all()
