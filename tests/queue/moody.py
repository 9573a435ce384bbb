"""A judge for tests: it says of each text what the text tells it to, as the model before it did not."""

from collections.abc import Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Concept, Data

from bowerbird.errors import ApiError, InputInvalid
from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.spec import Environment, ModelSpec, Results


class Moody:
    """Passes texts, but has nothing to say of those with "drop" in them, and fails at those with "fail"."""

    max_batch = 128
    parallel = 1

    def predict(self, inputs: Sequence[Data]) -> Results:
        return [_verdict(data.text.raw) for data in inputs]

    def close(self) -> None:
        pass


def _verdict(text: str) -> Data | ApiError:
    if "fail" in text:
        return InputInvalid("it was told to fail")
    return Data() if "drop" in text else Data(concepts=[Concept(id="fine", value=1.0)])


@runtime("moody")
def load(spec: ModelSpec, environment: Environment) -> Moody:
    return Moody()
