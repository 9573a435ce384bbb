"""The examples, run as they stand against a server of their own."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from bowerbird.app import opened
from bowerbird.demo.running import serving, wait_until_ready
from bowerbird.ports import free_address
from bowerbird.settings import Settings

EXAMPLES = Path(__file__).parents[1] / "examples"
SDK_PYTHON = os.environ.get("BOWERBIRD_SDK_PYTHON", "")  # of an environment with the official SDK


@dataclass(frozen=True)
class Running:
    """A server, and the environment in which the examples find it."""

    http: str
    grpc: str
    env: Mapping[str, str]
    admin_pat: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    data = tmp_path_factory.mktemp("examples") / "data"
    http, grpc = (free_address("127.0.0.1:0") for _ in range(2))
    settings = Settings(data=data, http=http, grpc=grpc, portal="", _env_file=None)
    pat, admin_pat = asyncio.run(new_users(settings))
    with serving(settings) as process:
        wait_until_ready(settings, process)
        yield Running(settings.http, settings.grpc, {**os.environ, "CLARIFAI_PAT": pat}, admin_pat)


async def new_users(settings: Settings) -> tuple[str, str]:
    """The tokens of Ann, and of an admin."""
    async with opened(settings) as app:
        return (
            await app.create_user("ann", "ann@example.com"),
            await app.create_user("root", "root@example.com", is_admin=True),
        )


def run(server: Running, *command: str) -> str:
    done = subprocess.run(
        command, env=server.env, cwd=EXAMPLES, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("channel", ["grpc", "json"])
def test_the_official_client_does_the_whole_flow(server: Running, channel: str) -> None:
    ports = ("--http-port", server.http.split(":")[1], "--grpc-port", server.grpc.split(":")[1])
    told = run(server, sys.executable, "collect_with_client.py", "--channel", channel, *ports)
    assert "as expected" in told


@pytest.mark.parametrize("tagger", ["own", "public"])
def test_inputs_label_themselves(server: Running, tagger: str) -> None:
    admin = ("--admin-pat", server.admin_pat) if tagger == "public" else ()
    port = server.grpc.split(":")[1]
    told = run(server, sys.executable, "auto_annotation.py", "--grpc-port", port, *admin)
    assert "as expected" in told


def test_curl_does_the_whole_flow(server: Running) -> None:
    told = run(server, "bash", "collect_with_curl.sh", f"http://{server.http}")
    assert "kept grey" in told


@pytest.mark.skipif(not SDK_PYTHON, reason="BOWERBIRD_SDK_PYTHON names no environment with the official SDK")
def test_the_official_sdk_takes_its_tour(server: Running) -> None:
    told = run(server, SDK_PYTHON, "sdk_tour.py", "--user", "ann", "--base", f"http://{server.grpc}")
    assert "all of it worked" in told
