"""What the parameters of an operator must be: its own checks, and those that need to know the app."""

from clarifai_grpc.grpc.api.resources_pb2 import OutputInfo

from bowerbird.api.ids import shown
from bowerbird.api.rpc import Call
from bowerbird.workflows.fields import Collaborator, invalid
from bowerbird.workflows.operators import Operator


async def check_operator(call: Call, operator: Operator, info: OutputInfo) -> None:
    """Raises ModelInvalid that names the parameter and what was expected."""
    operator.compile(info)
    for parameter in operator.parameters:
        if isinstance(parameter.field, Collaborator):
            await _check_collaborator(call, parameter.path, str(parameter.read(info)))


async def _check_collaborator(call: Call, path: str, user_id: str) -> None:
    if user_id in ("", call.app.user_id):
        return
    if "\0" in user_id or await call.authority.directory.grant(call.app, user_id) is None:
        raise invalid(path, f"expected the app's owner or a collaborator; {shown(user_id)} is neither")
