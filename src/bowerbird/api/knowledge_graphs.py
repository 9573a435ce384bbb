"""Knowledge graphs: named groups of an app's concept relations, which need not be in any."""

from clarifai_grpc.grpc.api.resources_pb2 import KnowledgeGraph
from clarifai_grpc.grpc.api.service_pb2 import (
    ListKnowledgeGraphsRequest,
    MultiKnowledgeGraphResponse,
    PostKnowledgeGraphsRequest,
)

from bowerbird.api.access import readable_app
from bowerbird.api.fields import LONGEST_NAME, LONGEST_TEXT, batch, distinct, text
from bowerbird.api.ids import check_id, given_or_new
from bowerbird.api.rpc import Call, rpc
from bowerbird.errors import Invalid
from bowerbird.store.kinds import KNOWLEDGE_GRAPHS

MOST = 1000  # in an app: their list has no pages


@rpc
async def post_knowledge_graphs(call: Call, req: PostKnowledgeGraphsRequest) -> MultiKnowledgeGraphResponse:
    given = batch("knowledge_graphs", req.knowledge_graphs)
    made = [_made(f"knowledge_graphs[{i}]", graph) for i, graph in enumerate(given)]
    distinct("knowledge_graphs.id", (graph.id for graph in made))
    await KNOWLEDGE_GRAPHS.add(call.conn, call.app.seq, made)
    if len(await _all(call, call.app.seq)) > MOST:
        raise Invalid(f"knowledge_graphs: an app has at most {MOST}")
    return MultiKnowledgeGraphResponse(knowledge_graphs=made)


@rpc(open_to_visitors=True)
async def list_knowledge_graphs(call: Call, req: ListKnowledgeGraphsRequest) -> MultiKnowledgeGraphResponse:
    return MultiKnowledgeGraphResponse(knowledge_graphs=await _all(call, readable_app(call).seq))


async def _all(call: Call, app: int) -> list[KnowledgeGraph]:
    query = KNOWLEDGE_GRAPHS.select(app).order_by(KNOWLEDGE_GRAPHS.table.c.seq)
    return [KNOWLEDGE_GRAPHS.stored(row).message for row in await call.conn.execute(query)]


def _made(field: str, given: KnowledgeGraph) -> KnowledgeGraph:
    graph = KnowledgeGraph(
        id=given_or_new(f"{field}.id", given.id),
        name=text(f"{field}.name", given.name, LONGEST_NAME),
        description=text(f"{field}.description", given.description, LONGEST_TEXT),
    )
    if given.examples_app_id:
        graph.examples_app_id = check_id(f"{field}.examples_app_id", given.examples_app_id)
    if given.sampled_examples_app_id:
        graph.sampled_examples_app_id = check_id(
            f"{field}.sampled_examples_app_id", given.sampled_examples_app_id
        )
    return graph
