from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
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

class DeleteConceptsRequest(_message.Message):
    __slots__ = ("user_app_id", "ids")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ListLabelItemsRequest(_message.Message):
    __slots__ = ("user_app_id", "collector_id", "query", "input_ids", "after", "per_page", "with_labelled")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    INPUT_IDS_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    PER_PAGE_FIELD_NUMBER: _ClassVar[int]
    WITH_LABELLED_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    collector_id: str
    query: _resources_pb2.Query
    input_ids: _containers.RepeatedScalarFieldContainer[str]
    after: str
    per_page: int
    with_labelled: bool
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., collector_id: _Optional[str] = ..., query: _Optional[_Union[_resources_pb2.Query, _Mapping]] = ..., input_ids: _Optional[_Iterable[str]] = ..., after: _Optional[str] = ..., per_page: _Optional[int] = ..., with_labelled: _Optional[bool] = ...) -> None: ...

class LabelItem(_message.Message):
    __slots__ = ("input", "annotations", "predictions", "is_blind", "collector_id", "is_labelled", "cursor")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    IS_BLIND_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    IS_LABELLED_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    input: _resources_pb2.Input
    annotations: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Annotation]
    predictions: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Annotation]
    is_blind: bool
    collector_id: str
    is_labelled: bool
    cursor: str
    def __init__(self, input: _Optional[_Union[_resources_pb2.Input, _Mapping]] = ..., annotations: _Optional[_Iterable[_Union[_resources_pb2.Annotation, _Mapping]]] = ..., predictions: _Optional[_Iterable[_Union[_resources_pb2.Annotation, _Mapping]]] = ..., is_blind: _Optional[bool] = ..., collector_id: _Optional[str] = ..., is_labelled: _Optional[bool] = ..., cursor: _Optional[str] = ...) -> None: ...

class MultiLabelItemResponse(_message.Message):
    __slots__ = ("status", "items", "concepts", "cursor")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    CONCEPTS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    items: _containers.RepeatedCompositeFieldContainer[LabelItem]
    concepts: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Concept]
    cursor: str
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., items: _Optional[_Iterable[_Union[LabelItem, _Mapping]]] = ..., concepts: _Optional[_Iterable[_Union[_resources_pb2.Concept, _Mapping]]] = ..., cursor: _Optional[str] = ...) -> None: ...

class FacetsQuery(_message.Message):
    __slots__ = ("query", "facets")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    FACETS_FIELD_NUMBER: _ClassVar[int]
    query: _resources_pb2.Query
    facets: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, query: _Optional[_Union[_resources_pb2.Query, _Mapping]] = ..., facets: _Optional[_Iterable[str]] = ...) -> None: ...

class PostInputFacetsRequest(_message.Message):
    __slots__ = ("user_app_id", "queries")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    QUERIES_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    queries: _containers.RepeatedCompositeFieldContainer[FacetsQuery]
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., queries: _Optional[_Iterable[_Union[FacetsQuery, _Mapping]]] = ...) -> None: ...

class FacetValue(_message.Message):
    __slots__ = ("value", "count")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    value: _struct_pb2.Value
    count: int
    def __init__(self, value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., count: _Optional[int] = ...) -> None: ...

class Facet(_message.Message):
    __slots__ = ("name", "values", "distinct", "missing")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    DISTINCT_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    name: str
    values: _containers.RepeatedCompositeFieldContainer[FacetValue]
    distinct: int
    missing: int
    def __init__(self, name: _Optional[str] = ..., values: _Optional[_Iterable[_Union[FacetValue, _Mapping]]] = ..., distinct: _Optional[int] = ..., missing: _Optional[int] = ...) -> None: ...

class InputFacets(_message.Message):
    __slots__ = ("total", "drawn", "facets")
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    DRAWN_FIELD_NUMBER: _ClassVar[int]
    FACETS_FIELD_NUMBER: _ClassVar[int]
    total: int
    drawn: int
    facets: _containers.RepeatedCompositeFieldContainer[Facet]
    def __init__(self, total: _Optional[int] = ..., drawn: _Optional[int] = ..., facets: _Optional[_Iterable[_Union[Facet, _Mapping]]] = ...) -> None: ...

class MultiInputFacetsResponse(_message.Message):
    __slots__ = ("status", "facets")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    FACETS_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    facets: _containers.RepeatedCompositeFieldContainer[InputFacets]
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., facets: _Optional[_Iterable[_Union[InputFacets, _Mapping]]] = ...) -> None: ...

class ListInputGlancesRequest(_message.Message):
    __slots__ = ("user_app_id", "input_ids")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_IDS_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    input_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., input_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class InputGlance(_message.Message):
    __slots__ = ("input_id", "content_type", "content")
    INPUT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    input_id: str
    content_type: str
    content: bytes
    def __init__(self, input_id: _Optional[str] = ..., content_type: _Optional[str] = ..., content: _Optional[bytes] = ...) -> None: ...

class MultiInputGlanceResponse(_message.Message):
    __slots__ = ("status", "glances")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    GLANCES_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    glances: _containers.RepeatedCompositeFieldContainer[InputGlance]
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., glances: _Optional[_Iterable[_Union[InputGlance, _Mapping]]] = ...) -> None: ...
