"""The commands with which docs/operations.md backs up and restores bring everything back."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from pond import Pond
from world import world

from bowerbird.app import opened
from bowerbird.settings import Settings

pytestmark = pytest.mark.anyio
PAGE = (Path(__file__).parents[1] / "docs" / "operations.md").read_text()
BLOCKS = dict(re.findall(r"<!-- run: (\w+) -->\n```bash\n(.*?)```", PAGE, re.DOTALL))


def run(block: str, folder: Path, settings: Settings) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith("BOWERBIRD_")} | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "BOWERBIRD_DATA": str(settings.data),
        "BOWERBIRD_DATABASE_URL": settings.database_url,
    }
    script = f"set -euo pipefail\n{BLOCKS[block]}"
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


async def filled(settings: Settings) -> None:
    """Something is in the app, and something else still waits in the queue."""
    async with world(settings.data, database_url=settings.database_url) as made:
        pond = await Pond.of(made)
        await pond.collect(pre_queue_random_sample=1.0)
        await pond.predict("cat=0.9")
        assert len(await pond.kept()) == 1
        await pond.predict("dog=0.9")


async def what_is_there(settings: Settings) -> tuple[int, dict[str, int]]:
    """How many users, the public one among them, and the figures of the collector."""
    async with opened(settings) as app:
        return len(await app.users()), dict((await app.funnel("alice", "kept", "c")).figures)


FIGURES = {"offered": 2, "taken": 2, "posted": 1, "waiting": 1, "dead": 0, "purged": 0}


async def test_the_folder_of_one_node(tmp_path: Path, sqlite_template: Path) -> None:
    settings = Settings(data=tmp_path / "data", _env_file=None)
    shutil.copytree(sqlite_template, settings.data)
    await filled(settings)
    run("backup", tmp_path, settings)
    shutil.rmtree(settings.data)
    run("restore", tmp_path, settings)
    assert await what_is_there(settings) == (5, FIGURES)


@pytest.mark.skipif(not shutil.which("pg_dump"), reason="no programs of PostgreSQL")
async def test_a_dump_of_postgres(tmp_path: Path, postgres_url: str) -> None:
    settings = Settings(data=tmp_path / "data", database_url=postgres_url, _env_file=None)
    await filled(settings)
    run("dump", tmp_path, settings)
    fresh = f"{postgres_url}_restored"
    connection = await asyncpg.connect(postgres_url)
    name = fresh.rpartition("/")[2]
    await connection.execute(f"CREATE DATABASE {name}")
    try:
        restored = Settings(data=tmp_path / "data", database_url=fresh, _env_file=None)
        run("undump", tmp_path, restored)
        assert await what_is_there(restored) == (5, FIGURES)
    finally:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.close()
