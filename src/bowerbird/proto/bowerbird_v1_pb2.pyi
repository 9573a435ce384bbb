import datetime

from google.api import annotations_pb2 as _annotations_pb2
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

class GetCollectorFunnelRequest(_message.Message):
    __slots__ = ("user_app_id", "collector_id", "since")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    collector_id: str
    since: _timestamp_pb2.Timestamp
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., collector_id: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Funnel(_message.Message):
    __slots__ = ("hour", "offered", "taken", "posted", "waiting", "dead", "purged", "skipped")
    class SkippedEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    HOUR_FIELD_NUMBER: _ClassVar[int]
    OFFERED_FIELD_NUMBER: _ClassVar[int]
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    POSTED_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    DEAD_FIELD_NUMBER: _ClassVar[int]
    PURGED_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    hour: _timestamp_pb2.Timestamp
    offered: int
    taken: int
    posted: int
    waiting: int
    dead: int
    purged: int
    skipped: _containers.ScalarMap[str, int]
    def __init__(self, hour: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., offered: _Optional[int] = ..., taken: _Optional[int] = ..., posted: _Optional[int] = ..., waiting: _Optional[int] = ..., dead: _Optional[int] = ..., purged: _Optional[int] = ..., skipped: _Optional[_Mapping[str, int]] = ...) -> None: ...

class CollectorFunnelResponse(_message.Message):
    __slots__ = ("status", "total", "hours", "oldest_waiting")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    HOURS_FIELD_NUMBER: _ClassVar[int]
    OLDEST_WAITING_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    total: Funnel
    hours: _containers.RepeatedCompositeFieldContainer[Funnel]
    oldest_waiting: _timestamp_pb2.Timestamp
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., total: _Optional[_Union[Funnel, _Mapping]] = ..., hours: _Optional[_Iterable[_Union[Funnel, _Mapping]]] = ..., oldest_waiting: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class PostCollectorPreviewsRequest(_message.Message):
    __slots__ = ("user_app_id", "collector", "hours", "examples", "workflow", "operators")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_FIELD_NUMBER: _ClassVar[int]
    HOURS_FIELD_NUMBER: _ClassVar[int]
    EXAMPLES_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    OPERATORS_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    collector: _resources_pb2.Collector
    hours: float
    examples: int
    workflow: _resources_pb2.Workflow
    operators: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Model]
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., collector: _Optional[_Union[_resources_pb2.Collector, _Mapping]] = ..., hours: _Optional[float] = ..., examples: _Optional[int] = ..., workflow: _Optional[_Union[_resources_pb2.Workflow, _Mapping]] = ..., operators: _Optional[_Iterable[_Union[_resources_pb2.Model, _Mapping]]] = ...) -> None: ...

class Share(_message.Message):
    __slots__ = ("concept_id", "before", "kept")
    CONCEPT_ID_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    concept_id: str
    before: float
    kept: float
    def __init__(self, concept_id: _Optional[str] = ..., before: _Optional[float] = ..., kept: _Optional[float] = ...) -> None: ...

class PreviewExample(_message.Message):
    __slots__ = ("request_id", "input_index", "input", "output", "inclusion_probability", "reason", "node_id", "gap")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_INDEX_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    INCLUSION_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    input_index: int
    input: _resources_pb2.Data
    output: _resources_pb2.Data
    inclusion_probability: float
    reason: str
    node_id: str
    gap: float
    def __init__(self, request_id: _Optional[str] = ..., input_index: _Optional[int] = ..., input: _Optional[_Union[_resources_pb2.Data, _Mapping]] = ..., output: _Optional[_Union[_resources_pb2.Data, _Mapping]] = ..., inclusion_probability: _Optional[float] = ..., reason: _Optional[str] = ..., node_id: _Optional[str] = ..., gap: _Optional[float] = ...) -> None: ...

class NodeFigures(_message.Message):
    __slots__ = ("node_id", "operator", "reached", "passed")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    REACHED_FIELD_NUMBER: _ClassVar[int]
    PASSED_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    operator: str
    reached: int
    passed: int
    def __init__(self, node_id: _Optional[str] = ..., operator: _Optional[str] = ..., reached: _Optional[int] = ..., passed: _Optional[int] = ...) -> None: ...

class BudgetFigures(_message.Message):
    __slots__ = ("node_id", "limit", "period", "used", "full_at")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    FULL_AT_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    limit: int
    period: str
    used: float
    full_at: _timestamp_pb2.Timestamp
    def __init__(self, node_id: _Optional[str] = ..., limit: _Optional[int] = ..., period: _Optional[str] = ..., used: _Optional[float] = ..., full_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class EstimateOutlook(_message.Message):
    __slots__ = ("inclusion_probability_low", "inclusion_probability_high", "effective_items_per_day", "accuracy_half_width", "days_until_figure", "refused")
    INCLUSION_PROBABILITY_LOW_FIELD_NUMBER: _ClassVar[int]
    INCLUSION_PROBABILITY_HIGH_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_ITEMS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_HALF_WIDTH_FIELD_NUMBER: _ClassVar[int]
    DAYS_UNTIL_FIGURE_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    inclusion_probability_low: float
    inclusion_probability_high: float
    effective_items_per_day: float
    accuracy_half_width: float
    days_until_figure: float
    refused: str
    def __init__(self, inclusion_probability_low: _Optional[float] = ..., inclusion_probability_high: _Optional[float] = ..., effective_items_per_day: _Optional[float] = ..., accuracy_half_width: _Optional[float] = ..., days_until_figure: _Optional[float] = ..., refused: _Optional[str] = ...) -> None: ...

class CollectorPreviewResponse(_message.Message):
    __slots__ = ("status", "recorded", "answered", "kept_share", "kept_share_low", "kept_share_high", "per_day", "per_day_low", "per_day_high", "skipped", "mix", "kept", "left_out", "notes", "taken", "just_missed", "nodes", "traced", "outlook", "cost_us", "budgets")
    class SkippedEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    STATUS_FIELD_NUMBER: _ClassVar[int]
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_FIELD_NUMBER: _ClassVar[int]
    KEPT_SHARE_FIELD_NUMBER: _ClassVar[int]
    KEPT_SHARE_LOW_FIELD_NUMBER: _ClassVar[int]
    KEPT_SHARE_HIGH_FIELD_NUMBER: _ClassVar[int]
    PER_DAY_FIELD_NUMBER: _ClassVar[int]
    PER_DAY_LOW_FIELD_NUMBER: _ClassVar[int]
    PER_DAY_HIGH_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    MIX_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    LEFT_OUT_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    JUST_MISSED_FIELD_NUMBER: _ClassVar[int]
    NODES_FIELD_NUMBER: _ClassVar[int]
    TRACED_FIELD_NUMBER: _ClassVar[int]
    OUTLOOK_FIELD_NUMBER: _ClassVar[int]
    COST_US_FIELD_NUMBER: _ClassVar[int]
    BUDGETS_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    recorded: int
    answered: int
    kept_share: float
    kept_share_low: float
    kept_share_high: float
    per_day: float
    per_day_low: float
    per_day_high: float
    skipped: _containers.ScalarMap[str, int]
    mix: _containers.RepeatedCompositeFieldContainer[Share]
    kept: _containers.RepeatedCompositeFieldContainer[PreviewExample]
    left_out: _containers.RepeatedCompositeFieldContainer[PreviewExample]
    notes: _containers.RepeatedScalarFieldContainer[str]
    taken: int
    just_missed: _containers.RepeatedCompositeFieldContainer[PreviewExample]
    nodes: _containers.RepeatedCompositeFieldContainer[NodeFigures]
    traced: int
    outlook: EstimateOutlook
    cost_us: float
    budgets: _containers.RepeatedCompositeFieldContainer[BudgetFigures]
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., recorded: _Optional[int] = ..., answered: _Optional[int] = ..., kept_share: _Optional[float] = ..., kept_share_low: _Optional[float] = ..., kept_share_high: _Optional[float] = ..., per_day: _Optional[float] = ..., per_day_low: _Optional[float] = ..., per_day_high: _Optional[float] = ..., skipped: _Optional[_Mapping[str, int]] = ..., mix: _Optional[_Iterable[_Union[Share, _Mapping]]] = ..., kept: _Optional[_Iterable[_Union[PreviewExample, _Mapping]]] = ..., left_out: _Optional[_Iterable[_Union[PreviewExample, _Mapping]]] = ..., notes: _Optional[_Iterable[str]] = ..., taken: _Optional[int] = ..., just_missed: _Optional[_Iterable[_Union[PreviewExample, _Mapping]]] = ..., nodes: _Optional[_Iterable[_Union[NodeFigures, _Mapping]]] = ..., traced: _Optional[int] = ..., outlook: _Optional[_Union[EstimateOutlook, _Mapping]] = ..., cost_us: _Optional[float] = ..., budgets: _Optional[_Iterable[_Union[BudgetFigures, _Mapping]]] = ...) -> None: ...

class GetPredictionReasonsRequest(_message.Message):
    __slots__ = ("user_app_id", "request_id", "input_index")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_INDEX_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    request_id: str
    input_index: int
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., request_id: _Optional[str] = ..., input_index: _Optional[int] = ...) -> None: ...

class ReasonStep(_message.Message):
    __slots__ = ("node_id", "operator", "verdict", "value", "against", "coin", "probability")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    AGAINST_FIELD_NUMBER: _ClassVar[int]
    COIN_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    operator: str
    verdict: str
    value: str
    against: str
    coin: float
    probability: float
    def __init__(self, node_id: _Optional[str] = ..., operator: _Optional[str] = ..., verdict: _Optional[str] = ..., value: _Optional[str] = ..., against: _Optional[str] = ..., coin: _Optional[float] = ..., probability: _Optional[float] = ...) -> None: ...

class CollectorReason(_message.Message):
    __slots__ = ("collector_id", "taken", "reason", "inclusion_probability", "steps", "note")
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    INCLUSION_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    collector_id: str
    taken: bool
    reason: str
    inclusion_probability: float
    steps: _containers.RepeatedCompositeFieldContainer[ReasonStep]
    note: str
    def __init__(self, collector_id: _Optional[str] = ..., taken: _Optional[bool] = ..., reason: _Optional[str] = ..., inclusion_probability: _Optional[float] = ..., steps: _Optional[_Iterable[_Union[ReasonStep, _Mapping]]] = ..., note: _Optional[str] = ...) -> None: ...

class PredictionReasonsResponse(_message.Message):
    __slots__ = ("status", "predicted_at", "collectors")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_AT_FIELD_NUMBER: _ClassVar[int]
    COLLECTORS_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    predicted_at: _timestamp_pb2.Timestamp
    collectors: _containers.RepeatedCompositeFieldContainer[CollectorReason]
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., predicted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., collectors: _Optional[_Iterable[_Union[CollectorReason, _Mapping]]] = ...) -> None: ...

class ListDeadLettersRequest(_message.Message):
    __slots__ = ("user_app_id", "collector_id", "per_page", "after")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    PER_PAGE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    collector_id: str
    per_page: int
    after: str
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., collector_id: _Optional[str] = ..., per_page: _Optional[int] = ..., after: _Optional[str] = ...) -> None: ...

class GetDeadLetterRequest(_message.Message):
    __slots__ = ("user_app_id", "collector_id", "capture_id")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    CAPTURE_ID_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    collector_id: str
    capture_id: str
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., collector_id: _Optional[str] = ..., capture_id: _Optional[str] = ...) -> None: ...

class DeadLetterError(_message.Message):
    __slots__ = ("stage", "text", "at")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    stage: str
    text: str
    at: _timestamp_pb2.Timestamp
    def __init__(self, stage: _Optional[str] = ..., text: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DeadLetter(_message.Message):
    __slots__ = ("capture_id", "taken_at", "died_at", "attempts", "errors", "cursor", "input", "output")
    CAPTURE_ID_FIELD_NUMBER: _ClassVar[int]
    TAKEN_AT_FIELD_NUMBER: _ClassVar[int]
    DIED_AT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    capture_id: str
    taken_at: _timestamp_pb2.Timestamp
    died_at: _timestamp_pb2.Timestamp
    attempts: int
    errors: _containers.RepeatedCompositeFieldContainer[DeadLetterError]
    cursor: str
    input: _resources_pb2.Input
    output: _resources_pb2.Data
    def __init__(self, capture_id: _Optional[str] = ..., taken_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., died_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., attempts: _Optional[int] = ..., errors: _Optional[_Iterable[_Union[DeadLetterError, _Mapping]]] = ..., cursor: _Optional[str] = ..., input: _Optional[_Union[_resources_pb2.Input, _Mapping]] = ..., output: _Optional[_Union[_resources_pb2.Data, _Mapping]] = ...) -> None: ...

class MultiDeadLetterResponse(_message.Message):
    __slots__ = ("status", "dead_letters")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTERS_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    dead_letters: _containers.RepeatedCompositeFieldContainer[DeadLetter]
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., dead_letters: _Optional[_Iterable[_Union[DeadLetter, _Mapping]]] = ...) -> None: ...

class SingleDeadLetterResponse(_message.Message):
    __slots__ = ("status", "dead_letter")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTER_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    dead_letter: DeadLetter
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., dead_letter: _Optional[_Union[DeadLetter, _Mapping]] = ...) -> None: ...

class PostDeadLetterRedrivesRequest(_message.Message):
    __slots__ = ("user_app_id", "collector_id", "capture_ids", "all")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    CAPTURE_IDS_FIELD_NUMBER: _ClassVar[int]
    ALL_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    collector_id: str
    capture_ids: _containers.RepeatedScalarFieldContainer[str]
    all: bool
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., collector_id: _Optional[str] = ..., capture_ids: _Optional[_Iterable[str]] = ..., all: _Optional[bool] = ...) -> None: ...

class DeleteDeadLettersRequest(_message.Message):
    __slots__ = ("user_app_id", "collector_id", "capture_ids", "all")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    CAPTURE_IDS_FIELD_NUMBER: _ClassVar[int]
    ALL_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    collector_id: str
    capture_ids: _containers.RepeatedScalarFieldContainer[str]
    all: bool
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., collector_id: _Optional[str] = ..., capture_ids: _Optional[_Iterable[str]] = ..., all: _Optional[bool] = ...) -> None: ...

class DeadLetterCountResponse(_message.Message):
    __slots__ = ("status", "count")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    count: int
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., count: _Optional[int] = ...) -> None: ...

class Prediction(_message.Message):
    __slots__ = ("request_id", "input", "output", "model_version_id", "caller_user_id", "at", "input_index")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    CALLER_USER_ID_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    INPUT_INDEX_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    input: _resources_pb2.Input
    output: _resources_pb2.Data
    model_version_id: str
    caller_user_id: str
    at: _timestamp_pb2.Timestamp
    input_index: int
    def __init__(self, request_id: _Optional[str] = ..., input: _Optional[_Union[_resources_pb2.Input, _Mapping]] = ..., output: _Optional[_Union[_resources_pb2.Data, _Mapping]] = ..., model_version_id: _Optional[str] = ..., caller_user_id: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., input_index: _Optional[int] = ...) -> None: ...

class PostCollectorReplaysRequest(_message.Message):
    __slots__ = ("user_app_id", "collector_id", "inputs_of", "input_ids", "predictions", "dry_run", "per_page", "after")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    INPUTS_OF_FIELD_NUMBER: _ClassVar[int]
    INPUT_IDS_FIELD_NUMBER: _ClassVar[int]
    PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    PER_PAGE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    collector_id: str
    inputs_of: _resources_pb2.UserAppIDSet
    input_ids: _containers.RepeatedScalarFieldContainer[str]
    predictions: _containers.RepeatedCompositeFieldContainer[Prediction]
    dry_run: bool
    per_page: int
    after: str
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., collector_id: _Optional[str] = ..., inputs_of: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., input_ids: _Optional[_Iterable[str]] = ..., predictions: _Optional[_Iterable[_Union[Prediction, _Mapping]]] = ..., dry_run: _Optional[bool] = ..., per_page: _Optional[int] = ..., after: _Optional[str] = ...) -> None: ...

class CollectorReplayResponse(_message.Message):
    __slots__ = ("status", "judged", "taken", "skipped", "failed", "cursor")
    class SkippedEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    STATUS_FIELD_NUMBER: _ClassVar[int]
    JUDGED_FIELD_NUMBER: _ClassVar[int]
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    judged: int
    taken: int
    skipped: _containers.ScalarMap[str, int]
    failed: _containers.RepeatedCompositeFieldContainer[PredictionResult]
    cursor: str
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., judged: _Optional[int] = ..., taken: _Optional[int] = ..., skipped: _Optional[_Mapping[str, int]] = ..., failed: _Optional[_Iterable[_Union[PredictionResult, _Mapping]]] = ..., cursor: _Optional[str] = ...) -> None: ...

class GetCollectorEstimateRequest(_message.Message):
    __slots__ = ("user_app_id", "collector_id", "since", "model_version_id", "challenger_version_id")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    CHALLENGER_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    collector_id: str
    since: _timestamp_pb2.Timestamp
    model_version_id: str
    challenger_version_id: str
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., collector_id: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., model_version_id: _Optional[str] = ..., challenger_version_id: _Optional[str] = ...) -> None: ...

class Figure(_message.Message):
    __slots__ = ("name", "value", "low", "high", "items", "effective_items", "note", "reason")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_ITEMS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: float
    low: float
    high: float
    items: int
    effective_items: float
    note: str
    reason: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., items: _Optional[int] = ..., effective_items: _Optional[float] = ..., note: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class CollectorEstimateResponse(_message.Message):
    __slots__ = ("status", "kept", "labelled", "accuracy", "error_rate", "class_shares", "class_errors", "difference", "verdict", "class_false_alarms", "offered", "unknown", "lost", "left_to_predict", "difference_bound", "explored_difference", "explored_items", "notes")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    LABELLED_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_FIELD_NUMBER: _ClassVar[int]
    ERROR_RATE_FIELD_NUMBER: _ClassVar[int]
    CLASS_SHARES_FIELD_NUMBER: _ClassVar[int]
    CLASS_ERRORS_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    CLASS_FALSE_ALARMS_FIELD_NUMBER: _ClassVar[int]
    OFFERED_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    LEFT_TO_PREDICT_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_BOUND_FIELD_NUMBER: _ClassVar[int]
    EXPLORED_DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    EXPLORED_ITEMS_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    kept: int
    labelled: int
    accuracy: Figure
    error_rate: Figure
    class_shares: _containers.RepeatedCompositeFieldContainer[Figure]
    class_errors: _containers.RepeatedCompositeFieldContainer[Figure]
    difference: Figure
    verdict: str
    class_false_alarms: _containers.RepeatedCompositeFieldContainer[Figure]
    offered: int
    unknown: int
    lost: float
    left_to_predict: int
    difference_bound: float
    explored_difference: float
    explored_items: int
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., kept: _Optional[int] = ..., labelled: _Optional[int] = ..., accuracy: _Optional[_Union[Figure, _Mapping]] = ..., error_rate: _Optional[_Union[Figure, _Mapping]] = ..., class_shares: _Optional[_Iterable[_Union[Figure, _Mapping]]] = ..., class_errors: _Optional[_Iterable[_Union[Figure, _Mapping]]] = ..., difference: _Optional[_Union[Figure, _Mapping]] = ..., verdict: _Optional[str] = ..., class_false_alarms: _Optional[_Iterable[_Union[Figure, _Mapping]]] = ..., offered: _Optional[int] = ..., unknown: _Optional[int] = ..., lost: _Optional[float] = ..., left_to_predict: _Optional[int] = ..., difference_bound: _Optional[float] = ..., explored_difference: _Optional[float] = ..., explored_items: _Optional[int] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class ListCollectorPresetsRequest(_message.Message):
    __slots__ = ("user_app_id", "rate", "prefix")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    RATE_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    rate: float
    prefix: str
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., rate: _Optional[float] = ..., prefix: _Optional[str] = ...) -> None: ...

class CollectorPreset(_message.Message):
    __slots__ = ("id", "title", "description", "operators", "workflow")
    ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    OPERATORS_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    id: str
    title: str
    description: str
    operators: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Model]
    workflow: _resources_pb2.Workflow
    def __init__(self, id: _Optional[str] = ..., title: _Optional[str] = ..., description: _Optional[str] = ..., operators: _Optional[_Iterable[_Union[_resources_pb2.Model, _Mapping]]] = ..., workflow: _Optional[_Union[_resources_pb2.Workflow, _Mapping]] = ...) -> None: ...

class MultiCollectorPresetResponse(_message.Message):
    __slots__ = ("status", "presets")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PRESETS_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    presets: _containers.RepeatedCompositeFieldContainer[CollectorPreset]
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., presets: _Optional[_Iterable[_Union[CollectorPreset, _Mapping]]] = ...) -> None: ...

class PostFeedbackRequest(_message.Message):
    __slots__ = ("user_app_id", "model_id", "request_id", "input_index", "concepts", "was_wrong", "comment")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_INDEX_FIELD_NUMBER: _ClassVar[int]
    CONCEPTS_FIELD_NUMBER: _ClassVar[int]
    WAS_WRONG_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    model_id: str
    request_id: str
    input_index: int
    concepts: _containers.RepeatedCompositeFieldContainer[_resources_pb2.Concept]
    was_wrong: bool
    comment: str
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., model_id: _Optional[str] = ..., request_id: _Optional[str] = ..., input_index: _Optional[int] = ..., concepts: _Optional[_Iterable[_Union[_resources_pb2.Concept, _Mapping]]] = ..., was_wrong: _Optional[bool] = ..., comment: _Optional[str] = ...) -> None: ...

class FeedbackResponse(_message.Message):
    __slots__ = ("status", "collector_ids")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_IDS_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    collector_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., collector_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class PostPredictionsRequest(_message.Message):
    __slots__ = ("user_app_id", "model_id", "predictions")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    model_id: str
    predictions: _containers.RepeatedCompositeFieldContainer[Prediction]
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., model_id: _Optional[str] = ..., predictions: _Optional[_Iterable[_Union[Prediction, _Mapping]]] = ...) -> None: ...

class PredictionResult(_message.Message):
    __slots__ = ("request_id", "status")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    status: _status_pb2.Status
    def __init__(self, request_id: _Optional[str] = ..., status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class MultiPredictionResponse(_message.Message):
    __slots__ = ("status", "results")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    results: _containers.RepeatedCompositeFieldContainer[PredictionResult]
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., results: _Optional[_Iterable[_Union[PredictionResult, _Mapping]]] = ...) -> None: ...

class PayloadEvent(_message.Message):
    __slots__ = ("id", "type", "source", "time", "attributes", "data")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: str
    source: str
    time: _timestamp_pb2.Timestamp
    attributes: _containers.ScalarMap[str, str]
    data: bytes
    def __init__(self, id: _Optional[str] = ..., type: _Optional[str] = ..., source: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., attributes: _Optional[_Mapping[str, str]] = ..., data: _Optional[bytes] = ...) -> None: ...

class PostPayloadEventsRequest(_message.Message):
    __slots__ = ("user_app_id", "model_id", "events")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    model_id: str
    events: _containers.RepeatedCompositeFieldContainer[PayloadEvent]
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., model_id: _Optional[str] = ..., events: _Optional[_Iterable[_Union[PayloadEvent, _Mapping]]] = ...) -> None: ...

class PayloadEventResult(_message.Message):
    __slots__ = ("id", "status", "is_paired")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    IS_PAIRED_FIELD_NUMBER: _ClassVar[int]
    id: str
    status: _status_pb2.Status
    is_paired: bool
    def __init__(self, id: _Optional[str] = ..., status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., is_paired: _Optional[bool] = ...) -> None: ...

class PayloadEventsResponse(_message.Message):
    __slots__ = ("status", "results", "waiting", "paired", "expired")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    PAIRED_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    results: _containers.RepeatedCompositeFieldContainer[PayloadEventResult]
    waiting: int
    paired: int
    expired: int
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., results: _Optional[_Iterable[_Union[PayloadEventResult, _Mapping]]] = ..., waiting: _Optional[int] = ..., paired: _Optional[int] = ..., expired: _Optional[int] = ...) -> None: ...

class CollectorOptions(_message.Message):
    __slots__ = ("shadow", "priority", "takes_feedback")
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    TAKES_FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    shadow: bool
    priority: int
    takes_feedback: bool
    def __init__(self, shadow: _Optional[bool] = ..., priority: _Optional[int] = ..., takes_feedback: _Optional[bool] = ...) -> None: ...

class GetCollectorOptionsRequest(_message.Message):
    __slots__ = ("user_app_id", "collector_id")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    collector_id: str
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., collector_id: _Optional[str] = ...) -> None: ...

class PatchCollectorOptionsRequest(_message.Message):
    __slots__ = ("user_app_id", "collector_id", "options")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    collector_id: str
    options: CollectorOptions
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., collector_id: _Optional[str] = ..., options: _Optional[_Union[CollectorOptions, _Mapping]] = ...) -> None: ...

class CollectorOptionsResponse(_message.Message):
    __slots__ = ("status", "options")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    options: CollectorOptions
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., options: _Optional[_Union[CollectorOptions, _Mapping]] = ...) -> None: ...

class AppOptions(_message.Message):
    __slots__ = ("records_predictions",)
    RECORDS_PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    records_predictions: bool
    def __init__(self, records_predictions: _Optional[bool] = ...) -> None: ...

class GetAppOptionsRequest(_message.Message):
    __slots__ = ("user_app_id",)
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ...) -> None: ...

class PatchAppOptionsRequest(_message.Message):
    __slots__ = ("user_app_id", "options")
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    options: AppOptions
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ..., options: _Optional[_Union[AppOptions, _Mapping]] = ...) -> None: ...

class DeleteReindexRequest(_message.Message):
    __slots__ = ("user_app_id",)
    USER_APP_ID_FIELD_NUMBER: _ClassVar[int]
    user_app_id: _resources_pb2.UserAppIDSet
    def __init__(self, user_app_id: _Optional[_Union[_resources_pb2.UserAppIDSet, _Mapping]] = ...) -> None: ...

class ReindexResponse(_message.Message):
    __slots__ = ("status", "stopped")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STOPPED_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    stopped: int
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., stopped: _Optional[int] = ...) -> None: ...

class AppOptionsResponse(_message.Message):
    __slots__ = ("status", "options")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    options: AppOptions
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., options: _Optional[_Union[AppOptions, _Mapping]] = ...) -> None: ...
