"""Lists of workflows."""

from typing import Any

from clarifai_grpc.grpc.api.service_pb2 import ListWorkflowsRequest, MultiWorkflowResponse
from sqlalchemy import ColumnElement, select

from bowerbird.api.pages import containing, matching, page_of
from bowerbird.api.public import listed
from bowerbird.api.rpc import Call, rpc
from bowerbird.api.workflow_shown import shown_workflows
from bowerbird.store.kinds import WORKFLOWS
from bowerbird.store.tables import workflows


@rpc(open_to_visitors=True)
async def list_workflows(call: Call, req: ListWorkflowsRequest) -> MultiWorkflowResponse:
    """The app's workflows and the public ones, the last changed first unless asked otherwise."""
    if req.featured_only or req.starred_only or req.bookmark:
        return MultiWorkflowResponse()  # no workflow here can be any of these
    where = [await listed(call, workflows, with_public=True), *_wanted(req)]
    query = select(workflows).where(*where).order_by(*_order(req))
    rows = await call.conn.execute(page_of(req).cut(query))
    found = [WORKFLOWS.stored(row).message for row in rows]
    return MultiWorkflowResponse(workflows=await shown_workflows(call.conn, found))


def _wanted(req: ListWorkflowsRequest) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if req.id:
        where.append(matching("id", workflows.c.id, req.id))
    for name in ("search", "query", "search_term"):
        for word in getattr(req, name).split():
            column = workflows.c.id if "*" in word else workflows.c.words
            where.append(containing(name, column, word))
    if req.visibility.gettable:
        where.append(workflows.c.visibility == req.visibility.gettable)
    return where


def _order(req: ListWorkflowsRequest) -> list[ColumnElement[Any]]:  # any type can be ordered by
    by = {workflows.c.id: req.sort_by_id, workflows.c.created_at: req.sort_by_created_at}
    column = next((c for c, is_asked in by.items() if is_asked), workflows.c.modified_at)
    return [c.asc() if req.sort_ascending else c.desc() for c in (column, workflows.c.seq)]
