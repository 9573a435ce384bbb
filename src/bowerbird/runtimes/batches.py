"""Predicting a batch in which some inputs may be unusable: the others must not suffer."""

from collections.abc import Callable, Sequence

from clarifai_grpc.grpc.api.resources_pb2 import Data

from bowerbird.errors import ApiError
from bowerbird.runtimes.inputs import Array, Encoder
from bowerbird.runtimes.outputs import Decoder
from bowerbird.runtimes.spec import Results

Run = Callable[[list[Array]], Sequence[Array | ApiError]]


def predict_batch(inputs: Sequence[Data], encode: Encoder, run: Run, decode: Decoder) -> Results:
    """Encode each input, run those that could be, decode each row; an ApiError on the way is the result."""
    rows = [_attempt(encode, data) for data in inputs]
    arrays = [row for row in rows if not isinstance(row, ApiError)]
    answers = iter(run(arrays) if arrays else ())
    return [row if isinstance(row, ApiError) else _decoded(next(answers), decode) for row in rows]


def _attempt(encode: Encoder, data: Data) -> Array | ApiError:
    try:
        return encode(data)
    except ApiError as error:
        return error


def _decoded(row: Array | ApiError, decode: Decoder) -> Data | ApiError:
    if isinstance(row, ApiError):
        return row
    try:
        return decode(row)
    except ApiError as error:
        return error
