"""`bowerbird doctor`: is everything there that this installation needs?"""

import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import httpx2
import typer
from rich.text import Text

from bowerbird.app import opened
from bowerbird.auth.actors import PUBLIC_USER
from bowerbird.blobs import Blobs
from bowerbird.cli import app
from bowerbird.cli.session import FAILED, DataOption, JsonOption, console, run, settings_of, show_json
from bowerbird.collect.disk import disk_free, is_nearly_full
from bowerbird.ports import is_free
from bowerbird.settings import Settings
from bowerbird.store.db import Database
from bowerbird.store.migrate import head, version
from bowerbird.workflows.operators import broken_operators, operators

Verdict = Literal["ok", "warn", "fail"]
MARKS: Mapping[Verdict, tuple[str, str]] = {
    "ok": ("✓", "green"),
    "warn": ("!", "yellow"),
    "fail": ("✗", "red"),
}
EXTRAS = {"postgres": ("asyncpg",), "train": ("sklearn", "skl2onnx")}
GIB = 1024**3
PROBE = b"bowerbird doctor"  # always the same content, so that asking again adds nothing
TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do about it."""

    what: str
    verdict: Verdict
    details: str
    advice: str = ""


@app.command()
def doctor(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Look at everything that can be wrong with an installation; exit code 1 when something is."""
    settings = settings_of(data)

    async def work() -> list[Finding]:
        return [
            *_of_machine(settings),
            *[one async for one in _of_stores(settings)],
            *_of_processes(settings),
        ]

    findings = run(work)
    if as_json:
        show_json([asdict(one) for one in findings])
    else:
        for one in findings:
            _show(one)
    if any(one.verdict == "fail" for one in findings):
        raise typer.Exit(FAILED)


def _of_machine(settings: Settings) -> Iterator[Finding]:
    yield _python()
    yield from (_extra(name, modules, settings) for name, modules in EXTRAS.items())
    yield from _operators()
    yield _folder(settings.data)
    if settings.data.is_dir():
        yield _disk(settings.data)
    yield _tls(settings)


async def _of_stores(settings: Settings) -> AsyncIterator[Finding]:
    if not settings.database_url and not settings.main_file.exists():
        yield Finding("database", "fail", "there is none yet", f"bowerbird init --data {settings.data}")
        return
    database = await _database(settings)
    yield database
    blobs = _blobs(settings)
    yield blobs
    if database.verdict == blobs.verdict == "ok":
        yield await _people(settings)


def _of_processes(settings: Settings) -> Iterator[Finding]:
    running = _answer(settings)
    yield _http(settings, running)
    yield _grpc(settings, is_running=running is not None)
    yield _models(settings, is_running=running is not None)


def _python() -> Finding:
    found = ".".join(str(part) for part in sys.version_info[:3])
    return Finding("Python", "ok", found)


def _extra(name: str, modules: tuple[str, ...], settings: Settings) -> Finding:
    missing = [module for module in modules if find_spec(module) is None]
    what, advice = f"extra {name}", f"pip install 'bowerbird[{name}]'"
    if not missing:
        return Finding(what, "ok", "installed")
    if name == "postgres" and settings.database_url:
        return Finding(what, "fail", "BOWERBIRD_DATABASE_URL is set, and its driver is missing", advice)
    return Finding(what, "ok", "not installed, and not needed so far")


def _operators() -> Iterator[Finding]:
    """Operators that other packages bring; each that cannot be used is named."""
    for point, reason in broken_operators().items():
        advice = "mend or remove the package that brings it"
        yield Finding("operator", "warn", f"{point} is left out: {reason}", advice)
    yield Finding("operators", "ok", f"{len(operators())} can be used")


def _folder(folder: Path) -> Finding:
    if not folder.is_dir():
        return Finding("data folder", "fail", f"{folder} is not there", f"bowerbird init --data {folder}")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Finding("data folder", "fail", f"{folder} cannot be written by this user", "chown or chmod it")
    if folder.stat().st_mode & 0o077:
        return Finding("data folder", "warn", f"{folder} is open to other users", f"chmod 700 {folder}")
    return Finding("data folder", "ok", str(folder))


def _disk(folder: Path) -> Finding:
    free, total = disk_free(folder)()
    details = f"{free / GIB:.1f} of {total / GIB:.1f} GiB free"
    if is_nearly_full(free, total):
        return Finding(
            "disk", "fail", f"{details}: too little: nothing is captured", "make room, or move --data"
        )
    return Finding("disk", "ok", details)


def _tls(settings: Settings) -> Finding:
    files = [path for path in (settings.tls_cert, settings.tls_key) if path is not None]
    if len(files) == 1:
        return Finding(
            "TLS", "fail", "needs both, certificate and key", "set BOWERBIRD_TLS_CERT and _TLS_KEY"
        )
    for path in files:
        if not os.access(path, os.R_OK):
            return Finding("TLS", "fail", f"{path} cannot be read", "check its path and owner")
    return Finding("TLS", "ok", "on" if files else "off")


async def _database(settings: Settings) -> Finding:
    name = "PostgreSQL" if settings.database_url else str(settings.main_file)
    db = Database(settings.main_url)
    try:
        found = await version(db)
    except Exception as error:  # each driver has errors of its own
        return Finding(
            "database", "fail", f"{name}: {type(error).__name__}", "is it up, and the address right?"
        )
    finally:
        await db.close()
    if found != head():
        return Finding(
            "database", "warn", f"{name} is at {found or 'nothing'}, not {head()}", "bowerbird init"
        )
    return Finding("database", "ok", f"{name}, schema {found}")


def _blobs(settings: Settings) -> Finding:
    where = settings.blobs_url or f"{settings.blob_store}"
    try:
        blobs = Blobs(settings.blob_store)
        is_same = blobs.get(blobs.put(PROBE)) == PROBE
    except Exception as error:  # each store has errors of its own
        return Finding(
            "blob store", "fail", f"{where}: {error}", "check BOWERBIRD_BLOBS_URL and its credentials"
        )
    if not is_same:
        return Finding("blob store", "fail", f"{where} gives back something else than it was given")
    return Finding("blob store", "ok", where)


async def _people(settings: Settings) -> Finding:
    async with opened(settings) as application:
        people = (await application.users()).keys() - {PUBLIC_USER}
    if not people:
        return Finding(
            "users", "warn", "there are none", "bowerbird users create YOU --email YOU@EXAMPLE.COM"
        )
    return Finding("users", "ok", str(len(people)))


def _answer(settings: Settings) -> Mapping[str, object] | None:
    """What /readyz says; None when nothing of ours listens."""
    scheme = "https" if settings.tls_cert else "http"
    try:
        # The certificate is for the name that clients use, which is not the address it is asked at here.
        with httpx2.Client(verify=False, trust_env=False, timeout=TIMEOUT_S) as http:
            body = http.get(f"{scheme}://{settings.http}/readyz").json()
    except (httpx2.HTTPError, ValueError):
        return None
    return body.get("parts") if isinstance(body, dict) else None


def _http(settings: Settings, parts: Mapping[str, object] | None) -> Finding:
    if parts is None:
        return _listener("HTTP", settings.http, "--http")
    wrong = {name: state for name, state in parts.items() if state != "ok"}
    if wrong:
        details = "; ".join(f"{name}: {state}" for name, state in wrong.items())
        return Finding("HTTP", "fail", f"{settings.http} is not ready: {details}", "see the server's log")
    return Finding("HTTP", "ok", f"{settings.http} answers, and is ready")


def _grpc(settings: Settings, *, is_running: bool) -> Finding:
    if is_running and not is_free(settings.grpc):
        return Finding("gRPC", "ok", f"{settings.grpc} listens")
    return _listener("gRPC", settings.grpc, "--grpc")


def _listener(wire: str, address: str, option: str) -> Finding:
    if is_free(address):
        return Finding(wire, "ok", f"{address} is free; the server is not running")
    return Finding(wire, "fail", f"{address} is taken by another program", f"serve with another {option}")


def _models(settings: Settings, *, is_running: bool) -> Finding:
    if settings.models_in_process:
        return Finding("model process", "ok", "none: models run in the API's process")
    if _connects(settings.models_socket):
        return Finding("model process", "ok", "answers at its socket")
    if is_running:
        return Finding("model process", "fail", "does not answer", "bowerbird model-host, or see the log")
    return Finding("model process", "ok", "not running, as the server is not")


def _connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(TIMEOUT_S)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _show(one: Finding) -> None:
    mark, style = MARKS[one.verdict]
    line = Text.assemble((mark, style), f" {one.what:16}{one.details}")
    if one.advice:
        line.append(f"\n{'':18}→ {one.advice}", style="bold")
    console.print(line, soft_wrap=True)
