"""Every message type of the API, as the official client's converters and protobuf itself see it."""

import copy
import random
from typing import Any

import numpy as np
import pytest
from clarifai_grpc.channel.custom_converters.custom_dict_to_message import dict_to_protobuf
from clarifai_grpc.channel.custom_converters.custom_message_to_dict import protobuf_to_dict
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from messages import message_types, random_message

from bowerbird.wire.json import dumps, from_dict, loads, to_dict

TYPES = message_types()
kinds = st.sampled_from(TYPES)
seeds = st.integers(0, 2**32)


def as_32_bits(plain: Any) -> Any:
    """Numbers that are the same in a float field are the same."""
    match plain:
        case bool():
            return plain
        case float() | int():
            return float(np.float32(plain)) if abs(plain) < 3.5e38 else plain
        case dict():
            return {key: as_32_bits(value) for key, value in plain.items()}
        case list():
            return [as_32_bits(value) for value in plain]
    return plain


def assert_all_agree(message: Message) -> None:
    cls = type(message)
    plain = to_dict(message)
    official = protobuf_to_dict(message)
    assert plain == official or as_32_bits(plain) == as_32_bits(official)
    assert loads(dumps(message), cls) == message
    assert dict_to_protobuf(cls, copy.deepcopy(plain), ignore_unknown_fields=True) == message


def test_messages_of_every_type_are_printed_and_read_as_the_official_client_does() -> None:
    assert len(TYPES) > 700
    for kind in TYPES:
        for number in range(4):
            assert_all_agree(random_message(kind, random.Random(f"{kind.full_name} {number}")))


@settings(max_examples=400, deadline=None)
@given(kinds, seeds)
def test_random_messages_are_printed_and_read_as_the_official_client_does(
    kind: Descriptor, seed: int
) -> None:
    assert_all_agree(random_message(kind, random.Random(seed)))


@settings(max_examples=300, deadline=None)
@given(kinds, seeds)
def test_camel_names_and_names_of_enums_are_read_as_the_official_client_does(
    kind: Descriptor, seed: int
) -> None:
    message = random_message(kind, random.Random(seed))
    plain = json_format.MessageToDict(message)
    expected = dict_to_protobuf(type(message), copy.deepcopy(plain))
    assert from_dict(plain, type(message)()) == expected


@pytest.mark.parametrize("kind", TYPES[::10], ids=lambda kind: kind.full_name)
def test_an_empty_message_prints_what_the_official_client_prints(kind: Descriptor) -> None:
    message = random_message(kind, random.Random(0))
    message.Clear()
    assert to_dict(message) == protobuf_to_dict(message)
