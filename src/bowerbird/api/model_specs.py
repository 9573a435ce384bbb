"""Models as predictions need them, remembered so that a prediction costs no query."""

from dataclasses import dataclass
from typing import Any, cast

from clarifai_grpc.grpc.api.resources_pb2 import (
    Model,
    ModelType,
    ModelVersion,
    Output,
    OutputInfo,
    Visibility,
)
from clarifai_grpc.grpc.api.status.status_pb2 import Status
from sqlalchemy import ColumnElement, Row, select

from bowerbird.api.outputs import Cut, cut_of
from bowerbird.api.zoo_models import SLOTS, canonical
from bowerbird.auth.actors import PUBLIC_APP, PUBLIC_USER
from bowerbird.errors import Code, ModelNotDeployed, ModelNotFound, ModelUntrained
from bowerbird.runtimes.spec import ModelSpec
from bowerbird.store.db import Database
from bowerbird.store.revisions import Revisions
from bowerbird.store.tables import apps, model_versions, models
from bowerbird.workflows.operators import Step, find
from bowerbird.workflows.plain import plain_struct
from bowerbird.workflows.types import find_type

MOST_REMEMBERED = 10_000
Key = tuple[str, str, str, str]  # user, app, model, version; no version: the newest that is trained


@dataclass(frozen=True, slots=True)
class Resolved:
    """A trained version of a model."""

    spec: ModelSpec
    model: Model  # lean, as outputs carry it
    type: ModelType
    info: OutputInfo
    is_public: bool  # it and its app are
    cut: Cut  # of its outputs, when the request asks for none
    template: Output  # what its successful outputs have in common
    step: Step | None  # of operators that need nothing but their parameters

    @property
    def is_operator(self) -> bool:
        return find(self.spec.model_type_id) is not None

    @property
    def whole(self) -> Model:
        """The model with its parameters, as graphs want it."""
        model = Model()
        model.CopyFrom(self.model)
        model.model_version.output_info.CopyFrom(self.info)
        return model


class Catalog:
    """Models by name, forgotten when a model or an app changes."""

    def __init__(self, db: Database, revisions: Revisions) -> None:
        self._db = db
        self._known: dict[Key, Resolved | None] = {}
        revisions.on_change("models", self.forget)
        revisions.on_change("apps", self.forget)

    def forget(self) -> None:
        # A new dictionary, so that a look-up under way cannot put an old answer back.
        self._known = {}

    async def find(self, user_id: str, app_id: str, model_id: str, version_id: str = "") -> Resolved | None:
        """The version, or the newest that is trained; None for what does not exist.

        Public models have older ids too. Raises ModelUntrained, ModelNotDeployed for a slot without a model.
        """
        key = (user_id, app_id, canonical(user_id, app_id, model_id), version_id)
        known = self._known
        if key in known:
            return known[key]
        found = await self._look_up(key)
        if len(known) >= MOST_REMEMBERED:
            known.clear()
        known[key] = found
        return found

    async def resolve(self, user_id: str, app_id: str, model_id: str, version_id: str = "") -> Resolved:
        """As `find`, and raises ModelNotFound for what does not exist."""
        found = await self.find(user_id, app_id, model_id, version_id)
        if found is None:
            version = f", version {version_id!r}" if version_id else ""
            raise ModelNotFound(f"model {model_id!r}{version} in app '{user_id}/{app_id}'")
        return found

    async def _look_up(self, key: Key) -> Resolved | None:
        user_id, app_id, model_id, version_id = key
        if "\0" in "".join(key):
            return None  # PostgreSQL takes no such text, and nothing has such an id
        of_version = [model_versions.c.id == version_id] if version_id else []
        row = await self._row(
            apps.c.user_id == user_id, apps.c.id == app_id, models.c.id == model_id, *of_version
        )
        if row is None:
            return None
        if row.status is None and (user_id, app_id) == (PUBLIC_USER, PUBLIC_APP) and model_id in SLOTS:
            fill = f"bowerbird zoo fill {model_id}"
            raise ModelNotDeployed(f"{model_id!r} is an empty slot, which an admin fills with: {fill}")
        if row.status != Code.MODEL_TRAINED:
            which = f"version {version_id!r} of model {model_id!r}" if version_id else f"model {model_id!r}"
            raise ModelUntrained(f"{which} is not trained")
        return _stored(row, user_id, app_id)

    async def _row(
        self, *where: ColumnElement[bool]
    ) -> Row[*tuple[Any, ...]] | None:  # columns of three tables
        query = (
            select(
                models.c.message,
                apps.c.visibility,
                model_versions.c.message.label("version"),
                model_versions.c.status,
                model_versions.c.artifact,
                model_versions.c.trusted,
            )
            .join(apps, apps.c.seq == models.c.app)
            .outerjoin(model_versions, model_versions.c.model == models.c.seq)
            .where(*where)
            .order_by((model_versions.c.status == Code.MODEL_TRAINED).desc(), model_versions.c.seq.desc())
            .limit(1)
        )
        async with self._db.read() as conn:
            return (await conn.execute(query)).first()


def drafted(operator: Model) -> Resolved:
    """An operator that is not written yet, with the version that it comes with, as if it were."""
    version = operator.model_version
    return _resolved(operator, version, operator.user_id, operator.app_id)


def _stored(row: Row[*tuple[Any, ...]], user_id: str, app_id: str) -> Resolved:  # as `_row` selects it
    model = Model.FromString(row.message)
    is_public = model.visibility.gettable == row.visibility == Visibility.PUBLIC
    version = ModelVersion.FromString(row.version)
    return _resolved(model, version, user_id, app_id, row.artifact, is_public=is_public, trusted=row.trusted)


def _resolved(
    stored: Model,
    version: ModelVersion,
    user_id: str,
    app_id: str,
    artifact: str = "",
    *,
    is_public: bool = False,
    trusted: bool = False,
) -> Resolved:
    params = plain_struct(version.import_info.params)
    runtime = str(params.pop("runtime", ""))
    spec = ModelSpec(
        user_id=user_id,
        app_id=app_id,
        model_id=stored.id,
        version_id=version.id,
        model_type_id=stored.model_type_id,
        runtime=runtime,
        artifact=artifact,
        config=params,
        concepts=tuple((c.id, c.name) for c in version.output_info.data.concepts) if runtime else (),
        trusted=trusted,
    )
    model = _lean(stored, version, user_id, app_id)
    info = version.output_info
    return Resolved(
        spec=spec,
        model=model,
        type=find_type(stored.model_type_id),
        info=info,
        is_public=is_public,
        cut=cut_of(info.output_config, spec.concepts),
        template=Output(model=model, status=Status(code=Code.SUCCESS, description="Ok")),
        step=_step(stored.model_type_id, info),
    )


def _step(model_type_id: str, info: OutputInfo) -> Step | None:
    found = find(model_type_id)
    if found is None or not found.light or found.maps_concepts:
        return None
    return cast(Step, found.compile(info))  # as it is light


def _lean(stored: Model, version: ModelVersion, user_id: str, app_id: str) -> Model:
    model = Model(
        id=stored.id,
        name=stored.name,
        user_id=user_id,
        app_id=app_id,
        model_type_id=stored.model_type_id,
        created_at=stored.created_at,
    )
    model.model_version.id = version.id
    model.model_version.created_at.CopyFrom(version.created_at)
    model.model_version.status.CopyFrom(version.status)
    return model
