"""A runtime for tests: a model that says what its input tells it to.

The text "cat=0.9 dog=0.1" is answered with these concepts, "nothing" with none, "fail" with an error. Of
"cat=0.9 | dog=0.8" a version with the parameter "part": 1 says what stands behind the bar.
"""

from collections.abc import Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Concept, Data

from bowerbird.errors import ApiError, InputInvalid
from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.spec import Environment, ModelSpec, Results


class Scripted:
    """Answers with the concepts that a text names."""

    max_batch = 128
    parallel = 1

    def __init__(self, part: int = 0) -> None:
        self._part = part

    def predict(self, inputs: Sequence[Data]) -> Results:
        return [_answer(data.text.raw.split("|")[self._part]) for data in inputs]

    def close(self) -> None:
        pass


def _answer(text: str) -> Data | ApiError:
    if text == "fail":
        return InputInvalid("it was told to fail")
    pairs = [word.split("=") for word in text.split() if "=" in word]
    return Data(concepts=[Concept(id=name, name=name, value=float(value)) for name, value in pairs])


@runtime("scripted")
def load(spec: ModelSpec, environment: Environment) -> Scripted:
    return Scripted(int(spec.config.get("part", 0)))  # type: ignore[call-overload]  # any JSON
