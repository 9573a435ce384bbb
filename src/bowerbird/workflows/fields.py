"""Parameters of operators, declared once: parsed, checked and described from the same declaration."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from inspect import Parameter as Argument
from typing import ClassVar

from clarifai_grpc.grpc.api.resources_pb2 import ModelTypeField, OutputInfo

from bowerbird.errors import ModelInvalid
from bowerbird.workflows.plain import is_number, plain, to_value

PARAMS = "output_info.params."
CONCEPTS = "output_info.data.concepts"
_URL = re.compile(r"https?://[^\s/@]+(/\S*)?")  # no user name, no password
Kind = ModelTypeField.ModelTypeFieldType


@dataclass(frozen=True, slots=True)
class Field:
    """A text. `parse` raises ValueError, whose text says what was expected."""

    description: str
    kind: ClassVar["Kind.ValueType"] = Kind.STRING

    def parse(self, value: object) -> object:
        if not isinstance(value, str) or len(value) > 256:
            raise ValueError("a text of at most 256 characters")
        return value

    def describe(self, into: ModelTypeField) -> None:
        """Write down what is special to this kind of field."""


@dataclass(frozen=True, slots=True)
class Url(Field):
    """An address on the web. Whether it may be called is found out when it is."""

    def parse(self, value: object) -> object:
        if not isinstance(value, str) or len(value) > 2048 or not _URL.fullmatch(value):
            raise ValueError("a URL that starts with http:// or https://, of at most 2048 characters")
        return value


@dataclass(frozen=True, slots=True)
class Collaborator(Field):
    """The id of a user who works in the app: that is checked where the app is known."""

    kind: ClassVar["Kind.ValueType"] = Kind.COLLABORATORS


@dataclass(frozen=True, slots=True)
class Flag(Field):
    kind: ClassVar["Kind.ValueType"] = Kind.BOOLEAN

    def parse(self, value: object) -> object:
        if not isinstance(value, bool):
            raise ValueError("true or false")
        return value


@dataclass(frozen=True, slots=True)
class Number(Field):
    """A number from `low` to `high`, both included."""

    low: float
    high: float
    kind: ClassVar["Kind.ValueType"] = Kind.NUMBER

    def parse(self, value: object) -> object:
        if not is_number(value) or not self.low <= value <= self.high:
            raise ValueError(f"a number from {self.low:g} to {self.high:g}")
        return float(value)

    def describe(self, into: ModelTypeField) -> None:
        into.model_type_range_info.min = self.low
        into.model_type_range_info.max = self.high


@dataclass(frozen=True, slots=True)
class Whole(Number):
    """A whole number."""

    def parse(self, value: object) -> object:
        if not is_number(value) or value != int(value) or not self.low <= value <= self.high:
            raise ValueError(f"a whole number from {self.low:g} to {self.high:g}")
        return int(value)


@dataclass(frozen=True, slots=True)
class Share(Number):
    """A number that forms show as a slider."""

    low: float = 0.0
    high: float = 1.0
    kind: ClassVar["Kind.ValueType"] = Kind.RANGE

    def describe(self, into: ModelTypeField) -> None:
        Number.describe(self, into)
        into.model_type_range_info.step = 0.01


@dataclass(frozen=True, slots=True)
class Choice(Field):
    """One of the members of an enum: by its name, or by its number if the enum has numbers."""

    options: type[IntEnum] | type[StrEnum]
    kind: ClassVar["Kind.ValueType"] = Kind.ENUM

    def parse(self, value: object) -> object:
        for member in self.options:
            if value in (self._id(member), member.value) and not isinstance(value, bool):
                return member
        raise ValueError(f"one of {', '.join(self._text(member) for member in self.options)}")

    def describe(self, into: ModelTypeField) -> None:
        for member in self.options:
            option = into.model_type_enum_options.add(id=self._id(member))
            if isinstance(member, IntEnum):
                option.aliases.add(id_int=member.value)

    def _text(self, member: IntEnum | StrEnum) -> str:
        return f"{self._id(member)} ({member.value})" if isinstance(member, IntEnum) else self._id(member)

    @staticmethod
    def _id(member: IntEnum | StrEnum) -> str:
        return member.name if isinstance(member, IntEnum) else member.value


@dataclass(frozen=True, slots=True)
class Names(Field):
    """A list of texts."""

    most: int = 1000
    kind: ClassVar["Kind.ValueType"] = Kind.ARRAY_OF_STRINGS

    def parse(self, value: object) -> object:
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > self.most:
            raise ValueError(f"a list of at most {self.most} texts")
        if not all(isinstance(item, str) and 0 < len(item) <= 256 for item in value):
            raise ValueError("texts of 1 to 256 characters")
        return tuple(value)


@dataclass(frozen=True, slots=True)
class Json(Field):
    """An object; what is in it is the operator's to check."""

    kind: ClassVar["Kind.ValueType"] = Kind.JSON

    def parse(self, value: object) -> object:
        if not isinstance(value, Mapping):
            raise ValueError("an object")
        return value


@dataclass(frozen=True, slots=True)
class Thresholds(Field):
    """Concepts of the model, each with its threshold as value: parsed to a dict of id to threshold."""

    kind: ClassVar["Kind.ValueType"] = Kind.ARRAY_OF_CONCEPTS_WITH_THRESHOLD

    def parse(self, value: object) -> object:
        if not isinstance(value, Mapping) or not value or "" in value:
            raise ValueError("at least one concept, each with an id and a threshold as its value")
        for threshold in value.values():
            if not is_number(threshold) or not 0 <= threshold <= 1:
                raise ValueError("a threshold from 0 to 1 for each concept")
        return dict(value)

    def describe(self, into: ModelTypeField) -> None:
        into.model_type_range_info.max = 1


@dataclass(frozen=True, slots=True)
class Concepts(Field):
    """Concepts of the model: parsed to their ids."""

    kind: ClassVar["Kind.ValueType"] = Kind.ARRAY_OF_CONCEPTS

    def parse(self, value: object) -> object:
        if not isinstance(value, Mapping) or "" in value:
            raise ValueError("concepts, each with an id")
        return tuple(value)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A field of an operator under its name."""

    name: str
    field: Field
    default: object  # Argument.empty: must be given; None: may be left out

    @property
    def path(self) -> str:
        return CONCEPTS if isinstance(self.field, Thresholds | Concepts) else PARAMS + self.name

    @property
    def required(self) -> bool:
        return self.default is Argument.empty

    def read(self, info: OutputInfo) -> object:
        """The value that `info` gives, else the default. Raises ModelInvalid that names the path."""
        given = self._given(info)
        if given is None and not self.required:
            return self.default
        try:
            return self.field.parse(given)
        except ValueError as error:
            what = "missing" if given is None else repr(given)[:100]
            raise invalid(self.path, f"expected {error}; it is {what}") from None

    def _given(self, info: OutputInfo) -> object:
        if not isinstance(self.field, Thresholds | Concepts):
            return plain(info.params.fields[self.name]) if self.name in info.params.fields else None
        concepts = info.data.concepts
        thresholds = {concept.id: concept.value for concept in concepts}
        if len(thresholds) < len(concepts):
            raise invalid(self.path, "expected each concept once, with an id")
        return thresholds or None

    def describe(self) -> ModelTypeField:
        described = ModelTypeField(
            path=self.path,
            field_type=self.field.kind,
            description=self.field.description,
            required=self.required,
        )
        if not self.required and self.default is not None:
            shown = self.default.name if isinstance(self.default, IntEnum) else self.default
            described.default_value.CopyFrom(to_value(shown))
        self.field.describe(described)
        return described


def invalid(path: str, problem: str) -> ModelInvalid:
    return ModelInvalid(f"{path}: {problem}")
