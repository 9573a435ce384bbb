"""Lists of models."""

from typing import Any

from clarifai_grpc.grpc.api.resources_pb2 import ModelType
from clarifai_grpc.grpc.api.service_pb2 import (
    ListModelsRequest,
    MultiModelResponse,
    PostModelsSearchesRequest,
)
from sqlalchemy import ColumnElement, exists, or_, select

from bowerbird.api.model_fields import shown_model, type_id
from bowerbird.api.model_found import newest
from bowerbird.api.pages import containing, matching, page_of
from bowerbird.api.public import listed
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.errors import Code
from bowerbird.store.kinds import MODELS
from bowerbird.store.resources import Page
from bowerbird.store.tables import model_versions, models
from bowerbird.workflows.types import model_types

Where = list[ColumnElement[bool]]
Order = list[ColumnElement[Any]]  # any type can be ordered by


@rpc(open_to_visitors=True)
async def list_models(call: Call, req: ListModelsRequest) -> MultiModelResponse:
    """The app's models and the public ones, the last changed first unless asked otherwise."""
    if req.featured_only or req.starred_only or req.bookmark:
        return MultiModelResponse()  # no model here can be any of these
    with_public = not (req.dont_fetch_from_main or req.filter_by_user_id)
    where = [await listed(call, models, with_public=with_public), *_wanted(req)]
    return await _page(call, page_of(req), where, _order(req))


@rpc(transaction=Transaction.READ, open_to_visitors=True)
async def post_models_searches(call: Call, req: PostModelsSearchesRequest) -> MultiModelResponse:
    """The app's models and the public ones by name and type; "gen*" matches "general"."""
    where = [await listed(call, models, with_public=True)]
    if req.model_query.name:
        where.append(matching("model_query.name", models.c.name, req.model_query.name))
    if req.model_query.model_type_id:
        where.append(models.c.type == type_id("model_query", req.model_query.model_type_id))
    return await _page(call, page_of(req.pagination), where, [models.c.name, models.c.seq])


async def _page(call: Call, page: Page, where: Where, order: Order) -> MultiModelResponse:
    rows = await call.conn.execute(page.cut(select(models).where(*where).order_by(*order)))
    found = [MODELS.stored(row) for row in rows]
    versions = await newest(call.conn, [stored.seq for stored in found])
    answer = MultiModelResponse()
    for stored in found:
        version = versions.get(stored.seq)
        shown = shown_model(stored.message, version.message if version else None, with_concepts=False)
        answer.models.append(shown)
    return answer


def _wanted(req: ListModelsRequest) -> Where:
    where: Where = []
    names = (models.c.id, models.c.name)
    if req.model_type_id:
        where.append(models.c.type == type_id("request", req.model_type_id))
    if req.name:
        where.append(or_(*(matching("name", c, req.name) for c in names)))
    for word in f"{req.search} {req.query}".split():
        where.append(or_(*(containing("search", c, word) for c in names)))
    if req.input_fields or req.output_fields:
        where.append(models.c.type.in_([kind.id for kind in model_types() if _has_fields(kind, req)]))
    if req.visibility.gettable:
        where.append(models.c.visibility == req.visibility.gettable)
    if req.trained_only:
        where.append(_has_version(model_versions.c.status == Code.MODEL_TRAINED))
    if ids := [id for id in req.model_version_ids if "\0" not in id]:
        where.append(_has_version(model_versions.c.id.in_(ids)))
    return where


def _has_fields(kind: ModelType, req: ListModelsRequest) -> bool:
    wanted = ((req.input_fields, kind.input_fields), (req.output_fields, kind.output_fields))
    return all(set(asked) <= set(has) or "any" in has for asked, has in wanted)


def _has_version(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(model_versions.c.model == models.c.seq, condition)


def _order(req: ListModelsRequest) -> Order:
    by = {models.c.name: req.sort_by_name, models.c.created_at: req.sort_by_created_at}
    column = next((c for c, is_asked in by.items() if is_asked), models.c.modified_at)
    return [c.asc() if req.sort_ascending else c.desc() for c in (column, models.c.seq)]
