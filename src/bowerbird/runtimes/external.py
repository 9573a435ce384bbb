"""Models that are served elsewhere, and not called from here: only their predictions come by."""

from collections.abc import Sequence
from typing import Annotated, Literal

from clarifai_grpc.grpc.api.resources_pb2 import Data
from pydantic import Field

from bowerbird.errors import ModelElsewhere
from bowerbird.runtimes.fields import Fields, read_fields
from bowerbird.runtimes.inputs import AnyInput
from bowerbird.runtimes.open_inference import RawImageInput
from bowerbird.runtimes.outputs import Labels, Output, label_pairs
from bowerbird.runtimes.registry import runtime
from bowerbird.runtimes.spec import Environment, ModelSpec, Results


class JsonInput(Fields):
    """Whatever an instance is, such as the features of a row: kept as a text of JSON."""

    kind: Literal["json"]
    name: str = Field(min_length=1, max_length=256)


Logged = Annotated[AnyInput | RawImageInput | JsonInput, Field(discriminator="kind")]


class Config(Fields):
    """The parameters of a version that is served elsewhere: how what its server logs is to be read."""

    input: Logged | None = None
    output: Output | None = None
    labels: Labels = ()


@runtime("external")
def load(spec: ModelSpec, environment: Environment) -> "ExternalModel":
    label_pairs(read_fields(Config, spec.config).labels)
    return ExternalModel()


class ExternalModel:
    """Says of every input that it is not predicted here."""

    max_batch = 128
    parallel = 1

    def predict(self, inputs: Sequence[Data]) -> Results:
        return [ModelElsewhere() for _ in inputs]

    def close(self) -> None:
        pass
