"""Uploaded zips: what was packed comes out, and nothing unusual gets in."""

import io
import json
import stat
import zipfile
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.errors import ModelInvalid
from bowerbird.runtimes.artifact import MAX_FILES, build_artifact, open_artifact

MAX = 64 * 1024 * 1024
NAMES = st.text("abcdefghij.txt", min_size=1, max_size=12).filter(lambda name: name.strip("."))


def packed(files: dict[str, bytes], change: Callable[[zipfile.ZipInfo], None] = lambda _: None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ({"model.onnx": b"m", "manifest.json": b"{}"} | files).items():
            member = zipfile.ZipInfo(name)
            member.compress_type = zipfile.ZIP_DEFLATED
            change(member)
            archive.writestr(member, content)
    return out.getvalue()


@given(model=st.binary(), files=st.dictionaries(NAMES, st.binary(max_size=100), max_size=5))
def test_what_was_packed_comes_out(model: bytes, files: dict[str, bytes]) -> None:
    artifact = open_artifact(build_artifact(model, {"input": 1}, files), max_bytes=MAX)
    assert (artifact.model, artifact.manifest, artifact.files) == (model, {"input": 1}, files)


def test_the_same_content_gives_the_same_bytes() -> None:
    assert build_artifact(b"m", {"a": 1}) == build_artifact(b"m", {"a": 1})


@given(files=st.dictionaries(NAMES, st.binary(max_size=50), max_size=4), limit=st.integers(0, 200))
def test_never_more_than_the_limit_is_unpacked(files: dict[str, bytes], limit: int) -> None:
    total = sum(map(len, files.values())) + len(b"m{}")
    data = packed(files)
    if max(total, len(data)) <= limit:
        open_artifact(data, max_bytes=limit)
    else:
        with pytest.raises(ModelInvalid):
            open_artifact(data, max_bytes=limit)


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../../up", "c:\\windows", "a\\b"])
def test_names_that_leave_the_folder_are_refused(name: str) -> None:
    with pytest.raises(ModelInvalid):
        open_artifact(packed({name: b""}), max_bytes=MAX)


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFBLK])
def test_links_and_devices_are_refused(mode: int) -> None:
    def change(member: zipfile.ZipInfo) -> None:
        member.external_attr = (mode | 0o644) << 16

    with pytest.raises(ModelInvalid):
        open_artifact(packed({}, change), max_bytes=MAX)


def test_a_bomb_is_refused() -> None:
    with pytest.raises(ModelInvalid):
        open_artifact(packed({"zeros": bytes(40_000_000)}), max_bytes=MAX)


def test_a_size_that_lies_is_refused() -> None:
    data = bytearray(packed({"zeros": bytes(1000)}))
    place = data.rfind(b"zeros") - 46 + 24  # the unpacked size in the entry of the central directory
    data[place : place + 4] = (10).to_bytes(4, "little")
    with pytest.raises(ModelInvalid):
        open_artifact(bytes(data), max_bytes=MAX)


def test_too_many_files_are_refused() -> None:
    with pytest.raises(ModelInvalid):
        open_artifact(packed({str(number): b"" for number in range(MAX_FILES)}), max_bytes=MAX)


@pytest.mark.parametrize("missing", ["model.onnx", "manifest.json"])
def test_a_zip_without_its_parts_says_which(missing: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in {"model.onnx", "manifest.json"} - {missing}:
            archive.writestr(name, b"{}")
    with pytest.raises(ModelInvalid) as caught:
        open_artifact(out.getvalue(), max_bytes=MAX)
    assert missing in caught.value.details


@pytest.mark.parametrize("manifest", [b"{", b"[]", b"\xff", b"[" * 100_000, json.dumps("x").encode()])
def test_a_manifest_that_is_no_object_is_refused(manifest: bytes) -> None:
    with pytest.raises(ModelInvalid):
        open_artifact(packed({"manifest.json": manifest}), max_bytes=MAX)


SAMPLE = build_artifact(b"model" * 20, {"input": {"name": "x"}}, {"words.txt": b"a\nb"})


@given(at=st.integers(0, len(SAMPLE) - 1), noise=st.binary(min_size=1, max_size=8))
def test_a_damaged_zip_is_read_or_refused(at: int, noise: bytes) -> None:
    with suppress(ModelInvalid):
        open_artifact(SAMPLE[:at] + noise + SAMPLE[at + len(noise) :], max_bytes=MAX)
