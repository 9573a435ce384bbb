"""The kinds of things that are stored with their message, and the columns derived from each."""

from typing import Literal, get_args

from clarifai_grpc.grpc.api.resources_pb2 import (
    Annotation,
    App,
    Collector,
    Concept,
    ConceptLanguage,
    ConceptRelation,
    Data,
    Input,
    KnowledgeGraph,
    Model,
    ModelVersion,
    Visibility,
    Workflow,
    WorkflowVersion,
)
from clarifai_grpc.grpc.api.status import status_code_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from bowerbird.errors import (
    CollectorNotFound,
    ConceptInvalid,
    InputDuplicate,
    InputNotFound,
    ModelNotFound,
    WorkflowDuplicate,
    WorkflowNotFound,
)
from bowerbird.store.resources import Kind
from bowerbird.store.tables import (
    annotations,
    apps,
    collectors,
    concept_languages,
    concept_relations,
    concepts,
    inputs,
    knowledge_graphs,
    model_versions,
    models,
    workflow_versions,
    workflows,
)

Medium = Literal["image", "video", "text", "audio"]
MEDIA: tuple[Medium, ...] = get_args(Medium)


def seconds(stamp: Timestamp) -> float:
    """Seconds since 1970."""
    return stamp.seconds + stamp.nanos / 1e9


def stamp(at: float) -> Timestamp:
    """The timestamp of so many seconds since 1970, to the microsecond."""
    seconds, micros = divmod(round(at * 1e6), 1_000_000)
    return Timestamp(seconds=seconds, nanos=micros * 1000)


def media_kind(data: Data) -> str:
    """Which medium the data carries; empty for none."""
    return next((kind for kind in MEDIA if data.HasField(kind)), "")


def gettable(visibility: Visibility) -> int:
    return visibility.gettable or Visibility.PRIVATE


def _app(a: App) -> dict[str, object]:
    return {
        "id": a.id,
        "name": a.name,
        "visibility": gettable(a.visibility),
        "created_at": seconds(a.created_at),
        "modified_at": seconds(a.modified_at),
    }


def concept_path(c: Concept) -> str:
    """A concept's name among those of all apps."""
    return f"{c.user_id}/{c.app_id}/{c.id}"


def _concept_relation(r: ConceptRelation) -> dict[str, object]:
    return {
        "id": r.id,
        "subject": concept_path(r.subject_concept),
        "predicate": r.predicate,
        "object": concept_path(r.object_concept),
        "knowledge_graph": r.knowledge_graph_id,
    }


def _model(m: Model) -> dict[str, object]:
    return {
        "id": m.id,
        "name": m.name,
        "type": m.model_type_id,
        "visibility": gettable(m.visibility),
        "created_at": seconds(m.created_at),
        "modified_at": seconds(m.modified_at),
    }


def _model_version(v: ModelVersion) -> dict[str, object]:
    return {"id": v.id, "status": v.status.code, "visibility": gettable(v.visibility)}


def _workflow(w: Workflow) -> dict[str, object]:
    return {
        "id": w.id,
        "words": " ".join((w.id, w.user_id, w.description, w.notes)),
        "visibility": gettable(w.visibility),
        "created_at": seconds(w.created_at),
        "modified_at": seconds(w.modified_at),
    }


def _input(i: Input) -> dict[str, object]:
    return {"id": i.id, "status": i.status.code, "kind": media_kind(i.data)}


def _annotation(a: Annotation) -> dict[str, object]:
    return {
        "id": a.id,
        "user_id": a.user_id,
        "model_version_id": a.model_version_id,
        "status": a.status.code,
        "task_id": a.task_id,
        "input_level": a.input_level,
        "trusted": a.trusted,
    }


def _collector(c: Collector) -> dict[str, object]:
    source = c.collector_source.api_post_model_outputs_collector_source
    return {
        "id": c.id,
        "source_user": source.model_user_id,
        "source_app": source.model_app_id,
        "source_model": source.model_id,
        "active": c.status.code == status_code_pb2.COLLECTOR_ACTIVE,
    }


APPS = Kind("app", apps, App, _app, owner="user_id")
CONCEPTS = Kind(
    "concept", concepts, Concept, lambda c: {"id": c.id, "name": c.name}, duplicate=ConceptInvalid
)
CONCEPT_RELATIONS = Kind("concept relation", concept_relations, ConceptRelation, _concept_relation)
KNOWLEDGE_GRAPHS = Kind("knowledge graph", knowledge_graphs, KnowledgeGraph, lambda g: {"id": g.id})
CONCEPT_LANGUAGES = Kind(
    "language",
    concept_languages,
    ConceptLanguage,
    lambda language: {"id": language.id, "name": language.name},
    owner="concept",
)
MODELS = Kind("model", models, Model, _model, ModelNotFound)
MODEL_VERSIONS = Kind(
    "model version", model_versions, ModelVersion, _model_version, ModelNotFound, owner="model"
)
WORKFLOWS = Kind("workflow", workflows, Workflow, _workflow, WorkflowNotFound, WorkflowDuplicate)
WORKFLOW_VERSIONS = Kind(
    "workflow version",
    workflow_versions,
    WorkflowVersion,
    lambda v: {"id": v.id},
    WorkflowNotFound,
    WorkflowDuplicate,
    owner="workflow",
)
INPUTS = Kind("input", inputs, Input, _input, InputNotFound, InputDuplicate)
ANNOTATIONS = Kind("annotation", annotations, Annotation, _annotation, owner="input")
COLLECTORS = Kind("collector", collectors, Collector, _collector, CollectorNotFound)
