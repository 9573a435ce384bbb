"""The platform's JSON dialect, value by value."""

import json
import math
from typing import Any

import pytest
from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2, status_pb2
from google.protobuf import any_pb2, field_mask_pb2, struct_pb2, type_pb2, wrappers_pb2
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from messages import message_types

from bowerbird.errors import BadFormat
from bowerbird.wire.json import dumps, from_dict, loads, to_dict

Request = service_pb2.PostModelOutputsRequest


def details(text: bytes | str, cls: Any = Request) -> str:
    with pytest.raises(BadFormat) as caught:
        loads(text, cls)
    return caught.value.details


# what goes out


def test_names_go_out_as_in_the_contract_and_enums_as_numbers() -> None:
    status = status_pb2.Status(code=status_code_pb2.SUCCESS, description="Ok", req_id="1")
    response = service_pb2.SingleAppResponse(status=status, app={"id": "a", "default_workflow_id": "w"})
    assert dumps(response) == (
        b'{"status":{"code":10000,"description":"Ok","req_id":"1"},'
        b'"app":{"id":"a","default_workflow_id":"w"}}'
    )


def test_marked_fields_go_out_when_they_are_zero() -> None:
    assert to_dict(resources_pb2.Concept(id="c")) == {"id": "c", "value": 0}
    assert to_dict(service_pb2.MultiInputResponse()) == {"inputs": []}
    assert to_dict(service_pb2.MultiCollectorResponse()) == {}
    box = resources_pb2.BoundingBox()
    assert to_dict(box) == {"top_row": 0, "left_col": 0, "bottom_row": 0, "right_col": 0}


@pytest.mark.parametrize(
    "text", ["0.9", "0.1", "0.98765", "1", "1e-07", "123456.79", "16777216", "0.12345678"]
)
def test_32_bit_numbers_go_out_in_their_shortest_form(text: str) -> None:
    assert dumps(resources_pb2.Concept(value=float(text))).decode() == f'{{"value":{text}}}'


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 3.4028234663852886e38, -0.0])
def test_numbers_at_the_edge_survive(value: float) -> None:
    text = dumps(resources_pb2.Concept(value=value))
    read = loads(text, resources_pb2.Concept).value
    assert read == value or (math.isnan(read) and math.isnan(value))
    assert math.copysign(1, read) == math.copysign(1, value)
    json.loads(text, parse_constant=pytest.fail)


def test_what_json_cannot_say_goes_out_as_null() -> None:
    message = resources_pb2.Input()
    message.created_at.seconds = 10**15
    message.data.metadata["n"] = math.nan
    assert to_dict(message) == {"created_at": None, "data": {"metadata": {"n": "NaN"}}}
    message.created_at.seconds, message.created_at.nanos = 0, -1
    assert json.loads(dumps(message))["created_at"] is None
    any_of_nothing = any_pb2.Any(type_url="type.googleapis.com/no.such.Type", value=b"1")
    assert to_dict(any_of_nothing) is None


def test_an_empty_struct_in_a_struct_stays_an_empty_object() -> None:
    message = struct_pb2.Struct()
    message["empty"] = {}
    message.fields["unset"].SetInParent()
    message["list"] = [{}, None]
    assert to_dict(message) == {"empty": {}, "unset": {}, "list": [{}, None]}


def test_types_that_the_api_does_not_use_go_both_ways() -> None:
    any_ = any_pb2.Any()
    any_.Pack(wrappers_pb2.Int64Value(value=5))
    mask = field_mask_pb2.FieldMask(paths=["a.b", "c"])
    option = type_pb2.Option(name="o", value=any_)
    for message in (any_, mask, option):
        assert loads(dumps(message), type(message)) == message
    assert details('{"@type": "no.such.Type"}', any_pb2.Any).startswith("body: expected")


# what comes in


def test_a_concept_without_a_value_is_certain() -> None:
    data = loads(
        '{"concepts": [{"id": "a"}, {"id": "b", "value": 0}, {"id": "c", "value": null}]}', resources_pb2.Data
    )
    assert [concept.value for concept in data.concepts] == [1.0, 0.0, 1.0]


def test_both_kinds_of_names_and_of_enums_are_understood() -> None:
    text = '{"userAppId": {"user_id": "u", "appId": "a"}, "annotations": [{"status": {"code": %s}}]}'
    expected = service_pb2.PostAnnotationsRequest(user_app_id={"user_id": "u", "app_id": "a"})
    expected.annotations.add().status.code = status_code_pb2.ANNOTATION_PENDING
    for code in ('"ANNOTATION_PENDING"', "24151", '"24151"', "24151.0"):
        assert loads(text % code, service_pb2.PostAnnotationsRequest) == expected


def test_what_is_not_known_is_ignored_and_null_is_as_good_as_absent() -> None:
    text = '{"surprise": [{}], "inputs": null, "model_id": null, "model": {"surprise": 1}}'
    assert loads(text, Request) == Request(model=resources_pb2.Model())


@pytest.mark.parametrize("text", [b"", b"  \n", b"{}", "\ufeff{}", "\ufeff{}".encode()])
def test_an_empty_text_is_an_empty_message(text: bytes | str) -> None:
    assert loads(text, Request) == Request()


@pytest.mark.parametrize("text", ["+/8=", "-_8=", "+/8", "-_8", "+/\n8=\n"])
def test_base64_comes_in_either_alphabet_with_or_without_padding(text: str) -> None:
    image = loads(json.dumps({"base64": text}), resources_pb2.Image)
    assert image.base64 == b"\xfb\xff"


def test_long_numbers_come_as_text_or_as_numbers() -> None:
    for text in ('"18446744073709551615"', "18446744073709551615"):
        assert loads(text, wrappers_pb2.UInt64Value).value == 2**64 - 1
    assert loads('"5e3"', wrappers_pb2.Int32Value).value == 5000


def test_names_are_set_as_given_and_lists_are_added_to() -> None:
    request = Request(model_id="old", inputs=[{"id": "1"}])
    assert from_dict({"model_id": "new", "inputs": [{"id": "2"}]}, request) is request
    assert request == Request(model_id="new", inputs=[{"id": "1"}, {"id": "2"}])


WRONG = [
    ("[]", Request, "body: expected an object"),
    ("null", Request, "body: expected an object"),
    ('{"inputs": {}}', Request, "inputs: expected a list"),
    ('{"inputs": [{}, null]}', Request, "inputs[1]: expected an object"),
    (
        '{"inputs": [{"data": {"image": {"base64": "a*b"}}}]}',
        Request,
        "inputs[0].data.image.base64: expected base64 text",
    ),
    (
        '{"inputs": [{"data": {"image": {"base64": 5}}}]}',
        Request,
        "inputs[0].data.image.base64: expected base64 text",
    ),
    (
        '{"inputs": [{"data": {"image": {"base64": "\\u00e9"}}}]}',
        Request,
        "inputs[0].data.image.base64: expected base64 text",
    ),
    ('{"inputs": [{"id": 5}]}', Request, "inputs[0].id: expected text"),
    ('{"inputs": [{"id": "\\ud800"}]}', Request, "inputs[0].id: expected text"),
    ('{"ids": ["a", 5]}', service_pb2.DeleteInputsRequest, "ids[1]: expected text"),
    ('{"ids": ["a", "\\ud800"]}', service_pb2.DeleteInputsRequest, "ids: expected text"),
    ('{"ids": "a"}', service_pb2.DeleteInputsRequest, "ids: expected a list"),
    ('{"deleteAll": 1}', service_pb2.DeleteCollectorsRequest, "deleteAll: expected true or false"),
    ('{"concepts": [{"value": "high"}]}', resources_pb2.Data, "concepts[0].value: expected a number"),
    ('{"concepts": [{"value": true}]}', resources_pb2.Data, "concepts[0].value: expected a number"),
    (
        '{"concepts": [{"value": 1e39}]}',
        resources_pb2.Data,
        "concepts[0].value: expected a number within the range of the field",
    ),
    ('{"page": 1.5}', service_pb2.ListInputsRequest, "page: expected a whole number"),
    ('{"page": true}', service_pb2.ListInputsRequest, "page: expected a whole number"),
    ('{"page": "1_0"}', service_pb2.ListInputsRequest, "page: expected a whole number"),
    ('{"page": -1}', service_pb2.ListInputsRequest, "page: expected a whole number from 0 to 4294967295"),
    ('{"code": "NO_SUCH"}', status_pb2.Status, "code: expected a name or number of StatusCode"),
    ('{"code": []}', status_pb2.Status, "code: expected a name or number of StatusCode"),
    (
        '{"created_at": "today"}',
        resources_pb2.Input,
        "created_at: expected a time such as 2024-05-31T10:20:30.5Z",
    ),
    ('{"created_at": 5}', resources_pb2.Input, "created_at: expected a time such as 2024-05-31T10:20:30.5Z"),
    ('{"data": {"metadata": []}}', resources_pb2.Input, "data.metadata: expected an object"),
    (
        '{"data": {"metadata": {"a": [1, {"b": "\\ud800"}]}}}',
        resources_pb2.Input,
        "data.metadata.a[1].b: expected text",
    ),
    ('{"data": {"metadata": {"\\ud800": 1}}}', resources_pb2.Input, "data.metadata: expected text"),
    (
        '{"data": {"metadata": {"a": 1e999}}}',
        resources_pb2.Input,
        "data.metadata.a: expected a number within",
    ),
    ('{"model_id": "a", "modelId": "b"}', Request, "modelId: expected either this or model_id, not both"),
    (
        '{"sort_by_name": true, "sortById": false}',
        service_pb2.ListAppsRequest,
        "body: expected only one of sortById, sort_by_name",
    ),
]


@pytest.mark.parametrize(("text", "cls", "said"), WRONG, ids=[said for _, _, said in WRONG])
def test_a_wrong_value_is_named_with_what_was_expected(text: str, cls: Any, said: str) -> None:
    assert details(text, cls).startswith(said)


@pytest.mark.parametrize(
    "text", [b"{", b"\xff", b"nonsense", b'{"page": NaN}', b'{"page": Infinity}', b"{} {}", b"1" * 5000]
)
def test_what_is_not_json_is_refused(text: bytes) -> None:
    assert details(text).startswith("body: expected JSON")


def nested(levels: int) -> str:
    return '{"data": {"metadata": ' + '{"a":' * levels + "1" + "}" * levels + "}}"


def test_nesting_is_limited_to_what_protobuf_can_read_back() -> None:
    for levels in range(25, 40):
        try:
            message = loads(nested(levels), resources_pb2.Input)
        except BadFormat:
            assert levels > 30
        else:
            assert resources_pb2.Input.FromString(message.SerializeToString()) == message
            assert loads(dumps(message), resources_pb2.Input) == message
    assert details(nested(40), resources_pb2.Input).endswith("expected fewer levels of nesting")
    assert "nested too deep" in details(nested(200_000), resources_pb2.Input)
    assert "nested too deep" in details(b"[" * 100_000)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
TYPES = message_types()


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TYPES), st.data())
def test_any_value_in_any_field_is_read_or_refused(kind: Any, data: st.DataObject) -> None:
    names = st.sampled_from([field.name for field in kind.fields] or ["x"])
    value = data.draw(st.dictionaries(names, JSON, max_size=4) | JSON)
    try:
        message = loads(json.dumps(value), kind._concrete_class)
    except BadFormat as error:
        assert ": expected" in error.details  # noqa: PT017  # both ends are right
        return
    try:
        again = type(message).FromString(message.SerializeToString())
    except DecodeError:
        pytest.fail("what was read cannot be kept")
    assert json.loads(dumps(again)) == json.loads(dumps(message))  # maps have no order


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        loads(data, Request)
    except BadFormat as error:
        assert error.details  # noqa: PT017  # both ends are right
