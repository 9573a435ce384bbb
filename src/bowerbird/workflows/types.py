"""Every model type there is: those of models, written down here, and those of operators, found."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from clarifai_grpc.grpc.api.resources_pb2 import ModelType, ModelTypeField

from bowerbird.errors import ModelInvalid
from bowerbird.runtimes import registry
from bowerbird.workflows.operators import operators
from bowerbird.workflows.plain import to_value

_Kind = ModelTypeField.ModelTypeFieldType
CONCEPTS = "concepts"
REGIONS = ("regions[...].data.concepts", "regions[...].region_info.bounding_box")


@dataclass(frozen=True, slots=True)
class _Type:
    """A type of models that a runtime serves."""

    id: str
    title: str
    description: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    aliases: tuple[str, ...] = ()


_SERVED = (
    _Type("visual-classifier", "Visual Classifier", "Concepts of an image.", ("image",), (CONCEPTS,)),
    _Type(
        "visual-detector",
        "Visual Detector",
        "Boxes in an image, each with its concepts.",
        ("image",),
        REGIONS,
        ("detect-concept", "facedetect", "facedetect-identity"),
    ),
    _Type(
        "visual-embedder",
        "Visual Embedder",
        "The embedding of an image.",
        ("image",),
        ("embeddings",),
        ("embed",),
    ),
    _Type(
        "visual-segmenter",
        "Visual Segmenter",
        "Masks of an image, each with its concepts.",
        ("image",),
        ("regions[...].data.concepts", "regions[...].region_info.mask"),
        ("segment-concept",),
    ),
    _Type("color", "Color", "The main colours of an image.", ("image",), ("colors",)),
    _Type("image-to-text", "Image To Text", "A text about an image.", ("image",), ("text",)),
    _Type("text-classifier", "Text Classifier", "Concepts of a text.", ("text",), (CONCEPTS,)),
    _Type("text-embedder", "Text Embedder", "The embedding of a text.", ("text",), ("embeddings",)),
    _Type(
        "text-token-classifier",
        "Text Token Classifier",
        "Spans of a text, each with its concepts.",
        ("text",),
        ("regions[...].data.concepts", "regions[...].region_info.span"),
    ),
    _Type("text-to-text", "Text To Text", "A text made from a text.", ("text",), ("text",)),
    _Type("audio-to-text", "Audio To Text", "What is said in a recording.", ("audio",), ("text",)),
)


def _field(path: str, kind: "_Kind.ValueType", description: str, default: object = None) -> ModelTypeField:
    field = ModelTypeField(path=path, field_type=kind, description=description)
    if default is not None:
        field.default_value.CopyFrom(to_value(default))
    return field


def _runtime_fields() -> list[ModelTypeField]:
    """How the version of a model is served; what else may be set is the runtime's to say."""
    runtime = _field("import_info.params.runtime", _Kind.ENUM, "What runs the model.")
    runtime.required = True
    for name in registry.names():
        runtime.model_type_enum_options.add(id=name)
    return [
        runtime,
        _field("import_info.params.input", _Kind.JSON, "How the data of an input is turned into numbers."),
        _field("import_info.params.output", _Kind.JSON, "How the numbers are turned into an answer."),
    ]


def _served(kind: _Type) -> ModelType:
    fields = _runtime_fields()
    if any(field.endswith(CONCEPTS) for field in kind.outputs):
        told = "The concepts that the model tells, in the order of its outputs."
        fields.insert(0, _field("output_info.data.concepts", _Kind.ARRAY_OF_CONCEPTS, told))
    return ModelType(
        id=kind.id,
        title=kind.title,
        description=kind.description,
        input_fields=kind.inputs,
        output_fields=kind.outputs,
        creatable=True,
        model_type_fields=fields,
    )


def _embedding_classifier() -> ModelType:
    """The one type that is trained here: a head over embeddings."""
    config = "output_info.output_config."
    return ModelType(
        id="embedding-classifier",
        title="Context-Based Classifier",
        description="Concepts learned from labelled inputs, on top of an embedding.",
        input_fields=["embeddings"],
        output_fields=[CONCEPTS],
        trainable=True,
        creatable=True,
        model_type_fields=[
            _field("output_info.data.concepts", _Kind.ARRAY_OF_CONCEPTS, "The concepts to learn."),
            _field(
                f"{config}concepts_mutually_exclusive",
                _Kind.BOOLEAN,
                "Whether an input has one of the concepts only.",
                False,
            ),
            _field(
                f"{config}embed_model_version_id",
                _Kind.WORKFLOW_EMBED_MODELS,
                "The embedder to build on; that of the app's base workflow if empty.",
                "",
            ),
        ],
    )


@functools.cache
def _by_name() -> dict[str, ModelType]:
    """Model types under their ids and aliases."""
    found: dict[str, ModelType] = {}
    head = _embedding_classifier()
    entries: list[tuple[ModelType, Sequence[str]]] = [(head, ("concept",))]
    entries += [(_served(kind), kind.aliases) for kind in _SERVED]
    entries += [(one.describe(), one.aliases) for one in operators()]
    for described, aliases in entries:
        for name in (described.id, *aliases):
            if name in found:
                raise ValueError(f"two model types are called {name!r}")
            found[name] = described
    return found


def model_types() -> list[ModelType]:
    """Every model type, by id."""
    return [described for name, described in sorted(_by_name().items()) if name == described.id]


def find_type(model_type_id: str) -> ModelType:
    """The type of that id or alias. Raises ModelInvalid."""
    described = _by_name().get(model_type_id)
    if described is None:
        raise ModelInvalid(f"there is no model type {model_type_id!r}")
    return described
