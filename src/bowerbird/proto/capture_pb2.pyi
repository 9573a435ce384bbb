from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class Capture(_message.Message):
    __slots__ = ("input", "output", "model_user_id", "model_app_id", "model_id", "model_version_id", "caller_user_id", "request_id", "input_index", "inclusion_probability", "revision", "coin", "reason", "predicted_at")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    MODEL_USER_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_APP_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    CALLER_USER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_INDEX_FIELD_NUMBER: _ClassVar[int]
    INCLUSION_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    COIN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_AT_FIELD_NUMBER: _ClassVar[int]
    input: bytes
    output: bytes
    model_user_id: str
    model_app_id: str
    model_id: str
    model_version_id: str
    caller_user_id: str
    request_id: str
    input_index: int
    inclusion_probability: float
    revision: int
    coin: float
    reason: str
    predicted_at: float
    def __init__(self, input: _Optional[bytes] = ..., output: _Optional[bytes] = ..., model_user_id: _Optional[str] = ..., model_app_id: _Optional[str] = ..., model_id: _Optional[str] = ..., model_version_id: _Optional[str] = ..., caller_user_id: _Optional[str] = ..., request_id: _Optional[str] = ..., input_index: _Optional[int] = ..., inclusion_probability: _Optional[float] = ..., revision: _Optional[int] = ..., coin: _Optional[float] = ..., reason: _Optional[str] = ..., predicted_at: _Optional[float] = ...) -> None: ...
