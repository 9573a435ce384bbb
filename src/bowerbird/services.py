"""What handlers and workers are given: adapters behind Protocols, and a door back into the API."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from clarifai_grpc.grpc.api.resources_pb2 import Data, Input, Output, UserAppIDSet
from google.protobuf.message import Message

from bowerbird.blobs import Blobs
from bowerbird.errors import ApiError
from bowerbird.index.exact import ExactNearest
from bowerbird.index.vectors import Vector
from bowerbird.mail import Mailer
from bowerbird.queue import Queue
from bowerbird.runtimes.spec import Runtimes
from bowerbird.settings import Settings
from bowerbird.store.db import Database
from bowerbird.store.revisions import Revisions

if TYPE_CHECKING:
    from bowerbird.api.model_specs import Catalog
    from bowerbird.auth.passwords import Passwords
    from bowerbird.collect.recorded import Recorded
    from bowerbird.collect.replay import Replays
    from bowerbird.workflows.states import States

Clock = Callable[[], float]  # seconds since 1970
ModelKey = tuple[str, str, str]  # user, app, model


@dataclass(slots=True)  # not frozen: one is made for every call, and that costs twice as much
class Prediction:
    """A predict call that is about to be answered: result and output n belong to input n."""

    model: ModelKey
    version_id: str
    caller_user_id: str
    request_id: str
    inputs: Sequence[Input]  # as they were sent; one that was named by its id only, with its media
    results: Sequence[Data | ApiError]  # as the model gave them: what the caller asked for cuts nothing here
    outputs: Sequence[Output]  # as the caller gets them
    made_at: float | None = None  # when, if that was elsewhere and is known


class Tap(Protocol):
    """What watches predictions."""

    def offer(self, prediction: Prediction) -> Awaitable[object] | None:
        """Never raises, never blocks. What to wait for before the call is answered, if anything."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a workflow said of an input: whether it passed, and the medium that it made of it, if any."""

    passed: bool
    media: Data | None


@dataclass(frozen=True, slots=True)
class Indexed:
    """What the base workflow of an app gives the index of an input; with an error, as far as it came."""

    vectors: Sequence[Vector] = ()
    concepts: Mapping[str, float] = field(default_factory=dict)
    error: ApiError | None = None


class Client(Protocol):
    """The API, called from inside: every call is authorised as its actor's, like anyone else's."""

    async def call(self, rpc: str, request: Message, handle: str) -> Any:  # the RPC's own answer
        """Answer of `rpc`, called under the key that `handle` names; its errors are in its status.

        Raises ApiError when there is no such key any more.
        """
        ...

    async def judge(
        self, app: UserAppIDSet, workflow_id: str, inputs: Sequence[Input], handle: str
    ) -> list[Verdict | ApiError]:
        """What a workflow of the app says of each input, asked under a key that may post inputs.

        Raises ApiError when it cannot be asked at all.
        """
        ...

    async def index(self, app: UserAppIDSet, input_ids: Sequence[str]) -> list[Indexed]:
        """What the app's base workflow says of its inputs; what it writes of them is written by then.

        It runs with the rights of the app's owner. Raises nothing of its own: errors are in the answers.
        """
        ...


@dataclass(slots=True)
class Services:
    """Everything that outlives a call."""

    settings: Settings
    db: Database
    revisions: Revisions
    blobs: Blobs
    payloads: Blobs  # of captures that are too large for a row of the queue
    queue: Queue
    runtimes: Runtimes
    clock: Clock
    client: Client
    tap: Tap
    nearest: ExactNearest
    catalog: "Catalog"
    workflow_states: "States"
    replays: "Replays | None"  # None in processes that take no predictions
    recorded: "Recorded"
    passwords: "Passwords"
    mailer: Mailer
    reached: Callable[[str], None]  # told at each stage of collecting, so that drills can strike there
