"""Packages that bring operators, installed beside Bowerbird for the time of a test."""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bowerbird.workflows import operators, types

EXAMPLE = Path(__file__).parents[1] / "examples" / "operator_package"


def install_example(folder: Path) -> Path:
    """The example, built and installed into a folder of its own; answers that folder."""
    source, target = folder / "source", folder / "installed"
    shutil.copytree(EXAMPLE, source)  # building leaves files behind
    build = "from setuptools import build_meta; build_meta.build_wheel('wheels')"
    command = [sys.executable, "-c", build]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (source / "wheels").glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:  # which is how pip installs what needs no building
        packed.extractall(target)
    return target


def write_broken(folder: Path) -> None:
    """A package whose operator cannot be imported."""
    info = folder / "broken_operator-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-operator\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[bowerbird.operators]\nbroken = broken_operator:broken\n")
    (folder / "broken_operator.py").write_text("raise RuntimeError('its licence has run out')\n")


@contextmanager
def installed(folder: Path) -> Iterator[None]:
    """What is installed in the folder is found, as after a new start."""
    known = set(sys.modules)
    sys.path.insert(0, str(folder))
    forget()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - known:
            if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]
        forget()


def forget() -> None:
    operators._registry.cache_clear()
    types._by_name.cache_clear()
