"""What a version of a model says of inputs that an app holds: asked once, then remembered."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clarifai_grpc.grpc.api.resources_pb2 import Input
from sqlalchemy import select

from bowerbird.api.collector_checks import unbound
from bowerbird.api.kept_items import Item, top
from bowerbird.api.model_specs import Resolved
from bowerbird.api.predict import predict, step_of
from bowerbird.api.predict_inputs import load
from bowerbird.api.rpc import METHODS, Call, need_of
from bowerbird.errors import ApiError, InsufficientScopes, ModelNotFound, NotFound
from bowerbird.services import ModelKey
from bowerbird.store.bulk import insert_missing
from bowerbird.store.tables import answers, apps, model_versions, models

BATCH = 32
AT_ONCE = 500  # rows that are looked up in a query


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the model that is collected from, that the caller may predict with."""

    seq: int
    model: Resolved


@dataclass(frozen=True, slots=True)
class Answers:
    """By the inputs' row numbers: the concept said, empty where none was. `left` have still to be asked."""

    said: Mapping[int, str]
    left: int


async def version_of(call: Call, model: ModelKey, version_id: str) -> Version:
    """Raises ModelNotFound, ModelUntrained, InsufficientScopes."""
    missing = ModelNotFound(f"model {model[2]!r}, version {version_id!r}, in app '{model[0]}/{model[1]}'")
    need = need_of(METHODS["PostModelOutputs"], open_to_visitors=True)
    try:
        place = await call.authority.admit(unbound(call.actor), need, model[0], model[1])
    except InsufficientScopes as error:
        raise InsufficientScopes(
            f"kept inputs have to be predicted anew by version {version_id!r}: {error.details}"
        ) from error
    except NotFound as error:
        raise missing from error
    found = await call.services.catalog.find(*model, version_id)
    if found is None or not (place.is_member or found.is_public):
        raise missing
    return Version(await _seq(call, model, version_id), found)


async def _seq(call: Call, model: ModelKey, version_id: str) -> int:
    query = (
        select(model_versions.c.seq)
        .join(models, models.c.seq == model_versions.c.model)
        .join(apps, apps.c.seq == models.c.app)
        .where(apps.c.user_id == model[0], apps.c.id == model[1], models.c.id == model[2])
        .where(model_versions.c.id == version_id)
    )
    async with call.services.db.read() as conn:
        return int((await conn.execute(query)).scalar_one())


async def ask(call: Call, version: Version, items: Sequence[Item], *, until: float) -> Answers:
    """What the version says of the items. After `until`, by the loop's clock, at most one batch is asked.

    Opens its transactions itself.
    """
    said = await _remembered(call, version, items)
    missing = [item for item in items if item.seq not in said]
    now = asyncio.get_running_loop().time
    done = 0
    while done < len(missing) and (not done or now() < until):
        batch = missing[done : done + BATCH]
        said |= await _asked(call, version, batch)
        done += len(batch)
    return Answers(said, len(missing) - min(done, len(missing)))


async def _remembered(call: Call, version: Version, items: Sequence[Item]) -> dict[int, str]:
    said: dict[int, str] = {}
    for start in range(0, len(items), AT_ONCE):
        seqs = [item.seq for item in items[start : start + AT_ONCE]]
        query = select(answers.c.input, answers.c.concept).where(
            answers.c.version == version.seq, answers.c.input.in_(seqs)
        )
        async with call.services.db.read() as conn:
            said |= {row.input: row.concept for row in await conn.execute(query)}
    return said


async def _asked(call: Call, version: Version, batch: Sequence[Item]) -> dict[int, str]:
    """An input that cannot be predicted has an empty answer. Raises the first error that may pass."""
    model = version.model
    loaded = await load(call, [Input(id=item.id) for item in batch])
    step = await step_of(call, model, model.info)
    results = await predict(call, model, step, loaded.data)
    for result in results:
        if isinstance(result, ApiError) and not result.permanent:
            raise result
    said = {
        item.seq: "" if isinstance(result, ApiError) else top(result.concepts)
        for item, result in zip(batch, results, strict=True)
    }
    rows = [{"version": version.seq, "input": seq, "concept": concept} for seq, concept in said.items()]
    async with call.services.db.write() as conn:
        await insert_missing(conn, answers, rows)
    return said
