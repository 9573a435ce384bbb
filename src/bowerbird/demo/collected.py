"""What the collector kept, read back through the API: pictures, truths, predictions and their odds."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from clarifai_grpc.grpc.api import resources_pb2 as r
from clarifai_grpc.grpc.api import service_pb2 as s
from clarifai_grpc.grpc.api.status.status_code_pb2 import ANNOTATION_SUCCESS
from clarifai_grpc.grpc.api.status.status_pb2 import Status

from bowerbird.demo.client import DemoFailedError, GrpcClient, HttpClient
from bowerbird.demo.production import HARD_CASES, OWNER, UNSURE

PAGE = 500
AT_ONCE = 128  # labels in a call
PLACE = r.UserAppIDSet(user_id=OWNER, app_id=HARD_CASES)


@dataclass(frozen=True, slots=True)
class Kept:
    """An input that the collector posted."""

    id: str
    url: str
    truth: str
    change: str
    predicted: str
    confidence: float
    probability: float  # with which such a prediction is taken

    @property
    def is_right(self) -> bool:
        return self.truth == self.predicted

    @property
    def is_uncertain(self) -> bool:
        return self.confidence <= UNSURE


def kept(acme: GrpcClient) -> list[Kept]:
    """Everything in the app, the least sure first. Raises DemoFailedError when a prediction is missing."""
    said = {
        a.input_id: a.data.concepts for a in _pages(acme, _annotations, "annotations") if a.model_version_id
    }
    found = []
    for one in _pages(acme, _inputs, "inputs"):
        if one.id not in said:
            raise DemoFailedError(f"the input {one.id} came without its prediction")
        best = max(said[one.id], key=lambda concept: concept.value)
        metadata = one.data.metadata
        found.append(
            Kept(
                id=one.id,
                url=one.data.image.url,
                truth=metadata["truth"],
                change=metadata["change"],
                predicted=best.id,
                confidence=best.value,
                probability=metadata["capture"]["inclusion_probability"],
            )
        )
    return sorted(found, key=lambda one: one.confidence)


def pictures(client: HttpClient, found: Sequence[Kept]) -> list[bytes]:
    """The hosted files."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(client.content, (one.url for one in found)))


def confusion(found: Sequence[Kept]) -> Counter[tuple[str, str]]:
    """How often each (truth, predicted) came."""
    return Counter((one.truth, one.predicted) for one in found)


def label(acme: GrpcClient, found: Sequence[Kept]) -> None:
    """Say of each input what it is, as people would who look at them."""
    done = Status(code=ANNOTATION_SUCCESS)
    for start in range(0, len(found), AT_ONCE):
        made = [
            r.Annotation(
                input_id=one.id, data=r.Data(concepts=[r.Concept(id=one.truth, value=1)]), status=done
            )
            for one in found[start : start + AT_ONCE]
        ]
        acme.call("PostAnnotations", s.PostAnnotationsRequest(user_app_id=PLACE, annotations=made))


def _pages(acme: GrpcClient, ask: Callable[[GrpcClient, int], Any], field: str) -> Iterator[Any]:
    """The items of all pages; of the type that `ask` lists."""
    page = 1
    while items := getattr(ask(acme, page), field):
        yield from items
        page += 1


def _inputs(acme: GrpcClient, page: int) -> Any:  # MultiInputResponse
    return acme.call("ListInputs", s.ListInputsRequest(user_app_id=PLACE, page=page, per_page=PAGE))


def _annotations(acme: GrpcClient, page: int) -> Any:  # MultiAnnotationResponse
    request = s.ListAnnotationsRequest(user_app_id=PLACE, page=page, per_page=PAGE, list_all_annotations=True)
    return acme.call("ListAnnotations", request)
