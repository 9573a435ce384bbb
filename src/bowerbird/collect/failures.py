"""What an error means for the captures that met it: wait, wait for somebody, or be given up."""

from typing import Literal

from bowerbird.errors import (
    ApiError,
    InputDownloadFailed,
    InputNotFound,
    InsufficientScopes,
    KeyInvalid,
    KeyMissing,
    KeyNotFound,
    ModelInvalid,
    ModelNotFound,
    ModelUntrained,
    NoCredential,
    NotFound,
    Unserved,
    WorkflowGraphInvalid,
    WorkflowInvalid,
    WorkflowNotFound,
    WorkflowUntrained,
)

FailureClass = Literal["transient", "configuration", "item"]

# What somebody has to mend before anything of the collector can be posted: no capture is to blame.
_CREDENTIALS = (NoCredential, KeyInvalid, KeyNotFound, KeyMissing, InsufficientScopes)
_WORKFLOWS = (WorkflowNotFound, WorkflowInvalid, WorkflowGraphInvalid, WorkflowUntrained)
_MODELS = (ModelNotFound, ModelInvalid, ModelUntrained)
Cure = Literal["key", "workflow", "model", "app", "server"]
_CURES: dict[Cure, tuple[type[ApiError], ...]] = {
    "key": _CREDENTIALS,
    "workflow": _WORKFLOWS,
    "model": _MODELS,
}
_TO_BE_MENDED = (*_CREDENTIALS, *_WORKFLOWS, *_MODELS)


def class_of_one(error: ApiError) -> FailureClass:
    """Of what was said of one capture."""
    if not error.permanent:
        return "transient"
    return "configuration" if isinstance(error, _TO_BE_MENDED) else "item"


def class_of_all(error: ApiError) -> FailureClass:
    """Of what was said of a whole call: that something is missing is then no capture's fault."""
    if isinstance(error, NotFound | Unserved) and not isinstance(error, InputNotFound):
        return "configuration"
    return class_of_one(error)


def is_of_destination(error: ApiError) -> bool:
    """Whether it tells that the destination is down; what a capture names may be down by itself."""
    return not error.permanent and not isinstance(error, InputDownloadFailed)


def describe(error: ApiError) -> str:
    """An error in words."""
    return f"{error.text()} {error.details}".strip()


def cure_of(described: str) -> Cure:
    """What has to be mended, of an error in words; of one that tells that a destination is down, too."""
    for cure, errors in _CURES.items():
        if any(described.startswith(error.text()) for error in errors):
            return cure
    return "app" if described.startswith(NotFound.text()) else "server"
