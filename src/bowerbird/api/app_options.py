"""What an app has beside the fields of the V2 API: whether its models' predictions are recorded."""

from functools import partial

from sqlalchemy import select, update

from bowerbird.api.access import owner_only
from bowerbird.api.rpc import Call, rpc
from bowerbird.proto.bowerbird_v1_pb2 import (
    AppOptions,
    AppOptionsResponse,
    GetAppOptionsRequest,
    PatchAppOptionsRequest,
)
from bowerbird.store.tables import apps, models


@rpc
async def get_app_options(call: Call, req: GetAppOptionsRequest) -> AppOptionsResponse:
    return AppOptionsResponse(options=_shown(await _stored(call)))


@rpc
async def patch_app_options(call: Call, req: PatchAppOptionsRequest) -> AppOptionsResponse:
    """Set the options that are given. An app that wants nothing recorded loses what was."""
    owner_only(call)
    await call.conn.execute(select(apps.c.seq).where(apps.c.seq == call.app.seq).with_for_update())
    options = await _stored(call)
    options.MergeFrom(req.options)
    changed = update(apps).where(apps.c.seq == call.app.seq)
    await call.conn.execute(changed.values(options=options.SerializeToString()))
    if not _shown(options).records_predictions:
        numbers = await call.conn.execute(select(models.c.seq).where(models.c.app == call.app.seq))
        call.after(partial(call.services.recorded.forget, numbers.scalars().all()))
    await call.changes("apps")
    return AppOptionsResponse(options=_shown(options))


async def _stored(call: Call) -> AppOptions:
    query = select(apps.c.options).where(apps.c.seq == call.app.seq)
    return AppOptions.FromString((await call.conn.execute(query)).scalar_one())


def _shown(options: AppOptions) -> AppOptions:
    """All options, those that were never set with their defaults."""
    shown = AppOptions(records_predictions=True)
    shown.MergeFrom(options)
    return shown
