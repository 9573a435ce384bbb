"""Where a model version comes from: an uploaded file that is tried once, or another server that is asked."""

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from clarifai_grpc.grpc.api.resources_pb2 import Concept, Model, ModelType, ModelVersion
from pydantic import TypeAdapter, ValidationError

from bowerbird.addresses import Policy
from bowerbird.api.ids import LONGEST
from bowerbird.api.model_fields import address_of
from bowerbird.api.rpc import Call
from bowerbird.errors import ApiError, InputDownloadFailed, Invalid, ModelInvalid, NotFound, Unreachable
from bowerbird.fetch import fetch
from bowerbird.runtimes import registry
from bowerbird.runtimes.onnx import ArtifactInfo, validate_artifact
from bowerbird.runtimes.outputs import Labels, label_pairs
from bowerbird.runtimes.spec import Environment, ModelSpec
from bowerbird.settings import Settings
from bowerbird.workflows.plain import plain_struct

ONNX = "onnx"
_DATA_URL = re.compile(r"data:application/(?:zip|x-zip-compressed|octet-stream);base64,", re.IGNORECASE)
_LABELS: TypeAdapter[Labels] = TypeAdapter(Labels)
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9_-]+")
Pairs = tuple[tuple[str, str], ...]  # (id, name)


@dataclass(frozen=True, slots=True)
class Source:
    """What serves a version, ready to be stored."""

    version: ModelVersion
    artifact: str  # key of the uploaded file in the blob store, "" for none
    trusted: bool


def runtime_of(version: ModelVersion) -> str:
    """The name of the runtime that serves a version; empty: none does."""
    named = version.import_info.params.fields["runtime"].string_value if _is_named(version) else ""
    return named or (ONNX if version.pretrained_model_config.model_zip_url else "")


def _is_named(version: ModelVersion) -> bool:
    return "runtime" in version.import_info.params.fields


async def sourced(call: Call, field: str, model: Model, kind: ModelType, version: ModelVersion) -> Source:
    """The version with its file stored and its labels as concepts, after it has run once.

    Raises ModelInvalid that names what is wrong, Unreachable when another server did not answer.
    """
    made = ModelVersion()
    made.CopyFrom(version)
    runtime = runtime_of(version)
    if registry.is_host_only(runtime) and not call.actor.is_host:
        raise ModelInvalid(
            f"{field}.import_info.params.runtime: {runtime!r} runs code of the host, and is added there: "
            f"bowerbird models add ID --app APP --{runtime} …"
        )
    made.import_info.params.fields["runtime"].string_value = runtime
    url = made.pretrained_model_config.model_zip_url
    try:
        content = await _download(call.services.settings, url) if url else b""
        concepts = _given_concepts(version)
        if runtime == ONNX:
            found = await asyncio.to_thread(validate_artifact, content, call.services.settings, concepts)
            _check_fits(found, kind)
            concepts = concepts or ids_of(found.labels)
        else:
            concepts = concepts or ids_of(_labels(plain_struct(version.import_info.params)))
            await asyncio.to_thread(_load, call, _spec(call, model, made, content, concepts), content)
    except Invalid as error:
        raise ModelInvalid(f"{field}: {error.details or error.text()}") from error
    if url:
        made.pretrained_model_config.model_zip_url = address_of(url)
    if not version.output_info.data.concepts:
        made.output_info.data.concepts.extend(Concept(id=id, name=name, value=1) for id, name in concepts)
    artifact = await call.services.blobs.put_async(content) if content else ""
    return Source(made, artifact, call.is_admin)


async def _download(settings: Settings, url: str) -> bytes:
    if match := _DATA_URL.match(url):
        return await asyncio.to_thread(_decoded, url[match.end() :])
    policy = Policy.of_this_machine(settings.fetch_allow)
    try:
        answer = await fetch(
            url, max_bytes=settings.max_model_bytes, timeout_s=settings.call_timeout_s / 2, policy=policy
        )
    except InputDownloadFailed as error:
        raise Unreachable(f"pretrained_model_config.model_zip_url: {error.details}") from error
    except Invalid as error:
        raise ModelInvalid(f"pretrained_model_config.model_zip_url: {error.details}") from error
    return answer.content


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ModelInvalid("pretrained_model_config.model_zip_url: its data are not base64") from error


def _given_concepts(version: ModelVersion) -> Pairs:
    return tuple((c.id, c.name or c.id) for c in version.output_info.data.concepts)


def _labels(params: Mapping[str, object]) -> Pairs:
    try:
        return label_pairs(_LABELS.validate_python(params.get("labels", ())))
    except ValidationError as error:
        raise ModelInvalid(
            "import_info.params.labels: expected texts, or objects with id and name"
        ) from error


def ids_of(labels: Pairs) -> Pairs:
    """The labels with ids that concepts can have; what else was in an id is still in the name.

    Raises ModelInvalid when two labels would have the same id.
    """
    pairs = tuple((_NOT_IN_IDS.sub("-", id)[:LONGEST], name) for id, name in labels)
    if len({id for id, _ in pairs}) < len(pairs):
        raise ModelInvalid(f"labels: two have the same id in its first {LONGEST} letters and digits")
    return pairs


def _check_fits(found: ArtifactInfo, kind: ModelType) -> None:
    """Raises ModelInvalid unless models of the type take and answer what this one does."""
    output = "embeddings" if found.output_kind == "embedding" else found.output_kind
    if output not in kind.output_fields:
        raise ModelInvalid(f"the model answers {output}, a {kind.id} {', '.join(kind.output_fields)}")
    if found.input_kind != "tensor" and found.input_kind not in kind.input_fields:
        raise ModelInvalid(f"the model takes {found.input_kind}, a {kind.id} {', '.join(kind.input_fields)}")


def _spec(call: Call, model: Model, version: ModelVersion, content: bytes, concepts: Pairs) -> ModelSpec:
    params = plain_struct(version.import_info.params)
    runtime = str(params.pop("runtime"))
    return ModelSpec(
        user_id=call.app.user_id,
        app_id=call.app.id,
        model_id=model.id,
        version_id="",
        model_type_id=model.model_type_id,
        runtime=runtime,
        artifact="upload" if content else "",
        config=params,
        concepts=concepts,
        trusted=call.is_admin,
    )


def _load(call: Call, spec: ModelSpec, content: bytes) -> None:
    """Load a version once, to see that it can be. Takes its time."""

    def read(key: str) -> bytes:
        if not content:
            raise NotFound("the version has no uploaded file")
        return content

    settings = call.services.settings
    environment = Environment(settings, read, Policy.of_this_machine(settings.fetch_allow))
    try:
        registry.load(spec, environment).close()
    except NotFound as error:
        raise ModelInvalid(error.details) from error
    except ApiError as error:
        if error.permanent:
            raise ModelInvalid(f"import_info.params: {error.details or error.text()}") from error
        raise
