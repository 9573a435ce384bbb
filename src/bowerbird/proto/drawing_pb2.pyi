from google.api import annotations_pb2 as _annotations_pb2
from clarifai_grpc.grpc.api import resources_pb2 as _resources_pb2
from clarifai_grpc.grpc.api.status import status_pb2 as _status_pb2
from clarifai_grpc.grpc.auth.scope import scope_pb2 as _scope_pb2
from clarifai_grpc.grpc.auth.types import types_pb2 as _types_pb2
from clarifai_grpc.grpc.auth.util import extension_pb2 as _extension_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PostDraftResultsRequest(_message.Message):
    __slots__ = ("user_app_id", "workflow", "operators", "inputs")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    OPERATORS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    workflow: _resources_pb2.Workflow
    operators: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Model]
    inputs: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Input]
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., workflow: _Optional[_Union[_resources_pb2.Workflow, _Mapping]] = ..., operators: _Optional[_Iterable[_Union[_resources_pb2.Model, _Mapping]]] = ..., inputs: _Optional[_Iterable[_Union[_resources_pb2.Input, _Mapping]]] = ...) -> None: ...

class MultiDraftResultResponse(_message.Message):
    __slots__ = ("status", "results")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    results: _containers.RepeatedCompositeFieldContainer[_resources_pb2.WorkflowResult]
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., results: _Optional[_Iterable[_Union[_resources_pb2.WorkflowResult, _Mapping]]] = ...) -> None: ...

class PostWorkflowFilesRequest(_message.Message):
    __slots__ = ("user_app_id", "text")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    text: str
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., text: _Optional[str] = ...) -> None: ...

class WorkflowFileResponse(_message.Message):
    __slots__ = ("status", "workflow")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    workflow: _resources_pb2.Workflow
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., workflow: _Optional[_Union[_resources_pb2.Workflow, _Mapping]] = ...) -> None: ...
