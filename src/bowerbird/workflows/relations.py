"""The relations between an app's concepts, as plain values that operators are compiled with."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from clarifai_grpc.grpc.api.resources_pb2 import ConceptRelation
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.store.kinds import concept_path
from bowerbird.store.tables import apps, concept_relations

MOST_STEPS = 32  # from a concept to a more general one, and on


@dataclass(frozen=True, slots=True)
class Target:
    """A concept that others are mapped to."""

    id: str
    name: str
    app_id: str
    user_id: str

    @property
    def path(self) -> str:
        return f"{self.user_id}/{self.app_id}/{self.id}"


Edges = Mapping[str, tuple[Target, ...]]  # by the path of the concept at the other end


@dataclass(frozen=True, slots=True)
class Graph:
    """One knowledge graph of an app: to what each concept leads, by predicate."""

    synonym: Edges = field(default_factory=dict)
    hypernym: Edges = field(default_factory=dict)  # to what is more general
    hyponym: Edges = field(default_factory=dict)  # to what is more special

    def all(self, path: str, kind: str) -> tuple[Target, ...]:
        """What a concept leads to by one kind of relation, over any number of steps, the nearest first."""
        edges: Edges = getattr(self, kind)
        found: dict[str, Target] = {}
        edge: Collection[str] = [path]
        for _ in range(MOST_STEPS):
            met = [target for one in edge for target in edges.get(one, ()) if target.path != path]
            edge = [target.path for target in met if target.path not in found]
            found |= {target.path: target for target in met if target.path not in found}
            if not edge:
                break
        return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Relations:
    """All of an app, by knowledge graph. `app` is its user and id: whose concepts count as at home."""

    app: tuple[str, str] = ("", "")
    graphs: Mapping[str, Graph] = field(default_factory=dict)
    version: bytes = b""  # differs when anything in here does

    def graph(self, id: str) -> Graph:
        return self.graphs.get(id) or Graph()


async def load_relations(conn: AsyncConnection, of: Collection[int]) -> dict[int, Relations]:
    """The relations of these apps, by the apps' numbers. An app without any has none here."""
    if not of:
        return {}
    t = concept_relations.c
    query = select(t.app, t.message, apps.c.user_id, apps.c.id).join(apps, apps.c.seq == t.app)
    rows = (await conn.execute(query.where(t.app.in_(list(of))).order_by(t.seq))).all()
    by_app: dict[int, list[bytes]] = {}
    names: dict[int, tuple[str, str]] = {}
    for row in rows:
        by_app.setdefault(row.app, []).append(row.message)
        names[row.app] = (row.user_id, row.id)
    return {app: _relations(names[app], messages) for app, messages in by_app.items()}


def _relations(app: tuple[str, str], messages: Collection[bytes]) -> Relations:
    sides: dict[str, dict[str, dict[str, dict[str, Target]]]] = {}
    for message in messages:
        relation = ConceptRelation.FromString(message)
        graph = sides.setdefault(relation.knowledge_graph_id, {"synonym": {}, "hypernym": {}, "hyponym": {}})
        subject, object = relation.subject_concept, relation.object_concept
        forth, back = _DIRECTIONS[relation.predicate]
        for kind, start, end in ((forth, subject, object), (back, object, subject)):
            target = Target(end.id, end.name, end.app_id, end.user_id)
            graph[kind].setdefault(concept_path(start), {})[target.path] = target
    graphs = {id: Graph(**{kind: _edges(met) for kind, met in graph.items()}) for id, graph in sides.items()}
    return Relations(app, graphs, b"\0".join(messages))


def _edges(met: Mapping[str, Mapping[str, Target]]) -> Edges:
    return {path: tuple(targets.values()) for path, targets in met.items()}


# A relation says what the subject is to the object: "honey hyponym food" leads from honey to food, which is
# more general. So it stands among the hypernyms of honey, and among the hyponyms of food.
_DIRECTIONS = {
    "synonym": ("synonym", "synonym"),
    "hyponym": ("hypernym", "hyponym"),
    "hypernym": ("hyponym", "hypernym"),
}
