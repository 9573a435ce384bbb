"""Which workflow an id means; without an id it is the base workflow of the app."""

from clarifai_grpc.grpc.api.resources_pb2 import Visibility, Workflow

from bowerbird.api.public import public_app, readable
from bowerbird.api.rpc import Call
from bowerbird.errors import WorkflowNotFound
from bowerbird.store.kinds import APPS, WORKFLOWS
from bowerbird.store.resources import Stored


async def named(call: Call, id: str, *, favor_public: bool = False) -> Stored[Workflow]:
    """The app's own workflow, else the public one; the other way round if asked. Raises WorkflowNotFound."""
    id = id or await _base(call)
    if favor_public and (main := await public_app(call)):
        found = (await WORKFLOWS.find(call.conn, main.seq, [id])).get(id)
        if found and found.row["visibility"] == Visibility.PUBLIC:
            return found
    return await readable(call, WORKFLOWS, id)


async def _base(call: Call) -> str:
    app = await APPS.one(call.conn, call.app.user_id, call.app.id)
    if not app.default_workflow_id:
        raise WorkflowNotFound(
            f"workflow_id: expected one, since app '{app.user_id}/{app.id}' has no default_workflow_id"
        )
    return app.default_workflow_id
