"""What models said of collected inputs, as far as it is recorded still and the caller may know it."""

from collections import defaultdict
from collections.abc import Iterable

from clarifai_grpc.grpc.api.resources_pb2 import APIPostModelOutputsCollectorSource

from bowerbird.api.collector_checks import watched_model
from bowerbird.api.origins import Origin
from bowerbird.api.rpc import Call
from bowerbird.collect.recorded import Entry
from bowerbird.services import ModelKey


async def recalled(call: Call, origins: Iterable[Origin]) -> dict[Origin, Entry]:
    """Those of the predictions that are recorded; of others' models, the owner's own calls only."""
    by_model: dict[ModelKey, list[Origin]] = defaultdict(list)
    for origin in origins:
        if origin.model[0] == call.app.user_id or call.is_admin or origin.caller_user_id == call.app.user_id:
            by_model[origin.model].append(origin)
    found: dict[Origin, Entry] = {}
    for model, theirs in by_model.items():
        user_id, app_id, id = model
        source = APIPostModelOutputsCollectorSource(model_user_id=user_id, model_app_id=app_id, model_id=id)
        stored = await watched_model(call, source)
        if stored is None:
            continue
        entries = await call.services.recorded.find_all([one.request_id for one in theirs], stored.seq)
        known = {(entry.request_id, entry.input_index, entry.caller): entry for entry in entries}
        for one in theirs:
            if entry := known.get((one.request_id, one.input_index, one.caller_user_id)):
                found[one] = entry
    return found
