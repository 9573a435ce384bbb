"""Label Studio, labelled in by the same scripted person: where LABEL_STUDIO names its command."""

import asyncio
import base64
import io
import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from PIL import Image
from playwright.async_api import Page, async_playwright

from bench.portal_place import CHROMIUM, FLAGS, PASSWORD, SCREEN
from bowerbird.ports import free_address

COMMAND = os.environ.get("LABEL_STUDIO", "")
TOKEN = "0123456789abcdef0123456789abcdef01234567"
EMAIL = "a@example.com"
UP_S = 180
SIDE = 64  # of a picture, in pixels
CHOICES = "".join(f'<Choice value="{n}" hotkey="{n}"/>' for n in range(10))
CONFIG = f"""<View>
  <Header value="$name"/><Image name="picture" value="$picture"/>
  <Choices name="digit" toName="picture" choice="single">{CHOICES}</Choices>
</View>"""
# The task is shown, and its picture is there.
SHOWN = """([name, side]) => document.body.innerText.includes(name)
  && [...document.images].some((one) => one.complete && one.naturalWidth === side)"""


async def tool_time(folder: Path, count: int, think_s: float) -> tuple[float, str]:
    """Seconds per label besides thinking, as LABELS of our own are measured; and which version it is."""
    await asyncio.to_thread(folder.mkdir, parents=True)
    async with _served(folder) as (url, version), async_playwright() as playwright:
        project = await _project(url, count + 1)
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await (await browser.new_context(base_url=url, viewport=SCREEN)).new_page()
        await page.goto("/user/login/")
        await page.locator("input[name=email]").fill(EMAIL)
        await page.locator("input[name=password]").fill(PASSWORD)
        await page.locator("button[type=submit]").first.click()
        await page.wait_for_url(lambda url: "login" not in url)
        await page.goto(f"/projects/{project}/data?labeling=1")
        took = await _label(page, count, think_s)
        await browser.close()
        done = (await _call(url, "GET", f"/api/projects/{project}"))["num_tasks_with_annotations"]
        if done != count:
            raise RuntimeError(f"Label Studio has {done} of {count} labels")
        return took, version


async def _label(page: Page, count: int, think_s: float) -> float:
    clock = asyncio.get_running_loop().time
    await _shown(page, 0)
    start = clock()
    for n in range(count):
        await asyncio.sleep(think_s)
        await page.keyboard.press(str(n % 10))
        await page.keyboard.press("Control+Enter")
        await _shown(page, n + 1)
    return (clock() - start - count * think_s) / count


async def _shown(page: Page, n: int) -> None:
    await page.wait_for_function(SHOWN, arg=[_name(n), SIDE], polling="raf")


def _name(n: int) -> str:
    return f"task-{n:03}"


async def _project(url: str, count: int) -> int:
    made = {"title": "digits", "label_config": CONFIG, "sampling": "Sequential sampling"}
    project: int = (await _call(url, "POST", "/api/projects", made))["id"]
    tasks = [{"data": {"name": _name(n), "picture": _picture()}} for n in range(count)]
    await _call(url, "POST", f"/api/projects/{project}/import", tasks)
    return project


def _picture() -> str:
    out = io.BytesIO()
    Image.effect_noise((SIDE, SIDE), 60).save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


async def _call(url: str, method: str, path: str, body: object = None) -> Any:  # JSON
    headers = {"authorization": f"Token {TOKEN}", "content-type": "application/json"}
    async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
        answer = await client.request(
            method, path, headers=headers, content=json.dumps(body) if body else None
        )
        answer.raise_for_status()
        return answer.json()


@asynccontextmanager
async def _served(folder: Path) -> AsyncIterator[tuple[str, str]]:
    address = free_address("127.0.0.1:0")
    options: Sequence[str] = ("--no-browser", "--port", address.partition(":")[2], "--data-dir", str(folder))
    who = ("--username", EMAIL, "--password", PASSWORD, "--user-token", TOKEN)
    own = {"LABEL_STUDIO_BASE_DATA_DIR": str(folder), "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true"}
    quiet = {"SENTRY_DSN": "", "COLLECT_ANALYTICS": "0"}
    with (folder / "log").open("ab") as log:
        server = await asyncio.create_subprocess_exec(
            COMMAND, "start", *options, *who, stdout=log, stderr=log, env=os.environ | own | quiet, cwd=folder
        )
    try:
        yield f"http://{address}", await _version(f"http://{address}")
    finally:
        server.terminate()
        await server.wait()


async def _version(url: str) -> str:
    """Once it answers."""
    async with asyncio.timeout(UP_S):
        while True:
            try:
                return str((await _call(url, "GET", "/api/version"))["release"])
            except httpx2.HTTPError:
                await asyncio.sleep(0.5)
