"""The operator knn-concept."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from clarifai_grpc.grpc.api.resources_pb2 import Concept, Data

from bowerbird.workflows.draws import Draw
from bowerbird.workflows.fields import Concepts, Share, Whole
from bowerbird.workflows.neighbours import embedding_of
from bowerbird.workflows.operators import SlowStep, operator
from bowerbird.workflows.outside import Outside
from bowerbird.workflows.view import View

MOST_LOOKED_AT = 1000
PER_VOTE = 20  # neighbours that are looked at for each that has to vote: many have no labels


@operator(
    "knn-concept",
    title="KNN Classifier",
    kind="maker",
    input_fields=["embeddings", "regions[...].data.embeddings"],
    output_fields=["concepts", "regions[...].data.concepts"],
    light=False,
)
def knn_concept(
    *,
    outside: Outside,
    concepts: Annotated[tuple[str, ...], Concepts("The concepts to tell; none: all that are met.")] = (),
    k: Annotated[int, Whole("How many labelled neighbours vote.", 1, 50)] = 5,
    min_similarity: Annotated[float, Share("How similar, as a cosine, a neighbour is at least.")] = 0.0,
) -> SlowStep:
    """Answer with the concepts of the nearest labelled inputs of the app, each with the share of those that
    have it: for when there are too few to train on. Nearness goes by the embedding of the model of the app's
    base workflow, which has to come before this node; each region with an embedding has an answer of its own.
    What has no labelled neighbour is dropped."""
    wanted = frozenset(concepts)

    async def votes(embedding: Sequence[float]) -> list[Concept]:
        most = min(PER_VOTE * k, MOST_LOOKED_AT)
        near = await outside.nearest.nearest(outside.app, embedding, most)
        near = [one for one in near if one.similarity >= min_similarity]
        labels = await outside.labels(outside.app, [one.input for one in near])
        voters = [labels[one.input] for one in near if one.input in labels][:k]
        counts = Counter(id for labelled in voters for id in labelled if not wanted or id in wanted)
        names = {id: name for labelled in voters for id, name in labelled.items()}
        told = sorted(counts.items(), key=lambda vote: (-vote[1], vote[0]))
        return [Concept(id=id, name=names[id], value=n / len(voters)) for id, n in told]

    async def step(view: View, draw: Draw) -> View | None:
        output, given = Data(), view.to_data()
        if embedding := embedding_of(given):
            output.concepts.extend(await votes(embedding))
        for region in given.regions:
            embedding = embedding_of(region.data)
            if embedding and (told := await votes(embedding)):
                added = output.regions.add(id=region.id)
                added.region_info.CopyFrom(region.region_info)
                added.data.concepts.extend(told)
        return view.with_output(output) if output.ByteSize() else None

    return step
