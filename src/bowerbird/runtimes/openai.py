"""Chat, vision and embedding models behind an OpenAI-compatible address: vLLM, Ollama, llama.cpp, OpenAI."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from urllib.parse import quote

import numpy as np
from clarifai_grpc.grpc.api.resources_pb2 import Data
from pydantic import Field, model_validator

from bowerbird.errors import ApiError, ModelInvalid, PredictionFailed
from bowerbird.runtimes.chat import Spoken, find_label, image_url, label_schema, messages, spoken
from bowerbird.runtimes.fields import Fields, Free, read_fields
from bowerbird.runtimes.inputs import text_of
from bowerbird.runtimes.logprobs import label_values
from bowerbird.runtimes.outputs import Labels, Output, Pairs, label_pairs, make_decoder
from bowerbird.runtimes.places import Place, remote_at
from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.remote import Remote
from bowerbird.runtimes.spec import Environment, ModelSpec, Results
from bowerbird.settings import Settings

MOST_LABELS = 500  # they are told to the model with every input
TOP_LOGPROBS = 20  # as many as servers give
LONGEST_LIST = 20  # models of the server that an error names
_OURS = frozenset(
    {"model", "messages", "stream", "n", "input", "response_format", "logprobs", "top_logprobs"}
)
_ONLY = "Answer with the label alone."
_PROMPTS = {
    ("text", "text"): "{text}",
    ("image", "text"): "Describe this image.",
    ("text", "concepts"): f"Which label fits the text best? {{labels}}\n{_ONLY}\n\nThe text:\n{{text}}",
    ("image", "concepts"): f"Which label fits the image best? {{labels}}\n{_ONLY}",
    ("text", "embedding"): "{text}",
}
Json = Mapping[str, Any]  # Any: the answer of another server, checked where it is used


class ChatInput(Fields):
    """A text, or an image with the text that may come with it."""

    kind: Literal["text", "image"] = "text"
    longest_side: Annotated[int, Field(ge=16, le=4096)] = 1024  # of the image as it is sent, in pixels


class ChatOutput(Fields):
    """What is made of the answer."""

    kind: Literal["text", "concepts", "embedding"] = "text"
    dimensions: Annotated[int, Field(ge=1, le=65_536)] | None = (
        None  # of an embedding, for models that have a choice
    )


class Config(Place):
    """The parameters of a version behind an OpenAI-compatible address, which ends in /v1 as a rule."""

    input: ChatInput = Field(default_factory=ChatInput)
    output: ChatOutput = Field(default_factory=ChatOutput)
    labels: Annotated[Labels, Field(max_length=MOST_LABELS)] = ()
    timeout_ms: int = Field(60_000, ge=1, le=300_000)
    max_batch: int = Field(16, ge=1, le=256)  # texts that are embedded by one call
    system: str = Field("", max_length=64 * 1024)
    prompt: str = Field("", max_length=64 * 1024)
    max_tokens: int | None = Field(256, ge=1, le=1_000_000)
    temperature: float | None = Field(0.0, ge=0, le=2)
    structured: bool = True  # ask for an answer that follows a schema
    logprobs: bool = True  # ask how sure the model was
    extra: Free = Field({}, max_length=32)  # further parameters, as they are

    @model_validator(mode="after")
    def _check(self) -> "Config":
        if (self.input.kind, self.output.kind) not in _PROMPTS:
            raise ValueError("output.kind embedding: it takes texts only")
        if self.extra.keys() & _OURS:
            raise ValueError(f"extra: {', '.join(sorted(self.extra.keys() & _OURS))} cannot be set there")
        return self


@runtime("openai")
def load(spec: ModelSpec, environment: Environment) -> "ChatModel | EmbeddingModel":
    """A version whose config says which server runs it; the server is asked whether it has the model."""
    config = read_fields(Config, spec.config)
    pairs = tuple(spec.concepts) or label_pairs(config.labels)
    if config.output.kind == "concepts" and not 2 <= len(pairs) <= MOST_LABELS:
        raise ModelInvalid(f"labels: {len(pairs)} given; expected 2 to {MOST_LABELS}")
    remote = remote_at(config, spec, environment)
    try:
        _check_model(config, remote)
    except BaseException:
        remote.close()
        raise
    if config.output.kind == "embedding":
        return EmbeddingModel(config, remote, environment.settings)
    return ChatModel(config, remote, environment.settings, pairs)


def _check_model(config: Config, remote: Remote) -> None:
    """Raises ModelInvalid when the server says that it has others only; not every server says."""
    try:
        told = remote.call("GET", "/models")
    except PredictionFailed:
        return
    listed = told.get("data")
    found = (
        [str(one.get("id")) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    )
    if not found or any(config.model_name in (name, name.partition(":")[0]) for name in found):
        return
    try:  # gateways do not list all that they lead to
        remote.call("GET", f"/models/{quote(config.model_name, safe='')}")
    except PredictionFailed as error:
        names = ", ".join(found[:LONGEST_LIST])
        raise ModelInvalid(f"model_name: the server has no {config.model_name!r}; it has {names}") from error


@dataclass(slots=True)
class ChatModel:
    """A model that answers messages."""

    config: Config
    remote: Remote
    settings: Settings
    pairs: Pairs  # labels, when it is a classifier
    max_batch: int = 1
    refused: frozenset[str] = field(default=frozenset())  # parameters that the server does not know

    @property
    def parallel(self) -> int:
        return self.config.parallel

    def close(self) -> None:
        self.remote.close()

    def predict(self, inputs: Sequence[Data]) -> Results:
        return [_attempt(self._one, data) for data in inputs]

    def _one(self, data: Data) -> Data:
        request = self._request(data)
        if self.config.output.kind == "text":
            answer = Data()
            answer.text.raw = spoken(self._post(request)).text
            return answer
        return self._concepts(spoken(self._asked_for_label(request)))

    def _request(self, data: Data) -> dict[str, object]:
        config = self.config
        prompt = config.prompt or _PROMPTS[config.input.kind, config.output.kind]
        prompt = prompt.replace("{labels}", ", ".join(name for _, name in self.pairs))
        is_image = config.input.kind == "image"
        url = image_url(data, config.input.longest_side, self.settings) if is_image else ""
        text = text_of(data, self.settings) if data.HasField("text") or not is_image else ""
        request: dict[str, object] = {
            "model": config.model_name,
            "messages": messages(config.system, prompt, text, url),
            "max_tokens": config.max_tokens,
            "temperature": config.temperature,
            **config.extra,
        }
        return {name: value for name, value in request.items() if value is not None}

    def _asked_for_label(self, request: dict[str, object]) -> Json:
        """The answer, with as much of a schema and of log-probabilities as the server knows.

        What it refuses once is not asked for again, if it then answers.
        """
        wishes: dict[str, dict[str, object]] = {}
        if self.config.logprobs:
            wishes["logprobs"] = {"logprobs": True, "top_logprobs": TOP_LOGPROBS}
        if self.config.structured:
            wishes["response_format"] = {"response_format": label_schema([name for _, name in self.pairs])}
        refused = self.refused
        while True:
            open_wishes = [name for name in wishes if name not in refused]
            try:
                answer = self._post(request | {k: v for n in open_wishes for k, v in wishes[n].items()})
            except PredictionFailed:
                if not open_wishes:
                    raise
                refused |= {open_wishes[0]}
                continue
            self.refused = refused
            return answer

    def _concepts(self, answer: Spoken) -> Data:
        place = find_label(answer.text, self.pairs)
        names = [name for _, name in self.pairs]
        values = label_values(answer.tokens, place.start, names, place.label) if place.start >= 0 else None
        values = values or [float(n == place.label) for n in range(len(names))]
        return make_decoder(Output(name="label"), self.pairs)(np.array(values))

    def _post(self, request: Mapping[str, object]) -> Json:
        return self.remote.call("POST", "/chat/completions", request)


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """A model that turns texts into vectors."""

    config: Config
    remote: Remote
    settings: Settings

    @property
    def max_batch(self) -> int:
        return self.config.max_batch

    @property
    def parallel(self) -> int:
        return self.config.parallel

    def close(self) -> None:
        self.remote.close()

    def predict(self, inputs: Sequence[Data]) -> Results:
        texts = [_attempt(self._prompted, data) for data in inputs]
        vectors = iter(self._embedded([text for text in texts if isinstance(text, str)]))
        return [text if isinstance(text, ApiError) else next(vectors) for text in texts]

    def _prompted(self, data: Data) -> str:
        return (self.config.prompt or "{text}").replace("{text}", text_of(data, self.settings))

    def _embedded(self, texts: list[str]) -> Results:
        """A vector of each; a batch that the server refuses is sent again one by one."""
        try:
            return self._vectors(texts) if texts else []
        except PredictionFailed as error:
            if len(texts) == 1:
                return [error]
        except ApiError as error:
            return [error] * len(texts)
        return [result for text in texts for result in self._embedded([text])]

    def _vectors(self, texts: list[str]) -> Results:
        request = {"model": self.config.model_name, "input": texts, "encoding_format": "float"}
        size = {"dimensions": self.config.output.dimensions} if self.config.output.dimensions else {}
        answer: Json = self.remote.call("POST", "/embeddings", {**request, **size, **self.config.extra})
        decode = make_decoder(Output(name="embedding", kind="embedding"), ())
        try:
            rows = {one["index"]: np.array(one["embedding"], np.float64) for one in answer["data"]}
            return [decode(rows[n]) for n in range(len(texts))]
        except (KeyError, TypeError, ValueError) as error:
            raise PredictionFailed("the answer does not hold a vector of numbers for each text") from error


def _attempt(work: Callable[[Data], Any], data: Data) -> Any:  # what the work answers, or its error
    try:
        return work(data)
    except ApiError as error:
        return error
