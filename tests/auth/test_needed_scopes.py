"""What calls need, against the scopes that keys of the time carry."""

import pytest

from bowerbird.api.methods import METHODS
from bowerbird.auth.scopes import dependencies, lacking, name, offered, wire

NEEDS = {
    "PostInputs": "Annotations_Add Annotations_Get Concepts_Get Inputs_Add Inputs_Get Models_Get Predict "
    "Workflows_Get",
    "PostCollectors": "Annotations_Add Annotations_Get Collectors_Add Concepts_Get Inputs_Add Inputs_Get "
    "Models_Get Predict Workflows_Get",
    "GetAnnotation": "Annotations_Get Concepts_Get Models_Get",
    "ListAnnotations": "Annotations_Get Concepts_Get Models_Get",
    "PostAnnotations": "Inputs_Get Annotations_Add Annotations_Get Concepts_Get Models_Get Workflows_Get",
    "PostInputsSearches": "Annotations_Get Concepts_Get Inputs_Get Models_Get Search Workflows_Get",
    "ListApps": "Apps_Get Workflows_Get",
    "GetApp": "Apps_Get Workflows_Get",
    "PostApps": "Apps_Add Apps_Get Models_Get Workflows_Get Workflows_Add",
    "PostKeys": "Apps_Get Keys_Add Keys_Get",
    "ListAppKeys": "Keys_Get",
    "GetConcept": "Concepts_Get",
    "DeleteConceptRelations": "Concepts_Delete Concepts_Add Concepts_Get",
    "PostModels": "Concepts_Get Models_Add Models_Get Models_Train Workflows_Get",
    "GetCollector": "Collectors_Get",
    "MyScopes": "",
    "ListStatusCodes": "",
}


@pytest.mark.parametrize("rpc", NEEDS)
def test_a_call_needs_the_scopes_that_keys_carry(rpc: str) -> None:
    assert METHODS[rpc].scopes == set(NEEDS[rpc].split())


def test_every_needed_scope_can_be_given_to_a_key() -> None:
    for method in METHODS.values():
        assert method.scopes <= set(dependencies()), method.name


def test_what_a_scope_depends_on_is_complete() -> None:
    for scope, needs in dependencies().items():
        assert all(dependencies()[need] <= needs for need in needs), scope


def test_internal_scopes_are_not_offered() -> None:
    assert "Models_Sync" not in offered()
    assert "Inputs_Get" in offered()
    assert set(offered()) < set(dependencies())


def test_both_spellings_name_the_same_scope() -> None:
    assert name("Inputs:Add") == name("Inputs_Add") == "Inputs_Add"
    assert wire("Inputs_Add") == "Inputs:Add"
    assert lacking({"All"}, {"Inputs_Add"}) == []
    assert lacking({"Inputs_Get"}, {"Inputs_Add", "Inputs_Get"}) == ["Inputs:Add"]
