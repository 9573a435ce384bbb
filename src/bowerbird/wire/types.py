"""The descriptors of messages, under one Python type."""

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message


def type_of(message: Message | type[Message]) -> Descriptor:
    return message.DESCRIPTOR  # type: ignore[return-value]  # the C class stands in for the Python one
