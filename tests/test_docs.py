"""The documents are true: commands run, links lead somewhere, tables are those of the code."""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from clarifai_grpc.grpc.api.status import status_code_pb2
from forked_commands import forked_commands
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from bowerbird.demo.running import wait_until_ready
from bowerbird.ports import free_address
from bowerbird.settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"<!-- run(?P<how>: server)? -->\n```bash\n(?P<commands>.*?)```", re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
LABELS = ["ant", "bee", "cat"]


@dataclass(frozen=True)
class Block:
    commands: str
    is_server: bool


def blocks(page: Path) -> list[Block]:
    return [Block(m["commands"], bool(m["how"])) for m in BLOCK.finditer(page.read_text())]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/getting-started.md"])
def test_the_commands_run_as_they_stand(page: str, tmp_path: Path) -> None:
    found = blocks(ROOT / page)
    assert [b.is_server for b in found].count(True) == 1
    put_the_readers_files(tmp_path)
    settings = Settings(
        data=tmp_path / "bowerbird-data",
        http=free_address("127.0.0.1:0"),
        grpc=free_address("127.0.0.1:0"),
        _env_file=None,
    )
    told = in_one_shell(found, settings, tmp_path)
    assert '"code":10000' in told
    assert re.search(r"offered +1\b|\"offered\": 1", told), told


def put_the_readers_files(folder: Path) -> None:
    """A model of three labels, and a photo."""
    weights = {"w": np.random.default_rng(0).normal(size=(3 * 32 * 32, 3)).astype(np.float32)}
    nodes = [
        helper.make_node("Flatten", ["pixels"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["z"]),
    ]
    graph = helper.make_graph(
        nodes,
        "animals",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 3, 32, 32])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["N", 3])],
        [numpy_helper.from_array(value, key) for key, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "labels.txt").write_text("\n".join(LABELS))
    Image.new("RGB", (40, 30), "orange").save(folder / "photo.jpg")


def in_one_shell(found: list[Block], settings: Settings, folder: Path) -> str:
    """Run the blocks in order; the server beside them. What they printed."""
    at = next(n for n, block in enumerate(found) if block.is_server)
    first = script([b.commands for b in found[:at]], settings) + "\nexport -p > environment.sh\n"
    rest = script(["source environment.sh\n", *(b.commands for b in found[at + 1 :])], settings)
    # The server hears of a collector within a second, and posts within another: typing takes longer.
    for patient in ("curl -s", "bowerbird inputs list"):
        rest = rest.replace(patient, f"sleep 2; {patient}")
    with forked_commands(folder, environment()) as bowerbird:
        told = run(bowerbird + first, folder)
        with serving_with(found[at].commands, settings, folder):
            return told + run(bowerbird + rest, folder)


def script(parts: list[str], settings: Settings) -> str:
    text = "set -euo pipefail\n" + "".join(parts)
    return text.replace("127.0.0.1:8080", settings.http).replace("127.0.0.1:18080", settings.grpc)


def run(commands: str, folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-c", commands],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def serving_with(command: str, settings: Settings, folder: Path) -> Iterator[None]:
    words = [*shlex.split(command), "--no-portal", "--http", settings.http, "--grpc", settings.grpc]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(words, cwd=folder, env=environment(), stdout=log, stderr=log)
        try:
            wait_until_ready(settings, server)
            yield
        finally:
            server.terminate()
            server.wait(30)


def environment() -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("BOWERBIRD_")}
    return {**clean, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "200"}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text()):
        if link.startswith(("http://", "https://")):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{name(page)}: {link}"
        if anchor:
            assert anchor in anchors(target), f"{name(page)}: {link}"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made when it is shown."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", unicodedata.normalize("NFC", h).lower()).replace(" ", "-") for h in headings
    }


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_current() -> None:
    pages = generator().PAGES
    for file, page in pages.items():
        current = (ROOT / "docs" / file).read_text()
        assert current == page(), f"docs/{file} is old: run .venv/bin/python docs/generate.py"


def test_every_status_code_in_the_documents_is_the_right_one() -> None:
    for page in PAGES:
        for number, code in re.findall(r"\b(\d{5}) ([A-Z]+_[A-Z_]+|SUCCESS)\b", page.read_text()):
            assert status_code_pb2.StatusCode.Value(code) == int(number), f"{name(page)}: {number} {code}"


def test_every_variable_in_the_documents_is_a_setting() -> None:
    known = {f"BOWERBIRD_{setting.upper()}" for setting in Settings.model_fields}
    for page in PAGES:
        named = set(re.findall(r"\bBOWERBIRD_[A-Z_]+[A-Z]\b", page.read_text()))
        assert named <= known, f"{name(page)}: {named - known}"


def test_pictures_are_small() -> None:
    sizes = {name(p): p.stat().st_size for p in (ROOT / "docs" / "images").rglob("*.png")}
    assert {file: size for file, size in sizes.items() if size > 200_000} == {}
