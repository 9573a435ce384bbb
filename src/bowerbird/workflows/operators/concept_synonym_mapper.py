"""The operator concept-synonym-mapper."""

from collections.abc import Mapping
from typing import Annotated

from clarifai_grpc.grpc.api.resources_pb2 import Concept, Data

from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import PARAMS, Field, Names, invalid
from bowerbird.workflows.operators import Look, Step, operator, telling
from bowerbird.workflows.relations import Graph, Relations, Target
from bowerbird.workflows.view import View

KINDS = ("synonym", "hypernym", "hyponym")


@operator(
    "concept-synonym-mapper",
    title="Concept Synonym Mapper",
    kind="editor",
    input_fields=["concepts"],
    output_fields=["concepts"],
)
def concept_synonym_mapper(
    *,
    relations: Relations,
    knowledge_graph_id: Annotated[
        str, Field("The knowledge graph; empty: the relations that are in none.")
    ] = "",
    predicates: Annotated[
        tuple[str, ...],
        Names(
            "What a concept becomes: its synonym, each hypernym (more general), each hyponym (special).",
            len(KINDS),
        ),
    ] = ("synonym",),
) -> Step:
    """Turn concepts into those that the app relates them to, each with the greatest value of those that it
    stands for. Concepts that the app relates to nothing go; so does a prediction without any that is left.
    The app is the one that the workflow runs in: that of the collector. A concept of another app counts as
    the app's own of the same id."""
    if not predicates or set(predicates) - set(KINDS):
        raise invalid(f"{PARAMS}predicates", f"expected some of {', '.join(KINDS)}")
    table = _table(relations, relations.graph(knowledge_graph_id), predicates)

    def step(view: View, draw: Draw) -> View | None:
        mapped: dict[Target, float] = {}
        for key, value in view.values.items():
            for target in table.get(key, ()):
                mapped[target] = max(value, mapped.get(target, 0.0))
        return view.with_output(_output(view, mapped)) if mapped else None

    against = f"{', '.join(predicates)} in {knowledge_graph_id or 'no knowledge graph'}"
    return telling(step, lambda view: Look(_in_words(view, table), against))


def _in_words(view: View, table: Mapping[str, tuple[Target, ...]]) -> str:
    found = [f"{key} is {' and '.join(t.id for t in table[key])}" for key in view.values if key in table]
    return "; ".join(found) or "none that is related"


def _table(
    relations: Relations, graph: Graph, predicates: tuple[str, ...]
) -> Mapping[str, tuple[Target, ...]]:
    """What a concept of a prediction becomes, by its id."""
    home = "/".join(relations.app)
    paths = {path for kind in predicates for path in getattr(graph, kind)}
    table: dict[str, tuple[Target, ...]] = {}
    # The app's own go before the public ones of the same id.
    for path in sorted(paths, key=lambda path: path.rpartition("/")[0] == home):
        found = [target for kind in predicates for target in _reached(graph, path, kind)]
        table[path.rpartition("/")[2]] = tuple(dict.fromkeys(found))
    return table


def _reached(graph: Graph, path: str, kind: str) -> tuple[Target, ...]:
    return graph.synonym.get(path, ()) if kind == "synonym" else graph.all(path, kind)


def _output(view: View, mapped: Mapping[Target, float]) -> Data:
    output = Data()
    output.CopyFrom(view.to_data())
    del output.concepts[:]
    for target, value in sorted(mapped.items(), key=lambda one: -one[1]):
        output.concepts.append(
            Concept(id=target.id, name=target.name, app_id=target.app_id, user_id=target.user_id, value=value)
        )
    return output
