"""What the server is sent, and what follows from its answers."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tap_standin import QUICK, Answer, Server, accept, fail, is_balanced, serving

from bowerbird_tap import Limits, Tap, tap

MODEL = "acme/digits-app/digits"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as started:
        yield started


@pytest.fixture
def watch(server: Server, tmp_path: Path) -> Iterator[Tap]:
    made = tap(MODEL, url=server.url, key="secret", spool=tmp_path, limits=QUICK)
    yield made
    made.close()


def test_a_prediction_reaches_the_models_address_in_the_shape_of_the_api(
    server: Server, tmp_path: Path
) -> None:
    watch = tap(f"{MODEL}/v7", url=server.url + "/", key="secret", spool=tmp_path, limits=QUICK)
    watch({"text": "grüß\ngott"}, {"concepts": {"cat": 0.9}}, {"camera": 3}, "r1", "bob")
    assert watch.flush()
    watch.close()
    path, headers = server.requests[0]
    assert path == "/v1/users/acme/apps/digits-app/models/digits/predictions"
    assert headers["Authorization"] == "Key secret"
    item = server.items()[0]
    assert str(item.pop("at")).endswith("Z")
    assert item == {
        "request_id": "r1",
        "model_version_id": "v7",
        "caller_user_id": "bob",
        "output": {"concepts": [{"id": "cat", "value": 0.9}]},
        "input": {"data": {"text": {"raw": "grüß\ngott"}, "metadata": {"camera": 3}}},
    }


@pytest.mark.parametrize("size", [0, 1, 2, 3, 200_000, 400_001])
def test_an_image_arrives_byte_by_byte(server: Server, watch: Tap, size: int) -> None:
    image = bytes(range(256)) * (size // 256 + 1)
    watch({"image": bytearray(image[:size]), "text": "beside it"}, [("cat", 0.5)])
    assert watch.flush()
    data = server.items()[0]["input"]["data"]  # type: ignore[index]  # JSON
    assert base64.b64decode(data["image"]["base64"] if size else "") == image[:size]
    assert data["text"] == {"raw": "beside it"}


@pytest.mark.parametrize(
    ("given", "data"),
    [
        ("hello", {"text": {"raw": "hello"}}),
        (b"abc", {"image": {"base64": "YWJj"}}),
        ({"image_url": "http://a/b.png"}, {"image": {"url": "http://a/b.png"}}),
        ({"video_url": "http://a/b.mp4"}, {"video": {"url": "http://a/b.mp4"}}),
        ({"audio": b"abc", "image": b"abcd"}, {"audio": {"base64": "YWJj"}, "image": {"base64": "YWJjZA=="}}),
        (
            {"text": {"raw": "v2"}, "geo": {"geo_point": {}}},
            {"text": {"raw": "v2"}, "geo": {"geo_point": {}}},
        ),
        ({"data": {"text": {"url": "http://a"}}}, {"text": {"url": "http://a"}}),
    ],
)
def test_inputs_may_be_given_in_several_shapes(server: Server, watch: Tap, given: str, data: object) -> None:
    watch(given, [])
    assert watch.flush()
    assert server.items()[0]["input"] == {"data": data}


class Score:
    """A number as NumPy has it."""

    def tolist(self) -> float:
        return 0.25


@pytest.mark.parametrize(
    ("given", "output"),
    [
        ({"concepts": {"a": Score()}}, {"concepts": [{"id": "a", "value": 0.25}]}),
        (
            [("a", 0.5), {"id": "b", "value": 1}],
            {"concepts": [{"id": "a", "value": 0.5}, {"id": "b", "value": 1}]},
        ),
        ({"text": "answer"}, {"text": {"raw": "answer"}}),
        ({"regions": [{"id": "r"}]}, {"regions": [{"id": "r"}]}),
        ({}, {}),
    ],
)
def test_outputs_may_be_given_in_several_shapes(
    server: Server, watch: Tap, given: list[object], output: object
) -> None:
    watch("x", given)
    assert watch.flush()
    assert server.items()[0]["output"] == output


@pytest.mark.parametrize(
    "wrong", [None, 3, {"image": "path.png"}, {"text": 3}, {"metadata": {"x": object()}}, "x"]
)
def test_what_cannot_be_written_is_counted_and_never_raised(watch: Tap, wrong: str) -> None:
    watch(wrong, {"concepts": {"cat": float("nan")}})
    assert watch.flush()
    stats = watch.stats()
    assert stats.dropped == {"invalid": 1}
    assert is_balanced(stats)


def test_later_changes_of_the_hosts_own_objects_are_not_sent(server: Server, watch: Tap) -> None:
    scores, pixels = {"cat": 0.5}, bytearray(b"abc")
    watch({"image": pixels}, {"concepts": scores})
    scores["cat"], pixels[0] = 0.1, 0
    assert watch.flush()
    item = server.items()[0]
    assert item["output"] == {"concepts": [{"id": "cat", "value": 0.5}]}
    assert item["input"] == {"data": {"image": {"base64": "YWJj"}}}


def test_large_texts_travel_compressed_and_media_do_not(server: Server, watch: Tap) -> None:
    watch("word " * 20_000, [])
    assert watch.flush()
    watch(bytes((n * n * 2654435761 >> 13) & 255 for n in range(50_000)), [])
    assert watch.flush()
    assert [headers.get("Content-Encoding") for _, headers in server.requests] == ["gzip", None]


def test_a_server_that_knows_no_compression_is_sent_plain_bodies(server: Server, watch: Tap) -> None:
    refused: list[int] = []

    def plain_only(batch: list[dict[str, object]]) -> Answer:
        if server.requests[-1][1].get("Content-Encoding"):
            refused.append(1)
            return fail(415)
        return accept(batch)

    server.answer = plain_only
    for _ in range(3):
        watch("word " * 20_000, [])
        assert watch.flush()
    assert len(server.ids()) == 3
    assert len(refused) <= QUICK.in_flight  # once for each connection


def test_the_one_bad_item_of_a_batch_is_found_and_the_others_arrive(server: Server, tmp_path: Path) -> None:
    server.answer = lambda batch: (
        fail(400) if any(item["request_id"] == "r37" for item in batch) else accept(batch)
    )
    watch = tap(MODEL, url=server.url, key="k", spool=tmp_path, limits=replace(QUICK, linger=60.0))
    for number in range(100):
        watch("x", [], request_id=f"r{number}")
    assert watch.flush()
    watch.close()
    assert sorted(server.ids()) == sorted(f"r{number}" for number in range(100) if number != 37)
    assert len(server.requests) < 20
    stats = watch.stats()
    assert (stats.sent, stats.rejected, stats.dropped) == (99, 1, {})


def test_items_with_a_status_of_their_own_are_judged_by_it(server: Server, watch: Tap) -> None:
    busy = iter([{"again": 10030, "bad": 11102}])
    server.answer = lambda batch: accept(batch, next(busy, {}))
    with watch._engine._ring.changed:  # the pump waits: all three go in one batch
        for name in ("good", "again", "bad"):
            watch("x", [], request_id=name)
    assert watch.flush()
    assert server.ids() == ["good", "again"]
    stats = watch.stats()
    assert (stats.sent, stats.rejected) == (2, 1)


@pytest.mark.parametrize("status", [302, 401, 403, 404, 408, 429, 500, 502, 503])
def test_what_is_no_items_fault_loses_nothing(server: Server, watch: Tap, status: int) -> None:
    refusals = [fail(status)] * 3
    server.answer = lambda batch: refusals.pop() if refusals else accept(batch)
    for number in range(5):
        watch("x", [], request_id=str(number))
    assert watch.flush()
    assert sorted(set(server.ids())) == list("01234")
    assert watch.stats().rejected == 0
    assert f"HTTP {status}" in watch.stats().last_error


def test_a_page_of_a_proxy_is_not_taken_for_success(server: Server, watch: Tap) -> None:
    pages: list[Answer] = [(200, {"welcome": "please log in"})]
    server.answer = lambda batch: pages.pop() if pages else accept(batch)
    watch("x", [], request_id="r")
    assert watch.flush()
    assert server.ids()[-1] == "r"
    assert len(server.requests) == 2


def test_an_item_that_breaks_the_server_does_not_stand_in_the_others_way_for_ever(
    server: Server, watch: Tap
) -> None:
    server.answer = lambda batch: (
        fail(500) if any(item["request_id"] == "r7" for item in batch) else accept(batch)
    )
    for number in range(40):
        watch("x", [], request_id=f"r{number}")
    assert watch.flush(20)
    assert set(server.ids()) == {f"r{number}" for number in range(40) if number != 7}
    stats = watch.stats()
    assert (stats.sent, stats.rejected, stats.spooled) == (39, 1, 0)
    assert is_balanced(stats)


def test_memory_is_bounded_by_items_and_by_bytes(tmp_path: Path) -> None:
    limits = Limits(queue_items=10, queue_bytes=3_000, item_bytes=1_500, retry_first=60.0)
    watch = tap(MODEL, url="http://127.0.0.1:9", key="k", spool=None, limits=limits)
    for _ in range(30):
        watch("x", [])
    watch(bytes(2_000), [])
    stats = watch.stats()
    assert stats.waiting == 10
    assert stats.waiting_bytes <= 3_000
    assert stats.dropped == {"full": 20, "too_large": 1}
    assert is_balanced(stats)
    watch.close(0)


def test_a_closed_tap_counts_what_it_is_still_given(server: Server, watch: Tap) -> None:
    watch("x", [], request_id="in time")
    watch.close()
    watch("x", [])
    watch.close()
    assert server.ids() == ["in time"]
    assert watch.stats().dropped == {"closed": 1}


def test_many_threads_may_share_a_tap(server: Server, watch: Tap) -> None:
    def predict(thread: int) -> None:
        for number in range(300):
            watch("x", {"concepts": {"cat": 0.5}}, request_id=f"{thread}-{number}")

    threads = [threading.Thread(target=predict, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert watch.flush()
    assert len(server.ids()) == len(set(server.ids())) == 1200
    assert watch.stats().sent == 1200


@pytest.mark.parametrize("model", ["", "a/b", "a//b", "a/b/c/d/e", "a/b/c?", "a b/c/d"])
def test_an_address_that_is_none_shows_at_the_start(model: str) -> None:
    with pytest.raises(ValueError, match="USER/APP/MODEL"):
        tap(model, url="http://127.0.0.1", key="k")


@pytest.mark.parametrize("url", ["", "127.0.0.1:80", "ftp://a", "http://"])
def test_a_url_that_is_none_shows_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="HOST"):
        tap(MODEL, url=url, key="k")
