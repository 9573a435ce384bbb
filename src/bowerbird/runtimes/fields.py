"""Reads what people wrote about their model into checked values, naming the field that is wrong."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from bowerbird.errors import ModelInvalid

_KINDS = {
    "image",
    "image-bytes",
    "text",
    "tensor",
}  # pydantic puts the kind of a union's member into the path


class Fields(BaseModel):
    """Checked values; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


F = TypeVar("F", bound=Fields)


def _with_whole_numbers(value: Any) -> Any:  # any JSON value
    """Whole numbers as int: the messages that carry parameters know none but floats."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _with_whole_numbers(item) for name, item in value.items()}
    return [_with_whole_numbers(item) for item in value] if isinstance(value, list) else value


Free = Annotated[dict[str, Any], AfterValidator(_with_whole_numbers)]  # JSON that is passed on as it is


def read_fields(kind: type[F], values: Mapping[str, object]) -> F:
    """Raises ModelInvalid that names each wrong field, and never repeats a value: it may be a secret."""
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        details = "; ".join(f"{_path(problem['loc'])}: {problem['msg']}" for problem in problems[:5])
        raise ModelInvalid(details) from None


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location if part not in _KINDS) or "it"
