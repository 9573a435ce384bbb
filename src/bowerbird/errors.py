"""The errors of the API: each class is one status code, its docstring the text that users read."""

from typing import ClassVar

from clarifai_grpc.grpc.api.status import status_code_pb2, status_pb2

Code = status_code_pb2.StatusCode


class ApiError(Exception):
    """Something failed inside the server. The request id finds it in the log."""

    code: ClassVar[int] = Code.INTERNAL_UNCATEGORIZED
    http: ClassVar[int] = 500
    permanent: ClassVar[bool] = False  # would the same request fail again?

    def __init__(self, details: str = "") -> None:
        super().__init__(details or type(self).text())
        self.details = details

    @classmethod
    def text(cls) -> str:
        return (cls.__doc__ or "").strip()

    def status(self) -> status_pb2.Status:
        return status_pb2.Status(code=self.code, description=self.text(), details=self.details)


class Invalid(ApiError):
    """The request is not valid."""

    code, http, permanent = Code.CONN_INVALID_REQUEST, 400, True


class BadFormat(Invalid):
    """The request could not be read."""

    code = Code.CONN_BAD_REQUEST_FORMAT


class OutOfRange(Invalid):
    """A number in the request is out of its range."""

    code = Code.CONN_INVALID_RANGE


class Unserved(ApiError):
    """This server does not serve that call."""

    code, http, permanent = Code.NOT_IMPLEMENTED, 501, True


class UnknownMethod(ApiError):
    """There is no such call or address."""

    code, http, permanent = Code.RPC_UNKNOWN_METHOD, 404, True


class MethodNotAllowed(ApiError):
    """This address does not take that HTTP method."""

    code, http, permanent = Code.CONN_METHOD_NOT_ALLOWED, 405, True


class TooLarge(Invalid):
    """The request is larger than the server takes."""

    code, http = Code.RPC_MAX_MESSAGE_SIZE_EXCEEDED, 413


class Busy(ApiError):
    """The server is busy. Try again in a moment."""

    code, http = Code.TRY_AGAIN, 503


class DeadlineExceeded(ApiError):
    """The call took longer than allowed."""

    code, http = Code.RPC_REQUEST_TIMEOUT, 504


class Unreachable(ApiError):
    """Another server did not answer as expected."""

    code, http = Code.EXTERNAL_CONNECTION_ERROR, 502


# --- who may do what ---


class NoCredential(ApiError):
    """Say who you are: send the header "Authorization: Key <your key or personal access token>"."""

    code, http, permanent = Code.CONN_INVALID_REQUEST, 401, True


class KeyInvalid(ApiError):
    """The API key or personal access token is not valid."""

    code, http, permanent = Code.CONN_KEY_INVALID, 401, True


class KeyNotFound(ApiError):
    """There is no such API key or personal access token."""

    code, http, permanent = Code.CONN_KEY_NOT_FOUND, 401, True


class SessionEnded(ApiError):
    """The session has ended. Sign in again."""

    code, http, permanent = Code.CONN_TOKEN_INVALID, 401, True


class LinkSpent(ApiError):
    """The link does not work: it was used, replaced, or has expired. Ask for a new one."""

    code, http, permanent = Code.CONN_TOKEN_INVALID, 401, True


class WrongSignIn(ApiError):
    """The user, the password or the code is wrong."""

    code, http, permanent = Code.CONN_CREDENTIALS_INVALID, 401, True


class Throttled(ApiError):
    """There were too many failed attempts. Wait a moment."""

    code, http = Code.CONN_THROTTLED, 429


class PasswordRefused(Invalid):
    """The password is too easy to guess, or too long."""

    code = Code.PASSWORD_VALIDATION_FAILED


class InsufficientScopes(ApiError):
    """The credential lacks a permission that this call needs."""

    code, http, permanent = Code.CONN_INSUFFICIENT_SCOPES, 403, True


class NotFound(ApiError):
    """It does not exist, or you may not see it."""

    code, http, permanent = Code.CONN_DOES_NOT_EXIST, 404, True


class KeyMissing(NotFound):
    """There is no API key or personal access token with that handle."""

    code = Code.CONN_KEY_NOT_FOUND


class Duplicate(ApiError):
    """Something with that ID exists already."""

    code, http, permanent = Code.DATABASE_DUPLICATE_KEY, 409, True


# --- concepts, models, workflows ---


class ConceptInvalid(Invalid):
    """The concept is not valid."""

    code = Code.CONCEPTS_INVALID_REQUEST


class ModelNotFound(NotFound):
    """Model does not exist, or you may not see it."""

    code = Code.MODEL_DOES_NOT_EXIST


class ModelInvalid(Invalid):
    """The model or its parameters are not valid."""

    code = Code.MODEL_INVALID_ARGUMENT


class ModelUntrained(ApiError):
    """The model has no trained version yet."""

    code, http, permanent = Code.MODEL_UNTRAINED, 400, True


class ModelElsewhere(ApiError):
    """The model is served elsewhere: its predictions are sent here, they are not made here."""

    code, http, permanent = Code.MODEL_NOT_DEPLOYED, 400, True


class ModelNotDeployed(ModelUntrained):
    """No model has been put into that place on this server."""

    code = Code.MODEL_NOT_DEPLOYED


class ModelLoading(ApiError):
    """The model is not ready. Try again in a moment."""

    code, http = Code.MODEL_LOADING, 503


class PredictionFailed(ApiError):
    """The model failed on this input."""

    code, http, permanent = Code.MODEL_PREDICTION_FAILED, 500, True


class WorkflowNotFound(NotFound):
    """The workflow does not exist, or you may not see it."""

    code = Code.WORKFLOW_DOES_NOT_EXIST


class WorkflowInvalid(Invalid):
    """The workflow is not valid."""

    code = Code.WORKFLOW_INVALID_ARGUMENT


class WorkflowGraphInvalid(Invalid):
    """The nodes of the workflow do not form a graph that can run."""

    code = Code.WORKFLOW_INVALID_GRAPH


class WorkflowUntrained(ApiError):
    """A model of the workflow has no trained version yet."""

    code, http, permanent = Code.WORKFLOW_REQUIRE_TRAINED_MODEL, 400, True


class WorkflowDuplicate(Duplicate):
    """A workflow with that ID exists already."""

    code = Code.WORKFLOW_DUPLICATE


# --- inputs, annotations, searches, collectors ---


class InputNotFound(NotFound):
    """The input does not exist, or you may not see it."""

    code = Code.INPUT_DOES_NOT_EXIST


class InputInvalid(Invalid):
    """The input is not valid."""

    code = Code.INPUT_INVALID_ARGUMENT


class InputDuplicate(Duplicate):
    """An input with that ID or URL is in the app already."""

    code = Code.INPUT_DUPLICATE


class InputUrlInvalid(Invalid):
    """The URL of the input cannot be used."""

    code = Code.INPUT_INVALID_URL


class InputDownloadFailed(ApiError):
    """The input could not be fetched or read."""

    code, http = Code.INPUT_DOWNLOAD_FAILED, 400


class InputRefused(InputDownloadFailed):
    """The server of the input does not give it."""

    permanent = True


class InputUnsupported(Invalid):
    """The media of the input is of a format that is not supported, or damaged."""

    code = Code.INPUT_UNSUPPORTED_FORMAT


class InputTooLarge(Invalid):
    """The media of the input is larger than allowed."""

    code = Code.INPUT_OVER_LIMIT


class AnnotationInvalid(Invalid):
    """The annotation is not valid."""

    code = Code.ANNOTATION_INVALID_ARGUMENT


class SearchInvalid(Invalid):
    """The search is not valid."""

    code = Code.SEARCH_INVALID_REQUEST


class CollectorNotFound(NotFound):
    """The collector does not exist, or you may not see it."""

    code = Code.COLLECTOR_MISSING


class ModelBusy(Busy):
    """The model has as many requests as it can take. Try again in a moment."""

    code = Code.MODEL_BUSY_PLEASE_RETRY


def error_of(status: status_pb2.Status) -> ApiError:
    """The error that a status tells of, for callers inside that go by whether it is permanent."""
    return _BY_CODE.get(status.code, ApiError)(status.details or status.description)


def _descendants(kind: type[ApiError]) -> list[type[ApiError]]:
    return [kind, *(d for child in kind.__subclasses__() for d in _descendants(child))]


_BY_CODE = {kind.code: kind for kind in reversed(_descendants(ApiError))}
