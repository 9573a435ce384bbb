"""A captured prediction in the worker's hands."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog
from clarifai_grpc.grpc.api.resources_pb2 import Data, Input
from google.protobuf.message import DecodeError

from bowerbird.collect.capture import payload_of
from bowerbird.collect.failures import FailureClass, class_of_one
from bowerbird.collect.feedback import key_of
from bowerbird.errors import ApiError, InputInvalid, NotFound
from bowerbird.proto.capture_pb2 import Capture
from bowerbird.queue import Leased

log = structlog.get_logger()


@dataclass(slots=True)
class Item:
    """What is known of it so far; open as long as nothing speaks against posting it."""

    leased: Leased
    capture: Capture = field(default_factory=Capture)
    original: Input = field(default_factory=Input)
    instead: Data | None = None  # what a workflow made of it, to be posted in its place
    is_unwanted: bool = False
    error: ApiError | None = None
    failure: FailureClass | None = None
    stage: str = ""  # where the error struck
    _prediction: str = ""

    @property
    def id(self) -> str:
        return self.leased.capture.capture_id

    @property
    def prediction(self) -> str:
        """Names the prediction that it was, for what people said of it. To be asked of what could be read."""
        if not self._prediction:
            one = self.capture
            model = (one.model_user_id, one.model_app_id, one.model_id)
            self._prediction = key_of(model, one.caller_user_id, one.request_id, one.input_index)
        return self._prediction

    @property
    def is_open(self) -> bool:
        return self.error is None and not self.is_unwanted

    def fail(self, stage: str, error: ApiError, failure: FailureClass | None = None) -> None:
        self.stage, self.error, self.failure = stage, error, failure or class_of_one(error)


async def opened(leased: Leased, get: Callable[[str], Awaitable[bytes]]) -> Item:
    """The item with its payload, which `get` fetches if it is not in the row; failed if it cannot be had."""
    item = Item(leased)
    try:
        item.capture = Capture.FromString(await payload_of(leased.capture, get))
        item.original = Input.FromString(item.capture.input)
        Data.FromString(item.capture.output)
    except (NotFound, DecodeError) as error:
        log.error("captured item is damaged", capture=item.id, error=str(error))
        item.fail("read", InputInvalid("what was captured is damaged or gone"))
    except ApiError as error:
        item.fail("read", error)
    return item
