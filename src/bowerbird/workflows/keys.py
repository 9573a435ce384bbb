"""What is taken or dropped together: the key that a coin hangs on, and the group that an item belongs to."""

from collections.abc import Callable

from bowerbird.workflows.draws import digest
from bowerbird.workflows.fields import PARAMS, invalid
from bowerbird.workflows.plain import at_path
from bowerbird.workflows.view import View

REQUEST = "request"
METADATA = "metadata."
KEY = "What is kept or dropped together: request, or a field of the input's metadata, as metadata.session."

Key = Callable[[View], int]


def coin_key(key: str) -> Key:
    """The digest that the coin of an input is thrown for: the same for all inputs with the same value at the
    metadata field, and one of its own for an input without. Raises ModelInvalid that names `key`."""
    if key == REQUEST:
        return lambda view: view.digest
    path = metadata_path(key)
    if path is None:
        raise invalid(f"{PARAMS}key", f"expected request or metadata.<field>; it is {key!r}")

    def read(view: View) -> int:
        value = at_path(view.metadata, path)
        return view.digest if value is None else digest(repr(value))

    return read


def metadata_path(name: str) -> tuple[str, ...] | None:
    """The names in metadata.<name>.<name>; None for anything else."""
    path = tuple(name.removeprefix(METADATA).split("."))
    return path if name.startswith(METADATA) and all(path) else None


def top_concept(view: View) -> str:
    """The concept with the greatest value; empty when there is none."""
    values = view.values
    return max(values, key=values.__getitem__) if values else ""
