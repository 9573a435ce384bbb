"""What the operators of a call may reach: the relations, embeddings and labels of the app, other servers."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial

from clarifai_grpc.grpc.api.resources_pb2 import Annotation
from sqlalchemy import select

from bowerbird.addresses import Policy
from bowerbird.api.rpc import Call
from bowerbird.auth.actors import AppRef
from bowerbird.auth.keys import Keyring
from bowerbird.errors import Code
from bowerbird.fetch import post
from bowerbird.index.postings import SURE
from bowerbird.store.db import Database
from bowerbird.store.tables import annotations
from bowerbird.workflows.operators import find
from bowerbird.workflows.outside import Labels, Outside
from bowerbird.workflows.relations import Relations, load_relations


async def surroundings(call: Call, model_type_ids: Iterable[str]) -> tuple[Relations | None, Outside | None]:
    """What models of these types need in the call's app. Opens its transactions itself."""
    found = [one for one in map(find, model_type_ids) if one is not None]
    app = call.place.app
    if app is None:
        return None, None
    relations = None
    if any(one.maps_concepts for one in found):
        async with call.services.db.read() as conn:
            relations = (await load_relations(conn, [app.seq])).get(app.seq)
    return relations, None if all(one.light for one in found) else _outside(call)


def webhook_key(keyring: Keyring, app: AppRef) -> bytes:
    """The key with which what an app's webhooks send is signed."""
    return keyring.derived(f"webhook {app.user_id}/{app.id}")


def _outside(call: Call) -> Outside:
    services, app = call.services, call.app
    settings = services.settings
    return Outside(
        app=app.seq,
        name=f"{app.user_id}/{app.id}",
        nearest=services.nearest,
        labels=partial(_labels, services.db),
        post=partial(post, policy=Policy.of_this_machine(settings.fetch_allow)),
        key=webhook_key(call.keyring, app),
        max_image_bytes=settings.max_image_bytes,
        max_image_pixels=settings.max_image_pixels,
        clock=services.clock,
    )


async def _labels(db: Database, app: int, wanted: Sequence[int]) -> Labels:
    """What people say of these inputs, once it is accepted; of an input without labels, nothing."""
    t = annotations.c
    query = select(t.input, t.message).where(t.app == app, t.input.in_(list(wanted)), t.trusted)
    found: dict[int, dict[str, str]] = defaultdict(dict)
    async with db.read() as conn:
        for row in await conn.execute(query.where(t.status == Code.ANNOTATION_SUCCESS)):
            data = Annotation.FromString(row.message).data
            found[row.input].update((c.id, c.name or c.id) for c in data.concepts if c.value >= SURE)
    return {input: concepts for input, concepts in found.items() if concepts}
