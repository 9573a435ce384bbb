"""A runtime for drills: the text "die" kills the process that runs it."""

import os
import signal
from collections.abc import Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Concept, Data

from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.spec import Environment, ModelSpec, Results


class Mortal:
    """Answers with a concept, while it lives."""

    max_batch = 1
    parallel = 1

    def predict(self, inputs: Sequence[Data]) -> Results:
        if any(data.text.raw == "die" for data in inputs):
            os.kill(os.getpid(), signal.SIGKILL)
        return [Data(concepts=[Concept(id="alive", value=1.0)]) for _ in inputs]

    def close(self) -> None:
        pass


@runtime("mortal")
def load(spec: ModelSpec, environment: Environment) -> Mortal:
    return Mortal()
