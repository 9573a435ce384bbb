"""Runtimes whose timing a test decides."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from clarifai_grpc.grpc.api.resources_pb2 import Data

from bowerbird.errors import InputInvalid
from bowerbird.runtimes.spec import Results


def text_data(text: str) -> Data:
    data = Data()
    data.text.raw = text
    return data


@dataclass
class Echo:
    """Answers texts with themselves; "bad" is refused, "crash" raises. Runs only while `gate` is open."""

    max_batch: int = 8
    parallel: int = 1
    gate: threading.Event = field(default_factory=threading.Event)
    started: threading.Event = field(default_factory=threading.Event)
    batches: list[list[str]] = field(default_factory=list)
    is_closed: bool = False

    def predict(self, inputs: Sequence[Data]) -> Results:
        texts = [data.text.raw for data in inputs]
        self.batches.append(texts)
        self.started.set()
        assert self.gate.wait(20)
        if "crash" in texts:
            raise RuntimeError("on purpose")
        return [InputInvalid(text) if text == "bad" else text_data(text) for text in texts]

    def close(self) -> None:
        self.is_closed = True


def open_echo(max_batch: int = 8) -> Echo:
    echo = Echo(max_batch)
    echo.gate.set()
    return echo
