"""A host with the tap client, and the API killed under it: the host keeps its pace, all arrives once."""

import asyncio
import hashlib
import time
from collections import Counter
from pathlib import Path

import pytest
from bowerbird_tap import Limits, Tap, tap
from clarifai_grpc.grpc.api.service_pb2 import ListInputsRequest
from lives import LONGEST_START_S, Part, opened_nursery
from place import KEPT, Place, build
from traffic import WATCHED

from bowerbird.app import opened, poster

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
TURN = 20  # predictions with the tap, and as many without
PICTURE = bytes(9_000_000)  # to hash it takes a few milliseconds, without the interpreter's lock


async def test_a_host_keeps_its_pace_and_all_arrives_once_while_the_api_is_killed_and_restarted(
    tmp_path: Path, sqlite_template: Path
) -> None:
    place = await build(tmp_path, sqlite_template)
    url = f"http://{place.settings.http}"
    limits = Limits(retry_first=0.05, retry_most=0.2)
    watch = tap(f"alice/zoo/{WATCHED}", url=url, key=place.token, spool=tmp_path / "spool", limits=limits)
    host = Host(watch)
    async with opened_nursery() as nursery:
        api = Part("api", 1, nursery, place.env, place.folder)
        for _ in range(2):
            async with api.alive():
                await api.ready()
                await asyncio.to_thread(host.turn)
            # killed, with batches on their way
            await asyncio.to_thread(host.turn)
        async with api.alive():
            await asyncio.to_thread(host.turn)
            assert await asyncio.to_thread(watch.flush, LONGEST_START_S)
    watch.close()
    assert host.share < 0.02
    assert await kept(place) == Counter(f"r{n}" for n in range(host.sent))
    assert (watch.stats().sent, watch.stats().dropped) == (host.sent, {})


class Host:
    """A program whose model computes for some milliseconds; times are of its own thread's processor."""

    def __init__(self, watch: Tap) -> None:
        self.sent = 0
        self._watch = watch
        self._model = self._tapped = self._bare = 0.0
        self._predict(is_tapped=True)  # starts the threads, once in a program's life
        self._model = 0.0

    @property
    def share(self) -> float:
        """What the tap takes of the host, as a share of its model."""
        return 2 * (self._tapped - self._bare) / self._model

    def turn(self) -> None:
        """Predictions with the tap and without, by turns."""
        for _ in range(TURN):
            self._tapped += self._predict(is_tapped=True)
            self._bare += self._predict(is_tapped=False)

    def _predict(self, *, is_tapped: bool) -> float:
        """Seconds that followed the model."""
        begun = time.thread_time()
        score = hashlib.sha256(PICTURE).digest()[0] / 255
        predicted = time.thread_time()
        if is_tapped:
            self._watch({"text": "a text"}, {"concepts": {"cat": score}}, request_id=f"r{self.sent}")
            self.sent += 1
        self._model += predicted - begun
        return time.thread_time() - predicted


async def kept(place: Place) -> Counter[str]:
    """The request ids of what the collector "every" posted into its app."""
    async with opened(place.settings) as app:
        await poster(app, "test").drain()
        request = ListInputsRequest(user_app_id=KEPT, per_page=1000)
        inputs = (await place.inside(app).ok("alice", "ListInputs", request)).inputs
        funnel = await app.funnel("alice", "kept", "every")
        assert funnel.balances
    mine = [i.data.metadata for i in inputs if i.data.metadata["collector_id"] == "every"]
    return Counter(m["capture"]["request_id"] for m in mine)
