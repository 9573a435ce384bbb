"""Makes and stores versions of models."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clarifai_grpc.grpc.api.resources_pb2 import Concept, Model, ModelVersion
from clarifai_grpc.grpc.api.status.status_pb2 import Status

from bowerbird.api.concepts import ensure_concepts
from bowerbird.api.fields import distinct
from bowerbird.api.ids import given_or_new
from bowerbird.api.model_fields import accepted_version
from bowerbird.api.model_uploads import Source, runtime_of, sourced
from bowerbird.api.operator_checks import check_operator
from bowerbird.api.outputs import cut_of
from bowerbird.api.rpc import Call
from bowerbird.errors import Code, ModelInvalid
from bowerbird.store.kinds import MODEL_VERSIONS, stamp
from bowerbird.store.resources import Stored
from bowerbird.workflows.operators import Operator, find
from bowerbird.workflows.types import find_type

MOST_CONCEPTS = 100_000
CONCEPTS_AT_ONCE = 500  # of the app, asked for in one query


@dataclass(frozen=True, slots=True)
class Draft:
    """A version that is ready to be stored."""

    version: ModelVersion
    artifact: str = ""
    trusted: bool = False


async def draft(call: Call, field: str, model: Model, given: ModelVersion) -> Draft:
    """The version that a client asks for; opens no transaction, as it may fetch and run a file.

    It is trained at once when it has something that serves it. Raises Invalid, ModelInvalid, Unreachable.
    """
    version = accepted_version(field, given)
    version.id = given_or_new(f"{field}.id", given.id)
    check_concepts(f"{field}.output_info", version)
    source = Source(version, "", call.is_admin)
    operator = find(model.model_type_id)
    if runtime_of(version) and operator:
        raise ModelInvalid(
            f"{field}: a {model.model_type_id} runs by itself; it takes no file and no runtime"
        )
    if runtime_of(version):
        source = await sourced(call, field, model, find_type(model.model_type_id), version)
    if operator and _is_set_up(operator, version):
        await check_operator(call, operator, version.output_info)
    return Draft(finished(call, model, source.version), source.artifact, source.trusted)


def finished(call: Call, model: Model, version: ModelVersion) -> ModelVersion:
    """The version with what the server writes into it."""
    made = ModelVersion()
    made.CopyFrom(version)
    now = stamp(call.services.clock())
    operator = find(model.model_type_id)
    is_served = bool(runtime_of(made)) or (operator is not None and _is_set_up(operator, made))
    made.status.CopyFrom(_status(is_trained=is_served))
    made.user_id, made.app_id = call.app.user_id, call.app.id
    made.created_at.CopyFrom(now)
    made.modified_at.CopyFrom(now)
    if is_served:
        made.completed_at.CopyFrom(now)
    cut_of(made.output_info.output_config, [(c.id, c.name) for c in made.output_info.data.concepts])
    return made


def _is_set_up(operator: Operator, version: ModelVersion) -> bool:
    """Whether parameters were given, or none are needed. The official SDK makes the model first, and gives
    them with a version of its own; until then the model is untrained."""
    needs_some = any(parameter.required for parameter in operator.parameters)
    return version.output_info.ByteSize() > 0 or not needs_some


def _status(*, is_trained: bool) -> Status:
    if is_trained:
        return Status(code=Code.MODEL_TRAINED, description="Model is trained and ready")
    return Status(code=Code.MODEL_UNTRAINED, description="Model is not trained yet")


def check_concepts(field: str, version: ModelVersion) -> None:
    concepts = version.output_info.data.concepts
    if len(concepts) > MOST_CONCEPTS:
        raise ModelInvalid(f"{field}.data.concepts: {len(concepts)} given; expected at most {MOST_CONCEPTS}")
    distinct(f"{field}.data.concepts", (c.id for c in concepts), ModelInvalid)


def first_version(given: Model) -> ModelVersion:
    """The version that comes with a model; what it produces may stand in either."""
    version = ModelVersion()
    version.CopyFrom(given.model_version)
    if given.HasField("output_info"):
        version.output_info.CopyFrom(given.output_info)
    return version


async def store(call: Call, model: Stored[Model], made: Draft) -> ModelVersion:
    """Store a version; concepts that the app lacks are made. Needs a writing transaction."""
    version = ModelVersion()
    version.CopyFrom(made.version)
    concepts = version.output_info.data.concepts
    for some in _chunks(list(concepts)):
        known = await ensure_concepts(call, some)
        for concept in some:
            concept.name = concept.name or known[concept.id].name
            concept.app_id, concept.user_id = call.app.id, call.app.user_id
    await MODEL_VERSIONS.add(
        call.conn, model.seq, [version], app=model.row["app"], artifact=made.artifact, trusted=made.trusted
    )
    return version


def _chunks(concepts: Sequence[Concept]) -> Iterator[Sequence[Concept]]:
    for start in range(0, len(concepts), CONCEPTS_AT_ONCE):
        yield concepts[start : start + CONCEPTS_AT_ONCE]
