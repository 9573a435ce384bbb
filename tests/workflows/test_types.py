"""The list of model types."""

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import ModelTypeField

from bowerbird.errors import ModelInvalid
from bowerbird.workflows.types import find_type, model_types

FIELDS = {(one.id, field.path): field for one in model_types() for field in one.model_type_fields}


def test_models_and_operators_are_listed_once_each() -> None:
    ids = [one.id for one in model_types()]
    assert ids == sorted(set(ids))
    assert {"visual-classifier", "embedding-classifier", "text-embedder", "random-sample"} <= set(ids)


@pytest.mark.parametrize(
    ("alias", "id"),
    [
        ("concept", "embedding-classifier"),
        ("embed", "visual-embedder"),
        ("detect-concept", "visual-detector"),
        ("concept-threshold", "concept-thresholder"),
    ],
)
def test_old_names_are_understood(alias: str, id: str) -> None:
    assert find_type(alias).id == id


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(ModelInvalid, match="no model type 'magic'"):
        find_type("magic")


def test_a_served_model_says_what_can_run_it() -> None:
    runtime = FIELDS["visual-classifier", "import_info.params.runtime"]
    assert runtime.required
    assert "onnx" in [option.id for option in runtime.model_type_enum_options]


def test_forms_can_be_drawn_from_the_fields() -> None:
    fraction = FIELDS["random-sample", "output_info.params.keep_fraction"]
    assert fraction.field_type == ModelTypeField.RANGE
    assert (fraction.model_type_range_info.min, fraction.model_type_range_info.max) == (0, 1)
    comparator = FIELDS["concept-thresholder", "output_info.params.concept_threshold_type"]
    assert comparator.default_value.string_value == "GREATER_THAN"
    assert [option.aliases[0].id_int for option in comparator.model_type_enum_options] == [1, 2, 3, 4, 5]
