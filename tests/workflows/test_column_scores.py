"""The scores of many are those of each."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from workflows.shapes import info, output, view

from bowerbird.workflows.columns import Columnar, Columns
from bowerbird.workflows.draws import HashedDraw
from bowerbird.workflows.measures import Aggregate, Score, measure, measure_columns
from bowerbird.workflows.operators.prediction_score_filter import prediction_score_filter

CONCEPTS = ("cat", "dog", "owl")
values = st.floats(0, 1, width=32) | st.sampled_from([0.0, 0.25, 0.5, 1.0])
predictions = st.integers(1, 3).flatmap(
    lambda size: st.lists(
        st.fixed_dictionaries(dict.fromkeys(CONCEPTS[:size], values)), min_size=1, max_size=9
    )
)
BY_COLUMNS = [score for score in Score if measure_columns(score, "owl", 0.4)]


def test_there_are_some() -> None:
    assert len(BY_COLUMNS) == 8


@pytest.mark.parametrize("score", BY_COLUMNS)
@given(predictions)
def test_they_agree(score: Score, seen: list[Mapping[str, float]]) -> None:
    by_columns = measure_columns(score, "owl", 0.4)
    assert by_columns
    one_by_one = measure(
        score, concept="owl", threshold=0.4, epsilon=0.1, aggregate=Aggregate.MAX, concepts=(), phrases=()
    )
    rows = np.array([[one[name] for name in seen[0]] for one in seen], np.float32)
    found = by_columns(Columns(tuple(seen[0]), rows, np.zeros(len(seen), np.uint64)))
    expected = np.array([one_by_one(view(output(one))) for one in seen], np.float64)
    doubtful = np.isnan(found)
    np.testing.assert_allclose(found[~doubtful], expected[~doubtful], rtol=0, atol=1e-10)
    sums = rows.astype(np.float64).sum(axis=1)
    np.testing.assert_allclose(1 - sums[doubtful], 1e-4, rtol=0, atol=1e-8)


@pytest.mark.parametrize("score", [*BY_COLUMNS, Score.CONCEPT_IN])
def test_of_what_is_no_number_nothing_is_known(score: Score) -> None:
    step = prediction_score_filter.compile(info(score=score, lo=0.4, concept="owl", concepts=["owl"]))
    assert isinstance(step, Columnar)
    rows = np.array([[0.1, np.nan], [np.nan, np.nan], [0.9, 0.1]], np.float32)
    columns = Columns(("cat", "owl"), rows, np.zeros(3, np.uint64))
    assert step.may_keep(columns, HashedDraw("", "")).tolist()[:2] == [True, True]
