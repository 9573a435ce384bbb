"""`python -m bench [NAME...]`: run the benchmarks, all or those named, and print one table."""

import importlib
import os
import pkgutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import uvloop

import bench
from bench.rows import Row, table

SCRATCH = "BOWERBIRD_BENCH_DIR"  # a folder on the disk to be measured; default: the current one
Bench = Callable[[Path], Coroutine[Any, Any, list[Row]]]


def benches() -> dict[str, Bench]:
    """Every module of the package that has `rows`, by its name."""
    names = [module.name for module in pkgutil.iter_modules(bench.__path__) if module.name != "__main__"]
    modules = {name: importlib.import_module(f"bench.{name}") for name in names}
    return {name: module.rows for name, module in modules.items() if hasattr(module, "rows")}


def main(wanted: Sequence[str]) -> int:
    known = benches()
    if unknown := set(wanted) - known.keys():
        print(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(known)}")
        return 2
    rows: list[Row] = []
    failed: list[str] = []
    before = _load()
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=os.environ.get(SCRATCH, ".")) as scratch:
        for name in wanted or known:
            start = time.monotonic()
            try:
                rows += uvloop.run(known[name](Path(scratch)))
            except Exception:  # the others are worth knowing all the same
                traceback.print_exc()
                failed.append(name)
            print(f"{name}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    print(table(rows))
    print(f"{os.cpu_count()} cores; load average {before} before, {_load()} after")
    if failed:
        print(f"failed: {', '.join(failed)}")
    return bool(failed)


def _load() -> str:
    """Of the last minute: what else ran on the machine is in all figures."""
    return f"{os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
