"""What clients may write of a model and of its versions, and what they are shown."""

import re
from urllib.parse import urlsplit

from clarifai_grpc.grpc.api.resources_pb2 import Model, ModelVersion, Visibility
from google.protobuf.struct_pb2 import Struct

from bowerbird.api.fields import LONGEST_NAME, LONGEST_TEXT, metadata, text
from bowerbird.errors import Invalid, ModelInvalid
from bowerbird.workflows.types import find_type

TEXTS = {
    "name": LONGEST_NAME,
    "display_name": LONGEST_NAME,
    "description": LONGEST_TEXT,
    "notes": 64 * 1024,
    "task": LONGEST_NAME,
}
LISTS = ("toolkits", "use_cases", "languages")
STRUCTS = ("metadata", "presets")
VERSION_TEXTS = {"description": LONGEST_TEXT, "license": LONGEST_TEXT}
VERSION_PARTS = ("input_info", "train_info", "import_info", "pretrained_model_config", "output_info")
MOST_PARAMETERS = 1024 * 1024  # bytes
_SECRET = re.compile(r"header|key|token|secret|password", re.IGNORECASE)
HIDDEN = "(hidden)"


def accepted_model(field: str, given: Model) -> Model:
    """A model's own fields, without its id, its type and its version. Raises Invalid."""
    model = Model()
    for name, longest in TEXTS.items():
        setattr(model, name, text(f"{field}.{name}", getattr(given, name), longest))
    for name in LISTS:
        items = getattr(given, name)
        if len(items) > 100:
            raise Invalid(f"{field}.{name}: {len(items)} given; expected at most 100")
        getattr(model, name).extend(text(f"{field}.{name}", item, LONGEST_NAME) for item in items)
    for name in STRUCTS:
        if given.HasField(name):  # type: ignore[arg-type]  # the names are those of fields
            getattr(model, name).CopyFrom(metadata(f"{field}.{name}", getattr(given, name)))
    model.visibility.gettable = visibility(f"{field}.visibility", given.visibility) or Visibility.PRIVATE
    return model


def visibility(field: str, given: Visibility) -> Visibility.Gettable.ValueType:
    """The visibility itself, 0 when none is given. Raises Invalid for one that is not served here."""
    if given.gettable not in (0, Visibility.PRIVATE, Visibility.PUBLIC):
        raise Invalid(f"{field}.gettable: {given.gettable}; expected 10 (PRIVATE) or 50 (PUBLIC)")
    return given.gettable


def accepted_version(field: str, given: ModelVersion) -> ModelVersion:
    """A version's own fields, without its id and status. Raises Invalid, ModelInvalid."""
    version = ModelVersion()
    for name, longest in VERSION_TEXTS.items():
        setattr(version, name, text(f"{field}.{name}", getattr(given, name), longest))
    for name in VERSION_PARTS:
        if given.HasField(name):  # type: ignore[arg-type]  # the names are those of fields
            getattr(version, name).CopyFrom(getattr(given, name))
    if given.HasField("metadata"):
        version.metadata.CopyFrom(metadata(f"{field}.metadata", given.metadata))
    if version.import_info.ByteSize() > MOST_PARAMETERS:
        raise ModelInvalid(f"{field}.import_info: expected at most {MOST_PARAMETERS} bytes")
    version.visibility.gettable = visibility(f"{field}.visibility", given.visibility) or Visibility.PRIVATE
    return version


def type_id(field: str, given: str) -> str:
    """The id of the type that this id or alias names. Raises ModelInvalid."""
    try:
        return find_type(given or "embedding-classifier").id
    except ModelInvalid as error:
        raise ModelInvalid(f"{field}.model_type_id: {error.details}") from error


def address_of(zip_url: str) -> str:
    """Where an uploaded model came from, as it may be shown: without data, and without what signs a URL."""
    parts = urlsplit(zip_url)
    return "" if parts.scheme == "data" else parts._replace(query="", fragment="").geturl()


def shown_version(version: ModelVersion, *, with_concepts: bool = True) -> ModelVersion:
    """The version as clients see it: without the secrets of its runtime."""
    copy = ModelVersion()
    copy.CopyFrom(version)
    copy.active_concept_count = len(version.output_info.data.concepts)
    _hide_secrets(copy.import_info.params)
    if not with_concepts:
        copy.output_info.ClearField("data")
    return copy


def _hide_secrets(params: Struct) -> None:
    """Hide what is called like a secret, however deep it lies."""
    for name, value in params.fields.items():
        kind = value.WhichOneof("kind")
        is_number_of_tokens = kind == "number_value" and name.endswith("tokens")
        if _SECRET.search(name) and not is_number_of_tokens:
            value.string_value = HIDDEN
        elif kind == "struct_value":
            _hide_secrets(value.struct_value)
        elif kind == "list_value":
            for item in value.list_value.values:
                _hide_secrets(item.struct_value if item.HasField("struct_value") else Struct())


def shown_model(model: Model, version: ModelVersion | None, *, with_concepts: bool = True) -> Model:
    """The model with one of its versions, whose output_info is the model's."""
    copy = Model()
    copy.CopyFrom(model)
    if version is None:
        return copy
    copy.model_version.CopyFrom(shown_version(version, with_concepts=with_concepts))
    if copy.model_version.HasField("output_info"):
        copy.output_info.CopyFrom(copy.model_version.output_info)
    copy.model_version.output_info.ClearField("data")
    return copy
