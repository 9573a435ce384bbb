"""Finds the runtimes: every module beside this one may register one under a name."""

import functools
import importlib
import pkgutil
from collections.abc import Callable

import bowerbird.runtimes
from bowerbird.errors import ModelInvalid
from bowerbird.runtimes.crops import CropByCrop
from bowerbird.runtimes.spec import Environment, ModelSpec, Runtime
from bowerbird.runtimes.video import FrameByFrame

Load = Callable[[ModelSpec, Environment], Runtime]

_LOADERS: dict[str, Load] = {}
_HOST_ONLY: set[str] = set()


def runtime(
    name: str, *, alias: str = "", install: str = "", host_only: bool = False
) -> Callable[[Load], Load]:
    """Register a loader; `install` says what to install when a package that it imports is missing.

    Versions of a runtime that is `host_only` are made on the host itself, never through the API.
    """

    def register(load: Load) -> Load:
        @functools.wraps(load)
        def load_or_explain(spec: ModelSpec, environment: Environment) -> Runtime:
            try:
                return load(spec, environment)
            except ModuleNotFoundError as error:
                hint = install or f"pip install {error.name}"
                raise ModelInvalid(
                    f"the runtime {name!r} needs the package {error.name!r}: {hint}"
                ) from error

        for known in (name, alias) if alias else (name,):
            if known in _LOADERS:
                raise ValueError(f"two runtimes are called {known!r}")
            _LOADERS[known] = load_or_explain
        if host_only:
            _HOST_ONLY.add(name)
        return load

    return register


@functools.cache
def _discover() -> None:
    for module in pkgutil.iter_modules(bowerbird.runtimes.__path__, "bowerbird.runtimes."):
        importlib.import_module(module.name)


def names() -> list[str]:
    """The runtimes that there are, for whom the API serves."""
    _discover()
    return sorted(_LOADERS.keys() - _HOST_ONLY)


def is_host_only(name: str) -> bool:
    _discover()
    return name in _HOST_ONLY


def load(spec: ModelSpec, environment: Environment) -> Runtime:
    """Load a version, ready for videos and crops. Takes its time: call it in a thread. Raises ApiError."""
    return FrameByFrame(CropByCrop(load_bare(spec, environment)), environment.settings)


def load_bare(spec: ModelSpec, environment: Environment) -> Runtime:
    """Load a version as its runtime has it. Raises ApiError, ModelInvalid above all."""
    _discover()
    if spec.runtime not in _LOADERS:
        raise ModelInvalid(f"there is no runtime {spec.runtime!r}; there are {', '.join(names())}")
    return _LOADERS[spec.runtime](spec, environment)
