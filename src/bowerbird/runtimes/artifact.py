"""The zip in which a model is uploaded: model.onnx, manifest.json, and small files beside them."""

import io
import json
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from bowerbird.errors import ModelInvalid

MODEL, MANIFEST = "model.onnx", "manifest.json"
MAX_FILES = 64
MAX_MANIFEST_BYTES = 4 * 1024 * 1024
MAX_RATIO = 200  # unpacked to packed; real weights stay under 20
RATIO_COUNTS_FROM = 16 * 1024 * 1024  # unpacked bytes that may have any ratio


@dataclass(frozen=True, slots=True)
class Artifact:
    """An unpacked zip."""

    model: bytes
    manifest: Mapping[str, object]
    files: Mapping[str, bytes]  # those beside the model, by name


def build_artifact(
    onnx_bytes: bytes, manifest: Mapping[str, object], files: Mapping[str, bytes] | None = None
) -> bytes:
    """The zip to upload. The same content gives the same bytes."""
    out = io.BytesIO()
    contents = {MANIFEST: json.dumps(manifest, indent=2).encode(), MODEL: onnx_bytes, **(files or {})}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def open_artifact(data: bytes, *, max_bytes: int) -> Artifact:
    """Unpack a zip in memory. Raises ModelInvalid for more than `max_bytes` and for anything unusual."""
    if len(data) > max_bytes:
        raise ModelInvalid(f"the model has {len(data):,} bytes, {max_bytes:,} are allowed")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = _unpack(archive, max_bytes)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise ModelInvalid("the model is not a zip that can be read") from error
    except (ValueError, IndexError, OverflowError) as error:  # damaged headers
        raise ModelInvalid("the model's zip is damaged") from error
    for name in (MODEL, MANIFEST):
        if name not in files:
            raise ModelInvalid(f"there is no {name} in the model's zip")
    model, manifest = files.pop(MODEL), files.pop(MANIFEST)
    return Artifact(model, _read_manifest(manifest), files)


def _unpack(archive: zipfile.ZipFile, max_bytes: int) -> dict[str, bytes]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MAX_FILES:
        raise ModelInvalid(f"the model's zip has {len(members)} files, {MAX_FILES} are allowed")
    for member in members:
        _check_member(member)
    files: dict[str, bytes] = {}
    left = max_bytes
    for member in members:
        if member.filename in files:
            raise ModelInvalid(f"{member.filename!r} is in the model's zip twice")
        files[member.filename] = _read(archive, member, left)
        left -= len(files[member.filename])
    return files


def _check_member(member: zipfile.ZipInfo) -> None:
    path, mode = PurePosixPath(member.filename), member.external_attr >> 16
    if path.is_absolute() or ".." in path.parts or "\\" in member.filename or ":" in member.filename:
        raise ModelInvalid(f"the name {member.filename!r} in the model's zip leaves its folder")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise ModelInvalid(f"{member.filename!r} in the model's zip is a link or a device")
    if member.flag_bits & 0x1:
        raise ModelInvalid("the model's zip is encrypted")
    if member.file_size > max(RATIO_COUNTS_FROM, MAX_RATIO * member.compress_size):
        raise ModelInvalid(f"{member.filename!r} in the model's zip is packed too tightly to be a model")


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int) -> bytes:
    """The content, which is read no further than allowed: the size in the header may lie."""
    if member.file_size > left:
        raise ModelInvalid("the model's zip is too large when unpacked")
    with archive.open(member) as file:
        content = file.read(member.file_size + 1)
    if len(content) != member.file_size:
        raise ModelInvalid(f"{member.filename!r} in the model's zip is damaged")
    return content


def _read_manifest(data: bytes) -> Mapping[str, object]:
    if len(data) > MAX_MANIFEST_BYTES:
        raise ModelInvalid(f"{MANIFEST}: more than {MAX_MANIFEST_BYTES:,} bytes")
    try:
        manifest = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelInvalid(f"{MANIFEST} is not JSON") from error
    if not isinstance(manifest, dict):
        raise ModelInvalid(f"{MANIFEST} must hold an object")
    return manifest
