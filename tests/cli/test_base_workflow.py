"""The base workflow of an app, chosen and run anew by commands."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Data, Input, Text, UserAppIDSet
from clarifai_grpc.grpc.api.service_pb2 import PostInputsRequest

from bowerbird.api.rpc import METHODS, Credentials
from bowerbird.app import opened
from bowerbird.auth.actors import EVERYTHING, PAT, Actor
from bowerbird.cli import apps
from bowerbird.jobs import drain
from bowerbird.settings import Settings

Invoke = Callable[..., Any]


def post(data: Path) -> None:
    """An input in ann's app, processed."""
    posted = PostInputsRequest(
        user_app_id=UserAppIDSet(user_id="ann", app_id="zoo"),
        inputs=[Input(data=Data(text=Text(raw="hello")))],
    )
    ann = Actor(user_id="ann", kind=PAT, grant=EVERYTHING)

    async def run() -> None:
        async with opened(Settings(data=data, models_in_process=True, _env_file=None)) as app:
            await app.dispatcher.call(METHODS["PostInputs"], posted, Credentials(actor=ann))
            await drain(app.services)

    asyncio.run(run())


def work(data: Path) -> None:
    """What a worker does, until nothing is due."""

    async def run() -> None:
        async with opened(Settings(data=data, models_in_process=True, _env_file=None)) as app:
            await drain(app.services)

    asyncio.run(run())


def work_until(data: Path, stop: threading.Event) -> None:
    while not stop.wait(0.05):
        work(data)


def test_a_workflow_is_chosen_and_shown(ok: Invoke, home: None) -> None:
    ok("workflows", "create", "some", "--app", "zoo", "--keep", "random-sample keep_fraction=0.5")
    assert "Base workflow of zoo: some." in ok("apps", "set-workflow", "zoo", "some")


def test_a_reindex_by_a_workflow_that_is_not_there_is_refused(invoke: Invoke, home: None) -> None:
    result = invoke("apps", "set-workflow", "zoo", "nothing", "--reindex")
    assert result.exit_code == 2
    assert "nothing" in result.output


def test_an_app_without_inputs_has_nothing_to_do(ok: Invoke, home: None) -> None:
    assert "0 to do" in ok("apps", "reindex", "zoo")


def test_a_reindex_is_followed_to_its_end(
    ok: Invoke, answer: Invoke, data: Path, home: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps, "LOOK_S", 0.01)
    post(data)
    assert answer("apps", "reindex", "zoo", "--no-wait")["to_reindex"] == 1
    work(data)
    told = ok("apps", "reindex", "zoo", "--no-wait")
    assert "0 indexed, 0 failed, 1 to do." in told
    with ThreadPoolExecutor(1) as worker:
        stop = threading.Event()
        working = worker.submit(work_until, data, stop)
        told = ok("apps", "reindex", "zoo")
        stop.set()
        working.result()
    assert "1 indexed, 0 failed, 0 to do." in told


def test_a_reindex_is_stopped(ok: Invoke, answer: Invoke, data: Path, home: None) -> None:
    post(data)
    work(data)
    assert answer("apps", "reindex", "zoo", "--no-wait")["to_reindex"] == 1
    assert "1 to do" in ok("apps", "reindex", "zoo", "--stop", "--no-wait")
    work(data)
    assert "0 indexed, 0 failed, 0 to do." in ok("apps", "reindex", "zoo", "--no-wait", "--stop")
