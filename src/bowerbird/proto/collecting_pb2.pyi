import datetime

from bowerbird.proto import bowerbird_v1_pb2 as _bowerbird_v1_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
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

class Bin(_message.Message):
    __slots__ = ("low", "high", "count")
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    low: float
    high: float
    count: int
    def __init__(self, low: _Optional[float] = ..., high: _Optional[float] = ..., count: _Optional[int] = ...) -> None: ...

class Histogram(_message.Message):
    __slots__ = ("name", "bins", "count", "low", "high")
    NAME_FIELD_NUMBER: _ClassVar[int]
    BINS_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    name: str
    bins: _containers.RepeatedCompositeFieldContainer[Bin]
    count: int
    low: float
    high: float
    def __init__(self, name: _Optional[str] = ..., bins: _Optional[_Iterable[_Union[Bin, _Mapping]]] = ..., count: _Optional[int] = ..., low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...

class GetCollectorValuesRequest(_message.Message):
    __slots__ = ("user_app_id", "model_user_id", "model_app_id", "model_id", "model_version_id", "caller_user_id", "hours")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_USER_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_APP_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    CALLER_USER_ID_FIELD_NUMBER: _ClassVar[int]
    HOURS_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    model_user_id: str
    model_app_id: str
    model_id: str
    model_version_id: str
    caller_user_id: str
    hours: float
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., model_user_id: _Optional[str] = ..., model_app_id: _Optional[str] = ..., model_id: _Optional[str] = ..., model_version_id: _Optional[str] = ..., caller_user_id: _Optional[str] = ..., hours: _Optional[float] = ...) -> None: ...

class ConceptValues(_message.Message):
    __slots__ = ("concept_id", "name", "count", "top_count", "top_share", "values")
    CONCEPT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    TOP_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOP_SHARE_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    concept_id: str
    name: str
    count: int
    top_count: int
    top_share: float
    values: Histogram
    def __init__(self, concept_id: _Optional[str] = ..., name: _Optional[str] = ..., count: _Optional[int] = ..., top_count: _Optional[int] = ..., top_share: _Optional[float] = ..., values: _Optional[_Union[Histogram, _Mapping]] = ...) -> None: ...

class ValueCount(_message.Message):
    __slots__ = ("value", "count")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    value: _struct_pb2.Value
    count: int
    def __init__(self, value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., count: _Optional[int] = ...) -> None: ...

class MetadataValues(_message.Message):
    __slots__ = ("key", "count", "distinct", "values")
    KEY_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    DISTINCT_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    key: str
    count: int
    distinct: int
    values: _containers.RepeatedCompositeFieldContainer[ValueCount]
    def __init__(self, key: _Optional[str] = ..., count: _Optional[int] = ..., distinct: _Optional[int] = ..., values: _Optional[_Iterable[_Union[ValueCount, _Mapping]]] = ...) -> None: ...

class CollectorValuesResponse(_message.Message):
    __slots__ = ("status", "recorded", "answered", "scores", "concepts", "metadata", "metadata_recorded", "callers", "versions")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    CONCEPTS_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    METADATA_RECORDED_FIELD_NUMBER: _ClassVar[int]
    CALLERS_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    recorded: int
    answered: int
    scores: _containers.RepeatedCompositeFieldContainer[Histogram]
    concepts: _containers.RepeatedCompositeFieldContainer[ConceptValues]
    metadata: _containers.RepeatedCompositeFieldContainer[MetadataValues]
    metadata_recorded: int
    callers: _containers.RepeatedCompositeFieldContainer[ValueCount]
    versions: _containers.RepeatedCompositeFieldContainer[ValueCount]
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., recorded: _Optional[int] = ..., answered: _Optional[int] = ..., scores: _Optional[_Iterable[_Union[Histogram, _Mapping]]] = ..., concepts: _Optional[_Iterable[_Union[ConceptValues, _Mapping]]] = ..., metadata: _Optional[_Iterable[_Union[MetadataValues, _Mapping]]] = ..., metadata_recorded: _Optional[int] = ..., callers: _Optional[_Iterable[_Union[ValueCount, _Mapping]]] = ..., versions: _Optional[_Iterable[_Union[ValueCount, _Mapping]]] = ...) -> None: ...

class ListCollectorFiguresRequest(_message.Message):
    __slots__ = ("user_app_id",)
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ...) -> None: ...

class CollectorFigures(_message.Message):
    __slots__ = ("collector_id", "description", "state", "reason", "since", "cure", "cure_id", "source", "offered_last_hour", "taken_last_hour", "kept_today", "budget", "budget_period", "offered_by_hour", "taken_by_hour", "waiting", "oldest_waiting", "dead", "revision", "changed_by", "changed_at", "pre_queue_random_sample", "pre_queue_workflow_id", "post_queue_workflow_id")
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    CURE_FIELD_NUMBER: _ClassVar[int]
    CURE_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    OFFERED_LAST_HOUR_FIELD_NUMBER: _ClassVar[int]
    TAKEN_LAST_HOUR_FIELD_NUMBER: _ClassVar[int]
    KEPT_TODAY_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    BUDGET_PERIOD_FIELD_NUMBER: _ClassVar[int]
    OFFERED_BY_HOUR_FIELD_NUMBER: _ClassVar[int]
    TAKEN_BY_HOUR_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    OLDEST_WAITING_FIELD_NUMBER: _ClassVar[int]
    DEAD_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    CHANGED_BY_FIELD_NUMBER: _ClassVar[int]
    CHANGED_AT_FIELD_NUMBER: _ClassVar[int]
    PRE_QUEUE_RANDOM_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    PRE_QUEUE_WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    POST_QUEUE_WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    collector_id: str
    description: str
    state: str
    reason: str
    since: _timestamp_pb2.Timestamp
    cure: str
    cure_id: str
    source: _resources_pb2.APIPostModelOutputsCollectorSource
    offered_last_hour: int
    taken_last_hour: int
    kept_today: int
    budget: int
    budget_period: str
    offered_by_hour: _containers.RepeatedScalarFieldContainer[int]
    taken_by_hour: _containers.RepeatedScalarFieldContainer[int]
    waiting: int
    oldest_waiting: _timestamp_pb2.Timestamp
    dead: int
    revision: int
    changed_by: str
    changed_at: _timestamp_pb2.Timestamp
    pre_queue_random_sample: float
    pre_queue_workflow_id: str
    post_queue_workflow_id: str
    def __init__(self, collector_id: _Optional[str] = ..., description: _Optional[str] = ..., state: _Optional[str] = ..., reason: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cure: _Optional[str] = ..., cure_id: _Optional[str] = ..., source: _Optional[_Union[_resources_pb2.APIPostModelOutputsCollectorSource, _Mapping]] = ..., offered_last_hour: _Optional[int] = ..., taken_last_hour: _Optional[int] = ..., kept_today: _Optional[int] = ..., budget: _Optional[int] = ..., budget_period: _Optional[str] = ..., offered_by_hour: _Optional[_Iterable[int]] = ..., taken_by_hour: _Optional[_Iterable[int]] = ..., waiting: _Optional[int] = ..., oldest_waiting: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., dead: _Optional[int] = ..., revision: _Optional[int] = ..., changed_by: _Optional[str] = ..., changed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., pre_queue_random_sample: _Optional[float] = ..., pre_queue_workflow_id: _Optional[str] = ..., post_queue_workflow_id: _Optional[str] = ...) -> None: ...

class MultiCollectorFiguresResponse(_message.Message):
    __slots__ = ("status", "collectors")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    COLLECTORS_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    collectors: _containers.RepeatedCompositeFieldContainer[CollectorFigures]
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., collectors: _Optional[_Iterable[_Union[CollectorFigures, _Mapping]]] = ...) -> None: ...

class ListCollectorRevisionsRequest(_message.Message):
    __slots__ = ("user_app_id", "collector_id", "per_page", "before")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    PER_PAGE_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    collector_id: str
    per_page: int
    before: int
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., collector_id: _Optional[str] = ..., per_page: _Optional[int] = ..., before: _Optional[int] = ...) -> None: ...

class FieldChange(_message.Message):
    __slots__ = ("field", "old", "new")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    OLD_FIELD_NUMBER: _ClassVar[int]
    NEW_FIELD_NUMBER: _ClassVar[int]
    field: str
    old: str
    new: str
    def __init__(self, field: _Optional[str] = ..., old: _Optional[str] = ..., new: _Optional[str] = ...) -> None: ...

class CollectorRevision(_message.Message):
    __slots__ = ("revision", "at", "user_id", "action", "changes", "collector", "options")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    revision: int
    at: _timestamp_pb2.Timestamp
    user_id: str
    action: str
    changes: _containers.RepeatedCompositeFieldContainer[FieldChange]
    collector: _resources_pb2.Collector
    options: _bowerbird_v1_pb2.CollectorOptions
    def __init__(self, revision: _Optional[int] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., user_id: _Optional[str] = ..., action: _Optional[str] = ..., changes: _Optional[_Iterable[_Union[FieldChange, _Mapping]]] = ..., collector: _Optional[_Union[_resources_pb2.Collector, _Mapping]] = ..., options: _Optional[_Union[_bowerbird_v1_pb2.CollectorOptions, _Mapping]] = ...) -> None: ...

class MultiCollectorRevisionResponse(_message.Message):
    __slots__ = ("status", "revisions")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REVISIONS_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    revisions: _containers.RepeatedCompositeFieldContainer[CollectorRevision]
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., revisions: _Optional[_Iterable[_Union[CollectorRevision, _Mapping]]] = ...) -> None: ...

class PostCollectorRestoresRequest(_message.Message):
    __slots__ = ("user_app_id", "collector_id", "revision")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    collector_id: str
    revision: int
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., collector_id: _Optional[str] = ..., revision: _Optional[int] = ...) -> None: ...

class CollectorRestoreResponse(_message.Message):
    __slots__ = ("status", "collector", "options", "revision")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    collector: _resources_pb2.Collector
    options: _bowerbird_v1_pb2.CollectorOptions
    revision: int
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., collector: _Optional[_Union[_resources_pb2.Collector, _Mapping]] = ..., options: _Optional[_Union[_bowerbird_v1_pb2.CollectorOptions, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...

class ListCollectorItemsRequest(_message.Message):
    __slots__ = ("user_app_id", "collector_id", "per_page", "after", "shows_blind")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    PER_PAGE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    SHOWS_BLIND_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    collector_id: str
    per_page: int
    after: str
    shows_blind: bool
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., collector_id: _Optional[str] = ..., per_page: _Optional[int] = ..., after: _Optional[str] = ..., shows_blind: _Optional[bool] = ...) -> None: ...

class CollectorItem(_message.Message):
    __slots__ = ("input", "predicted", "is_blind", "inclusion_probability", "coin", "reason", "request_id", "input_index", "taken_at", "is_labelled", "model_version_id", "caller_user_id", "revision", "cursor")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_FIELD_NUMBER: _ClassVar[int]
    IS_BLIND_FIELD_NUMBER: _ClassVar[int]
    INCLUSION_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    COIN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_INDEX_FIELD_NUMBER: _ClassVar[int]
    TAKEN_AT_FIELD_NUMBER: _ClassVar[int]
    IS_LABELLED_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    CALLER_USER_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    input: _resources_pb2.Input
    predicted: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Concept]
    is_blind: bool
    inclusion_probability: float
    coin: float
    reason: str
    request_id: str
    input_index: int
    taken_at: _timestamp_pb2.Timestamp
    is_labelled: bool
    model_version_id: str
    caller_user_id: str
    revision: int
    cursor: str
    def __init__(self, input: _Optional[_Union[_resources_pb2.Input, _Mapping]] = ..., predicted: _Optional[_Iterable[_Union[_resources_pb2.Concept, _Mapping]]] = ..., is_blind: _Optional[bool] = ..., inclusion_probability: _Optional[float] = ..., coin: _Optional[float] = ..., reason: _Optional[str] = ..., request_id: _Optional[str] = ..., input_index: _Optional[int] = ..., taken_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., is_labelled: _Optional[bool] = ..., model_version_id: _Optional[str] = ..., caller_user_id: _Optional[str] = ..., revision: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class MultiCollectorItemResponse(_message.Message):
    __slots__ = ("status", "items")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    items: _containers.RepeatedCompositeFieldContainer[CollectorItem]
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., items: _Optional[_Iterable[_Union[CollectorItem, _Mapping]]] = ...) -> None: ...

class GetCollectorItemFiguresRequest(_message.Message):
    __slots__ = ("user_app_id", "collector_id")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    collector_id: str
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., collector_id: _Optional[str] = ...) -> None: ...

class CollectorItemFiguresResponse(_message.Message):
    __slots__ = ("status", "items", "labelled", "inclusion_probabilities", "unknown", "reasons")
    class ReasonsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    LABELLED_FIELD_NUMBER: _ClassVar[int]
    INCLUSION_PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    items: int
    labelled: int
    inclusion_probabilities: _containers.RepeatedCompositeFieldContainer[Bin]
    unknown: int
    reasons: _containers.ScalarMap[str, int]
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., items: _Optional[int] = ..., labelled: _Optional[int] = ..., inclusion_probabilities: _Optional[_Iterable[_Union[Bin, _Mapping]]] = ..., unknown: _Optional[int] = ..., reasons: _Optional[_Mapping[str, int]] = ...) -> None: ...
