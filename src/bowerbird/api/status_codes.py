"""The status codes and what they mean."""

from functools import cache

from clarifai_grpc.grpc.api.service_pb2 import (
    GetStatusCodeRequest,
    ListStatusCodesRequest,
    MultiStatusCodeResponse,
    SingleStatusCodeResponse,
)
from clarifai_grpc.grpc.api.status.status_code_pb2 import StatusCode
from clarifai_grpc.grpc.api.status.status_pb2 import Status

from bowerbird.api.ids import shown
from bowerbird.api.rpc import Call, Transaction, rpc
from bowerbird.errors import ApiError, NotFound


@rpc(transaction=Transaction.NONE)
async def list_status_codes(call: Call, req: ListStatusCodesRequest) -> MultiStatusCodeResponse:
    return MultiStatusCodeResponse(statuses=[_status(name) for name in _names().values()])


@rpc(transaction=Transaction.NONE)
async def get_status_code(call: Call, req: GetStatusCodeRequest) -> SingleStatusCodeResponse:
    """The code's status is that of the answer, as the contract has no other field for it."""
    wanted = req.status_code_id
    for code, name in _names().items():
        if wanted in (code, name):
            return SingleStatusCodeResponse(status=_status(name))
    raise NotFound(f"status code {shown(wanted)}")


@cache
def _names() -> dict[str, str]:
    """The names of the codes by their numbers as text; zero stands for none."""
    return {str(number): name for name, number in StatusCode.items() if number}


def _status(name: str) -> Status:
    code = StatusCode.Value(name)
    return Status(code=code, description=_texts().get(code) or name.replace("_", " ").capitalize())


@cache
def _texts() -> dict[int, str]:
    """What the errors that this server raises say; a general class comes before those derived from it."""
    texts: dict[int, str] = {StatusCode.SUCCESS: "Ok"}
    waiting: list[type[ApiError]] = [ApiError]
    for error in waiting:
        texts.setdefault(error.code, error.text())
        waiting.extend(error.__subclasses__())
    return texts
