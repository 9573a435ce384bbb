"""The HTTP status that goes with a status of the API."""

from collections.abc import Iterator

from clarifai_grpc.grpc.api.status import status_pb2

from bowerbird.errors import ApiError, Code

# All went well, or some of a batch did: the items say which. When all of a batch failed, the call did.
_WITHOUT_ERROR: dict[int, int] = {Code.SUCCESS: 200, Code.MIXED_STATUS: 200, Code.FAILURE: 400}


class HttpStatuses:
    """Knows the HTTP status of every error there is.

    Two errors may share a code: then the description, which is the error's own text, tells them apart, and
    a description that is not known goes with the first of them. A code that no error has is a 500.
    """

    def __init__(self) -> None:
        self._exact: dict[tuple[int, str], int] = {}
        self._by_code: dict[int, int] = dict(_WITHOUT_ERROR)
        for error in _errors(ApiError):
            self._exact[error.code, error.text()] = error.http
            self._by_code.setdefault(error.code, error.http)

    def of(self, status: status_pb2.Status) -> int:
        found = self._exact.get((status.code, status.description))
        return found or self._by_code.get(status.code, 500)


def _errors(root: type[ApiError]) -> Iterator[type[ApiError]]:
    yield root
    for error in root.__subclasses__():
        yield from _errors(error)
