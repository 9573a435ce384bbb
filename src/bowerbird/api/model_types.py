"""Model types: what forms and checks are made from."""

from clarifai_grpc.grpc.api.service_pb2 import (
    GetModelTypeRequest,
    ListModelTypesRequest,
    MultiModelTypeResponse,
    SingleModelTypeResponse,
)

from bowerbird.api.ids import shown
from bowerbird.api.pages import page_of
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.errors import ModelInvalid, NotFound
from bowerbird.workflows.types import find_type, model_types


@rpc(transaction=Transaction.NONE, open_to_visitors=True)
async def get_model_type(call: Call, req: GetModelTypeRequest) -> SingleModelTypeResponse:
    try:
        return SingleModelTypeResponse(model_type=find_type(req.model_type_id))
    except ModelInvalid as error:
        raise NotFound(f"model type {shown(req.model_type_id)}") from error


@rpc(transaction=Transaction.NONE, open_to_visitors=True)
async def list_model_types(call: Call, req: ListModelTypesRequest) -> MultiModelTypeResponse:
    page = page_of(req)
    start = (page.number - 1) * page.size
    return MultiModelTypeResponse(model_types=model_types()[start : start + page.size])
