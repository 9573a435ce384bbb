"""The files that the browser runs: read once, compiled where they are Vue files, named by their content."""

import gzip
import hashlib
import json
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

FOLDER = Path(__file__).parent / "components"
FOREVER = "public, max-age=31536000, immutable"  # an address names one content
_PART = re.compile(r"^<(template|script|style)>\n(.*)^</\1>", re.MULTILINE | re.DOTALL)
_IMPORT = re.compile(r"""^(?:import|export)\b[^;]*?["'](?:bowerbird|\.)/([^"']+)["']""", re.MULTILINE)
_TYPES = {".js": "text/javascript", ".vue": "text/javascript"}


class VueInvalid(ValueError):
    """The file is not a single-file component as this server compiles them."""


@dataclass(frozen=True, slots=True)
class File:
    content: bytes
    packed: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Browser:
    """What is served under an address that changes when any of it does."""

    version: str
    files: Mapping[str, File]

    @property
    def base(self) -> str:
        return f"/static/{self.version}/"

    def answer(self, request: Request) -> Response:
        """The file of an address; an address of another version is of no use any more."""
        found = self.files.get(request.path_params["path"])
        if found is None or request.path_params["version"] != self.version:
            return PlainTextResponse("There is no such file any more. Reload the page.", 404)
        headers = {"cache-control": FOREVER, "vary": "accept-encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(found.packed, 200, headers | {"content-encoding": "gzip"}, found.media_type)
        return Response(found.content, 200, headers, found.media_type)

    def icon(self, request: Request) -> Response:
        """What browsers show in a tab; they ask for it at an address of their own."""
        return Response(
            self.files["icon.svg"].content, 200, {"cache-control": "max-age=3600"}, "image/svg+xml"
        )

    def needed(self, name: str) -> list[str]:
        """A module with all that it imports of ours, so that a page can ask for them at once."""
        found, waiting = [], [name]
        while waiting:
            module = waiting.pop()
            if module not in found and module in self.files:
                found.append(module)
                waiting += _IMPORT.findall(self.files[module].content.decode())
        return found


@cache
def browser() -> Browser:
    """The files of this installation."""
    paths = sorted(p for p in FOLDER.rglob("*") if p.is_file())
    files = {str(p.relative_to(FOLDER)): _file(p) for p in paths}
    digest = hashlib.sha256()
    for name, file in files.items():
        digest.update(f"{name}\0{len(file.content)}\0".encode() + file.content)
    return Browser(digest.hexdigest()[:16], files)


def _file(path: Path) -> File:
    content = path.read_bytes()
    if path.suffix == ".vue":
        content = compiled(path.relative_to(FOLDER).as_posix(), content.decode()).encode()
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return File(content, gzip.compress(content, 9, mtime=0), kind)


def compiled(name: str, text: str) -> str:
    """The module of a Vue file. Its tags stand at the start of their lines; styles are not scoped."""
    parts = {match[1]: match[2] for match in _PART.finditer(text)}
    script = parts.get("script", "export default {};\n")
    if "template" not in parts or "export default {" not in script:
        raise VueInvalid(f"{name}: expected <template>, and a <script> with `export default {{`.")
    lines = [
        script.replace("export default {", "const component = {", 1),
        f"component.name ??= {json.dumps(name)};",
        f"component.template = {json.dumps(parts['template'])};",
        *_styling(parts.get("style", "")),
        "export default component;",
    ]
    return "\n".join(lines)


def _styling(css: str) -> list[str]:
    made = f'Object.assign(document.createElement("style"), {{ textContent: {json.dumps(css)} }})'
    return [f"document.head.append({made});"] if css else []
