"""What every test may ask for."""

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from databases import EMPTY, SERVER, Postgres, SqliteFolder, Stage, save
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pace import (  # noqa: F401 - hooks
    pytest_collection_finish,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_xdist_auto_num_workers,
)
from pond import POND, Pond, dig
from world import Tokens, World, move_in, world

from bowerbird.app import Stores, opened_stores, prepare
from bowerbird.settings import Settings
from bowerbird.store.db import Database
from bowerbird.store.migrate import migrate

# A busy machine is no fault of the code's.
hypothesis_settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if not os.environ.get("CI"):  # there Hypothesis has a profile of its own, patient as well
    hypothesis_settings.load_profile("patient")
MUST = os.environ.get("BOWERBIRD_REQUIRE_SERVICES") == "1"


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A migrated PostgreSQL database of this test process."""
    name = f"bowerbird_test_{uuid.uuid4().hex}"
    try:
        server = Postgres("postgres")
    except (OSError, TimeoutError) as error:
        if MUST:
            raise
        pytest.skip(f"no PostgreSQL at 127.0.0.1:5432 ({error})")
    server.execute(f"CREATE DATABASE {name}")
    server.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")  # no power cut is tested here

    async def fill() -> None:
        db = Database(f"{SERVER}/{name}".replace("postgresql", "postgresql+asyncpg"))
        await migrate(db)
        await db.close()

    asyncio.run(fill())
    made = Postgres(name)
    yield made
    made.close()
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    server.close()


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """An empty PostgreSQL database. Emptied, not made anew: that takes 2 ms instead of 240."""
    postgres.execute(EMPTY)
    return postgres.url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with migrated SQLite databases that others are copied from."""
    settings = Settings(data=tmp_path_factory.mktemp("template"), _env_file=None)

    async def fill() -> None:
        db = Database(settings.main_url)
        await prepare(settings, db)
        await db.close()

    asyncio.run(fill())
    return settings.data


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Each database in turn, as the setting wants it: empty is SQLite in the data folder."""
    return request.getfixturevalue("postgres_url") if request.param == "postgres" else ""


@pytest.fixture(scope="session")
def sqlite_cast(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Tokens]:
    """A folder with the databases of a world that its cast has moved into, and their tokens."""
    data = tmp_path_factory.mktemp("cast") / "data"
    shutil.copytree(sqlite_template, data)
    return data, asyncio.run(move_in(data))


@pytest.fixture(scope="session")
def postgres_with_cast(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], tuple[str, Tokens]]:
    """Puts the cast alone into the database; where that is, and their tokens."""
    postgres.execute(EMPTY)
    tokens = asyncio.run(move_in(tmp_path_factory.mktemp("cast"), database_url=postgres.url))
    return refilling(postgres, save(postgres, "saved_cast"), tokens)


@pytest.fixture(scope="session")
def sqlite_pond(
    sqlite_cast: tuple[Path, Tokens], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Tokens]:
    """A folder with the databases of a world that has a pond, and its tokens."""
    data = tmp_path_factory.mktemp("pond") / "data"
    shutil.copytree(sqlite_cast[0], data)
    return data, asyncio.run(dig(data, dict(sqlite_cast[1])))


@pytest.fixture(scope="session")
def postgres_with_pond(
    postgres: Postgres,
    postgres_with_cast: Callable[[], tuple[str, Tokens]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[], tuple[str, Tokens]]:
    """Puts a world that has a pond into the database; where that is, and its tokens."""
    url, tokens = postgres_with_cast()
    tokens = asyncio.run(dig(tmp_path_factory.mktemp("pond"), tokens, database_url=url))
    return refilling(postgres, save(postgres, "saved_pond"), tokens)


def refilling(postgres: Postgres, statement: str, tokens: Tokens) -> Callable[[], tuple[str, Tokens]]:
    def fill() -> tuple[str, Tokens]:
        postgres.execute(statement)
        return postgres.url, dict(tokens)

    return fill


@pytest.fixture
def cast(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Tokens:
    """The cast has moved into the database, or the data folder: made once, and copied for each test."""
    if not database_url:
        data, tokens = request.getfixturevalue("sqlite_cast")
        shutil.copytree(data, tmp_path / "data")
        return dict(tokens)
    _, tokens = request.getfixturevalue("postgres_with_cast")()
    return tokens


@pytest.fixture(scope="session")
def sqlite_folder(
    sqlite_cast: tuple[Path, Tokens], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SqliteFolder]:
    data = tmp_path_factory.mktemp("stage") / "data"
    shutil.copytree(sqlite_cast[0], data)
    folder = SqliteFolder(data)
    yield folder
    folder.close()


@pytest.fixture(scope="session")
async def sqlite_stores(sqlite_folder: SqliteFolder) -> AsyncIterator[Stores]:
    """The connections to the databases of the folder, which stay open from test to test."""
    async with opened_stores(Settings(data=sqlite_folder.data, _env_file=None)) as stores:
        yield stores


@pytest.fixture(scope="session")
async def postgres_stores(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stores]:
    """The database's connections, which stay open from test to test."""
    data = tmp_path_factory.mktemp("stage")
    async with opened_stores(Settings(data=data, database_url=postgres.url, _env_file=None)) as stores:
        yield stores


@pytest.fixture
def scene(request: pytest.FixtureRequest) -> str:
    """What is in the databases when the test begins: the cast, or a pond as well."""
    return "pond" if "pond" in request.fixturenames else "cast"


@pytest.fixture
def sqlite_stage(
    scene: str, request: pytest.FixtureRequest, sqlite_folder: SqliteFolder, sqlite_stores: Stores
) -> Stage:
    saved, tokens = request.getfixturevalue(f"sqlite_{scene}")
    sqlite_folder.fill(saved)
    return Stage(sqlite_folder.data, dict(tokens), sqlite_stores)


@pytest.fixture
def postgres_stage(
    scene: str, request: pytest.FixtureRequest, postgres_stores: Stores, tmp_path: Path
) -> Stage:
    url, tokens = request.getfixturevalue(f"postgres_with_{scene}")()
    return Stage(tmp_path / "data", tokens, postgres_stores, url)


@pytest.fixture(params=["sqlite", "postgres"])
def stage(request: pytest.FixtureRequest) -> Stage:
    """Each database in turn, set for the scene."""
    made: Stage = request.getfixturevalue(f"{request.param}_stage")
    return made


@pytest.fixture(name="world")
async def world_fixture(stage: Stage) -> AsyncIterator[World]:
    """The world, on each database in turn."""
    settings = {"database_url": stage.database_url}
    async with world(stage.data, stage.tokens, stores=stage.stores, **settings) as made:
        yield made
    stage.check()


@pytest.fixture
def pond(world: World) -> Pond:
    """The world has one."""
    return Pond(world, world.tokens[POND])
