"""Few collectors are asked about a prediction; what becomes of it is what each of them would have said."""

from collections import Counter
from collections.abc import Mapping

from clarifai_grpc.grpc.api.resources_pb2 import Collector
from hypothesis import given, settings
from hypothesis import strategies as st
from workflows.shapes import graph, info, model, output, sample, view

from bowerbird.collect.compiled import Compiled
from bowerbird.collect.lineup import Lineup, Lineups
from bowerbird.collect.roster import Known
from bowerbird.proto.bowerbird_v1_pb2 import CollectorOptions
from bowerbird.workflows.comparators import Comparator
from bowerbird.workflows.plan import Plan, compile_plan
from bowerbird.workflows.view import View

CONCEPTS = ("cat", "dog", "owl")
quarters = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
thresholds = st.dictionaries(st.sampled_from(CONCEPTS), quarters, min_size=1)
predictions = st.lists(st.dictionaries(st.sampled_from(CONCEPTS), quarters), min_size=1, max_size=20)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A coin, a thresholder, or both; perhaps one more node beside the thresholder, or after it."""
    made = model(
        "concept-thresholder",
        info(
            draw(thresholds),
            concept_threshold_type=int(draw(st.sampled_from(Comparator))),
            filter_other_concepts=draw(st.booleans()),
        ),
    )
    nodes = draw(
        st.sampled_from(
            [
                None,
                {"a": (made, [])},
                {"a": (made, []), "b": (sample(0.5), [])},
                {"a": (made, []), "b": (sample(0.5), ["a"])},
            ]
        )
    )
    salt = f"alice/kept/{draw(st.integers(0, 99))}"
    return compile_plan(graph(nodes) if nodes else None, salt, draw(st.sampled_from([0.5, 1.0])))


def compiled(plan: Plan | None, *, version: str = "", caller: str = "", is_active: bool = True) -> Compiled:
    known = Known("1", 1, "alice", "kept", 1, is_active, "", Collector(id="c"), CollectorOptions())
    return Compiled("1", known, version, caller, is_active, False, False, Counter(), plan)


def asked(lineup: Lineup, seen: View) -> list[str]:
    """Every collector's reason, as the tap goes about it; the usual is not among them."""
    lineup.seen += 1
    reasons = []
    for ready in lineup.asked(seen.digest, lineup.values(seen.output.concepts)):
        reason = ready.plan.rest(seen).reason
        reasons.append(reason)
        if reason != ready.usual:
            ready.count(reason)
    return reasons


@settings(max_examples=200)
@given(st.lists(plans(), max_size=6), predictions)
def test_each_gets_the_reason_that_it_would_have_given_itself(
    made: list[Plan], values: list[Mapping[str, float]]
) -> None:
    collectors = [compiled(plan) for plan in made]
    lineup, taken = Lineup(collectors, "v", "alice"), 0
    views = [view(output(one), key=f"r:{n}") for n, one in enumerate(values)]
    for seen in views:
        taken += asked(lineup, seen).count("taken")
    lineup.settle()
    expected = [Counter(plan.decide(seen).reason for seen in views) for plan in made]
    assert taken == sum(reasons.pop("taken", 0) for reasons in expected)
    assert [Counter(+Counter(one.tally)) for one in collectors] == expected


def test_what_cannot_keep_a_prediction_is_not_asked() -> None:
    above = [
        compile_plan(graph({"a": (model("concept-thresholder", info({"cat": n / 100})), [])}), f"c{n}")
        for n in range(100)
    ]
    lineup = Lineup([compiled(plan) for plan in above], "v", "alice")
    assert asked(lineup, view(output({"dog": 1.0}))) == []
    assert asked(lineup, view(output({"cat": 0.015}))) == ["taken"] * 2


def test_those_that_cannot_take_anything_are_told_why() -> None:
    plan = compile_plan(None, "c")
    paused, stranger, broken = (
        compiled(plan, is_active=False),
        compiled(plan, caller="bob"),
        compiled(None),
    )
    other, same = compiled(plan, version="w"), compiled(plan, version="v")
    lineup = Lineup([paused, stranger, broken, other, same], "v", "alice")
    assert asked(lineup, view()) == ["taken"]
    lineup.settle()
    assert [+Counter(one.tally) for one in (paused, stranger, broken, other, same)] == [
        {"inactive": 1},
        {"caller": 1},
        {"error": 1},
        {},
        {},
    ]


def test_callers_whom_no_collector_names_share_a_line_up() -> None:
    plan = compile_plan(None, "c", 0.5)
    lineups, collectors = Lineups(), [compiled(plan, caller="bob"), compiled(plan, version="v")]
    first = lineups.of(collectors, "w", "alice")
    assert lineups.of(collectors, "x", "carol") is first
    others = [lineups.of(collectors, *place) for place in (("w", "bob"), ("v", "alice"), ("v", "bob"))]
    assert len({first, *others}) == 4


def test_line_ups_are_forgotten_with_their_collectors() -> None:
    lineups, collectors = Lineups(), [compiled(compile_plan(None, "c", 0.5))]
    first = lineups.of(collectors, "v", "alice")
    first.seen += 1
    lineups.settle([collectors])
    assert collectors[0].tally == {"sampled_out": 1}
    assert lineups.of(collectors, "v", "alice") is first
    lineups.settle([])
    assert lineups.of(collectors, "v", "alice") is not first
