"""The process of one Python model: makes its object, and predicts until nobody asks any more."""

import asyncio
import importlib
import inspect
import json
import os
import queue
import resource
import socket
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clarifai_grpc.grpc.api.resources_pb2 import Data

from bowerbird.errors import ApiError, ModelInvalid, PredictionFailed
from bowerbird.runtimes.frames import read_predict, receive, result_frame
from bowerbird.runtimes.python_values import Value, data_of, value_of

if TYPE_CHECKING:
    from bowerbird.runtimes.outputs import Pairs
    from bowerbird.runtimes.spec import Results

Plan = Mapping[str, Any]  # as `python.py` writes it


def main(number: int) -> None:
    """Serve at the socket that has this file number."""
    connection = socket.socket(fileno=number)
    connection.set_inheritable(False)  # what the model starts must not keep it open
    bodies: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, bodies), daemon=True).start()
    plan = json.loads(bytes(bodies.get()))
    try:
        worker = Worker(_made(plan), plan)
    except ApiError as error:
        connection.sendall(result_frame(0, [error]))
        return
    connection.sendall(result_frame(0, [Data()]))
    while True:
        request, _, inputs = read_predict(bodies.get())
        connection.sendall(result_frame(request, worker.results(inputs)))


def _listen(connection: socket.socket, bodies: "queue.SimpleQueue[memoryview]") -> None:
    """Take what comes, also while the model works: when nobody is there any more, all ends at once."""
    try:
        while True:
            bodies.put(receive(connection)[1])
    except (OSError, EOFError):
        os._exit(0)


def _made(plan: Plan) -> Any:  # an object of the model's class
    """Raises ModelInvalid with what went wrong in the model's own code."""
    if plan["memory_bytes"]:
        resource.setrlimit(resource.RLIMIT_DATA, (plan["memory_bytes"],) * 2)
    if plan["path"]:
        sys.path.insert(0, plan["path"])
    module, _, name = str(plan["class"]).partition(":")
    try:
        return getattr(importlib.import_module(module), name)(plan["config"])
    except Exception as error:  # the model is somebody else's code
        traceback.print_exc()
        raise ModelInvalid(f"class: {_said(error)}") from error


class Worker:
    """Has the model predict; what it raises is the result of the inputs that it was given."""

    def __init__(self, model: Any, plan: Plan) -> None:  # an object of the model's class
        self._model = model
        self._input_kind = str(plan["input"])
        self._output_kind = str(plan["output"])
        self._pairs: Pairs = tuple((id_, name) for id_, name in plan["labels"])
        self._loop = asyncio.new_event_loop()

    def results(self, inputs: Sequence[Data]) -> "Results":
        values = [self._value(data) for data in inputs]
        answers = iter(self._answers([value for value in values if not isinstance(value, ApiError)]))
        return [value if isinstance(value, ApiError) else next(answers) for value in values]

    def _value(self, data: Data) -> Value | ApiError:
        try:
            return value_of(data, self._input_kind)
        except ApiError as error:
            return error

    def _answers(self, values: list[Value]) -> "Results":
        """One for each value; when the model fails on several, each is tried by itself."""
        if not values:
            return []
        try:
            answers = self._model.predict(values)
            if inspect.isawaitable(answers):
                answers = self._loop.run_until_complete(answers)
            if len(answers) != len(values):
                raise ValueError(f"{len(answers)} answers for {len(values)} inputs")
            return [self._data(answer) for answer in answers]
        except Exception as error:  # the model is somebody else's code
            if len(values) == 1:
                traceback.print_exc()
                return [PredictionFailed(_said(error))]
        return [result for value in values for result in self._answers([value])]

    def _data(self, answer: object) -> Data | ApiError:
        if isinstance(answer, Exception):
            return PredictionFailed(_said(answer))
        try:
            return data_of(answer, self._output_kind, self._pairs)
        except ApiError as error:
            return error


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]


if __name__ == "__main__":
    main(int(sys.argv[1]))
