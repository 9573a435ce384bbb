"""YAML that people write: read safely, and with the line and the field of whatever is wrong with it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from bowerbird.errors import Invalid

MOST_BYTES = 256 * 1024
DEEPEST = 40
_OPEN = (
    yaml.BlockMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.FlowSequenceStartToken,
)
_CLOSE = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)


@dataclass(frozen=True, slots=True)
class Marked:
    """A value in a file, with its place there. What raises raises Invalid."""

    path: str
    node: yaml.Node

    @property
    def line(self) -> int:
        return int(self.node.start_mark.line) + 1

    def wrong(self, problem: str) -> Invalid:
        return Invalid(f"line {self.line}: {self.path or 'the file'}: {problem}")

    def fields(self, known: Collection[str], required: Collection[str] = ()) -> "dict[str, Marked]":
        """The values of a mapping that has no other keys than these."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.wrong(f"expected fields: {', '.join(known)}")
        found: dict[str, Marked] = {}
        for key, value in self.node.value:
            name = str(key.value)
            field = Marked(f"{self.path}.{name}".lstrip("."), value)
            if name not in known:
                raise Marked(field.path, key).wrong(f"there is no such field; expected {', '.join(known)}")
            if name in found:
                raise Marked(field.path, key).wrong("it is there twice")
            found[name] = field
        for name in required:
            if name not in found:
                raise self.wrong(f"{name} is missing")
        return found

    def items(self) -> "list[Marked]":
        """The values of a list that is not empty."""
        if not isinstance(self.node, yaml.SequenceNode) or not self.node.value:
            raise self.wrong("expected a list of at least one")
        return [Marked(f"{self.path}[{i}]", value) for i, value in enumerate(self.node.value)]

    def text(self) -> str:
        """A text that is not empty; what looks like a number or a date is the text that was written."""
        if not isinstance(self.node, yaml.ScalarNode) or not self.node.value or self.value() is None:
            raise self.wrong("expected a text")
        return str(self.node.value)

    def flag(self) -> bool:
        value = self.value()
        if not isinstance(value, bool):
            raise self.wrong("expected true or false")
        return value

    def value(self) -> Any:  # whatever was written
        try:
            return yaml.constructor.SafeConstructor().construct_document(self.node)
        except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
            raise self.wrong(str(error)) from None


def read(text: str) -> Marked:
    """The file's only document. Raises Invalid."""
    if len(text.encode()) > MOST_BYTES:
        raise Invalid(f"the file: {len(text.encode())} bytes; expected at most {MOST_BYTES}")
    try:
        _check(yaml.scan(text, Loader=yaml.SafeLoader))
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else "the file"
        raise Invalid(f"{line}: this is no YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise Invalid(f"the file: this is no YAML: {error}") from None
    if node is None:
        raise Invalid("the file: it is empty")
    return Marked("", node)


def _check(tokens: Iterator[Any]) -> None:  # the library has no type of tokens
    """Nothing that grows when it is read: no aliases, and no nesting without end."""
    depth = 0
    for token in tokens:
        line = token.start_mark.line + 1
        if isinstance(token, yaml.AliasToken):
            raise Invalid(f"line {line}: *{token.value}: aliases are not read; write it out")
        depth += isinstance(token, _OPEN) - isinstance(token, _CLOSE)
        if depth > DEEPEST:
            raise Invalid(f"line {line}: nested deeper than {DEEPEST}")
