"""Models that are a class of Python on this host, each in a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog
from clarifai_grpc.grpc.api.resources_pb2 import Data
from pydantic import Field, field_validator

from bowerbird.errors import ApiError, DeadlineExceeded, ModelInvalid, PredictionFailed
from bowerbird.runtimes.breaker import Breaker
from bowerbird.runtimes.fields import Fields, Free, read_fields
from bowerbird.runtimes.frames import Kind, frame, predict_frame, read_results, receive
from bowerbird.runtimes.outputs import Labels, label_pairs
from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.spec import Environment, ModelSpec, Results

MIB = 1024 * 1024
_OURS = "BOWERBIRD_"  # settings, which may hold passwords, are no business of the model
log = structlog.get_logger()


class PythonInput(Fields):
    """What the model is given of an input."""

    kind: Literal["text", "image", "audio", "video", "embedding"]


class PythonOutput(Fields):
    """What the model answers."""

    kind: Literal["concepts", "text", "embedding", "regions"]


class Config(Fields):
    """The parameters of a version that is a class."""

    python: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$", max_length=256)
    path: str = Field("", max_length=4096)  # a folder of this host with the module
    config: Free = Field({})  # what the class is given
    input: PythonInput
    output: PythonOutput
    labels: Labels = ()
    max_batch: int = Field(8, ge=1, le=256)
    timeout_ms: int = Field(30_000, ge=1, le=3_600_000)
    load_timeout_ms: int = Field(120_000, ge=1, le=3_600_000)
    memory_mb: int = Field(4096, ge=0, le=4 * MIB)  # 0: as much as there is
    failures_to_open: int = Field(3, ge=1, le=1000)
    rest_ms: int = Field(10_000, ge=1, le=600_000)

    @field_validator("path")
    @classmethod
    def _check_path(cls, path: str) -> str:
        if path and not (Path(path).is_absolute() and Path(path).is_dir()):
            raise ValueError("it must be the whole path of a folder on this host")
        return path


@runtime("python", host_only=True)
def load(spec: ModelSpec, environment: Environment) -> "PythonModel":
    """The version whose config names a class, which is made at once."""
    if not spec.trusted:
        raise ModelInvalid("runtime: Python models are added on the host, by an admin")
    config = read_fields(Config, spec.config)
    pairs = tuple(spec.concepts) or label_pairs(config.labels)
    plan = {
        "class": config.python,
        "path": config.path,
        "config": config.config,
        "input": config.input.kind,
        "output": config.output.kind,
        "labels": pairs,
        "memory_bytes": config.memory_mb * MIB,
    }
    model = PythonModel(
        config,
        json.dumps(plan).encode(),
        Breaker(threshold=config.failures_to_open, rest_s=config.rest_ms / 1000),
    )
    model.start()
    return model


class LostError(Exception):
    """The process of the model ended before it answered."""


class Child:
    """A process with one model, and the socket to it. For one thread at a time."""

    def __init__(self, config: Config, plan: bytes) -> None:
        """Raises ModelInvalid when the class cannot be made, DeadlineExceeded when that takes too long."""
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-P", "-m", "bowerbird.runtimes.python_child", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,  # what a model prints is no answer of a command
                cwd=config.path or None,
                env={name: value for name, value in os.environ.items() if not name.startswith(_OURS)},
                start_new_session=True,
            )
        try:
            [made] = self._ask(frame(Kind.SPEC, plan), config.load_timeout_ms / 1000)
        except LostError as error:
            raise ModelInvalid(f"python: {error} while it was loaded") from error
        if isinstance(made, ApiError):
            self.kill()
            raise made

    def predict(self, inputs: Sequence[Data], timeout_s: float) -> Results:
        """Raises LostError when the process ends, DeadlineExceeded when it was ended for its slowness."""
        return self._ask(predict_frame(1, 0, [data.SerializeToString() for data in inputs]), timeout_s)

    @property
    def has_ended(self) -> bool:
        # It is not reaped here: until `kill` does, no other process can have its number.
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, flags) is not None

    def kill(self) -> None:
        """End the process and whatever it started; once."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._socket.close()

    def _ask(self, request: bytes, timeout_s: float) -> Results:
        deadline = time.monotonic() + timeout_s
        try:
            self._socket.settimeout(timeout_s)
            self._socket.sendall(request)
            return read_results(receive(self._socket, deadline)[1])
        except TimeoutError as error:
            self.kill()
            raise DeadlineExceeded(f"the model took more than {timeout_s:g} s and was ended") from error
        except (OSError, EOFError, ApiError) as error:
            self.kill()
            raise LostError(f"the model's process ended ({_ending(self._process.returncode)})") from error


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


@dataclass(slots=True)
class PythonModel:
    """A class in a process, which is started again when it ends."""

    config: Config
    plan: bytes
    breaker: Breaker
    child: Child | None = None

    @property
    def max_batch(self) -> int:
        return self.config.max_batch

    @property
    def parallel(self) -> int:
        return 1

    def start(self) -> Child:
        """The process, a new one if there is none: it may have been ended while it had nothing to do."""
        if self.child is not None and self.child.has_ended:
            self.close()
        self.child = self.child or Child(self.config, self.plan)
        return self.child

    def predict(self, inputs: Sequence[Data]) -> Results:
        """Results for all; inputs whose process ended are tried one by one, to find the one at fault."""
        try:
            return self._predict(inputs)
        except LostError as error:
            if len(inputs) == 1:
                return [PredictionFailed(str(error))]
        except ApiError as error:
            return [error for _ in inputs]
        return [result for data in inputs for result in self.predict([data])]

    def close(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child = None

    def _predict(self, inputs: Sequence[Data]) -> Results:
        self.breaker.check()
        try:
            results = self.start().predict(inputs, self.config.timeout_ms / 1000)
        except Exception as error:
            self.child = None
            self.breaker.failed()
            log.warning("python_model_ended", python=self.config.python, reason=str(error))
            raise
        self.breaker.succeeded()
        return results
