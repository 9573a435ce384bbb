"""The media of inputs: downloaded, kept, and given to whoever may get the input."""

import io
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest
from clarifai_grpc.grpc.api.resources_pb2 import Audio, Data, HostedURL, Input
from clarifai_grpc.grpc.api.service_pb2 import DeleteInputRequest, PatchInputsRequest
from clarifai_grpc.grpc.api.status.status_code_pb2 import StatusCode as Code
from PIL import Image as Pictures
from world import World, world
from zoo import ZOO, get, linked, picture, png, png_bomb, post, text

from bowerbird.api.rpc import Credentials, MediaFile
from bowerbird.errors import NoCredential, NotFound
from bowerbird.jobs import drain

pytestmark = pytest.mark.anyio
WAV = b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 28


@contextmanager
def website() -> Iterator[SimpleNamespace]:
    """A web server on this machine: `pages` by path, each a status and a body; `asked` counts requests."""
    site = SimpleNamespace(pages={}, asked=0, url="")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked += 1
            status, body = site.pages.get(self.path, (404, b"nothing here"))
            self.send_response(status)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield site
        server.shutdown()
        thread.join()


@pytest.fixture
def site() -> Iterator[SimpleNamespace]:
    with website() as made:
        yield made


@pytest.fixture
async def open_world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A world whose server may fetch from this machine."""
    settings = {
        "database_url": database_url,
        "fetch_allow": ("127.0.0.1",),
        "public_url": "https://media.example/",
    }
    async with world(tmp_path / "data", **settings) as made:
        yield made


def path_of(hosted: HostedURL, size: str) -> str:
    """The path of a hosted file as official clients put its address together, as the HTTP route sees it."""
    return f"{hosted.prefix}/{size}/{hosted.suffix}".partition("/media/")[2]


async def file_of(world: World, path: str, who: str = "alice") -> MediaFile:
    return await world.app.dispatcher.media(path, Credentials(key=world.tokens.get(who)))


async def read(world: World, path: str, who: str = "alice") -> bytes:
    found = await file_of(world, path, who)
    return await found.read(0, found.size)


async def failure(world: World, id: str) -> str:
    """The reason of an input that could not be processed."""
    status = (await get(world, id)).status
    assert status.code == Code.INPUT_DOWNLOAD_FAILED, status
    return status.details


async def test_posted_bytes_are_given_back(world: World) -> None:
    content = png()
    hosted = (await post(world, picture("a", content))).inputs[0].data.image.hosted
    found = await file_of(world, path_of(hosted, "orig"))
    assert (found.size, found.content_type) == (len(content), "image/png")
    assert await found.read(0, found.size) == content
    assert await found.read(2, 5) == content[2:5]


async def test_the_address_is_made_of_prefix_size_and_suffix(open_world: World) -> None:
    image = (await post(open_world, picture("a"))).inputs[0].data.image
    assert image.hosted.prefix == "https://media.example/media"
    assert image.url == f"{image.hosted.prefix}/orig/{image.hosted.suffix}"
    assert list(image.hosted.sizes) == ["orig", "small"]


async def test_large_pictures_have_a_small_size(world: World) -> None:
    noise = Pictures.effect_noise((700, 300), 90).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "PNG")
    hosted = (await post(world, picture("a", out.getvalue()))).inputs[0].data.image.hosted
    small = await file_of(world, path_of(hosted, "small"))
    assert small.content_type == "image/webp"
    assert Pictures.open(io.BytesIO(await small.read(0, small.size))).size == (256, 110)
    assert await read(world, path_of(hosted, "orig")) == out.getvalue()


async def test_the_etag_is_of_the_content(world: World) -> None:
    same = [picture("a"), picture("b"), picture("c", png(9, 9))]
    paths = [path_of(i.data.image.hosted, "orig") for i in (await post(world, *same)).inputs]
    first, second, third = [(await file_of(world, path)).etag for path in paths]
    assert first == second != third


async def test_text_and_audio_are_hosted_as_what_they_are(world: World) -> None:
    audio = Input(id="w", data=Data(audio=Audio(base64=WAV)))
    html = text("t", "<script>alert(1)</script>")
    for posted, kind in zip((await post(world, html, audio)).inputs, ("text", "audio"), strict=True):
        path = path_of(getattr(posted.data, kind).hosted, "orig")
        assert (await file_of(world, path)).content_type in ("text/plain; charset=utf-8", "audio/wav")


async def test_only_those_who_may_get_the_input_get_its_media(world: World) -> None:
    hosted = (await post(world, picture("a"))).inputs[0].data.image.hosted
    path = path_of(hosted, "orig")
    with pytest.raises(NotFound):
        await read(world, path, "mallory")
    with pytest.raises(NoCredential):
        await read(world, path, "nobody")


async def test_what_is_not_there_is_not_found(world: World) -> None:
    await post(world, picture("a"), text("t"))
    base = "users/alice/apps/zoo/inputs"
    for path in [
        f"orig/{base}/nix",
        f"huge/{base}/a",
        f"small/{base}/t",
        f"orig/{base}/a/x",
        "orig",
        f"orig/{base}/\0",
    ]:
        with pytest.raises(NotFound):
            await read(world, path)


async def test_urls_are_downloaded_and_hosted(open_world: World, site: SimpleNamespace) -> None:
    site.pages["/cat.png"] = 200, png(300, 20)
    await post(open_world, linked("a", f"{site.url}/cat.png"))
    assert not (await get(open_world, "a")).data.image.hosted.sizes
    await drain(open_world.app.services)
    done = await get(open_world, "a")
    assert done.status.code == Code.INPUT_SUCCESS
    assert done.data.image.url == f"{site.url}/cat.png"
    assert (done.data.image.image_info.width, done.data.image.image_info.height) == (300, 20)
    assert await read(open_world, path_of(done.data.image.hosted, "orig")) == png(300, 20)
    assert (await file_of(open_world, path_of(done.data.image.hosted, "small"))).content_type == "image/webp"


async def test_what_cannot_be_used_fails_with_the_reason(open_world: World, site: SimpleNamespace) -> None:
    site.pages |= {"/page": (200, b"<html>"), "/bomb": (200, png_bomb())}
    urls = {"gone": "/gone", "page": "/page", "bomb": "/bomb"}
    await post(open_world, *(linked(id, site.url + path) for id, path in urls.items()))
    await drain(open_world.app.services)
    assert "404" in await failure(open_world, "gone")
    assert "not a readable image" in await failure(open_world, "page")
    assert "pixels" in await failure(open_world, "bomb")
    assert site.asked == 3


async def test_private_addresses_are_not_fetched(world: World, site: SimpleNamespace) -> None:
    await post(world, linked("a", f"{site.url}/cat.png"), linked("b", "http://169.254.169.254/latest"))
    await drain(world.app.services)
    assert await failure(world, "a")
    assert await failure(world, "b")
    assert site.asked == 0


async def test_passing_failures_are_tried_again(open_world: World, site: SimpleNamespace) -> None:
    site.pages |= {"/a": (503, b""), "/b": (200, png())}
    await post(open_world, linked("a", f"{site.url}/a"), linked("b", f"{site.url}/b"))
    await drain(open_world.app.services)
    assert (await get(open_world, "a")).status.code == Code.INPUT_IN_PROGRESS
    assert (await get(open_world, "b")).status.code == Code.INPUT_SUCCESS
    site.pages["/a"] = 200, png()
    assert await drain(open_world.app.services) == 0
    open_world.clock.advance(3)
    await drain(open_world.app.services)
    assert (await get(open_world, "a")).status.code == Code.INPUT_SUCCESS
    assert site.asked == 3


async def test_what_goes_on_failing_fails_in_the_end(open_world: World, site: SimpleNamespace) -> None:
    site.pages["/a"] = 503, b""
    await post(open_world, linked("a", f"{site.url}/a"))
    for _ in range(6):
        await drain(open_world.app.services)
        open_world.clock.advance(1000)
    assert "503" in await failure(open_world, "a")
    assert site.asked == 4


async def test_what_changed_during_a_download_stays(open_world: World, site: SimpleNamespace) -> None:
    site.pages["/a"] = 503, b""
    await post(open_world, linked("a", f"{site.url}/a"), linked("b", f"{site.url}/b"))
    await drain(open_world.app.services)
    change = Input(id="a")
    change.data.metadata.update({"x": 1})
    request = PatchInputsRequest(inputs=[change], action="merge")
    await open_world.ok("alice", "PatchInputs", request, **ZOO)
    await open_world.ok("alice", "DeleteInput", DeleteInputRequest(input_id="b"), **ZOO)
    site.pages["/a"] = 200, png()
    open_world.clock.advance(3)
    await drain(open_world.app.services)
    done = await get(open_world, "a")
    assert done.status.code == Code.INPUT_SUCCESS
    assert dict(done.data.metadata) == {"x": 1}
