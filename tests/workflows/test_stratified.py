"""stratified-sample: each stratum has its own share."""

import random

import pytest
from workflows.calibration import assert_calibrated, fates, views
from workflows.shapes import asked, graph, info, model, output, view

from bowerbird.errors import ModelInvalid
from bowerbird.workflows.draws import HashedDraw
from bowerbird.workflows.operators import compile_operator
from bowerbird.workflows.plan import compile_plan
from bowerbird.workflows.view import View

DRAW = HashedDraw("collector", "node")
ALL_OR_NONE: dict[str, object] = {"shares": {"cat": 1, "3": 1, "true": 1, "left": 1}, "default_share": 0}


def kept(seen: View, **params: object) -> bool:
    step = compile_operator("stratified-sample", info(**{**ALL_OR_NONE, **params}))
    return step(seen, DRAW) is not None


def test_the_concept_with_the_greatest_value_is_the_stratum() -> None:
    assert kept(view(output({"dog": 0.25, "cat": 0.75})))
    assert not kept(view(output({"dog": 0.75, "cat": 0.25})))
    assert not kept(view())


def test_the_caller_is_the_stratum_if_asked() -> None:
    assert kept(view(), by="caller", shares={"alice": 1})
    assert not kept(view(caller="bob"), by="caller", shares={"alice": 1})


@pytest.mark.parametrize(
    ("value", "is_kept"), [("left", True), (3, True), (True, True), (4, False), ([], False)]
)
def test_a_field_of_the_metadata_is_the_stratum_if_asked(value: object, is_kept: bool) -> None:
    seen = view(given=asked({"camera": {"name": value}}))
    assert kept(seen, by="metadata.camera.name") is is_kept


def test_a_session_is_kept_or_dropped_together() -> None:
    plan = compile_operator(
        "stratified-sample", info(shares={"cat": 0.5}, default_share=0.5, key="metadata.session")
    )
    for session in range(20):
        seen = [view(given=asked({"session": session}), key=f"{session}-{n}") for n in range(4)]
        assert len({plan(one, DRAW) is None for one in seen}) == 1


def test_each_stratum_is_taken_as_often_as_its_probability_says() -> None:
    rng = random.Random(1)
    outputs = [view(output({name: 0.9})) for name in ("common", "rare", "other")]
    shares = info(shares={"common": 0.05, "rare": 0.9}, default_share=0.3)
    plan = compile_plan(graph({"s": (model("stratified-sample", shares), [])}), "collector")
    drawn = views(rng, lambda: rng.choices(outputs, (8, 1, 1))[0])
    found = assert_calibrated(fates(plan, drawn))
    assert {p for p, _ in found} == {0.05, 0.3, 0.9}


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"shares": {}}, "shares: expected 1 to 1000 values"),
        ({"shares": {"cat": 1.5}}, "shares: expected a number from 0 to 1 for 'cat'"),
        ({"shares": {"cat": "all"}}, "shares: expected a number from 0 to 1 for 'cat'"),
        ({"by": "colour"}, "by: expected concept, caller or metadata"),
        ({"by": "metadata."}, "by: expected concept, caller or metadata"),
        ({"key": "session"}, "key: expected request or metadata"),
        ({"default_share": None}, "default_share: expected a number from 0 to 1"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(params: dict[str, object], says: str) -> None:
    with pytest.raises(ModelInvalid, match=f"output_info.params.{says}"):
        compile_operator("stratified-sample", info(**{**ALL_OR_NONE, **params}))
