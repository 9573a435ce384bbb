"""JSON schemas of messages and enums, as the codec reads and writes them."""

from typing import Any

from clarifai_grpc.grpc.api.utils import extensions_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

Schema = dict[str, Any]  # a JSON object, whose members are of every kind

_SCALARS: dict[int, Schema] = {
    FieldDescriptor.CPPTYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.CPPTYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.CPPTYPE_UINT32: {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
    FieldDescriptor.CPPTYPE_INT64: {"type": ["string", "integer"], "format": "int64"},
    FieldDescriptor.CPPTYPE_UINT64: {"type": ["string", "integer"], "format": "uint64"},
    FieldDescriptor.CPPTYPE_FLOAT: {"type": ["number", "string"], "format": "float"},
    FieldDescriptor.CPPTYPE_DOUBLE: {"type": ["number", "string"], "format": "double"},
}
_KNOWN: dict[str, Schema] = {
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
    "google.protobuf.Value": {},
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?\d+(\.\d+)?s$"},
    "google.protobuf.FieldMask": {"type": "string"},
    "google.protobuf.Any": {"type": "object"},
}


class Schemas:
    """Collects the schemas of everything that was asked for, and of what that refers to."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def of(self, kind: Descriptor) -> Schema:
        """The schema of a message, or the reference to it."""
        if kind.full_name in _KNOWN:
            return _KNOWN[kind.full_name]
        if kind.file.name == "google/protobuf/wrappers.proto":
            return self.of_field(kind.fields_by_name["value"])
        name = _name(kind)
        if name not in self.components:
            schema = self.components[name] = {"type": "object"}  # there before its fields are: it may recur
            if kind.fields:
                schema["properties"] = {field.name: self.of_field(field) for field in kind.fields}
        return {"$ref": f"#/components/schemas/{name}"}

    def of_field(self, field: FieldDescriptor) -> Schema:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            return {
                "type": "object",
                "additionalProperties": self.of_field(field.message_type.fields_by_name["value"]),
            }
        one = self._single(field)
        return {"type": "array", "items": one} if field.is_repeated else one

    def _single(self, field: FieldDescriptor) -> Schema:
        if field.message_type is not None:
            return self.of(field.message_type)
        if field.enum_type is not None:
            return self._enum(field.enum_type)
        if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
            is_bytes = field.type == FieldDescriptor.TYPE_BYTES
            return {"type": "string", "contentEncoding": "base64"} if is_bytes else {"type": "string"}
        default = field.GetOptions().Extensions[extensions_pb2.cl_default_float]
        return _SCALARS[field.cpp_type] | ({"default": default} if default else {})

    def _enum(self, enum: EnumDescriptor) -> Schema:
        """Answers print the number, requests may also say the name."""
        name = _name(enum)
        if name not in self.components:
            names = {"type": "string", "enum": [value.name for value in enum.values]}
            numbers = ", ".join(f"{value.number} {value.name}" for value in enum.values)
            number = {"type": "integer", "format": "int32", "description": numbers}
            self.components[name] = {"anyOf": [number, names]}
        return {"$ref": f"#/components/schemas/{name}"}


def _name(kind: Descriptor | EnumDescriptor) -> str:
    return str(kind.full_name).removeprefix("clarifai.api.")
