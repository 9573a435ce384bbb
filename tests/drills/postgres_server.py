"""A PostgreSQL of a test's own, which may be killed and started again; never the one that others share."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from wires import free_port

FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
OWNER = "postgres"


def programs() -> Path | None:
    """Where the server's programs lie; as root it does not run, so root needs its usual user."""
    found = shutil.which("initdb")
    return Path(found).parent if found else next(iter(reversed(FOLDERS)), None)


class PostgresServer:
    """Its database is "postgres". It has a folder of its own, as those of pytest are root's alone."""

    def __init__(self, bin: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="bowerbird-postgres-"))
        self._bin, self._port = bin, free_port()
        self._data = self._folder / "cluster"
        if os.geteuid() == 0:
            shutil.chown(self._folder, OWNER)
        self._run("initdb", "-D", str(self._data), "-U", OWNER, "-A", "trust", "--no-sync")

    @property
    def url(self) -> str:
        return f"postgresql://{OWNER}@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -k {self._folder}"
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", str(self._data), "-w", "-o", options, "-l", log, "start")

    def kill(self) -> None:
        """As a power cut would: nothing is finished, and the log is replayed at the next start."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop")

    def remove(self) -> None:
        shutil.rmtree(self._folder)

    def _run(self, program: str, *args: str) -> None:
        user = OWNER if os.geteuid() == 0 else None
        command = [str(self._bin / program), *args]
        with (self._folder / "said").open("ab") as said:  # the server inherits it, so that it is no pipe
            done = subprocess.run(command, stdout=said, stderr=said, user=user, cwd=self._folder, check=False)
        assert done.returncode == 0, (self._folder / "said").read_text()[-2000:]
