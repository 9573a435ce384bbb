"""Hosted media over HTTP."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from echo import EchoDispatcher, app_over

pytestmark = pytest.mark.anyio
DATA = bytes(range(100))
BIG = b"0123456789" * 250_000
PLACE = "/media/users/u/apps/a/inputs/i/original"


@pytest.fixture
def echo() -> EchoDispatcher:
    made = EchoDispatcher()
    made.holding("users/u/apps/a/inputs/i/original", DATA, "image/png")
    return made


@pytest.fixture
async def client(echo: EchoDispatcher) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app_over(echo))
    async with httpx2.AsyncClient(transport=transport, base_url="http://bowerbird") as made:
        yield made


async def test_a_file_is_sent_whole_to_whom_its_key_allows(
    client: httpx2.AsyncClient, echo: EchoDispatcher
) -> None:
    answer = await client.get(PLACE, headers={"Authorization": "Key k"})
    assert (answer.status_code, answer.content) == (200, DATA)
    assert echo.credentials.key == "k"
    headers = answer.headers
    assert (headers["content-type"], headers["content-length"]) == ("image/png", "100")
    assert (headers["etag"], headers["accept-ranges"]) == ('"tag"', "bytes")
    assert headers["cache-control"].startswith("private")
    assert headers["x-content-type-options"] == "nosniff"
    assert "content-disposition" not in headers


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=90-", 90, 100),
        ("bytes=-5", 95, 100),
        ("bytes=-500", 0, 100),
        ("bytes=50-5000", 50, 100),
    ],
)
async def test_a_range_is_sent_alone(client: httpx2.AsyncClient, wanted: str, start: int, end: int) -> None:
    answer = await client.get(PLACE, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (206, DATA[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/100"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("wanted", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=5-4", "bytes=-"])
async def test_a_range_outside_of_the_file_is_refused(client: httpx2.AsyncClient, wanted: str) -> None:
    answer = await client.get(PLACE, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == "bytes */100"


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "lines=1-2", "bytes=a-b", "nonsense"])
async def test_a_range_that_is_not_plain_gets_everything(client: httpx2.AsyncClient, wanted: str) -> None:
    answer = await client.get(PLACE, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (200, DATA)


async def test_a_range_of_another_version_gets_everything(client: httpx2.AsyncClient) -> None:
    headers = {"Range": "bytes=0-1", "If-Range": '"other"'}
    assert (await client.get(PLACE, headers=headers)).status_code == 200
    assert (await client.get(PLACE, headers=headers | {"If-Range": '"tag"'})).status_code == 206


async def test_what_the_browser_has_is_not_sent_again(client: httpx2.AsyncClient) -> None:
    for tag in ('"tag"', 'W/"tag", "x"', "*"):
        answer = await client.get(PLACE, headers={"If-None-Match": tag})
        assert (answer.status_code, answer.content) == (304, b"")
    assert (await client.get(PLACE, headers={"If-None-Match": '"x"'})).status_code == 200


async def test_head_gives_the_headers_alone(client: httpx2.AsyncClient) -> None:
    answer = await client.head(PLACE)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == "100"


@pytest.mark.parametrize(
    "kind", ["text/html", "image/svg+xml", "application/zip", "image/png\r\nX: y", "", "nonsense"]
)
async def test_what_a_browser_might_run_is_downloaded(
    client: httpx2.AsyncClient, echo: EchoDispatcher, kind: str
) -> None:
    echo.holding("users/u/x", b"<script>", kind)
    answer = await client.get("/media/users/u/x")
    assert answer.headers["content-disposition"] == "attachment"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "x" not in answer.headers


async def test_files_are_read_in_pieces(client: httpx2.AsyncClient, echo: EchoDispatcher) -> None:
    echo.holding("big", BIG, "video/mp4")
    assert (await client.get("/media/big")).content == BIG
    assert (await client.get("/media/big", headers={"Range": "bytes=3-2000003"})).content == BIG[3:2000004]


async def test_an_empty_file_is_empty(client: httpx2.AsyncClient, echo: EchoDispatcher) -> None:
    echo.holding("empty", b"", "text/plain")
    assert (await client.get("/media/empty")).content == b""
    assert (await client.get("/media/empty", headers={"Range": "bytes=0-"})).status_code == 416


async def test_a_file_that_is_missing_is_answered_with_a_status(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/media/none")
    assert (answer.status_code, answer.json()["status"]["code"]) == (404, 11101)
    assert answer.headers["x-request-id"] == answer.json()["status"]["req_id"]
