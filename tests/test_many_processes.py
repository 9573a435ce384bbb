"""Several API processes at the same two ports, and several workers, under one parent."""

import asyncio
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from wires import free_port

from bowerbird.ports import is_free, listening, reserved
from bowerbird.processes import run_worker
from bowerbird.scrape import merged
from bowerbird.settings import Settings

pytestmark = pytest.mark.anyio
START_S = 60.0
SIGNS = ("api ready", "api ready", "worker ready", "worker ready")


@asynccontextmanager
async def serving(data: Path, http: str, grpc: str, *options: str) -> AsyncIterator[Process]:
    command = [
        sys.executable,
        "-m",
        "bowerbird",
        "serve",
        "--no-portal",
        "--http",
        http,
        "--grpc",
        grpc,
        *options,
    ]
    process = await asyncio.create_subprocess_exec(
        *command, "--data", str(data), cwd=data.parent, stdout=PIPE, stderr=STDOUT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def until(process: Process, *signs: str) -> None:
    """Read what it says until all of these were said, each as often as it is named."""
    missing, said = Counter(signs), ""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_S):
            while missing:
                line = (await process.stdout.readline()).decode()
                assert line, f"it ended without {missing}: {said}"
                said += line
                missing -= Counter({sign: line.count(sign) for sign in signs})  # two may come in one line
    except TimeoutError:
        pytest.fail(f"{missing} missing in: {said}")


@pytest.mark.slow
async def test_processes_share_the_ports_and_one_scrape_shows_them_all(tmp_path: Path) -> None:
    http, grpc = (f"127.0.0.1:{free_port()}" for _ in range(2))
    options = ("--api-processes", "2", "--workers", "2")
    async with serving(tmp_path / "data", http, grpc, *options) as server, httpx2.AsyncClient() as client:
        await until(server, *SIGNS)

        async def answering() -> set[str]:
            """The processes that took up calls, each of which came over a connection of its own."""
            for _ in range(24):
                answer = await client.get(f"http://{http}/v2/users/me", headers={"connection": "close"})
                assert answer.status_code == 401
            text = (await client.get(f"http://{http}/metrics")).text
            counted = [line for line in text.splitlines() if line.startswith("bowerbird_calls_total")]
            return {line.split('process="')[1].split('"')[0] for line in counted}

        assert await answering() == {"api-1", "api-2"}
        async with serving(tmp_path / "data", http, f"127.0.0.1:{free_port()}", *options) as second:
            assert second.stdout is not None
            said = (await second.stdout.read()).decode()
            assert await second.wait() == 1
            assert "another program" in said
            assert http in said


async def first(client: httpx2.AsyncClient, path: str) -> httpx2.Response:
    """The answer of a server that is about to listen."""
    async with asyncio.timeout(START_S):
        while True:
            try:
                return await client.get(path)
            except httpx2.ConnectError:
                await asyncio.sleep(0.02)


async def test_a_worker_where_there_is_no_api_shows_health_and_metrics(
    tmp_path: Path, sqlite_template: Path
) -> None:
    shutil.copytree(sqlite_template, tmp_path / "data")
    address, stop = f"127.0.0.1:{free_port()}", asyncio.Event()
    settings = Settings(data=tmp_path / "data", worker_http=address, _env_file=None)
    async with asyncio.TaskGroup() as group, httpx2.AsyncClient(base_url=f"http://{address}") as client:
        group.create_task(run_worker(settings, stop))
        assert (await first(client, "/healthz")).json() == {"status": "ok"}
        assert (await client.get("/readyz")).json() == {"status": "ok", "parts": {"database": "ok"}}
        assert "# TYPE bowerbird_calls_total counter" in (await client.get("/metrics")).text
        stop.set()


def test_a_shared_port_is_had_alone_first_and_nobody_elses_then() -> None:
    address = f"127.0.0.1:{free_port()}"
    with listening(address), pytest.raises(OSError, match=f"cannot listen at {address}"):
        reserved([address]).__enter__()
    with reserved([address]):
        assert not is_free(address)
        with pytest.raises(OSError, match=address), reserved([address]):
            pass
        with listening(address, shared=True), listening(address, shared=True):
            assert not is_free(address)
        assert not is_free(address)
    assert is_free(address)


def test_the_lines_of_a_metric_stand_together_whichever_process_they_are_of() -> None:
    text = '# HELP a_total Of a.\n# TYPE a_total counter\na_total{{x="1"}} {0}\n# TYPE b gauge\nb {0}\n'
    assert merged({"api-1": text.format("1.0"), "worker-1": text.format("2.0")}).decode().splitlines() == [
        "# HELP a_total Of a.",
        "# TYPE a_total counter",
        'a_total{process="api-1",x="1"} 1.0',
        'a_total{process="worker-1",x="1"} 2.0',
        "# TYPE b gauge",
        'b{process="api-1"} 1.0',
        'b{process="worker-1"} 2.0',
    ]
