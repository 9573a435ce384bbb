"""Downloads, against servers on the loopback address."""

import asyncio
import gzip
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bowerbird.addresses import Policy
from bowerbird.errors import ApiError, InputDownloadFailed, InputTooLarge, InputUrlInvalid
from bowerbird.fetch import Fetched, fetch

pytestmark = pytest.mark.anyio
CERTIFICATE = Path(__file__).parent / "certificates" / "media.example.pem"
Answer = Callable[[str], bytes]  # request target -> whole response


@dataclass
class Site:
    """A server that writes down what it is asked."""

    port: int = 0
    requests: list[str] = field(default_factory=list)


def reply(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers]
    if not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def redirect(to: str) -> bytes:
    return reply(b"", f"Location: {to}", status="302 Found")


@asynccontextmanager
async def site(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    seen = Site()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            seen.requests.append(head)
            writer.write(answer(head.split()[1]))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async with serving(serve, tls) as seen.port:
        yield seen


@asynccontextmanager
async def serving(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


LOOPBACK = Policy(allow=("127.0.0.1",))
NAMED = Policy(allow=("127.0.0.1",), resolve=lambda host, port: ["127.0.0.1"])


async def get(url: str, policy: Policy = LOOPBACK, max_bytes: int = 1000, timeout_s: float = 10) -> Fetched:
    return await fetch(url, max_bytes=max_bytes, timeout_s=timeout_s, policy=policy)


async def failing(error: type[ApiError], url: str, policy: Policy = LOOPBACK, max_bytes: int = 1000) -> str:
    with pytest.raises(error) as caught:
        await get(url, policy, max_bytes)
    assert "127.0.0.1" not in caught.value.details
    return caught.value.details


async def test_the_content_comes_with_its_type_and_address() -> None:
    async with site(lambda path: reply(b"petals", "Content-Type: image/png")) as shop:
        url = f"http://127.0.0.1:{shop.port}/a%20b?c=d"
        assert await get(f"{url}#e") == Fetched(b"petals", "image/png", url)
    assert shop.requests[0].startswith("GET /a%20b?c=d HTTP/1.1\r\n")


async def test_without_the_operators_word_loopback_is_refused_unasked() -> None:
    async with site(lambda path: reply(b"secret")) as shop:
        details = await failing(InputUrlInvalid, f"http://127.0.0.1:{shop.port}/", Policy())
    assert "loopback" in details
    assert shop.requests == []


async def test_a_name_is_resolved_once_and_the_host_header_keeps_it() -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    async with site(lambda path: reply(b"ok")) as shop:
        policy = Policy(allow=("127.0.0.1",), resolve=rebinding)
        assert (await get(f"http://media.example:{shop.port}/x", policy)).content == b"ok"
    assert asked == ["media.example"]
    assert f"host: media.example:{shop.port}" in shop.requests[0].lower()


async def test_the_second_address_is_tried_when_the_first_takes_no_connection() -> None:
    async with site(lambda path: reply(b"ok")) as shop:
        policy = Policy(allow=("127.0.0.0/8",), resolve=lambda host, port: ["127.0.0.9", "127.0.0.1"])
        assert (await get(f"http://media.example:{shop.port}/x", policy)).content == b"ok"


async def test_redirects_are_followed() -> None:
    def answer(path: str) -> bytes:
        return redirect("../b?c=d") if path == "/a/a" else reply(b"there")

    async with site(answer) as shop:
        fetched = await get(f"http://media.example:{shop.port}/a/a", NAMED)
    assert fetched.content == b"there"
    assert fetched.final_url == f"http://media.example:{shop.port}/b?c=d"


@pytest.mark.parametrize(
    "to",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "file:///etc/passwd",
        "http://user:pass@media.example/",
        "//10.0.0.1/",
    ],
)
async def test_a_redirect_may_not_lead_where_a_url_may_not(to: str) -> None:
    async with site(lambda path: redirect(to)) as shop:
        await failing(InputUrlInvalid, f"http://media.example:{shop.port}/", NAMED)


async def test_each_redirect_resolves_its_own_name() -> None:
    def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"] if host == "media.example" else ["10.0.0.1"]

    async with site(lambda path: redirect("http://inside.example/")) as shop:
        policy = Policy(allow=("127.0.0.1",), resolve=resolve)
        assert "private" in await failing(InputUrlInvalid, f"http://media.example:{shop.port}/", policy)


async def test_five_redirects_are_followed_and_no_sixth() -> None:
    def answer(path: str) -> bytes:
        return redirect(f"/{int(path[1:]) - 1}") if path != "/0" else reply(b"there")

    async with site(answer) as shop:
        assert (await get(f"http://127.0.0.1:{shop.port}/5")).content == b"there"
        assert "redirects" in await failing(InputDownloadFailed, f"http://127.0.0.1:{shop.port}/6")


@pytest.mark.parametrize(
    "status", ["404 Not Found", "403 Forbidden", "500 Oops", "204 No Content", "304 Not Modified"]
)
async def test_any_other_status_is_a_failed_download(status: str) -> None:
    async with site(lambda path: reply(b"", status=status)) as shop:
        assert status[:3] in await failing(InputDownloadFailed, f"http://127.0.0.1:{shop.port}/")


async def test_content_of_exactly_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    async with site(lambda path: reply(b"x" * int(path[1:]))) as shop:
        assert len((await get(f"http://127.0.0.1:{shop.port}/1000")).content) == 1000
        await failing(InputTooLarge, f"http://127.0.0.1:{shop.port}/1001")


async def test_a_stream_that_never_ends_is_cut_at_the_limit() -> None:
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 10_000)
                await writer.drain()
                sent += 10_000
        except ConnectionError:
            writer.close()

    async with serving(serve) as port:
        await failing(InputTooLarge, f"http://127.0.0.1:{port}/", max_bytes=50_000)
    assert sent < 20_000_000


@pytest.mark.parametrize(("encoding", "encode"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_compressed_content_is_unpacked_and_bounded_by_what_comes_out(
    encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    def answer(path: str) -> bytes:
        return reply(encode(b"x" * int(path[1:])), f"Content-Encoding: {encoding}")

    async with site(answer) as shop:
        assert (await get(f"http://127.0.0.1:{shop.port}/1000")).content == b"x" * 1000
        await failing(InputTooLarge, f"http://127.0.0.1:{shop.port}/1001")
        await failing(InputTooLarge, f"http://127.0.0.1:{shop.port}/30000000", max_bytes=100_000)


@pytest.mark.parametrize(
    "answer",
    [
        reply(gzip.compress(b"petals", mtime=0)[:-6], "Content-Encoding: gzip"),
        reply(b"petals", "Content-Encoding: gzip"),
        reply(b"petals", "Content-Encoding: br"),
        reply(b"petals", "Content-Length: 7"),
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"",
    ],
)
async def test_damaged_answers_are_failed_downloads(answer: bytes) -> None:
    async with site(lambda path: answer) as shop:
        await failing(InputDownloadFailed, f"http://127.0.0.1:{shop.port}/")


async def test_a_closed_port_is_a_failed_download() -> None:
    async with site(lambda path: b"") as shop:
        pass
    await failing(InputDownloadFailed, f"http://127.0.0.1:{shop.port}/")


async def test_a_server_that_dawdles_is_given_up_at_the_deadline() -> None:
    is_over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nslowly")
        await is_over.wait()
        writer.close()

    async with serving(serve) as port:
        with pytest.raises(InputDownloadFailed, match=r"longer than 0\.1 s"):
            await get(f"http://127.0.0.1:{port}/", timeout_s=0.1)
        is_over.set()


def tls_server(seen: list[str | None]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    context.sni_callback = lambda sock, name, context: seen.append(name)
    return context


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(CERTIFICATE))


async def test_tls_is_verified_for_the_name_while_the_connection_goes_to_the_address() -> None:
    names: list[str | None] = []
    async with site(lambda path: reply(b"ok"), tls_server(names)) as shop:
        policy = Policy(allow=NAMED.allow, resolve=NAMED.resolve, tls=trusting())
        assert (await get(f"https://media.example:{shop.port}/", policy)).content == b"ok"
        assert names == ["media.example"]
        assert "TLS" in await failing(InputDownloadFailed, f"https://other.example:{shop.port}/", policy)
        assert "TLS" in await failing(InputDownloadFailed, f"https://127.0.0.1:{shop.port}/", policy)


async def test_a_certificate_that_nobody_trusts_is_refused() -> None:
    async with site(lambda path: reply(b"ok"), tls_server([])) as shop:
        assert "TLS" in await failing(InputDownloadFailed, f"https://media.example:{shop.port}/", NAMED)
    assert shop.requests == []


async def test_a_proxy_is_asked_for_the_name_and_guarded_all_the_same() -> None:
    async with site(lambda target: reply(target.encode())) as proxy:
        policy = Policy(proxies={"http": f"http://127.0.0.1:{proxy.port}", "no": "inside.example"})
        assert (await get("http://media.example/x", policy)).content == b"http://media.example/x"
        for url in ("http://10.0.0.1/", "http://localhost/", "http://metadata.internal/"):
            await failing(InputUrlInvalid, url, policy)
    assert len(proxy.requests) == 1


async def test_a_proxy_that_refuses_the_tunnel_is_a_failed_download() -> None:
    async with site(lambda target: reply(b"", status="403 Forbidden")) as proxy:
        policy = Policy(proxies={"https": f"127.0.0.1:{proxy.port}"}, tls=trusting())
        assert "proxy" in await failing(InputDownloadFailed, "https://media.example/x", policy)
    assert proxy.requests[0].startswith("CONNECT media.example:443 ")
